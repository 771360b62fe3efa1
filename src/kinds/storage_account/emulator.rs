//! How Resource Manager behaves for storage accounts and their blob services.
//!
//! Sources: Azure/azure-rest-api-specs, Microsoft.Storage 2023-05-01; Microsoft, "Storage resource provider REST API"
//! (error codes), "Resolve errors for storage account names" (taken names), "Remediate anonymous read access".

mod operation;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::arm;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::store::{Store, View, member, text};
use crate::emulator::table::{Dumped, Entity, Table};

/// The accounts. `id` is the ARM id in lower case, `~id` the same as it was written.
pub static ACCOUNTS: Table = Table {
    name: "storageAccounts",
    resource: "StorageAccount",
    dumped,
    ..Table::PLAIN
};

pub const KIND: &str = "Microsoft.Storage/storageAccounts";
pub const VERSIONS: &[&str] = &[
    "2022-09-01",
    "2023-01-01",
    "2023-05-01",
    "2024-01-01",
    "2026-09-01",
];
/// An Azure Policy that denies this denies accounts that allow public access: its alias in the policy language.
const PUBLIC: &str = "Microsoft.Storage/storageAccounts/allowBlobPublicAccess";
/// Milliseconds until a new account is ready.
const MAKING_MS: u64 = 5_000;

/// learn.microsoft.com, built-in-roles for storage.
pub const WRITE: &[&str] = &["Owner", "Contributor", "Storage Account Contributor"];
pub const READ: &[&str] = &[
    "Owner",
    "Contributor",
    "Reader",
    "Storage Account Contributor",
];

/// Some of Azure's regions: enough to refuse what is none.
const LOCATIONS: &[&str] = &[
    "australiaeast",
    "brazilsouth",
    "canadacentral",
    "centralindia",
    "centralus",
    "eastasia",
    "eastus",
    "eastus2",
    "francecentral",
    "germanywestcentral",
    "italynorth",
    "japaneast",
    "koreacentral",
    "northcentralus",
    "northeurope",
    "norwayeast",
    "polandcentral",
    "qatarcentral",
    "southafricanorth",
    "southcentralus",
    "southeastasia",
    "spaincentral",
    "swedencentral",
    "switzerlandnorth",
    "uaenorth",
    "uksouth",
    "ukwest",
    "westcentralus",
    "westeurope",
    "westus",
    "westus2",
    "westus3",
    "usgovvirginia",
    "usgovarizona",
    "usdodcentral",
    "chinanorth2",
    "chinaeast2",
    "chinanorth3",
];

const ONE: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}";
const ALL: &str = "/subscriptions/{subscription}/providers/Microsoft.Storage/storageAccounts";
const SERVICES: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&ACCOUNTS],
    arm: &[
        Route::new("GET", ALL, READ, list),
        Route::new("GET", ONE, READ, read),
        Route::new("PUT", ONE, WRITE, put),
        Route::new("PATCH", ONE, WRITE, patch),
        Route::new("DELETE", ONE, WRITE, delete),
        Route::new("GET", SERVICES, READ, read_services),
        Route::new("PUT", SERVICES, WRITE, put_services),
        operation::READ,
    ],
    ..Part::NOTHING
};

/// An account that somebody made before.
pub fn provision(store: &mut Store, id: &str, location: &str, now: u64) {
    let name = id.rsplit('/').next().unwrap_or_default().to_owned();
    if store
        .primary()
        .get(&ACCOUNTS, &id.to_ascii_lowercase())
        .is_some()
    {
        return;
    }
    store.provision_account(&name, true);
    let properties = json!({"allowBlobPublicAccess": true, "minimumTlsVersion": "TLS1_2", "supportsHttpsTrafficOnly": true});
    let entity = entity(
        id,
        location,
        json!({"name": "Standard_LRS"}),
        json!({}),
        properties,
        now,
    );
    store.put(&ACCOUNTS, entity, now);
}

fn entity(
    id: &str,
    location: &str,
    sku: Value,
    tags: Value,
    properties: Value,
    ready: u64,
) -> Entity {
    let members = [
        ("id", json!(id.to_ascii_lowercase())),
        ("~id", json!(id)),
        ("~ready", json!(ready)),
        (
            "~services",
            json!({"deleteRetentionPolicy": {"enabled": false}}),
        ),
        ("name", json!(id.rsplit('/').next())),
        ("location", json!(location)),
        ("sku", sku),
        ("tags", tags),
        ("properties", properties),
    ];
    let members = members.into_iter();
    members
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The account of a path; Resource Manager compares without case.
///
/// # Errors
/// 404 `ResourceNotFound`.
pub fn find(call: &Call<'_>) -> Result<Arc<Entity>, Failure> {
    let [subscription, group, name] = [0, 1, 2].map(|at| call.key(at).1);
    let id = super::id(subscription, group, name).to_ascii_lowercase();
    let found = call.store.primary().get(&ACCOUNTS, &id).cloned();
    found.ok_or_else(|| {
        Failure::new(
            404,
            "ResourceNotFound",
            format!("The Resource '{KIND}/{name}' under resource group '{group}' was not found."),
        )
    })
}

/// The same for what hangs on an account, which has to be ready.
///
/// # Errors
/// 404 `ResourceNotFound`; for a write 409 `StorageAccountIsNotProvisioned`.
pub fn ready(call: &Call<'_>) -> Result<Arc<Entity>, Failure> {
    let found = find(call)?;
    if call.request.method != "GET" && making(&found, call.now) {
        let message = "The storage account provisioning state must be 'Succeeded' before executing the operation.";
        return Err(Failure::new(409, "StorageAccountIsNotProvisioned", message));
    }
    Ok(found)
}

fn making(entity: &Entity, now: u64) -> bool {
    member(entity, "~ready")
        .as_u64()
        .is_some_and(|ready| now < ready)
}

fn shown(entity: &Entity, now: u64) -> Value {
    let mut properties = member(entity, "properties").clone();
    properties["provisioningState"] = json!("Succeeded");
    let name = text(entity, "name");
    match making(entity, now) {
        true => properties["provisioningState"] = json!("Creating"),
        false => {
            properties["primaryEndpoints"] = json!({"blob": format!("https://{name}.blob.core.windows.net/"), "web": format!("https://{name}.z6.web.core.windows.net/")});
        }
    }
    json!({
        "id": member(entity, "~id"), "name": name, "type": KIND, "kind": "StorageV2",
        "location": member(entity, "location"), "sku": member(entity, "sku"),
        "tags": member(entity, "tags"), "properties": properties,
    })
}

/// Those of a whole subscription.
fn list(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let within = format!("/subscriptions/{}/", call.key(0).1).to_ascii_lowercase();
    let rows = call.store.primary().rows(&ACCOUNTS, None);
    let rows = rows.filter(|row| text(row, "id").starts_with(&within));
    Ok(arm::page(
        call,
        rows.map(|row| shown(row, call.now)).collect(),
    ))
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    Ok(Reply::json(200, &shown(&*find(call)?, call.now)))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    if find(call).is_ok() {
        return patch(call);
    }
    let [subscription, group, name] = [0, 1, 2].map(|at| call.key(at).1.to_owned());
    arm::check_policy(call.store, KIND, &name)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !(3..=24).contains(&name.len()) || !name.chars().all(plain) {
        let message = format!(
            "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."
        );
        return Err(Failure::new(400, "AccountNameInvalid", message));
    }
    let body = call.body()?;
    let location = body
        .get("location")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let location = location.to_ascii_lowercase().replace(' ', "");
    if !LOCATIONS.contains(&location.as_str()) {
        let message = format!(
            "The provided location '{location}' is not available for resource type '{KIND}'. List of available regions for the resource type is '{}'.",
            LOCATIONS.join(",")
        );
        return Err(Failure::new(
            400,
            "LocationNotAvailableForResourceType",
            message,
        ));
    }
    let properties = body.get("properties").cloned().unwrap_or_else(|| json!({}));
    check_public(call, &properties, &name)?;
    if call.store.has_account(&name) {
        let message = format!("The storage account named {name} is already taken.");
        return Err(Failure::new(409, "StorageAccountAlreadyTaken", message));
    }
    let given = |name: &str, default: Value| body.get(name).cloned().unwrap_or(default);
    let entity = entity(
        &super::id(&subscription, &group, &name),
        &location,
        given("sku", json!({"name": "Standard_RAGRS"})),
        given("tags", json!({})),
        properties,
        call.now + MAKING_MS,
    );
    let fails = call.store.faults.failing_operations.iter();
    let fails = fails
        .into_iter()
        .any(|kind| kind.eq_ignore_ascii_case(KIND));
    if !fails {
        let public = member(&entity, "properties")["allowBlobPublicAccess"] == json!(true);
        call.store.provision_account(&name, public);
        call.store.put(&ACCOUNTS, entity, call.now);
    }
    Ok(operation::begun(
        call,
        &subscription,
        &location,
        &name,
        fails,
    ))
}

fn check_public(call: &Call<'_>, properties: &Value, name: &str) -> Result<(), Failure> {
    match properties["allowBlobPublicAccess"] == json!(true) {
        true => arm::check_policy(call.store, PUBLIC, name),
        false => Ok(()),
    }
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let mut new = (*ready(call)?).clone();
    let name = text(&new, "name").to_owned();
    arm::check_policy(call.store, KIND, &name)?;
    let body = call.body()?;
    for replaced in ["sku", "tags"] {
        if let Some(value) = body.get(replaced) {
            new.insert(replaced.to_owned(), value.clone());
        }
    }
    let given = body.get("properties").and_then(Value::as_object);
    if let (Some(properties), Some(given)) = (new["properties"].as_object_mut(), given) {
        properties.extend(given.clone());
    }
    check_public(call, &new["properties"], &name)?;
    let public = new["properties"]["allowBlobPublicAccess"] == json!(true);
    call.store.provision_account(&name, public);
    let reply = Reply::json(200, &shown(&new, call.now));
    call.store.put(&ACCOUNTS, new, call.now);
    Ok(reply)
}

/// Everything in it goes with it.
fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let Ok(found) = find(call) else {
        return Ok(Reply::empty(204));
    };
    call.store.remove_account(text(&found, "name"));
    call.store.remove(&ACCOUNTS, text(&found, "id"), call.now);
    Ok(Reply::empty(200))
}

fn services(entity: &Entity) -> Value {
    json!({
        "id": format!("{}/blobServices/default", text(entity, "~id")), "name": "default",
        "type": format!("{KIND}/blobServices"), "properties": member(entity, "~services"),
    })
}

fn read_services(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    Ok(Reply::json(200, &services(&*find(call)?)))
}

/// The settings are kept; old versions and deleted blobs are not.
fn put_services(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let mut new = (*ready(call)?).clone();
    let body = call.body()?;
    let properties = body.get("properties").cloned().unwrap_or_else(|| json!({}));
    let (account, now) = (text(&new, "name").to_owned(), call.now);
    let website = properties["staticWebsite"]["enabled"] == json!(true);
    if website && !call.store.has_container(&account, "$web") {
        call.store.put_container(&account, "$web", None, None, now);
    }
    new.insert("~services".to_owned(), properties);
    let reply = Reply::json(200, &services(&new));
    call.store.put(&ACCOUNTS, new, call.now);
    Ok(reply)
}

fn dumped(_: View<'_>, entity: &Entity) -> Option<Dumped> {
    let mut properties = member(entity, "properties")
        .as_object()
        .cloned()
        .unwrap_or_default();
    for name in ["location", "sku", "tags"] {
        properties.insert(name.to_owned(), member(entity, name).clone());
    }
    properties.insert(
        "blobServices".to_owned(),
        member(entity, "~services").clone(),
    );
    Some(Dumped {
        title: format!("storage_account {} in Azure", text(entity, "name")),
        parent: None,
        properties,
    })
}
