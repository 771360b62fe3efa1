//! The reports of who was last seen when: of service principals, and of their secrets.
//!
//! Sources: Microsoft Graph (beta), "List servicePrincipalSignInActivities", "List appCredentialSignInActivities".

use serde_json::json;

use super::dates;
use super::graph::{Call, Failure};
use super::odata::list;
use super::request::Reply;
use super::route::{Part, Route};
use super::store::Store;
use super::table::{Entity, Table, Version};

/// When each service principal last signed in.
pub static ACTIVITIES: Table = Table {
    name: "reports/servicePrincipalSignInActivities",
    resource: "ServicePrincipalSignInActivity",
    odata_type: "#microsoft.graph.servicePrincipalSignInActivity",
    indexed: &["appId"],
    filterable: &["appId"],
    ..Table::PLAIN
};

/// The reports as a part of the tenant.
pub(super) const PART: Part = Part {
    tables: &[&ACTIVITIES],
    routes: &[
        Route::new(
            "GET",
            "/reports/servicePrincipalSignInActivities",
            &["AuditLog.Read.All", "Directory.Read.All"],
            by_principal,
        ),
        Route::new(
            "GET",
            "/reports/appCredentialSignInActivities",
            &["AuditLog.Read.All"],
            by_secret,
        ),
    ],
    ..Part::NOTHING
};

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
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}

/// A client was seen.
pub(super) fn seen(store: &mut Store, client_id: &str, now: u64) {
    store.put(&ACTIVITIES, activity(client_id, now), now);
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
