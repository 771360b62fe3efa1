//! Roles of Microsoft Entra ID: their definitions, and who holds them. What a role lets its holder do is not played: a
//! caller's rights are its application permissions.
//!
//! Source: Microsoft Graph, "List roleDefinitions", "Create roleDefinitions", "List unifiedRoleAssignments", "Create
//! unifiedRoleAssignment", "unifiedRoleDefinition resource type"; Microsoft, "Use Microsoft Entra groups to manage role
//! assignments". The words of refusals are not confirmed.

use serde_json::{Value, json};

use super::{PRINCIPALS, name_of};
use crate::emulator::directory;
use crate::emulator::graph::{Call, Failure, is_deleted, lookup};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route, Routes};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{Store, View, member, text};
use crate::emulator::table::{Dumped, Entity, Related, Table};
use crate::kinds::group_member::emulator::GROUPS;
use crate::model::directory_role::BUILT_IN;
use crate::model::graph_permission::{
    READ_DIRECTORY_ROLES as READ, WRITE_DIRECTORY_ROLES as WRITE,
};

/// Who holds which role, and where.
pub static HELD: Table = Table {
    name: "roleManagement/directory/roleAssignments",
    resource: "UnifiedRoleAssignment",
    odata_type: "#microsoft.graph.unifiedRoleAssignment",
    indexed: &["principalId", "roleDefinitionId"],
    filterable: &["principalId", "roleDefinitionId", "directoryScopeId"],
    related: |view, held, name| match name {
        "principal" => Some(holder(view, held).into_iter().collect()),
        "roleDefinition" => {
            let role = view.get(&DEFINED, text(held, "roleDefinitionId"))?;
            Some(vec![(&DEFINED, role.clone())])
        }
        _ => None,
    },
    dumped,
    ..Table::PLAIN
};

/// The roles that there are.
pub static DEFINED: Table = Table {
    name: "roleManagement/directory/roleDefinitions",
    resource: "UnifiedRoleDefinition",
    odata_type: "#microsoft.graph.unifiedRoleDefinition",
    indexed: &["displayName"],
    filterable: &["id", "displayName", "isBuiltIn"],
    ..Table::PLAIN
};

const ROLE: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("description"),
    Property::text("displayName"),
    Property::flag("isBuiltIn").read_only(),
    Property::flag("isEnabled"),
    Property::texts("resourceScopes"),
    Property::objects(
        "rolePermissions",
        &[
            Property::texts("allowedResourceActions"),
            Property::text("condition"),
        ],
    ),
    Property::text("templateId"),
    Property::text("version"),
];

const DEFINITIONS: &str = "/roleManagement/directory/roleDefinitions";
const ASSIGNMENTS: &str = "/roleManagement/directory/roleAssignments";
const ONE: &str = "/roleManagement/directory/roleAssignments/{assignment}";

/// What directory roles contribute to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&DEFINED, &HELD],
    routes: &[
        Route::new("GET", DEFINITIONS, READ, |call| {
            list::table(call, &DEFINED, |_| true)
        }),
        Route::new("POST", DEFINITIONS, WRITE, define),
        Route::new("GET", ASSIGNMENTS, READ, list_held),
        Route::new("POST", ASSIGNMENTS, WRITE, assign),
        Route::new("DELETE", ONE, WRITE, withdraw),
    ],
    seed: Some(plant),
    ..Part::NOTHING
};

/// Plants the built-in roles that are known here.
fn plant(store: &mut Store, _: &Routes, now: u64) {
    for (name, id) in BUILT_IN {
        let mut role = shape::defaults(ROLE);
        for (property, value) in [
            ("id", json!(id)),
            ("displayName", json!(name)),
            ("isBuiltIn", json!(true)),
            ("isEnabled", json!(true)),
            ("templateId", json!(id)),
        ] {
            role.insert(property.to_owned(), value);
        }
        store.put(&DEFINED, role, now);
    }
}

fn define(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let mut role = shape::defaults(ROLE);
    shape::write(&DEFINED, ROLE, &mut role, &body)?;
    if text(&role, "displayName").is_empty() {
        return Err(Failure::invalid(&DEFINED, "displayName"));
    }
    let id = call.store.guid();
    role.insert("id".to_owned(), json!(id));
    role.insert("templateId".to_owned(), json!(id));
    call.store.put(&DEFINED, role.clone(), call.now);
    let name = DEFINITIONS.trim_start_matches('/');
    Ok(list::created(
        call,
        &DEFINED,
        &role,
        name,
        &format!("{name}/{id}"),
    ))
}

/// The service principal or the group that holds a role.
fn holder(view: View<'_>, held: &Entity) -> Option<Related> {
    let id = text(held, "principalId");
    let mut tables = [&PRINCIPALS, &GROUPS].into_iter();
    tables.find_map(|table| {
        let found = lookup(view, table, "id", id)?;
        (!is_deleted(&found)).then_some((table as &'static Table, found))
    })
}

/// Of what is deleted none is shown.
fn list_held(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.list_view();
    list::table(call, &HELD, |held| holder(view, held).is_some())
}

fn assign(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let of = |name: &str| text(&body, name).to_ascii_lowercase();
    let (principal, role) = (of("principalId"), of("roleDefinitionId"));
    let scope = match text(&body, "directoryScopeId") {
        "" => return Err(Failure::invalid(&HELD, "directoryScopeId")),
        scope => scope.to_owned(),
    };
    let view = call.reference_view();
    let (table, holder) = directory::any(call, view, &principal)
        .filter(|(_, holder)| !is_deleted(holder))
        .ok_or_else(|| Failure::not_found(&principal))?;
    view.get(&DEFINED, &role)
        .ok_or_else(|| Failure::not_found(&role))?;
    if table.name == GROUPS.name && member(&holder, "isAssignableToRole") != true {
        return Err(Failure::bad_request(
            "Cannot assign a role to a group that is not role-assignable: 'isAssignableToRole' must be true.",
        ));
    }
    let primary = call.store.primary();
    let there = primary.find(&HELD, "principalId", &principal).any(|held| {
        text(held, "roleDefinitionId") == role && text(held, "directoryScopeId") == scope
    });
    if there {
        return Err(Failure::bad_request("The Role assignment already exists."));
    }
    let id = call.store.guid();
    let held: Entity = [
        ("id", json!(id)),
        ("principalId", json!(principal)),
        ("directoryScopeId", json!(scope)),
        ("roleDefinitionId", json!(role)),
        ("condition", Value::Null),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    call.store.put(&HELD, held.clone(), call.now);
    let name = ASSIGNMENTS.trim_start_matches('/');
    Ok(list::created(
        call,
        &HELD,
        &held,
        name,
        &format!("{name}/{id}"),
    ))
}

fn withdraw(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let held = call.find(call.store.primary(), &HELD, 0)?;
    call.store.remove(&HELD, text(&held, "id"), call.now);
    Ok(Reply::empty(204))
}

fn dumped(view: View<'_>, held: &Entity) -> Option<Dumped> {
    let (table, _) = holder(view, held)?;
    let role = view.get(&DEFINED, text(held, "roleDefinitionId"))?;
    let principal = text(held, "principalId");
    let mut properties = Entity::new();
    properties.insert("scope".to_owned(), member(held, "directoryScopeId").clone());
    let name = match table.name == PRINCIPALS.name {
        true => name_of(view, principal),
        false => text(view.get(&GROUPS, principal)?, "displayName").to_owned(),
    };
    properties.insert("principal".to_owned(), json!(name));
    Some(Dumped {
        title: format!("directory_role {}", text(role, "displayName")),
        parent: Some(principal.to_owned()),
        properties,
    })
}
