//! Which permissions a request needs: asked before the first write, and told when a service refuses one.
//!
//! Source: see [`graph_permission`]; Microsoft, "Azure built-in roles for storage".

use std::collections::BTreeSet;

use super::Caller;
use crate::model::diagnostic::Diagnostic;
use crate::model::graph_permission;
use crate::model::step::{Request, Service, Step};

/// What a kind of request needs.
pub struct Right {
    /// Application permissions of Graph, any one of which is enough; empty where a token's claims do not tell.
    pub any: &'static [&'static str],
    /// For people.
    pub words: &'static str,
}

const fn right(any: &'static [&'static str], words: &'static str) -> Right {
    Right { any, words }
}

static BLOB_READ: Right = right(
    &[],
    "the login needs the role Storage Blob Data Reader on the container; a new role may take some minutes to work",
);
static BLOB_WRITE: Right = right(
    &[],
    "the login needs the role Storage Blob Data Contributor on the container; Owner and Contributor of the account give no access to data, and a new role may take some minutes to work",
);
static IDENTITY: Right = right(
    &[],
    "the login needs the role Managed Identity Contributor on the identity or its resource group; a new role may take some minutes to work",
);
static ASSIGN_AZURE: Right = right(
    &[],
    "assigning Azure roles needs the role Role Based Access Control Administrator or User Access Administrator at the scope",
);
static STORAGE: Right = right(
    &[],
    "the login needs the role Storage Account Contributor on the resource group; a new role may take some minutes to work",
);
static LOCKS: Right = right(
    &[],
    "locks need the role Owner or User Access Administrator at the scope; without `delete_lock` none is needed",
);
static ARM: Right = right(
    &[],
    "the login needs the role Reader there, or another one that includes this operation; a new role may take some minutes to work",
);
static ASSIGN: Right = right(
    graph_permission::ASSIGN_APP_ROLES,
    "granting application permissions needs `AppRoleAssignment.ReadWrite.All` and `Application.Read.All`, or the role Privileged Role Administrator",
);
static CONSENT: Right = right(
    graph_permission::GRANT_CONSENT,
    "admin consent needs `DelegatedPermissionGrant.ReadWrite.All`, or the role Cloud Application Administrator",
);
static CONSENT_READ: Right = right(&[], "reading consent needs `Directory.Read.All`");
static POLICY_READ: Right = right(&[], "reading policies needs `Policy.Read.All`");
static SIGN_INS_READ: Right = right(
    &[],
    "reading sign-ins needs `AuditLog.Read.All`, and a tenant with Microsoft Entra ID P1",
);
static DIRECTORY_ROLES_READ: Right = right(
    graph_permission::READ_DIRECTORY_ROLES,
    "reading directory roles needs `RoleManagement.Read.Directory`",
);
static GROUP_READ: Right = right(
    graph_permission::READ_GROUPS,
    "reading groups and their members needs `GroupMember.Read.All`",
);
static GROUP_WRITE: Right = right(
    graph_permission::WRITE_MEMBERS,
    "putting an application into a group needs `GroupMember.ReadWrite.All`, and `RoleManagement.ReadWrite.Directory` where directory roles can be assigned to the group",
);
static ACCESS_READ: Right = right(
    graph_permission::READ_ACCESS_POLICIES,
    "reading conditional access policies and named locations needs `Policy.Read.All`",
);
static ACCESS_WRITE: Right = right(
    graph_permission::WRITE_ACCESS_POLICIES,
    "conditional access policies and named locations need `Policy.ReadWrite.ConditionalAccess`, `Policy.Read.All` and `Application.Read.All`, or the role Conditional Access Administrator",
);
static READ: Right = right(
    graph_permission::READ_APPLICATIONS,
    "reading applications and service principals needs `Application.Read.All`",
);
static WRITE: Right = right(
    graph_permission::WRITE_APPLICATIONS,
    "changing applications needs `Application.ReadWrite.OwnedBy` and being an owner, or `Application.ReadWrite.All`, or the role Cloud Application Administrator",
);
static TRUST: Right = right(
    graph_permission::WRITE_APPLICATIONS,
    "changing the credentials of an application needs `Application.ReadWrite.OwnedBy` and being an owner, or `Application.ReadWrite.All`, or the role Cloud Application Administrator; those of an agent identity blueprint need `AgentIdentityBlueprint.AddRemoveCreds.All`, or the role Agent ID Administrator",
);

static AGENT_READ: Right = right(
    &[],
    "reading agent identities and their blueprints needs `Application.Read.All`, or the role Agent ID Administrator",
);
static AGENT: Right = right(
    &[
        "AgentIdentityBlueprint.ReadWrite.All",
        "AgentIdentityBlueprint.Create",
        "AgentIdentityBlueprint.DeleteRestore.All",
    ],
    "changing agent identity blueprints needs `AgentIdentityBlueprint.ReadWrite.All`, or the role Agent ID Administrator; `Application.ReadWrite.All` does not cover them",
);
static AGENT_TRUST: Right = right(
    &[
        "AgentIdentityBlueprint.ReadWrite.All",
        "AgentIdentityBlueprint.AddRemoveCreds.All",
    ],
    "credentials of agent identity blueprints need `AgentIdentityBlueprint.AddRemoveCreds.All`, or the role Agent ID Administrator; `Application.ReadWrite.All` does not cover them",
);
static AGENT_PRINCIPAL: Right = right(
    &[
        "AgentIdentityBlueprintPrincipal.ReadWrite.All",
        "AgentIdentityBlueprintPrincipal.Create",
    ],
    "blueprint principals need `AgentIdentityBlueprintPrincipal.Create`, or the role Agent ID Administrator",
);

/// Whose requests are cast to the types of agent identities.
const AGENTS: &str = "/microsoft.graph.agentIdentity";

/// What a request needs.
pub fn needed(request: &Request) -> &'static Right {
    let text = request.to_string();
    let read = request.reads();
    let has = |part: &str| text.contains(part);
    match request.service {
        Service::Blob if read => &BLOB_READ,
        Service::Blob => &BLOB_WRITE,
        Service::Arm if has("/roleAssignments") && !read => &ASSIGN_AZURE,
        Service::Arm if has("Microsoft.ManagedIdentity") && !read => &IDENTITY,
        Service::Arm if has("/Microsoft.Authorization/locks/") && !read => &LOCKS,
        Service::Arm if has("Microsoft.Storage") && !read => &STORAGE,
        Service::Arm => &ARM,
        _ if has(AGENTS) && read => &AGENT_READ,
        _ if has("agentIdentityBlueprintPrincipal") => &AGENT_PRINCIPAL,
        _ if has(AGENTS) => &AGENT,
        _ if has("/appRoleAssign") && !read => &ASSIGN,
        _ if has("/oauth2PermissionGrants") && !read => &CONSENT,
        _ if has("/oauth2PermissionGrants") => &CONSENT_READ,
        _ if has("/policies/") && read => &POLICY_READ,
        _ if has("/identity/conditionalAccess") && read => &ACCESS_READ,
        _ if has("/identity/conditionalAccess") => &ACCESS_WRITE,
        _ if has("/reports/") || has("/auditLogs/") => &SIGN_INS_READ,
        _ if has("/roleManagement/directory") && read => &DIRECTORY_ROLES_READ,
        _ if has("/groups") && read => &GROUP_READ,
        _ if has("/groups") => &GROUP_WRITE,
        _ if read => &READ,
        _ if has("/federatedIdentityCredentials") => &TRUST,
        _ => &WRITE,
    }
}

/// The same of a step, which knows what its request does not say: whose credentials they are.
fn needed_for(step: &Step) -> &'static Right {
    let right = needed(&step.request);
    match std::ptr::eq(right, &TRUST) && step.address.segments[0].kind == "agent_identity_blueprint"
    {
        true => &AGENT_TRUST,
        false => right,
    }
}

/// The rights that a plan's writes need and the login does not have, one diagnostic each. A user's token does not
/// say what the user may do: for one, nothing is missing as far as anybody can tell.
pub fn missing(steps: &[Step], caller: &Caller) -> Vec<Diagnostic> {
    if !caller.scopes.is_empty() {
        return overridden(steps, caller).into_iter().collect();
    }
    if caller.roles.is_empty() {
        return Vec::new();
    }
    let mut said = BTreeSet::new();
    steps
        .iter()
        .map(|step| (step, needed_for(step)))
        .filter(|(_, right)| !right.any.is_empty())
        .filter(|(_, right)| {
            !right
                .any
                .iter()
                .any(|role| caller.roles.iter().any(|held| held == role))
        })
        .filter(|(_, right)| said.insert(right.words))
        .map(|(step, right)| {
            Diagnostic::error(
                "missing-right",
                format!("the login may not send `{}`", step.request),
            )
            .about(&step.address)
            .help(right.words)
        })
        .collect()
}

/// A user's token of `az` can do nothing to agent identities, whatever the user may: it holds a permission that makes
/// Entra pass over all that are about them. Source: Microsoft, "Known issues: Microsoft Entra Agent ID".
fn overridden(steps: &[Step], caller: &Caller) -> Option<Diagnostic> {
    const OVERRIDING: &str = "Directory.AccessAsUser.All";
    let agents = |step: &&Step| {
        std::ptr::eq(needed_for(step), &AGENT_TRUST) || step.request.to_string().contains(AGENTS)
    };
    let first = steps.iter().find(agents)?;
    let overrides = caller.scopes.iter().any(|scope| scope == OVERRIDING);
    overrides.then(|| {
        Diagnostic::error(
            "agent-login",
            format!("the login's token holds `{OVERRIDING}`, as every token of `az login` does, and with it Entra passes over all permissions for agent identities: `{}` would be refused", first.request),
        )
        .about(&first.address)
        .help("log in as a workload: an application with `AgentIdentityBlueprint.ReadWrite.All` and `AgentIdentityBlueprintPrincipal.Create` that a federated credential lets in")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::address::{Address, Segment};
    use crate::model::step::{Method, Phase};

    #[test]
    fn a_blueprints_credentials_are_not_an_applications() {
        let blueprint = Address::root("agent_identity_blueprint", "helpdesk");
        let path = "/applications(uniqueName='agents.helpdesk')/federatedIdentityCredentials(name='main-1')";
        let address = blueprint.child(Segment::new("federated_credential", "main"));
        let request = Request::new(Service::GraphBeta, Method::Patch, path);
        let step = Step::new(address, Phase::Provide, request);
        let caller = Caller {
            roles: vec!["Application.ReadWrite.All".into()],
            ..Caller::default()
        };
        let expected = Diagnostic::error(
            "missing-right",
            format!("the login may not send `PATCH /beta{path}`"),
        )
        .about(&step.address)
        .help("credentials of agent identity blueprints need `AgentIdentityBlueprint.AddRemoveCreds.All`, or the role Agent ID Administrator; `Application.ReadWrite.All` does not cover them");
        assert_eq!(missing(std::slice::from_ref(&step), &caller), [expected]);
        let may = Caller {
            roles: vec!["AgentIdentityBlueprint.AddRemoveCreds.All".into()],
            ..Caller::default()
        };
        assert_eq!(missing(&[step], &may), []);
    }
}
