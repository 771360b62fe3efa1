//! How Graph behaves for application permissions that were granted.

use std::sync::Arc;

use base64::Engine;
use serde_json::{Value, json};

use crate::emulator::dates;
use crate::emulator::graph::{Call, Failure, lookup};
use crate::emulator::login::ADMINISTRATOR_CLIENT_ID;
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route, Routes};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{Store, View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity, Related, Table, Version};
use crate::kinds::service_principal::emulator::{self as principals, PRINCIPALS};
use crate::model::graph_permission::{ASSIGN_APP_ROLES as WRITE, READ_APPLICATIONS as READ};

/// The entities behind `appRoleAssignments` and `appRoleAssignedTo`.
pub static ASSIGNMENTS: Table = Table {
    name: "appRoleAssignments",
    resource: "AppRoleAssignment",
    odata_type: "#microsoft.graph.appRoleAssignment",
    indexed: &["principalId", "resourceId"],
    filterable: &[
        "resourceId",
        "principalId",
        "appRoleId",
        "principalDisplayName",
    ],
    present,
    dumped,
    ..Table::PLAIN
};

const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("deletedDateTime").read_only(),
    Property::guid("appRoleId"),
    Property::text("createdDateTime").read_only(),
    Property::text("principalDisplayName").read_only(),
    Property::guid("principalId"),
    Property::text("principalType").read_only(),
    Property::text("resourceDisplayName").read_only(),
    Property::guid("resourceId"),
];

/// The role of an API that declares none.
const DEFAULT_ROLE: &str = "00000000-0000-0000-0000-000000000000";

const HELD: &str = "/servicePrincipals/{principal}/appRoleAssignments";
const GIVEN: &str = "/servicePrincipals/{principal}/appRoleAssignedTo";
const ONE_HELD: &str = "/servicePrincipals/{principal}/appRoleAssignments/{assignment}";
const ONE_GIVEN: &str = "/servicePrincipals/{principal}/appRoleAssignedTo/{assignment}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&ASSIGNMENTS],
    routes: &[
        Route::new("GET", HELD, READ, |call| list_side(call, "principalId")),
        Route::new("GET", GIVEN, READ, |call| list_side(call, "resourceId")),
        Route::new("POST", HELD, WRITE, |call| create(call, "principalId")),
        Route::new("POST", GIVEN, WRITE, |call| create(call, "resourceId")),
        Route::new("GET", ONE_HELD, READ, |call| read(call, "principalId")),
        Route::new("GET", ONE_GIVEN, READ, |call| read(call, "resourceId")),
        Route::new("DELETE", ONE_HELD, WRITE, |call| {
            delete(call, "principalId")
        }),
        Route::new("DELETE", ONE_GIVEN, WRITE, |call| {
            delete(call, "resourceId")
        }),
    ],
    seed: Some(plant),
    roles: Some(roles),
    ..Part::NOTHING
};

/// Beta's description names the time otherwise.
fn present(entity: &Entity, version: Version) -> Entity {
    let mut shown = Table::as_stored(entity, version);
    if version == Version::Beta
        && let Some(time) = shown.shift_remove("createdDateTime")
    {
        shown.insert("creationTimestamp".into(), time);
    }
    shown
}

/// Grants the administrator every permission that some route asks for.
fn plant(store: &mut Store, routes: &Routes, now: u64) {
    let view = store.primary();
    let administrator = lookup(view, &PRINCIPALS, "appId", ADMINISTRATOR_CLIENT_ID);
    let api = lookup(
        view,
        &PRINCIPALS,
        "servicePrincipalNames",
        "https://graph.microsoft.com",
    );
    let (Some(administrator), Some(api)) = (administrator, api) else {
        return;
    };
    for permission in routes.permissions() {
        let role = items(&api, "appRoles")
            .iter()
            .find(|role| role["value"] == permission);
        if let Some(role) = role {
            let mut assignment = filled(&administrator, &api, role["id"].clone(), now);
            let later = ["Policy.", "AuditLog.", "Group", "RoleManagement."];
            let id = match later.iter().any(|begin| permission.starts_with(begin)) {
                true => own_id(role["id"].as_str().unwrap_or_default()),
                false => opaque_id(store),
            };
            assignment.insert("id".into(), id.into());
            assignment.insert("~seeded".into(), true.into());
            store.put(&ASSIGNMENTS, assignment, now);
        }
    }
}

/// An id that takes none of the tenant's sequence: a permission that the emulator learns to ask for changes no other id.
fn own_id(role: &str) -> String {
    let bytes = format!("policy{role}");
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .encode(&bytes.as_bytes()[..bytes.len().min(32)])
}

fn opaque_id(store: &mut Store) -> String {
    let bytes = format!("{}{}", store.guid(), &store.guid()[..4]);
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&bytes.as_bytes()[..32])
}

pub(in crate::kinds) fn filled(
    principal: &Entity,
    resource: &Entity,
    role: Value,
    now: u64,
) -> Entity {
    let mut assignment = shape::defaults(PROPERTIES);
    for (property, value) in [
        ("appRoleId", role),
        ("createdDateTime", dates::iso(now).into()),
        (
            "principalDisplayName",
            member(principal, "displayName").clone(),
        ),
        ("principalId", member(principal, "id").clone()),
        ("principalType", "ServicePrincipal".into()),
        (
            "resourceDisplayName",
            member(resource, "displayName").clone(),
        ),
        ("resourceId", member(resource, "id").clone()),
    ] {
        assignment.insert(property.to_owned(), value);
    }
    assignment
}

fn context(call: &Call<'_>, principal: &Entity) -> String {
    let side = if call.request.path.contains("appRoleAssignedTo") {
        "appRoleAssignedTo"
    } else {
        "appRoleAssignments"
    };
    format!("servicePrincipals('{}')/{side}", text(principal, "id"))
}

/// Assignments from or to a deleted service principal are not shown; they come back with it.
fn list_side(call: &mut Call<'_>, side: &'static str) -> Result<Reply, Failure> {
    let view = call.list_view();
    let principal = call.find(view, &PRINCIPALS, 0)?;
    let rows: Vec<Related> = view
        .find(&ASSIGNMENTS, side, text(&principal, "id"))
        .filter(|row| {
            let lives = |side| lookup(view, &PRINCIPALS, "id", text(row, side)).is_some();
            lives("principalId") && lives("resourceId")
        })
        .map(|row| (&ASSIGNMENTS, Arc::clone(row)))
        .collect();
    list::rows(call, view, &ASSIGNMENTS, &context(call, &principal), &rows)
}

fn find(
    call: &Call<'_>,
    view: View<'_>,
    side: &str,
) -> Result<(Arc<Entity>, Arc<Entity>), Failure> {
    let principal = call.find(view, &PRINCIPALS, 0)?;
    let (_, id) = call.key(1);
    let found = view
        .get(&ASSIGNMENTS, id)
        .filter(|row| row.get(side) == principal.get("id"));
    let found = found.cloned().ok_or_else(|| Failure::not_found(id))?;
    Ok((principal, found))
}

fn read(call: &mut Call<'_>, side: &'static str) -> Result<Reply, Failure> {
    let view = call.view();
    let (principal, found) = find(call, view, side)?;
    list::entity(call, view, &ASSIGNMENTS, &found, &context(call, &principal))
}

fn delete(call: &mut Call<'_>, side: &'static str) -> Result<Reply, Failure> {
    let (_, found) = find(call, call.store.primary(), side)?;
    call.store
        .remove(&ASSIGNMENTS, text(&found, "id"), call.now);
    Ok(Reply::empty(204))
}

fn create(call: &mut Call<'_>, side: &'static str) -> Result<Reply, Failure> {
    let body = call.body()?;
    let mut wanted = shape::defaults(PROPERTIES);
    shape::write(&ASSIGNMENTS, PROPERTIES, &mut wanted, &body)?;
    for property in ["principalId", "resourceId", "appRoleId"] {
        if wanted[property].is_null() {
            return Err(Failure::bad_request(format!(
                "A value is required for property '{property}' of resource 'AppRoleAssignment'."
            )));
        }
    }
    let view = call.reference_view();
    let addressed = call.find(view, &PRINCIPALS, 0)?;
    // terraform-provider-azuread, app_role_assignment_resource.go: also the answer while replication is behind.
    let not_valid = || Failure::bad_request("Not a valid reference update.");
    let principal =
        lookup(view, &PRINCIPALS, "id", text(&wanted, "principalId")).ok_or_else(not_valid)?;
    let resource =
        lookup(view, &PRINCIPALS, "id", text(&wanted, "resourceId")).ok_or_else(not_valid)?;
    if wanted.get(side) != addressed.get("id") {
        return Err(Failure::invalid(&ASSIGNMENTS, side));
    }
    let role = text(&wanted, "appRoleId").to_owned();
    let declared = items(&resource, "appRoles").iter().any(|entry| {
        let types = entry["allowedMemberTypes"].as_array();
        let assignable = types.is_some_and(|types| types.contains(&json!("Application")));
        entry["id"] == role.as_str() && entry["isEnabled"] == true && assignable
    });
    let default = role == DEFAULT_ROLE && items(&resource, "appRoles").is_empty();
    if !declared && !default {
        return Err(Failure::bad_request(
            "Permission being assigned was not found on application",
        ));
    }
    let id = text(&principal, "id").to_owned();
    let same = |row: &Entity| {
        member(row, "resourceId") == member(&resource, "id")
            && member(row, "appRoleId") == role.as_str()
    };
    if call
        .store
        .primary()
        .find(&ASSIGNMENTS, "principalId", &id)
        .any(|row| same(row))
    {
        return Err(Failure::bad_request(
            "Permission being assigned already exists on the object",
        ));
    }
    let mut assignment = filled(&principal, &resource, role.into(), call.now);
    let own = opaque_id(call.store);
    assignment.insert("id".into(), own.clone().into());
    call.store.put(&ASSIGNMENTS, assignment.clone(), call.now);
    let context = context(call, &addressed);
    let path = format!(
        "servicePrincipals/{}/appRoleAssignedTo/{own}",
        text(&resource, "id")
    );
    Ok(list::created(
        call,
        &ASSIGNMENTS,
        &assignment,
        &context,
        &path,
    ))
}

/// Removes the assignments of a service principal that is gone for good, on both sides.
pub fn purge_of(store: &mut Store, principal: &str, now: u64) {
    for side in ["principalId", "resourceId"] {
        let view = store.primary();
        let ids: Vec<String> = view
            .find(&ASSIGNMENTS, side, principal)
            .map(|row| text(row, "id").to_owned())
            .collect();
        for id in ids {
            store.remove(&ASSIGNMENTS, &id, now);
        }
    }
}

fn roles(view: View<'_>, principal: &str, resource: &str) -> Vec<String> {
    let Some(api) = lookup(view, &PRINCIPALS, "id", resource) else {
        return Vec::new();
    };
    let held = view.find(&ASSIGNMENTS, "principalId", principal);
    let held: Vec<&Value> = held
        .filter(|row| member(row, "resourceId") == resource)
        .map(|row| member(row, "appRoleId"))
        .collect();
    let named = items(&api, "appRoles")
        .iter()
        .filter(|role| held.contains(&&role["id"]));
    named
        .filter_map(|role| role["value"].as_str().map(str::to_owned))
        .collect()
}

fn dumped(view: View<'_>, assignment: &Entity) -> Option<Dumped> {
    if assignment.contains_key("~seeded") {
        return None;
    }
    let resource = text(assignment, "resourceId");
    let role = principals::permission_name(view, resource, text(assignment, "appRoleId"));
    let api = principals::name_of(view, resource);
    Some(Dumped {
        title: format!("app_role_assignment {api}/{role}"),
        parent: Some(text(assignment, "principalId").to_owned()),
        properties: Entity::new(),
    })
}
