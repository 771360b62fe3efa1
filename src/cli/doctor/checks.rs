//! What reading alone shows of a login, a tenant and its services.

use serde_json::Value as Json;
use time::OffsetDateTime;

use super::rights::{self, Place};
use super::{Check, Status, services};
use crate::cli::connect::Connection;
use crate::cli::stack::Stack;
use crate::cloud::{Caller, Client};
use crate::kinds::api;
use crate::model::national_cloud::Cloud;
use crate::model::step::{Request, Service};

/// Seconds that a clock may be off before tokens are refused. Source: Microsoft, "Access tokens": validators allow for
/// five minutes.
const SKEW: i64 = 300;

/// What was found, and who was found to be logged in, if it is a login to the tenant.
pub struct Examined {
    pub checks: Vec<Check>,
    pub caller: Option<Caller>,
}

/// Looks at everything that can be looked at without a write.
pub async fn examine(stack: &Stack, connection: &Connection) -> Examined {
    let client = connection.client.as_ref();
    let wanted = &stack.desired.stack;
    let mut checks = vec![cloud(stack, connection).await];
    let caller = match client.caller().await {
        Ok(caller) => caller,
        Err(error) => {
            checks.push(Check::refused("login", Status::Fail, error));
            checks.push(Check::unknown(
                "rest",
                "nothing else was asked without a login",
            ));
            return Examined {
                checks,
                caller: None,
            };
        }
    };
    checks.push(login(&caller));
    if let Err(error) = caller.check_tenant(&wanted.tenant_id) {
        checks.push(Check::refused("tenant", Status::Fail, error));
        checks.push(Check::unknown(
            "rest",
            "nothing else was asked in another tenant",
        ));
        return Examined {
            checks,
            caller: None,
        };
    }
    checks.extend(tenant(client).await);
    let by_id = format!(
        "/servicePrincipals(appId='{}')?$select=id",
        api::MICROSOFT_GRAPH
    );
    let graph = client
        .answer(&Request::get(Service::Graph, by_id), &[])
        .await;
    let id = graph
        .as_ref()
        .ok()
        .and_then(|reply| reply.body["id"].as_str());
    let place = Place {
        cloud: wanted.cloud,
        graph: id,
    };
    let declares = |kind: &str| {
        let mut declared = stack.desired.resources.keys();
        declared.any(|address| address.kind() == kind)
    };
    checks.extend(rights::checks(&caller, declares, &place));
    checks.push(match graph {
        Ok(reply) if reply.status == 200 => {
            Check::pass("principals", "service principals can be read")
        }
        Ok(reply) => Check::fail(
            "principals",
            format!(
                "Microsoft Graph answered {} where its own service principal was asked for",
                reply.status
            ),
        )
        .help("applications, credentials and documents still work; permissions cannot be planned"),
        Err(error) => Check::refused("principals", Status::Fail, error),
    });
    checks.push(services::expand(client).await);
    checks.push(services::filter(client).await);
    checks.push(services::identities(client).await);
    checks.push(services::blueprints(client).await);
    checks.push(services::policies(client).await);
    checks.extend(services::azure(client, stack).await);
    checks.extend(services::expressions(client, stack).await);
    checks.extend(services::blobs(client, stack).await);
    checks.extend(services::leftovers(client, wanted.cloud).await);
    Examined {
        checks,
        caller: Some(caller),
    }
}

/// Whether the cloud that the stack names knows the tenant as its own.
async fn cloud(stack: &Stack, connection: &Connection) -> Check {
    let wanted = &stack.desired.stack;
    let name = wanted.cloud.name();
    let url = format!(
        "{}/{}/v2.0/.well-known/openid-configuration",
        wanted.cloud.login(),
        wanted.tenant_id
    );
    let page = match connection.transport().get_document(&url).await {
        Ok(page) => page,
        Err(error) => return Check::unknown("cloud", error.message).help(error.help),
    };
    let document: Json = serde_json::from_slice(&page.body).unwrap_or_default();
    let help = "correct `tenant_id` or `cloud` in the `stack` block".to_owned();
    match (page.status, document["msgraph_host"].as_str()) {
        (200, Some(host)) if serves(wanted.cloud, host) => Check::pass(
            "cloud",
            format!("the cloud `{name}` knows the tenant as its own"),
        ),
        (200, Some(host)) => Check::fail(
            "cloud",
            format!("the tenant is not in the cloud `{name}`: its Microsoft Graph is `{host}`"),
        )
        .help(match Cloud::ALL.iter().find(|it| serves(**it, host)) {
            Some(cloud) => format!(
                "write `cloud = \"{}\"` in the `stack` block, or correct its `tenant_id`",
                cloud.name()
            ),
            None => help,
        }),
        (400, _) => Check::fail(
            "cloud",
            format!("the cloud `{name}` knows no tenant `{}`", wanted.tenant_id),
        )
        .help(help),
        (status, _) => Check::unknown("cloud", format!("`{url}` answered {status}")),
    }
}

/// Whether a host is the one of a cloud's Microsoft Graph.
fn serves(cloud: Cloud, host: &str) -> bool {
    cloud.graph().ends_with(&format!("://{host}"))
}

fn login(caller: &Caller) -> Check {
    let (object, client) = (&caller.object_id, &caller.client_id);
    if caller.scopes.is_empty() {
        let held = match caller.roles.len() {
            0 => "no application permission of Microsoft Graph".to_owned(),
            1 => "1 application permission of Microsoft Graph".to_owned(),
            many => format!("{many} application permissions of Microsoft Graph"),
        };
        return Check::pass(
            "login",
            format!("the application `{client}` (service principal `{object}`), with {held}"),
        );
    }
    let check = Check::pass(
        "login",
        format!("a user (object id `{object}`), through the client `{client}`"),
    );
    match caller.scopes.iter().any(|it| it == "Directory.AccessAsUser.All") {
        true => check.help("its token carries `Directory.AccessAsUser.All`: agent identity blueprints want another login, such as a workload identity"),
        false => check,
    }
}

/// The tenant's name, and how far this machine's clock is off.
async fn tenant(client: &Client) -> Vec<Check> {
    let request = Request::get(Service::Graph, "/organization?$select=id,displayName");
    let result = client.send(&request).await;
    let name = result
        .as_ref()
        .ok()
        .filter(|reply| reply.status == 200)
        .and_then(|reply| reply.body["value"][0]["displayName"].as_str());
    let sentence = match name {
        Some(name) => format!("the login is one to the tenant `{name}`"),
        None => "the login is one to this tenant; what it is called could not be read".to_owned(),
    };
    let date = result.as_ref().ok().and_then(|reply| reply.header("date"));
    let clock = match date.and_then(|text| azure_core::time::parse_rfc7231(text).ok()) {
        None => Check::unknown("clock", "Microsoft Graph said no time"),
        Some(there) => clock(client.clock().now(), there),
    };
    vec![Check::pass("tenant", sentence), clock]
}

fn clock(here: OffsetDateTime, there: OffsetDateTime) -> Check {
    let seconds = (here - there).whole_seconds();
    let way = if seconds < 0 { "behind" } else { "ahead" };
    let off = seconds.abs();
    match off {
        0..=1 => Check::pass(
            "clock",
            "this machine and Microsoft Graph agree on the time",
        ),
        2..SKEW => Check::pass("clock", format!("this machine is {off} seconds {way}")),
        _ => Check::fail(
            "clock",
            format!(
                "this machine is {off} seconds {way}: tokens count as expired or not yet valid"
            ),
        )
        .help("set its clock, for example with `timedatectl set-ntp true`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;

    #[test]
    fn a_clock_may_be_a_little_off() {
        let now = OffsetDateTime::UNIX_EPOCH;
        let status = |seconds| clock(now + Duration::seconds(seconds), now).status;
        assert_eq!(status(0), Status::Pass);
        assert_eq!(status(-299), Status::Pass);
        assert_eq!(status(300), Status::Fail);
        let late = clock(now - Duration::hours(1), now);
        assert_eq!(
            (late.sentence.as_str(), late.help.as_slice()),
            (
                "this machine is 3600 seconds behind: tokens count as expired or not yet valid",
                &["set its clock, for example with `timedatectl set-ntp true`".to_owned()][..]
            )
        );
    }

    #[test]
    fn a_login_says_how_much_it_was_given() {
        let said = |roles: &[&str]| {
            login(&Caller {
                client_id: "c".to_owned(),
                object_id: "o".to_owned(),
                roles: roles.iter().map(|role| (*role).to_owned()).collect(),
                ..Caller::default()
            })
            .sentence
        };
        assert_eq!(
            said(&[]),
            "the application `c` (service principal `o`), with no application permission of Microsoft Graph"
        );
        assert_eq!(
            said(&["Application.Read.All"]),
            "the application `c` (service principal `o`), with 1 application permission of Microsoft Graph"
        );
    }
}
