//! How Resource Manager behaves for role assignments.
//!
//! Source: Azure/azure-rest-api-specs, Microsoft.Authorization 2022-04-01; Microsoft, "Troubleshoot Azure RBAC" (errors).

use std::sync::Arc;

use serde_json::{Value, json};

use super::roles;
use crate::emulator::arm;
use crate::emulator::graph::{Call, Failure, lookup};
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::store::{View, member, text};
use crate::emulator::table::{Dumped, Entity, Table};
use crate::kinds::group_member::emulator::GROUPS;
use crate::kinds::managed_identity::emulator::IDENTITIES;
use crate::kinds::service_principal::emulator::{PRINCIPALS, name_of};

pub mod definitions;

/// The assignments. `id` is the ARM id in lower case.
pub static ASSIGNMENTS: Table = Table {
    name: "roleAssignments",
    resource: "RoleAssignment",
    indexed: &["~principal"],
    dumped,
    ..Table::PLAIN
};

const KIND: &str = "Microsoft.Authorization/roleAssignments";
const VERSIONS: &[&str] = &["2015-07-01", "2018-01-01-preview", "2022-04-01"];

pub(super) const READ: &[&str] = &[
    "Owner",
    "Contributor",
    "Reader",
    "User Access Administrator",
    "Role Based Access Control Administrator",
    "Managed Identity Contributor",
];
pub(super) const WRITE: &[&str] = roles::ASSIGNING;

const ALL: &str = "/{scope}/providers/Microsoft.Authorization/roleAssignments";
const ONE: &str = "/{scope}/providers/Microsoft.Authorization/roleAssignments/{assignment}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&ASSIGNMENTS],
    arm: &[
        Route::new("GET", ALL, READ, list),
        Route::new("GET", ONE, READ, read),
        Route::new("PUT", ONE, WRITE, put),
        Route::new("DELETE", ONE, WRITE, delete),
    ],
    azure_roles: Some(held),
    ..Part::NOTHING
};

fn id(call: &Call<'_>) -> String {
    format!("{}/providers/{KIND}/{}", call.key(0).1, call.key(1).1)
}

fn find(call: &Call<'_>) -> Option<Arc<Entity>> {
    let id = id(call).to_ascii_lowercase();
    call.store.primary().get(&ASSIGNMENTS, &id).cloned()
}

fn missing(name: &str) -> Failure {
    let message = format!("The {KIND} with ID '{name}' does not exist.");
    Failure::new(404, "RoleAssignmentNotFound", message)
}

fn shown(row: &Entity) -> Value {
    json!({
        "id": member(row, "~id"), "name": member(row, "name"), "type": KIND,
        "properties": member(row, "properties"),
    })
}

/// Whether one scope is the other, or lies in it.
fn within(inner: &str, outer: &str) -> bool {
    let (inner, outer) = (inner.to_ascii_lowercase(), outer.to_ascii_lowercase());
    let rest = inner.strip_prefix(outer.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Those at the scope, above it and below it; `atScope()` leaves out those below.
fn list(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    if call.store.faults.assignments_hidden {
        return Err(arm::unauthorized(&call.caller, call.request, KIND));
    }
    let scope = call.key(0).1;
    let filter = call.request.parameter("$filter").unwrap_or_default();
    let principal = filter
        .split_once("principalId eq '")
        .and_then(|(_, rest)| rest.split('\'').next());
    let rows = call.store.primary().rows(&ASSIGNMENTS, None);
    let rows = rows.filter(|row| {
        let at = text(row, "~scope");
        let below = !filter.contains("atScope()") && within(at, scope);
        (within(scope, at) || below) && principal.is_none_or(|id| text(row, "~principal") == id)
    });
    Ok(arm::page(call, rows.map(|row| shown(row)).collect()))
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let row = find(call).ok_or_else(|| missing(call.key(1).1))?;
    Ok(Reply::json(200, &shown(&row)))
}

fn put(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let body = call.body()?;
    let name = call.key(1).1.to_owned();
    if !crate::kinds::api::is_guid(&name) {
        let message = format!(
            "The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID."
        );
        return Err(Failure::new(400, "InvalidRoleAssignmentId", message));
    }
    arm::check_policy(call.store, KIND, &name)?;
    let properties = body.get("properties").cloned().unwrap_or_default();
    let of = |name: &str| properties[name].as_str().unwrap_or_default().to_owned();
    let (role, principal) = (roles::guid(&of("roleDefinitionId")), of("principalId"));
    let scope = call.key(0).1.to_owned();
    if definitions::name_of(call.store.primary(), &role).is_none() {
        return Err(definitions::missing(&role));
    }
    // With its type given, the service takes the principal's word for it: it may not have been replicated yet.
    let known = lookup(call.reference_view(), &PRINCIPALS, "id", &principal).is_some();
    if !known && of("principalType").is_empty() {
        let tenant = &call.store.tenant.id;
        return Err(Failure::new(
            400,
            "PrincipalNotFound",
            format!(
                "Principal {principal} does not exist in the directory {tenant}. If you are creating this principal and then immediately assigning a role, this error might be related to a replication delay. In this case, set the role assignment principalType property to a value, such as ServicePrincipal, User, or Group."
            ),
        ));
    }
    let old = find(call);
    if let Some(old) = &old {
        if text(old, "~principal") != principal || text(old, "~role") != role {
            return Err(Failure::new(
                400,
                "RoleAssignmentUpdateNotPermitted",
                "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
            ));
        }
        return Ok(Reply::json(200, &shown(old)));
    }
    let taken = call.store.primary().rows(&ASSIGNMENTS, None).any(|row| {
        text(row, "~principal") == principal
            && text(row, "~role") == role
            && text(row, "~scope").eq_ignore_ascii_case(&scope)
    });
    if taken {
        let message = "The role assignment already exists.";
        return Err(Failure::new(409, "RoleAssignmentExists", message));
    }
    let mut kept = json!({
        "scope": scope, "principalId": principal, "principalType": of("principalType"),
        "roleDefinitionId": of("roleDefinitionId"),
    });
    for name in ["condition", "conditionVersion"] {
        if properties[name].is_string() {
            kept[name] = properties[name].clone();
        }
    }
    let id = id(call);
    let row = [
        ("id", json!(id.to_ascii_lowercase())),
        ("~id", json!(id)),
        ("~principal", json!(principal)),
        ("~role", json!(role)),
        ("~scope", json!(scope)),
        ("name", json!(name)),
        ("properties", kept),
    ];
    let row: Entity = row
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect();
    call.store.put(&ASSIGNMENTS, row.clone(), call.now);
    Ok(Reply::json(201, &shown(&row)))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    arm::check_version(call, KIND, VERSIONS)?;
    let Some(row) = find(call) else {
        return Ok(Reply::empty(204));
    };
    call.store.remove(&ASSIGNMENTS, text(&row, "id"), call.now);
    Ok(Reply::json(200, &shown(&row)))
}

/// The roles that a principal holds at a path or above it: built-in ones. What a custom one lets its holder do is not
/// played.
fn held(view: View<'_>, principal: &str, path: &str) -> Vec<String> {
    let rows = view.find(&ASSIGNMENTS, "~principal", principal);
    let there = rows.filter(|row| within(path, text(row, "~scope")));
    there
        .filter_map(|row| definitions::built_in(text(row, "~role")))
        .map(str::to_owned)
        .collect()
}

fn dumped(view: View<'_>, row: &Entity) -> Option<Dumped> {
    let principal = text(row, "~principal");
    let role = text(row, "~role");
    let identity = view.get(&PRINCIPALS, principal).and_then(|found| {
        view.find(&IDENTITIES, "~client", text(found, "appId"))
            .next()
    });
    let parent = match identity {
        Some(identity) => text(identity, "id").to_owned(),
        None => principal.to_owned(),
    };
    let mut properties = Entity::new();
    properties.insert("scope".to_owned(), member(row, "~scope").clone());
    let holder = match view.get(&GROUPS, principal) {
        Some(group) => text(group, "displayName").to_owned(),
        None => name_of(view, principal),
    };
    properties.insert("principal".to_owned(), json!(holder));
    let name = definitions::name_of(view, role);
    Some(Dumped {
        title: format!("role_assignment {}", name.as_deref().unwrap_or(role)),
        parent: Some(parent),
        properties,
    })
}
