//! What a login's token says that it may do, and the command that gives what is missing. Pure.
//!
//! Source: the permission tables of the Microsoft Graph reference. A user's token carries the template ids of directory
//! roles in `wids`.

use super::{Check, Status};
use crate::cloud::{Caller, rights};
use crate::kinds::api::{self, Class};
use crate::kinds::{
    agent_identity_blueprint, app_role_assignment, conditional_access_policy,
    delegated_permission_grant, group_member, named_location,
};
use crate::model::directory_role::{
    AGENT_ID_ADMINISTRATOR as AGENT_ID, AGENT_ID_DEVELOPER,
    APPLICATION_ADMINISTRATOR as APPLICATION, CLOUD_APPLICATION_ADMINISTRATOR as CLOUD_APPLICATION,
    CONDITIONAL_ACCESS_ADMINISTRATOR as CONDITIONAL_ACCESS, DIRECTORY_READERS, DirectoryRole,
    GLOBAL_ADMINISTRATOR as GLOBAL, GLOBAL_READER, GROUPS_ADMINISTRATOR as GROUPS,
    PRIVILEGED_ROLE_ADMINISTRATOR as PRIVILEGED_ROLE, SECURITY_ADMINISTRATOR as SECURITY,
};
use crate::model::national_cloud::Cloud;
use crate::model::step::{Method, Request, Service};

/// Reaches only what the login owns.
pub const OWNED: &str = "Application.ReadWrite.OwnedBy";

/// Said to reach applications, too; their own permission tables do not name it for changes.
const CONTESTED: &str = "Directory.ReadWrite.All";

/// Something to do with a tenant.
struct Use {
    name: &'static str,
    /// Only a stack that declares one of these does it; none where every stack does.
    kinds: &'static [&'static str],
    what: &'static str,
    /// A request that stands for it.
    request: Request,
    /// Directory roles that let it, the narrowest first.
    roles: &'static [DirectoryRole],
}

/// Where the login's rights are given.
pub struct Place<'a> {
    pub cloud: Cloud,
    /// The object id of Microsoft Graph's service principal in the tenant, where it could be read.
    pub graph: Option<&'a str>,
}

/// One line per use, of those that a stack of these kinds has.
pub fn checks(caller: &Caller, declares: impl Fn(&str) -> bool, place: &Place) -> Vec<Check> {
    let get = |path: &str| Request::get(Service::Graph, path);
    let post = |path: &str| Request::new(Service::Graph, Method::Post, path);
    let readers: &[_] = &[
        DIRECTORY_READERS,
        GLOBAL_READER,
        CLOUD_APPLICATION,
        APPLICATION,
        GLOBAL,
    ];
    let writers: &[_] = &[CLOUD_APPLICATION, APPLICATION, GLOBAL];
    let uses = [
        Use {
            name: "plan",
            kinds: &[],
            what: "read applications and service principals",
            request: get("/applications"),
            roles: readers,
        },
        Use {
            name: "audit",
            kinds: &[],
            what: "read every application of the tenant",
            request: get("/applications"),
            roles: readers,
        },
        Use {
            name: "apply",
            kinds: &[],
            what: "change applications",
            request: post("/applications"),
            roles: writers,
        },
        Use {
            name: "agents",
            kinds: &[agent_identity_blueprint::KIND],
            what: "change agent identity blueprints",
            request: post("/applications/microsoft.graph.agentIdentityBlueprint"),
            roles: &[AGENT_ID_DEVELOPER, AGENT_ID, GLOBAL],
        },
        Use {
            name: "roles",
            kinds: &[app_role_assignment::KIND],
            what: "grant application permissions",
            request: post("/servicePrincipals/x/appRoleAssignedTo"),
            roles: &[PRIVILEGED_ROLE, GLOBAL],
        },
        Use {
            name: "consent",
            kinds: &[delegated_permission_grant::KIND],
            what: "consent to delegated permissions",
            request: post("/oauth2PermissionGrants"),
            roles: writers,
        },
        Use {
            name: "groups",
            kinds: &[group_member::KIND],
            what: "change who is in a group",
            request: post("/groups/x/members/$ref"),
            roles: &[GROUPS, GLOBAL],
        },
        Use {
            name: "access",
            kinds: &[conditional_access_policy::KIND, named_location::KIND],
            what: "change conditional access policies",
            request: post("/identity/conditionalAccess/policies"),
            roles: &[CONDITIONAL_ACCESS, SECURITY, GLOBAL],
        },
    ];
    uses.iter()
        .filter(|it| it.kinds.is_empty() || it.kinds.iter().any(|kind| declares(kind)))
        .map(|it| check(it, caller, place))
        .collect()
}

fn check(wanted: &Use, caller: &Caller, place: &Place) -> Check {
    let Use {
        name, what, roles, ..
    } = wanted;
    if !caller.scopes.is_empty() {
        let held = roles.iter().find(|(_, id)| caller.directory_role(id));
        return match held {
            Some((role, _)) => Check::pass(name, format!("may {what}: the user is {role}")),
            None => Check::unknown(
                name,
                format!("whether the user may {what} is not in the token: it names no directory role that gives it"),
            )
            .help(format!(
                "where it is refused, an administrator makes the user {}: `{}`",
                roles[0].0,
                assign(caller, roles[0].1, place)
            )),
        };
    }
    let right = rights::needed(&wanted.request);
    let held = right
        .any
        .iter()
        .find(|role| caller.roles.iter().any(|held| held == *role));
    let all = |role: &&&str| {
        ![OWNED, CONTESTED].contains(*role) && caller.roles.iter().any(|held| held == **role)
    };
    match right.any.iter().find(all).or(held) {
        Some(&OWNED) if *name == "apply" => Check::pass(
            name,
            format!("may {what} that it owns, by `{OWNED}`, and no others"),
        ),
        Some(role) => Check::pass(name, format!("may {what}, by `{role}`")),
        None => {
            let role = right.any.first().copied().unwrap_or_default();
            let missing = Check::new(
                name,
                Status::Fail,
                format!("may not {what}: the token holds no `{role}`"),
            );
            let missing = missing.help(grant(caller, role, place));
            match *name {
                "roles" | "consent" => missing.help(
                    "or run `apply --without-consent`, and leave granting to an administrator",
                ),
                _ => missing,
            }
        }
    }
}

/// How an administrator gives a permission of Graph to an application.
fn grant(caller: &Caller, role: &str, place: &Place) -> String {
    let id = api::graph_permission(Class::Application, role).unwrap_or_default();
    let Some(graph) = place.graph else {
        return format!(
            "an administrator grants `{role}` ({id}) of Microsoft Graph to the service principal `{}`",
            caller.object_id
        );
    };
    let principal = &caller.object_id;
    format!(
        "an administrator runs: `az rest --method POST --url {}/v1.0/servicePrincipals/{principal}/appRoleAssignments --headers Content-Type=application/json --body '{{\"principalId\":\"{principal}\",\"resourceId\":\"{graph}\",\"appRoleId\":\"{id}\"}}'`; then log in again",
        place.cloud.graph()
    )
}

/// How an administrator gives a directory role to a user.
fn assign(caller: &Caller, role: &str, place: &Place) -> String {
    format!(
        "az rest --method POST --url {}/v1.0/roleManagement/directory/roleAssignments --headers Content-Type=application/json --body '{{\"principalId\":\"{}\",\"roleDefinitionId\":\"{role}\",\"directoryScopeId\":\"/\"}}'",
        place.cloud.graph(),
        caller.object_id
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statuses(caller: &Caller) -> Vec<(&'static str, Status)> {
        let place = Place {
            cloud: Cloud::Public,
            graph: Some("g"),
        };
        let checks = checks(caller, |_| true, &place);
        assert!(
            checks
                .iter()
                .all(|it| it.status == Status::Pass || !it.help.is_empty())
        );
        checks.iter().map(|it| (it.name, it.status)).collect()
    }

    #[test]
    fn an_application_has_what_its_token_says() {
        let pipeline = Caller {
            roles: vec![OWNED.to_owned()],
            object_id: "o".to_owned(),
            ..Caller::default()
        };
        use Status::{Fail, Pass};
        assert_eq!(
            statuses(&pipeline),
            [
                ("plan", Pass),
                ("audit", Pass),
                ("apply", Pass),
                ("agents", Fail),
                ("roles", Fail),
                ("consent", Fail),
                ("groups", Fail),
                ("access", Fail)
            ]
        );
        let nothing = Caller::default();
        assert!(statuses(&nothing).iter().all(|(_, status)| *status == Fail));
    }

    #[test]
    fn a_user_has_what_the_directory_roles_give() {
        let user = Caller {
            scopes: vec!["Directory.AccessAsUser.All".to_owned()],
            directory_roles: vec![CLOUD_APPLICATION.1.to_owned()],
            ..Caller::default()
        };
        use Status::{Pass, Unknown};
        assert_eq!(
            statuses(&user),
            [
                ("plan", Pass),
                ("audit", Pass),
                ("apply", Pass),
                ("agents", Unknown),
                ("roles", Unknown),
                ("consent", Pass),
                ("groups", Unknown),
                ("access", Unknown)
            ]
        );
        let place = Place {
            cloud: Cloud::Public,
            graph: None,
        };
        let checks = checks(&user, |_| true, &place);
        assert_eq!(
            checks[2].sentence,
            "may change applications: the user is Cloud Application Administrator"
        );
    }
}
