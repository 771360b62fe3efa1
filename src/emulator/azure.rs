//! The part of Azure that belongs to no resource kind: subscriptions, resource groups and locks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::graph::{Call, Failure};
use super::login::ADMINISTRATOR_CLIENT_ID;
use super::request::Reply;
use super::route::Route;

/// The subscriptions of the tenant, by their ids in lower case.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Azure {
    subscriptions: BTreeMap<String, Subscription>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Subscription {
    /// By their names in lower case.
    groups: BTreeMap<String, Group>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Group {
    name: String,
    location: String,
    /// `CanNotDelete` or `ReadOnly`, by the lock's name.
    locks: BTreeMap<String, String>,
    /// The same of what is in the group, by its path in lower case.
    #[serde(default)]
    resource_locks: BTreeMap<String, BTreeMap<String, String>>,
}

impl Group {
    /// The scopes at or above a path on which a lock stands that fits.
    fn locked(&self, path: &str, fits: &dyn Fn(&str) -> bool) -> Option<String> {
        let path = path.to_ascii_lowercase();
        let stands = |locks: &BTreeMap<String, String>| locks.values().any(|level| fits(level));
        if stands(&self.locks) {
            return Some(String::new());
        }
        let mut below = self.resource_locks.iter();
        let found = below.find(|(scope, locks)| {
            let rest = path.strip_prefix(scope.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) && stands(locks)
        });
        found.map(|(scope, _)| scope.clone())
    }
}

/// Who reads and writes in Azure: built-in roles (learn.microsoft.com, built-in-roles).
const READ: &[&str] = &[
    "Owner",
    "Contributor",
    "Reader",
    "Managed Identity Contributor",
];
const WRITE: &[&str] = &["Owner", "Contributor"];
const LOCK: &[&str] = &["Owner", "User Access Administrator"];

const GROUP: &str = "/subscriptions/{subscription}/resourceGroups/{group}";
const ONE_LOCK: &str = "/{scope}/providers/Microsoft.Authorization/locks/{lock}";

/// The routes that belong to no single kind.
pub(super) static ROUTES: &[Route] = &[
    // Whoever may see none gets an empty list: learn.microsoft.com, subscriptions-list.
    Route::new("GET", "/subscriptions", &[], list_subscriptions),
    Route::new(
        "GET",
        "/subscriptions/{subscription}",
        READ,
        read_subscription,
    ),
    Route::new("GET", GROUP, READ, read_group),
    Route::new("PUT", GROUP, WRITE, put_group),
    Route::new("GET", ONE_LOCK, READ, read_lock),
    Route::new("PUT", ONE_LOCK, LOCK, put_lock),
    Route::new("DELETE", ONE_LOCK, LOCK, delete_lock),
];

impl Azure {
    /// Makes a subscription and, where one is named, a resource group in it; what is there stays.
    pub fn provision(&mut self, subscription: &str, group: Option<(&str, &str)>) {
        let subscription = self
            .subscriptions
            .entry(subscription.to_ascii_lowercase())
            .or_default();
        if let Some((name, location)) = group {
            subscription
                .groups
                .entry(name.to_ascii_lowercase())
                .or_insert_with(|| Group {
                    name: name.to_owned(),
                    location: location.to_owned(),
                    locks: BTreeMap::new(),
                    resource_locks: BTreeMap::new(),
                });
        }
    }

    fn group(&self, subscription: &str, group: &str) -> Option<&Group> {
        let groups = &self
            .subscriptions
            .get(&subscription.to_ascii_lowercase())?
            .groups;
        groups.get(&group.to_ascii_lowercase())
    }

    /// Checks that the subscription and the resource group of a path are there, and that no lock forbids the method.
    ///
    /// # Errors
    /// ARM's 404 for each, and 409 `ScopeLocked`.
    pub(super) fn admit(&self, method: &str, path: &[&str]) -> Result<(), Failure> {
        let ["subscriptions", subscription, rest @ ..] = path else {
            return Ok(());
        };
        if !self
            .subscriptions
            .contains_key(&subscription.to_ascii_lowercase())
        {
            let message = format!("The subscription '{subscription}' could not be found.");
            return Err(Failure::new(404, "SubscriptionNotFound", message));
        }
        let [word, group, below, ..] = rest else {
            return Ok(());
        };
        if !word.eq_ignore_ascii_case("resourceGroups") {
            return Ok(());
        }
        let found = self.group(subscription, group).ok_or_else(|| {
            Failure::new(
                404,
                "ResourceGroupNotFound",
                format!("Resource group '{group}' could not be found."),
            )
        })?;
        let lock = path.iter().any(|part| part.eq_ignore_ascii_case("locks"));
        let forbids = |level: &str| match method {
            "GET" => false,
            "DELETE" => true,
            _ => level == "ReadOnly",
        };
        let locked = found.locked(&format!("/{}", path.join("/")), &forbids);
        // learn.microsoft.com, lock-resources.
        if let Some(scope) = locked.filter(|_| !lock && below.eq_ignore_ascii_case("providers")) {
            let scope = match scope.is_empty() {
                true => format!(
                    "/subscriptions/{subscription}/resourceGroups/{}",
                    found.name
                ),
                false => scope,
            };
            let what = if method == "DELETE" {
                "delete"
            } else {
                "write"
            };
            return Err(Failure::new(
                409,
                "ScopeLocked",
                format!(
                    "The scope '/{}' cannot perform {what} operation because following scope(s) are locked: '{scope}'. Please remove the lock and try again.",
                    path.join("/")
                ),
            ));
        }
        Ok(())
    }
}

fn list_subscriptions(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let administrator = call.caller.client_id == ADMINISTRATOR_CLIENT_ID;
    let view = call.store.primary();
    let sees = |id: &&String| {
        let scope = format!("/subscriptions/{id}");
        let held = call.routes.azure_roles(view, &call.caller.id, &scope);
        administrator || !held.is_empty()
    };
    let ids = call.store.azure.subscriptions.keys().filter(sees);
    let value: Vec<_> = ids
        .map(|id| json!({"id": format!("/subscriptions/{id}"), "subscriptionId": id, "state": "Enabled"}))
        .collect();
    Ok(Reply::json(200, &json!({ "value": value })))
}

fn read_subscription(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let id = call.key(0).1.to_ascii_lowercase();
    Ok(Reply::json(
        200,
        &json!({
            "id": format!("/subscriptions/{id}"), "subscriptionId": id, "tenantId": call.store.tenant.id,
            "displayName": "Emulated subscription", "state": "Enabled",
        }),
    ))
}

fn shown(subscription: &str, group: &Group) -> Value {
    json!({
        "id": format!("/subscriptions/{subscription}/resourceGroups/{}", group.name),
        "name": group.name, "type": "Microsoft.Resources/resourceGroups", "location": group.location,
        "properties": {"provisioningState": "Succeeded"},
    })
}

fn read_group(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let (subscription, name) = (call.key(0).1, call.key(1).1);
    let group = call.store.azure.group(subscription, name).ok_or_else(|| {
        let message = format!("Resource group '{name}' could not be found.");
        Failure::new(404, "ResourceGroupNotFound", message)
    })?;
    Ok(Reply::json(200, &shown(subscription, group)))
}

fn put_group(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let (subscription, name) = (call.key(0).1.to_owned(), call.key(1).1.to_owned());
    let Some(location) = body.get("location").and_then(Value::as_str) else {
        let message = "The location property is required for this definition.";
        return Err(Failure::new(400, "LocationRequired", message));
    };
    let azure = &mut call.store.azure;
    let new = azure.group(&subscription, &name).is_none();
    azure.provision(&subscription, Some((&name, location)));
    let reply = azure
        .group(&subscription, &name)
        .map_or(Value::Null, |group| shown(&subscription, group));
    Ok(Reply::json(if new { 201 } else { 200 }, &reply))
}

/// The locks of the group that a scope names, or of what is in it; other scopes take none here.
fn locks<'a>(
    call: &'a mut Call<'_>,
) -> Result<(&'a mut BTreeMap<String, String>, String), Failure> {
    let scope = call.key(0).1.to_ascii_lowercase();
    let name = call.key(1).1.to_owned();
    let parts: Vec<&str> = scope.trim_matches('/').split('/').collect();
    let locks = match parts.as_slice() {
        [_, subscription, _, group, below @ ..] => {
            let subscription = call.store.azure.subscriptions.get_mut(*subscription);
            let group = subscription.and_then(|found| found.groups.get_mut(*group));
            group.map(|group| match below.is_empty() {
                true => &mut group.locks,
                false => group.resource_locks.entry(scope.clone()).or_default(),
            })
        }
        _ => None,
    };
    let locks = locks.ok_or_else(|| {
        let message = "The emulator takes locks on resource groups and what is in them only.";
        Failure::new(400, "InvalidRequestContent", message)
    })?;
    Ok((locks, name))
}

fn read_lock(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let (locks, name) = locks(call)?;
    match locks.get(&name) {
        Some(level) => Ok(Reply::json(
            200,
            &json!({"name": name, "properties": {"level": level}}),
        )),
        None => {
            let message = format!("The lock '{name}' could not be found.");
            Err(Failure::new(404, "LockNotFound", message))
        }
    }
}

fn put_lock(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let level = body
        .get("properties")
        .and_then(|properties| properties["level"].as_str())
        .filter(|level| ["CanNotDelete", "ReadOnly"].contains(level));
    let Some(level) = level else {
        let message = "The lock level is invalid: use 'CanNotDelete' or 'ReadOnly'.";
        return Err(Failure::new(400, "InvalidRequestContent", message));
    };
    let (locks, name) = locks(call)?;
    locks.insert(name.clone(), level.to_owned());
    Ok(Reply::json(
        201,
        &json!({"name": name, "properties": {"level": level}}),
    ))
}

fn delete_lock(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let (locks, name) = locks(call)?;
    let status = if locks.remove(&name).is_some() {
        200
    } else {
        204
    };
    Ok(Reply::empty(status))
}
