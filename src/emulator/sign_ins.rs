//! The sign-in log: who logged in with which federated credential.
//!
//! Sources: Microsoft Graph (beta), "signIn resource type" and "List signIns". Only logins with a federated credential
//! are kept, and only those that succeeded; Entra shows them after some minutes, the emulator at once.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::dates;
use super::graph::{Call, Failure};
use super::odata::list;
use super::request::Reply;
use super::route::{Part, Principal, Route};
use super::sign_in_reports;
use super::store::{Store, View, text};
use super::table::{Dumped, Entity, Related, Table, Version};

/// The entities behind `auditLogs/signIns`.
static SIGN_INS: Table = Table {
    name: "signIns",
    resource: "SignIn",
    odata_type: "#microsoft.graph.signIn",
    indexed: &["appId"],
    filterable: &[
        "id",
        "appId",
        "createdDateTime",
        "federatedCredentialId",
        "signInEventTypes",
    ],
    present,
    dumped,
    ..Table::PLAIN
};

/// The log as a part of the tenant.
pub(super) const PART: Part = Part {
    tables: &[&SIGN_INS],
    routes: &[Route::new(
        "GET",
        "/auditLogs/signIns",
        &["AuditLog.Read.All"],
        list_all,
    )],
    ..Part::NOTHING
};

/// Entries that are kept; the oldest go. Entra keeps those of 30 days.
const MOST: usize = 1_000;

/// A login that a federated credential let in.
pub struct SignIn {
    pub principal: Principal,
    /// The API (object id of its service principal) that the token is for.
    pub resource: String,
    /// The id of the credential, and whose tokens it trusts.
    pub credential: String,
    pub issuer: String,
}

/// Writes a login down, here and in the reports. Its id takes none of the tenant's sequence: who logs in changes no other object's id.
pub fn record(store: &mut Store, sign_in: &SignIn, now: u64, seed: u64) {
    let digest = Sha256::new()
        .chain_update(store.tenant.id.as_bytes())
        .chain_update(now.to_be_bytes())
        .chain_update(seed.to_be_bytes())
        .chain_update(sign_in.credential.as_bytes())
        .finalize();
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    let id = uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string();
    let principal = &sign_in.principal;
    let members = [
        ("id", json!(id)),
        ("createdDateTime", json!(dates::iso(now))),
        ("appId", json!(principal.client_id)),
        ("appDisplayName", json!(principal.display_name)),
        ("servicePrincipalId", json!(principal.id)),
        ("servicePrincipalName", json!(principal.display_name)),
        ("resourceServicePrincipalId", json!(sign_in.resource)),
        ("signInEventTypes", json!(["servicePrincipal"])),
        ("clientCredentialType", json!("federatedIdentityCredential")),
        ("federatedCredentialId", json!(sign_in.credential)),
        ("federatedTokenIssuer", json!(sign_in.issuer)),
        (
            "status",
            json!({"errorCode": 0, "failureReason": null, "additionalDetails": null}),
        ),
    ];
    let entity: Entity = members
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
    let mut times: Vec<(String, String)> = store
        .primary()
        .rows(&SIGN_INS, None)
        .map(|row| {
            let of = |name| text(row, name).to_owned();
            (of("createdDateTime"), of("id"))
        })
        .collect();
    if times.len() >= MOST {
        times.sort();
        for (_, id) in times.drain(..times.len() + 1 - MOST) {
            store.remove(&SIGN_INS, &id, now);
        }
    }
    store.put(&SIGN_INS, entity, now);
    sign_in_reports::seen(store, &principal.client_id, now);
}

fn list_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.list_view();
    let rows: Vec<Related> = view
        .rows(&SIGN_INS, None)
        .map(|row| (&SIGN_INS, Arc::clone(row)))
        .collect();
    list::rows(call, view, &SIGN_INS, "auditLogs/signIns", &rows)
}

/// v1.0 knows no kinds of sign-ins and no credentials (learn.microsoft.com, graph-rest-1.0, "signIn resource type").
fn present(entity: &Entity, version: Version) -> Entity {
    let mut shown = Table::as_stored(entity, version);
    if version == Version::V1 {
        for name in [
            "clientCredentialType",
            "federatedCredentialId",
            "federatedTokenIssuer",
            "resourceServicePrincipalId",
            "servicePrincipalId",
            "servicePrincipalName",
            "signInEventTypes",
        ] {
            shown.shift_remove(name);
        }
    }
    shown
}

/// A log is no part of what a tenant is.
fn dumped(_: View<'_>, _: &Map<String, Value>) -> Option<Dumped> {
    None
}
