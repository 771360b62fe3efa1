//! What the services take and show: lists, filters, policies, Azure, Blob Storage.

use serde_json::Value as Json;

use super::{Check, Status, policy, probe};
use crate::cli::stack::Stack;
use crate::cloud::Client;
use crate::kinds::federated_credential::arm;
use crate::kinds::managed_identity::everywhere::{self, SUBSCRIPTIONS_VERSION};
use crate::kinds::{document, managed_identity, role_assignment};
use crate::model::national_cloud::Cloud;
use crate::model::step::{Request, Service};

/// Whether one list shows applications with their credentials (microsoftgraph/microsoft-graph-docs#14253).
pub async fn expand(client: &Client) -> Check {
    let path = "/applications?$top=1&$select=id&$expand=federatedIdentityCredentials";
    match client.answer(&Request::get(Service::GraphBeta, path), &[]).await {
        Ok(reply) if reply.status == 200 => Check::pass(
            "expand",
            "lists of applications show their credentials (`$expand=federatedIdentityCredentials`)",
        ),
        Ok(reply) => Check::fail(
            "expand",
            format!(
                "lists of applications refuse `$expand=federatedIdentityCredentials`: {} {}",
                reply.status,
                reply.error_message()
            ),
        )
        .help("`plan` reads credentials by application, twenty to a batch: slower, and nothing is missed; `audit` needs the list"),
        Err(error) => Check::refused("expand", Status::Fail, error),
    }
}

/// Whether applications with credentials can be asked for.
pub async fn filter(client: &Client) -> Check {
    let path = "/applications?$filter=not(federatedIdentityCredentials/$count eq 0)&$count=true&$top=1&$select=id";
    let request = Request::get(Service::GraphBeta, path).header("ConsistencyLevel", "eventual");
    match client.answer(&request, &[]).await {
        Ok(reply) => match reply.body["@odata.count"].as_u64() {
            Some(1) => Check::pass(
                "filter",
                "1 application of the tenant has federated credentials",
            ),
            Some(count) => Check::pass(
                "filter",
                format!("{count} applications of the tenant have federated credentials"),
            ),
            None => Check::unknown(
                "filter",
                format!(
                    "applications with credentials were not counted: Microsoft Graph answered {}",
                    reply.status
                ),
            ),
        },
        Err(error) => Check::refused("filter", Status::Fail, error)
            .help("before an issuer goes, who else trusts it cannot be shown"),
    }
}

/// Whether Graph tells which service principals, those of managed identities among them, have credentials.
pub async fn identities(client: &Client) -> Check {
    let path = "/servicePrincipals?$filter=federatedIdentityCredentials/$count ne 0&$count=true&$top=1&$select=id";
    let request = Request::get(Service::GraphBeta, path).header("ConsistencyLevel", "eventual");
    let counted = client.answer(&request, &[]).await.ok();
    match counted.and_then(|reply| reply.body["@odata.count"].as_u64()) {
        Some(count) => Check::pass(
            "identities",
            format!(
                "Microsoft Graph counts service principals with credentials of their own, such as managed identities: {count}"
            ),
        ),
        None => Check::unknown(
            "identities",
            "Microsoft Graph does not tell which managed identities have credentials",
        )
        .help("nothing to do: trustform reads the credentials of managed identities from Azure"),
    }
}

/// Whether agent identity blueprints are known to v1.0 or to the beta version only.
pub async fn blueprints(client: &Client) -> Check {
    let path = "/applications/microsoft.graph.agentIdentityBlueprint?$top=1&$select=id";
    let stable = client
        .answer(&Request::get(Service::Graph, path), &[])
        .await;
    let refused = match stable {
        Ok(reply) if reply.status == 200 => {
            return Check::pass("blueprints", "v1.0 knows agent identity blueprints");
        }
        Ok(_) => None,
        Err(error) => Some(error),
    };
    match (
        client
            .answer(&Request::get(Service::GraphBeta, path), &[])
            .await,
        refused,
    ) {
        (Ok(reply), _) if reply.status == 200 => Check::unknown(
            "blueprints",
            "only the beta version knows agent identity blueprints",
        )
        .help("write `api_version = \"beta\"` in the block of each `agent_identity_blueprint`"),
        (_, Some(error)) => Check::refused("blueprints", Status::Unknown, error),
        _ => Check::unknown(
            "blueprints",
            "this tenant knows no agent identity blueprints",
        ),
    }
}

/// What the tenant forbids of its applications.
pub async fn policies(client: &Client) -> Check {
    let request = Request::get(Service::Graph, "/policies/defaultAppManagementPolicy");
    match client.answer(&request, &[]).await {
        Ok(reply) if reply.status == 200 => match policy::forbidden(&reply.body) {
            none if none.is_empty() => {
                Check::pass("policy", "the tenant's app management policy forbids nothing")
            }
            some => Check::pass(
                "policy",
                format!("the tenant's app management policy forbids {}", some.join("; ")),
            )
            .help("trustform makes no passwords, keys or certificates; identifier URIs are refused at `apply` where the policy forbids them"),
        },
        Ok(reply) => Check::unknown(
            "policy",
            format!("the app management policy was not shown: Microsoft Graph answered {}", reply.status),
        ),
        Err(error) => Check::refused("policy", Status::Unknown, error),
    }
}

/// The subscriptions that the stack names, or those that the login sees.
pub async fn azure(client: &Client, stack: &Stack) -> Vec<Check> {
    let groups = managed_identity::groups(&stack.desired);
    let mut named: Vec<String> = groups.into_iter().map(|(id, _)| id).collect();
    let scopes = role_assignment::scopes(&stack.desired);
    named.extend(scopes.into_iter().filter_map(|scope| {
        let id = scope.strip_prefix("/subscriptions/")?;
        Some(id.split('/').next()?.to_ascii_lowercase())
    }));
    named.sort();
    named.dedup();
    if named.is_empty() {
        return vec![
            match client.answer(&everywhere::subscriptions(), &[]).await {
                Ok(reply) if reply.ok() => {
                    let seen = reply.body["value"].as_array().map_or(0, Vec::len);
                    let seen = match seen {
                        1 => "1 subscription".to_owned(),
                        many => format!("{many} subscriptions"),
                    };
                    Check::pass(
                        "azure",
                        format!(
                            "Azure Resource Manager answers; the login sees {seen}, and the stack names none"
                        ),
                    )
                }
                Ok(reply) => Check::unknown(
                    "azure",
                    format!("Azure Resource Manager answered {}", reply.status),
                ),
                Err(error) => Check::refused("azure", Status::Unknown, error),
            },
        ];
    }
    let mut checks = Vec::new();
    for id in named {
        let request = Request::get(
            Service::Arm,
            format!("/subscriptions/{id}?{SUBSCRIPTIONS_VERSION}"),
        );
        checks.push(match client.answer(&request, &[]).await {
            Ok(reply) if reply.ok() => {
                Check::pass("azure", format!("the subscription `{id}` can be read"))
            }
            Ok(reply) => Check::fail(
                "azure",
                format!(
                    "the login does not see the subscription `{id}`: Azure answered {}",
                    reply.status
                ),
            )
            .help("correct the id, or give the login a role in the subscription"),
            Err(error) => Check::refused("azure", Status::Fail, error),
        });
    }
    checks
}

/// Whether Azure shows a credential with an expression on an identity of the stack: two renderings of Microsoft's page
/// disagree on whether Entra takes one there. Nothing where the stack names no identity.
pub async fn expressions(client: &Client, stack: &Stack) -> Option<Check> {
    let named = stack.desired.of_kind(managed_identity::KIND);
    let ids: Vec<&str> = named.filter_map(|identity| identity.text("id")).collect();
    let name = "preview";
    if ids.is_empty() {
        return None;
    }
    for id in ids {
        let listed = match client.answer(&arm::list(id, arm::PREVIEW), &[]).await {
            Ok(reply) if reply.ok() => arm::plain(&reply.body["value"]),
            // It is still to be made.
            Ok(_) => continue,
            Err(error) => return Some(Check::refused(name, Status::Unknown, error)),
        };
        let credentials = listed.as_array().into_iter().flatten();
        let with = |credential: &&Json| !credential["claimsMatchingExpression"].is_null();
        if let Some(found) = credentials.into_iter().find(with) {
            let called = found["name"].as_str().unwrap_or_default();
            let sentence = format!(
                "Azure keeps a credential with an expression on a managed identity: `{called}`"
            );
            return Some(Check::pass(name, sentence));
        }
    }
    let sentence = "no managed identity of the stack has a credential with an expression: whether this tenant takes one shows when the first is applied";
    Some(Check::unknown(name, sentence).help(
        "exact subjects work everywhere; for an expression, let an application trust the workload",
    ))
}

/// The containers that the stack's documents and its lock stand in.
pub async fn blobs(client: &Client, stack: &Stack) -> Vec<Check> {
    let mut containers = document::containers(&stack.desired);
    let lock = stack.desired.stack.lock.iter();
    containers.extend(lock.map(|lock| (lock.storage_account.clone(), lock.container.clone())));
    if containers.is_empty() {
        let sentence = "the stack names no container: Blob Storage was not asked";
        return vec![Check::unknown("blobs", sentence)];
    }
    let mut checks = Vec::new();
    for (account, container) in containers {
        let place = format!("`{account}/{container}`");
        let request = Request::get(Service::Blob, format!("/{account}/{container}"));
        checks.push(match client.answer(&request, &[]).await {
            Ok(reply) if reply.ok() => Check::pass("blobs", format!("{place} can be read")),
            Ok(reply) => Check::fail(
                "blobs",
                format!(
                    "{place} is not there: Blob Storage answered {}",
                    reply.status
                ),
            )
            .help("make the container, or correct its name"),
            Err(error) => Check::refused("blobs", Status::Fail, error),
        });
    }
    checks
}

/// What probes left that were killed; mostly nothing.
pub async fn leftovers(client: &Client, cloud: Cloud) -> Vec<Check> {
    let path = format!(
        "/applications?$filter=displayName eq '{}'&$select=id,createdDateTime",
        probe::NAME
    );
    let Ok(reply) = client
        .answer(&Request::get(Service::Graph, path), &[])
        .await
    else {
        return Vec::new();
    };
    let found = reply.body["value"].as_array().into_iter().flatten();
    found
        .map(|application| {
            let text = |name: &str| application[name].as_str().unwrap_or_default();
            let sentence = format!(
                "an application of an earlier probe is still there, made at {}: nobody can log in with it",
                text("createdDateTime")
            );
            let help = probe::deletion(cloud, text("id"));
            Check::fail("leftover", sentence).help(help)
        })
        .collect()
}
