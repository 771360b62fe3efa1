//! What Graph remembers of logins: the sign-in log, and the reports of who was last seen when.
//!
//! Sources: Microsoft Graph (beta), "List signIns", "signIn resource type", "List servicePrincipalSignInActivities",
//! "List appCredentialSignInActivities". Of each credential only its last use is kept.

use serde_json::{Value, json};

use super::{CREDENTIALS, trust};
use crate::emulator::dates;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Route, SignIn};
use crate::emulator::store::{Store, View, member, text};
use crate::emulator::table::{Entity, Table, Version};
use crate::kinds::application::emulator::APPLICATIONS;

/// When each service principal last signed in. `~uses` is when with which credential.
pub static ACTIVITIES: Table = Table {
    name: "reports/servicePrincipalSignInActivities",
    resource: "ServicePrincipalSignInActivity",
    odata_type: "#microsoft.graph.servicePrincipalSignInActivity",
    directory_object: false,
    indexed: &["appId"],
    filterable: &["appId"],
    select_only: &[],
    present: Table::as_stored,
    related: Table::no_relations,
    restored: Table::nothing_follows,
    purged: Table::nothing_follows,
    dumped: |_, _| None,
};

/// "signIn: List" asks for two permissions, and names that a known issue; one is what the reports ask for.
const READ: &[&str] = &["AuditLog.Read.All"];
const REPORT: &[&str] = &["AuditLog.Read.All", "Directory.Read.All"];

pub const LOG: Route = Route::new("GET", "/auditLogs/signIns", READ, log);
pub const BY_PRINCIPAL: Route = Route::new(
    "GET",
    "/reports/servicePrincipalSignInActivities",
    REPORT,
    by_principal,
);
pub const BY_SECRET: Route = Route::new(
    "GET",
    "/reports/appCredentialSignInActivities",
    READ,
    by_secret,
);

/// A row of the report for a client that was last seen at a time, in milliseconds since 1970.
pub fn activity(client_id: &str, at: u64) -> Entity {
    let seen = json!({"lastSignInDateTime": dates::iso(at), "lastSignInRequestId": client_id});
    let never = json!({"lastSignInDateTime": null, "lastSignInRequestId": null});
    [
        ("id", json!(client_id)),
        ("appId", json!(client_id)),
        ("lastSignInActivity", seen.clone()),
        ("applicationAuthenticationClientSignInActivity", seen),
        (
            "applicationAuthenticationResourceSignInActivity",
            never.clone(),
        ),
        ("delegatedClientSignInActivity", never.clone()),
        ("delegatedResourceSignInActivity", never),
        ("~uses", json!({})),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

/// Remembers a login.
pub fn remember(store: &mut Store, sign_in: &SignIn, now: u64) {
    let client_id = sign_in.client_id.as_str();
    let view = store.primary();
    let mut row = activity(client_id, now);
    if let Some(before) = view.get(&ACTIVITIES, client_id) {
        row.insert("~uses".to_owned(), member(before, "~uses").clone());
    }
    if let Some(id) = credential(view, sign_in)
        && let Some(uses) = row.get_mut("~uses")
    {
        uses[id] = json!(now);
    }
    store.put(&ACTIVITIES, row, now);
}

/// The id of the credential that let somebody in; managed identities' have none in Graph.
fn credential(view: View<'_>, sign_in: &SignIn) -> Option<String> {
    let parent = view
        .find(&APPLICATIONS, "appId", &sign_in.client_id)
        .next()?;
    let mut rows = view.find(&CREDENTIALS, "~parent", text(parent, "id"));
    let row = rows.find(|row| trust(row).as_ref() == Some(&sign_in.trust))?;
    Some(text(row, "id").to_owned())
}

fn beta_only(call: &Call<'_>, name: &str) -> Result<(), Failure> {
    match call.version {
        Version::Beta => Ok(()),
        Version::V1 => {
            let message = format!("Resource not found for the segment '{name}'.");
            Err(Failure::new(400, "BadRequest", message))
        }
    }
}

/// Sign-ins of one application as itself, the newest first; v1.0 knows only those of people.
fn log(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let filter = call.request.parameter("$filter").unwrap_or_default();
    let of_principals =
        filter.contains("signInEventTypes/any(") && filter.contains("'servicePrincipal'");
    let client_id = filter
        .split_once("appId eq '")
        .and_then(|(_, rest)| rest.split('\'').next())
        .unwrap_or_default();
    let view = call.list_view();
    let row = view.get(&ACTIVITIES, client_id);
    let row = row.filter(|_| of_principals && call.version == Version::Beta);
    let uses = row.and_then(|row| member(row, "~uses").as_object());
    let mut uses: Vec<(&String, u64)> = uses
        .into_iter()
        .flatten()
        .filter_map(|(id, at)| Some((id, at.as_u64()?)))
        .collect();
    uses.sort_by_key(|(id, at)| (std::cmp::Reverse(*at), *id));
    let value: Vec<Value> = uses
        .into_iter()
        .map(|(id, at)| {
            json!({
                "id": id, "createdDateTime": dates::iso(at), "appId": client_id,
                "signInEventTypes": ["servicePrincipal"], "clientCredentialType": "federatedIdentityCredential",
                "federatedCredentialId": id, "servicePrincipalCredentialKeyId": null,
                "status": {"errorCode": 0, "failureReason": null, "additionalDetails": null},
            })
        })
        .collect();
    let context = format!("{}/$metadata#auditLogs/signIns", call.root());
    Ok(Reply::json(
        200,
        &json!({"@odata.context": context, "value": value}),
    ))
}

fn by_principal(call: &mut Call<'_>) -> Result<Reply, Failure> {
    beta_only(call, "servicePrincipalSignInActivities")?;
    list::table(call, &ACTIVITIES, |_| true)
}

/// Nobody logs in with a password or certificate here: the emulator takes none.
fn by_secret(call: &mut Call<'_>) -> Result<Reply, Failure> {
    beta_only(call, "appCredentialSignInActivities")?;
    let context = format!(
        "{}/$metadata#reports/appCredentialSignInActivities",
        call.root()
    );
    Ok(Reply::json(
        200,
        &json!({"@odata.context": context, "value": []}),
    ))
}
