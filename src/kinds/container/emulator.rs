//! How Resource Manager behaves for blob containers.
//!
//! Sources: Azure/azure-rest-api-specs, Microsoft.Storage 2023-05-01 (blob.json); Microsoft, "Configure anonymous read
//! access for containers and blobs" (the account's switch).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::emulator::arm;
use crate::emulator::blob::PublicAccess;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::store::text;
use crate::kinds::storage_account::emulator::{READ, VERSIONS, WRITE, find, ready};

const KIND: &str = "Microsoft.Storage/storageAccounts/blobServices/containers";
const ALL: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers";
const ONE: &str = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/{container}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    arm: &[
        Route::new("GET", ALL, READ, list),
        Route::new("GET", ONE, READ, read),
        Route::new("PUT", ONE, WRITE, put),
        Route::new("PATCH", ONE, WRITE, put),
        Route::new("DELETE", ONE, WRITE, delete),
    ],
    ..Part::NOTHING
};

/// Account and container of a path.
fn names(call: &Call<'_>) -> Result<(String, String), Failure> {
    let account = text(&*ready(call)?, "name").to_owned();
    Ok((account, call.key(3).1.to_owned()))
}

fn shown(call: &Call<'_>, account: &str, name: &str) -> Option<Value> {
    let (access, metadata) = call.store.container(account, name)?;
    let access = match access {
        PublicAccess::None => "None",
        PublicAccess::Blob => "Blob",
        PublicAccess::Container => "Container",
    };
    let path = call.request.path.split("/blobServices/").next();
    Some(json!({
        "id": format!("{}/blobServices/default/containers/{name}", path.unwrap_or_default()),
        "name": name, "type": KIND, "properties": {"publicAccess": access, "metadata": metadata},
    }))
}

fn list(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let account = text(&*find(call)?, "name").to_owned();
    let names = call.store.containers(&account).into_iter();
    let all = names.filter_map(|name| shown(call, &account, &name));
    Ok(arm::page(call, all.collect()))
}

fn missing() -> Failure {
    Failure::new(
        404,
        "ContainerNotFound",
        "The specified container does not exist.",
    )
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let (account, name) = names(call)?;
    let shown = shown(call, &account, &name).ok_or_else(missing)?;
    Ok(Reply::json(200, &shown))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let (account, name) = names(call)?;
    arm::check_policy(call.store, KIND, &name)?;
    let new = !call.store.has_container(&account, &name);
    if new && call.request.method == "PATCH" {
        return Err(missing());
    }
    let body = call.body()?;
    let properties = body.get("properties").cloned().unwrap_or_default();
    let access = match properties["publicAccess"].as_str() {
        None => None,
        Some("None") => Some(PublicAccess::None),
        Some("Blob") => Some(PublicAccess::Blob),
        Some("Container") => Some(PublicAccess::Container),
        Some(_) => {
            let message = "The value for one of the properties is not in the correct format.";
            return Err(Failure::new(400, "InvalidRequestPropertyValue", message));
        }
    };
    let public = access.is_some_and(|access| access != PublicAccess::None);
    if public && !call.store.allows_public_access(&account) {
        let message = "Public access is not permitted on this storage account.";
        return Err(Failure::new(409, "PublicAccessNotPermitted", message));
    }
    let metadata = properties["metadata"].as_object().map(|members| {
        let texts = members.iter();
        let texts = texts
            .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
        texts.collect::<BTreeMap<String, String>>()
    });
    let now = call.now;
    call.store
        .put_container(&account, &name, access, metadata, now);
    let shown = shown(call, &account, &name).ok_or_else(missing)?;
    Ok(Reply::json(if new { 201 } else { 200 }, &shown))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let (account, name) = names(call)?;
    let there = call.store.remove_container(&account, &name);
    Ok(Reply::empty(if there { 200 } else { 204 }))
}
