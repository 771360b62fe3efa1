//! How Resource Manager behaves for user-assigned managed identities.
//!
//! Source: Azure/azure-rest-api-specs, Microsoft.ManagedIdentity 2024-11-30.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::arm;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::store::{Store, View, member, text};
use crate::emulator::table::{Dumped, Entity, Table};
use crate::kinds::group_member::emulator as groups;
use crate::kinds::service_principal::emulator::{PRINCIPALS, managed};

mod credentials;

pub use credentials::CREDENTIALS;

/// The identities. `id` is the ARM id in lower case, `~id` the same as it was written.
pub static IDENTITIES: Table = Table {
    name: "userAssignedIdentities",
    resource: "UserAssignedIdentity",
    indexed: &["~group", "~client"],
    dumped,
    ..Table::PLAIN
};

const KIND: &str = "Microsoft.ManagedIdentity/userAssignedIdentities";
const VERSIONS: &[&str] = &[
    "2018-11-30",
    "2023-01-31",
    "2024-11-30",
    "2025-01-31-preview",
    "2025-05-31-preview",
];

/// learn.microsoft.com, built-in-roles: Managed Identity Contributor, and those that may do everything.
const WRITE: &[&str] = &["Owner", "Contributor", "Managed Identity Contributor"];
const READ: &[&str] = &[
    "Owner",
    "Contributor",
    "Reader",
    "Managed Identity Contributor",
    "Managed Identity Operator",
];

const ALL: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities";
const WITHIN: &str =
    "/subscriptions/{subscription}/providers/Microsoft.ManagedIdentity/userAssignedIdentities";
const ONE: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}";
const CREDENTIALS_OF: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}/federatedIdentityCredentials";
const CREDENTIAL: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{identity}/federatedIdentityCredentials/{credential}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&IDENTITIES, &CREDENTIALS],
    trusts: Some(credentials::trusts),
    arm: &[
        Route::new("GET", ALL, READ, list),
        Route::new("GET", WITHIN, READ, list_within),
        Route::new("GET", ONE, READ, read),
        Route::new("PUT", ONE, WRITE, put),
        Route::new("PATCH", ONE, WRITE, patch),
        Route::new("DELETE", ONE, WRITE, delete),
        Route::new("GET", CREDENTIALS_OF, READ, credentials::list),
        Route::new("GET", CREDENTIAL, READ, credentials::read),
        Route::new("PUT", CREDENTIAL, WRITE, credentials::put),
        Route::new("DELETE", CREDENTIAL, WRITE, credentials::delete),
    ],
    ..Part::NOTHING
};

/// The identity's path as the request writes it.
fn path(call: &Call<'_>) -> String {
    let [subscription, group, name] = [0, 1, 2].map(|at| call.key(at).1);
    format!("/subscriptions/{subscription}/resourceGroups/{group}/providers/{KIND}/{name}")
}

/// The identity of a path; Resource Manager compares without case.
fn find(call: &Call<'_>) -> Option<Arc<Entity>> {
    let id = path(call).to_ascii_lowercase();
    call.store.primary().get(&IDENTITIES, &id).cloned()
}

fn missing(call: &Call<'_>) -> Failure {
    let (group, name) = (call.key(1).1, call.key(2).1);
    Failure::new(
        404,
        "ResourceNotFound",
        format!("The Resource '{KIND}/{name}' under resource group '{group}' was not found."),
    )
}

fn shown(entity: &Entity) -> Value {
    let mut shown = json!({
        "id": member(entity, "~id"), "name": member(entity, "name"), "type": KIND,
        "location": member(entity, "location"), "properties": member(entity, "properties"),
    });
    let tags = member(entity, "tags");
    if tags.as_object().is_some_and(|tags| !tags.is_empty()) {
        shown["tags"] = tags.clone();
    }
    shown
}

fn list(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let group = format!(
        "/subscriptions/{}/resourcegroups/{}",
        call.key(0).1,
        call.key(1).1
    );
    let view = call.store.primary();
    let found = view.find(&IDENTITIES, "~group", &group.to_ascii_lowercase());
    Ok(arm::page(call, found.map(|entity| shown(entity)).collect()))
}

/// Those of a whole subscription.
fn list_within(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let within = format!("/subscriptions/{}/", call.key(0).1).to_ascii_lowercase();
    let rows = call.store.primary().rows(&IDENTITIES, None);
    let rows = rows.filter(|row| text(row, "id").starts_with(&within));
    Ok(arm::page(call, rows.map(|row| shown(row)).collect()))
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let found = find(call).ok_or_else(|| missing(call))?;
    Ok(Reply::json(200, &shown(&found)))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let (id, name) = (path(call), call.key(2).1.to_owned());
    arm::check_policy(call.store, KIND, &name)?;
    let fits = (3..=128).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if !fits {
        let message = format!("The resource name '{name}' is invalid.");
        return Err(Failure::new(400, "BadRequest", message));
    }
    let body = call.body()?;
    // `West Europe` and `westeurope` are one place.
    let location = body.get("location").and_then(Value::as_str);
    let location = location.map(|location| location.to_ascii_lowercase().replace(' ', ""));
    let Some(location) = location else {
        let message = "The location property is required for this definition.";
        return Err(Failure::new(400, "LocationRequired", message));
    };
    let tags = body.get("tags").cloned().unwrap_or_else(|| json!({}));
    if let Some(old) = find(call) {
        if text(&old, "location") != location {
            let message = format!(
                "The resource '{name}' already exists in location '{}'. A resource with the same name cannot be created in location '{location}'.",
                text(&old, "location")
            );
            return Err(Failure::new(409, "InvalidResourceLocation", message));
        }
        let mut new = (*old).clone();
        new.insert("tags".into(), tags);
        call.store.put(&IDENTITIES, new.clone(), call.now);
        return Ok(Reply::json(200, &shown(&new)));
    }
    let entity = make(call.store, &id, &name, &location, tags, call.now);
    Ok(Reply::json(201, &shown(&entity)))
}

/// Makes an identity with its service principal; `id` is its path.
pub fn make(
    store: &mut Store,
    id: &str,
    name: &str,
    location: &str,
    tags: Value,
    now: u64,
) -> Entity {
    let (principal, client) = (store.guid(), store.guid());
    let lower = id.to_ascii_lowercase();
    let group = lower.split("/providers/").next().unwrap_or_default();
    let entity = [
        ("id", json!(lower)),
        ("~id", json!(id)),
        ("~group", json!(group)),
        ("~client", json!(client)),
        ("name", json!(name)),
        ("location", json!(location)),
        ("tags", tags),
        (
            "properties",
            json!({"tenantId": store.tenant.id, "principalId": principal, "clientId": client}),
        ),
    ];
    let entity: Entity = entity
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
    managed(store, &principal, &client, name, id, now);
    store.put(&IDENTITIES, entity.clone(), now);
    entity
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let body = call.body()?;
    let mut new = (*find(call).ok_or_else(|| missing(call))?).clone();
    arm::check_policy(call.store, KIND, text(&new, "name"))?;
    if let Some(tags) = body.get("tags") {
        new.insert("tags".into(), tags.clone());
    }
    call.store.put(&IDENTITIES, new.clone(), call.now);
    Ok(Reply::json(200, &shown(&new)))
}

/// Its service principal and its credentials go with it.
fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let Some(found) = find(call) else {
        return Ok(Reply::empty(204));
    };
    let id = text(&found, "id").to_owned();
    credentials::purge_of(call.store, &id, call.now);
    let principal = member(&found, "properties")["principalId"].as_str();
    let principal = principal.unwrap_or_default().to_owned();
    call.store.remove(&PRINCIPALS, &principal, call.now);
    groups::purge_of(call.store, &principal, call.now);
    call.store.remove(&IDENTITIES, &id, call.now);
    Ok(Reply::empty(200))
}

fn dumped(_: View<'_>, entity: &Entity) -> Option<Dumped> {
    let mut properties = Entity::new();
    for name in ["location", "tags"] {
        properties.insert(name.to_owned(), member(entity, name).clone());
    }
    let group = text(entity, "~group").rsplit('/').next();
    properties.insert("resourceGroup".to_owned(), json!(group));
    Some(Dumped {
        title: format!("managed_identity {}", text(entity, "name")),
        parent: None,
        properties,
    })
}
