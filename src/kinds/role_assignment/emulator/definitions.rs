//! How Resource Manager behaves for role definitions: the built-in ones that are known here, and those that are made.
//!
//! Source: Azure/azure-rest-api-specs, Microsoft.Authorization 2022-04-01; Microsoft, "Create or update Azure custom roles
//! using the REST API", "Troubleshoot Azure RBAC" (errors).

use std::sync::Arc;

use serde_json::{Value, json};

use super::{READ, VERSIONS, WRITE, within};
use crate::emulator::arm;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::store::{View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity, Table};
use crate::kinds::api::is_guid;
use crate::kinds::role_assignment::roles;

/// The roles that were made. `id` is the last part of the ARM id, in lower case.
static CUSTOM: Table = Table {
    name: "roleDefinitions",
    resource: "RoleDefinition",
    dumped,
    ..Table::PLAIN
};

const KIND: &str = "Microsoft.Authorization/roleDefinitions";
const ALL: &str = "/{scope}/providers/Microsoft.Authorization/roleDefinitions";
const ONE: &str = "/{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}";

/// What role definitions contribute to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&CUSTOM],
    arm: &[
        Route::new("GET", ALL, READ, list),
        Route::new("GET", ONE, READ, read),
        Route::new("PUT", ONE, WRITE, put),
        Route::new("DELETE", ONE, WRITE, delete),
    ],
    ..Part::NOTHING
};

/// 404 `RoleDefinitionDoesNotExist`.
pub(super) fn missing(id: &str) -> Failure {
    Failure::new(
        404,
        "RoleDefinitionDoesNotExist",
        format!("The {KIND} with ID '{id}' does not exist."),
    )
}

/// A built-in role's name.
pub(super) fn built_in(id: &str) -> Option<&'static str> {
    let mut all = roles::built_in();
    all.find(|(known, _)| *known == id).map(|(_, name)| name)
}

/// A role's name, whoever made it.
pub(super) fn name_of(view: View<'_>, id: &str) -> Option<String> {
    let custom = || Some(name(view.get(&CUSTOM, id)?).to_owned());
    built_in(id).map(str::to_owned).or_else(custom)
}

fn name(custom: &Entity) -> &str {
    member(custom, "properties")["roleName"]
        .as_str()
        .unwrap_or_default()
}

fn shown(scope: &str, id: &str, properties: &Value) -> Value {
    let parts: Vec<&str> = scope.split('/').take(3).collect();
    let prefix = match parts.get(1) {
        Some(first) if first.eq_ignore_ascii_case("subscriptions") => parts.join("/"),
        _ => String::new(),
    };
    let path = format!("{prefix}/providers/{KIND}/{id}");
    json!({"id": path, "name": id, "type": KIND, "properties": properties})
}

fn of_microsoft(scope: &str, id: &str, name: &str) -> Value {
    let properties = json!({"roleName": name, "type": "BuiltInRole", "assignableScopes": ["/"]});
    shown(scope, id, &properties)
}

/// Those that can be assigned at the scope.
fn list(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let filter = call.request.parameter("$filter").unwrap_or_default();
    let wanted = |property: &str| -> Option<&str> {
        let value = filter.strip_prefix(property)?.strip_prefix(" eq '")?;
        value.strip_suffix('\'')
    };
    let passes = |name: &str, kind: &str| {
        wanted("roleName").is_none_or(|wanted| wanted.eq_ignore_ascii_case(name))
            && wanted("type").is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
    };
    let scope = call.key(0).1;
    let known = roles::built_in().filter(|(_, name)| passes(name, "BuiltInRole"));
    let mut rows: Vec<Value> = known
        .map(|(id, name)| of_microsoft(scope, id, name))
        .collect();
    let made = call.store.primary().rows(&CUSTOM, None).filter(|row| {
        let mut scopes = items(row, "~scopes").iter().filter_map(Value::as_str);
        passes(name(row), "CustomRole") && scopes.any(|at| within(scope, at))
    });
    rows.extend(made.map(|row| shown(scope, text(row, "id"), member(row, "properties"))));
    Ok(arm::page(call, rows))
}

fn find(call: &Call<'_>) -> Option<Arc<Entity>> {
    let id = call.key(1).1.to_ascii_lowercase();
    call.store.primary().get(&CUSTOM, &id).cloned()
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let (scope, id) = (call.key(0).1, call.key(1).1.to_ascii_lowercase());
    let found = match (built_in(&id), find(call)) {
        (Some(name), _) => of_microsoft(scope, &id, name),
        (None, Some(custom)) => shown(scope, &id, member(&custom, "properties")),
        (None, None) => return Err(missing(&id)),
    };
    Ok(Reply::json(200, &found))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let body = call.body()?;
    let id = call.key(1).1.to_ascii_lowercase();
    if !is_guid(&id) {
        let message = format!("The role definition ID '{id}' is not valid. It must be a GUID.");
        return Err(Failure::new(400, "InvalidRoleDefinitionId", message));
    }
    let mut properties = body.get("properties").cloned().unwrap_or_default();
    let wanted = properties["roleName"].as_str().unwrap_or_default();
    let scopes = properties["assignableScopes"].as_array();
    let scopes = scopes.filter(|scopes| !scopes.is_empty()).cloned();
    let (false, Some(scopes)) = (wanted.is_empty(), scopes) else {
        let message = "The role definition needs a role name and assignable scopes.";
        return Err(Failure::new(400, "InvalidRoleDefinition", message));
    };
    let same = |row: &Arc<Entity>| name(row).eq_ignore_ascii_case(wanted) && text(row, "id") != id;
    let taken = roles::built_in().any(|(_, name)| name.eq_ignore_ascii_case(wanted))
        || call.store.primary().rows(&CUSTOM, None).any(same);
    if taken || built_in(&id).is_some() {
        let message =
            format!("Custom role name already exists in this directory. Role name: '{wanted}'.");
        return Err(Failure::new(
            409,
            "RoleDefinitionWithSameNameExists",
            message,
        ));
    }
    properties["type"] = json!("CustomRole");
    let reply = shown(call.key(0).1, &id, &properties);
    let row: Entity = [
        ("id", json!(id)),
        ("~scopes", json!(scopes)),
        ("properties", properties),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    call.store.put(&CUSTOM, row, call.now);
    Ok(Reply::json(201, &reply))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let Some(row) = find(call) else {
        return Ok(Reply::empty(204));
    };
    let id = text(&row, "id");
    let reply = shown(call.key(0).1, id, member(&row, "properties"));
    call.store.remove(&CUSTOM, id, call.now);
    Ok(Reply::json(200, &reply))
}

fn dumped(_: View<'_>, row: &Entity) -> Option<Dumped> {
    let mut properties = Entity::new();
    for name in ["permissions", "assignableScopes"] {
        let value = member(row, "properties")[name].clone();
        properties.insert(name.to_owned(), value);
    }
    Some(Dumped {
        title: format!("role_definition {}", name(row)),
        parent: None,
        properties,
    })
}
