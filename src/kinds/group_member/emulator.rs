//! How Graph behaves for groups, as far as identities are in them.
//!
//! Source: Microsoft Graph, "group resource type", "Create group", "Add members", "Remove member", "List group transitive
//! members", "List servicePrincipal memberOf"; the texts of refusals are those that hashicorp/terraform-provider-azuread
//! meets (group_member_resource.go) and Microsoft's question-and-answer pages show.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::emulator::graph::{self, Call, Failure, bound_id, is_deleted, lookup};
use crate::emulator::odata::list;
use crate::emulator::odata::options::Options;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{Store, View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity, Related, Table, Version};
use crate::emulator::{dates, directory};
use crate::kinds::service_principal::emulator::{PRINCIPALS, name_of};
use crate::model::graph_permission::{READ_APPLICATIONS, READ_GROUPS, WRITE_GROUPS, WRITE_MEMBERS};

/// The entity set `groups`.
pub static GROUPS: Table = Table {
    name: "groups",
    resource: "Group",
    odata_type: "#microsoft.graph.group",
    directory_object: true,
    indexed: &["displayName", "uniqueName", "~members"],
    filterable: &[
        "id",
        "displayName",
        "uniqueName",
        "mailNickname",
        "mailEnabled",
        "securityEnabled",
        "isAssignableToRole",
        "onPremisesSyncEnabled",
    ],
    select_only: &["uniqueName"],
    related: |view, group, name| (name == "members").then(|| members(view, group)),
    purged: |store, group, now| purge_of(store, text(group, "id"), now),
    dumped,
    ..Table::PLAIN
};

const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("deletedDateTime").read_only(),
    Property::text("createdDateTime").read_only(),
    Property::text("description").longest(1024),
    Property::text("displayName").longest(256),
    Property::texts("groupTypes"),
    Property::flag("isAssignableToRole").maybe(),
    Property::flag("mailEnabled").maybe(),
    Property::text("mailNickname").longest(64),
    Property::text("membershipRule"),
    Property::flag("onPremisesSyncEnabled").maybe(),
    Property::flag("securityEnabled").maybe(),
    Property::text("uniqueName"),
];

/// Which groups directory roles may be assigned to only their administrators change.
const PRIVILEGED: &str = "RoleManagement.ReadWrite.Directory";

const ONE: &str = "/groups/{group}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&GROUPS],
    routes: &[
        Route::new("GET", "/groups", READ_GROUPS, list_all),
        Route::new("POST", "/groups", WRITE_GROUPS, create),
        Route::new("GET", ONE, READ_GROUPS, read),
        Route::new("PATCH", ONE, WRITE_GROUPS, patch),
        Route::new("DELETE", ONE, WRITE_GROUPS, delete),
        Route::new("GET", "/groups/{group}/members", READ_GROUPS, |call| {
            let of = match call.version {
                Version::V1 => but_principals,
                Version::Beta => members,
            };
            list_members(call, of)
        }),
        Route::new(
            "GET",
            "/groups/{group}/transitiveMembers",
            READ_GROUPS,
            |call| list_members(call, transitive),
        ),
        Route::new(
            "GET",
            "/groups/{group}/transitiveMembers/microsoft.graph.servicePrincipal",
            READ_GROUPS,
            transitive_principals,
        ),
        Route::new("POST", "/groups/{group}/members/$ref", WRITE_MEMBERS, add),
        Route::new(
            "DELETE",
            "/groups/{group}/members/{member}/$ref",
            WRITE_MEMBERS,
            remove,
        ),
        Route::new(
            "GET",
            "/servicePrincipals/{principal}/memberOf",
            READ_APPLICATIONS,
            member_of,
        ),
    ],
    ..Part::NOTHING
};

fn list_all(call: &mut Call<'_>) -> Result<Reply, Failure> {
    list::table(call, &GROUPS, |row| !is_deleted(row))
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let group = call.find(view, &GROUPS, 0)?;
    list::entity(call, view, &GROUPS, &group, "groups")
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let id = call.store.guid();
    let group = new(call, &body)?;
    insert(call.store, &id, group, call.now);
    let made = call.store.primary().get(&GROUPS, &id).cloned();
    let made = made.ok_or_else(|| Failure::not_found(&id))?;
    Ok(list::created(
        call,
        &GROUPS,
        &made,
        "groups",
        &format!("groups/{id}"),
    ))
}

fn new(call: &Call<'_>, body: &Entity) -> Result<Entity, Failure> {
    for property in [
        "displayName",
        "mailEnabled",
        "mailNickname",
        "securityEnabled",
    ] {
        if member(body, property).is_null() {
            return Err(Failure::bad_request(format!(
                "A value is required for property '{property}' of resource 'Group'."
            )));
        }
    }
    let mut group = shape::defaults(PROPERTIES);
    shape::write(&GROUPS, PROPERTIES, &mut group, body)?;
    if member(&group, "isAssignableToRole") == true && !call.caller.has(PRIVILEGED) {
        return Err(Failure::denied());
    }
    let mut ids = Vec::new();
    for reference in items(body, "members@odata.bind") {
        let id = bound_id(reference)
            .filter(|id| directory::any(call, call.reference_view(), id).is_some());
        let missing = || Failure::not_found(reference.as_str().unwrap_or_default());
        ids.push(Value::from(id.ok_or_else(missing)?));
    }
    group.insert("~members".into(), ids.into());
    Ok(group)
}

fn insert(store: &mut Store, id: &str, mut group: Entity, now: u64) {
    group.insert("id".into(), id.into());
    group.insert("createdDateTime".into(), dates::iso(now).into());
    store.put(&GROUPS, group, now);
}

/// A security group that is there because a stack names it.
pub fn provision(store: &mut Store, id: &str, now: u64) {
    if store.primary().get(&GROUPS, id).is_some() {
        return;
    }
    let mut group = shape::defaults(PROPERTIES);
    let name = format!("group-{}", id.split('-').next().unwrap_or_default());
    for (property, value) in [
        ("displayName", json!(name)),
        ("mailNickname", json!(name)),
        ("mailEnabled", json!(false)),
        ("securityEnabled", json!(true)),
        ("~members", json!([])),
    ] {
        group.insert(property.to_owned(), value);
    }
    insert(store, id, group, now);
}

/// An upsert when the key is `uniqueName` and the request prefers so (group-upsert.md).
fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let mut body = call.body()?;
    let (property, value) = call.key(0);
    let (by_name, value) = (property == "uniqueName", value.to_owned());
    if by_name
        && call.creates_if_missing()
        && lookup(call.store.primary(), &GROUPS, "uniqueName", &value).is_none()
    {
        body.insert("uniqueName".into(), value.into());
        let id = call.store.guid();
        let group = new(call, &body)?;
        insert(call.store, &id, group, call.now);
        return Ok(Reply::empty(201));
    }
    let mut group = (*call.find(call.store.primary(), &GROUPS, 0)?).clone();
    shape::write(&GROUPS, PROPERTIES, &mut group, &body)?;
    call.store.put(&GROUPS, group, call.now);
    Ok(Reply::empty(204))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let group = call.find(call.store.primary(), &GROUPS, 0)?;
    directory::soft_delete(call.store, &GROUPS, &group, call.now);
    Ok(Reply::empty(204))
}

/// Service principals and groups: the emulated tenant has no people.
fn member_by_id(view: View<'_>, id: &str) -> Option<Related> {
    [&PRINCIPALS, &GROUPS].into_iter().find_map(|table| {
        let found = lookup(view, table, "id", id)?;
        Some((table, found))
    })
}

fn members(view: View<'_>, group: &Entity) -> Vec<Related> {
    let ids = items(group, "~members").iter().filter_map(Value::as_str);
    ids.filter_map(|id| member_by_id(view, id)).collect()
}

/// The first version leaves service principals out (group-list-members.md, "known issue").
fn but_principals(view: View<'_>, group: &Entity) -> Vec<Related> {
    let mut members = members(view, group);
    members.retain(|(table, _)| table.name != PRINCIPALS.name);
    members
}

/// Those of groups in the group, too.
fn transitive(view: View<'_>, group: &Entity) -> Vec<Related> {
    let mut seen = BTreeSet::new();
    let mut open = members(view, group);
    let mut all = Vec::new();
    while let Some((table, found)) = open.pop() {
        if !seen.insert(text(&found, "id").to_owned()) {
            continue;
        }
        if table.name == GROUPS.name {
            open.extend(members(view, &found));
        }
        all.push((table, found));
    }
    all
}

fn list_members(
    call: &mut Call<'_>,
    of: fn(View<'_>, &Entity) -> Vec<Related>,
) -> Result<Reply, Failure> {
    let view = call.list_view();
    let group = call.find(view, &GROUPS, 0)?;
    list::rows(call, view, &GROUPS, "directoryObjects", &of(view, &group))
}

/// A cast is an advanced query (group-list-transitivemembers.md).
fn transitive_principals(call: &mut Call<'_>) -> Result<Reply, Failure> {
    if !Options::read(call, &PRINCIPALS, true)?.advanced {
        return Err(Failure::unsupported("Unsupported Query."));
    }
    let view = call.index_view();
    let group = call.find(view, &GROUPS, 0)?;
    let mut principals = transitive(view, &group);
    principals.retain(|(table, _)| table.name == PRINCIPALS.name);
    list::rows(call, view, &PRINCIPALS, PRINCIPALS.name, &principals)
}

fn member_of(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.list_view();
    let principal = call.find(view, &PRINCIPALS, 0)?;
    let groups: Vec<Related> = view
        .find(&GROUPS, "~members", text(&principal, "id"))
        .filter(|group| !is_deleted(group))
        .map(|group| (&GROUPS, Arc::clone(group)))
        .collect();
    list::rows(call, view, &GROUPS, "directoryObjects", &groups)
}

/// The group whose members a request changes.
fn changed(call: &Call<'_>) -> Result<Arc<Entity>, Failure> {
    let group = call.find(call.reference_view(), &GROUPS, 0)?;
    let now = call.store.primary().get(&GROUPS, text(&group, "id"));
    let group = now.cloned().unwrap_or(group);
    if member(&group, "isAssignableToRole") == true && !call.caller.has(PRIVILEGED) {
        return Err(Failure::denied());
    }
    let of = |name: &str| items(&group, "groupTypes").iter().any(|one| one == name);
    let refusal = if of("DynamicMembership") {
        Some("Insufficient privileges to complete the operation.")
    } else if member(&group, "onPremisesSyncEnabled") == true {
        Some(
            "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
        )
    } else if member(&group, "mailEnabled") == true && !of("Unified") {
        Some("Cannot Update a mail-enabled security groups and or distribution list.")
    } else {
        None
    };
    match refusal {
        Some(message) if of("DynamicMembership") => {
            Err(Failure::new(403, "Authorization_RequestDenied", message))
        }
        Some(message) => Err(Failure::bad_request(message)),
        None => Ok(group),
    }
}

fn add(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let group = changed(call)?;
    let reference = member(&body, "@odata.id");
    let named = bound_id(reference).filter(|id| member_by_id(call.reference_view(), id).is_some());
    let Some(id) = named else {
        let named = reference.as_str().unwrap_or_default();
        return Err(Failure::not_found(
            named.rsplit('/').next().unwrap_or(named),
        ));
    };
    let mut ids = items(&group, "~members").to_vec();
    if ids.iter().any(|known| *known == id.as_str()) {
        return Err(Failure::bad_request(
            "One or more added object references already exist for the following modified properties: 'members'.",
        ));
    }
    ids.push(id.into());
    set(call.store, &group, ids, call.now);
    Ok(Reply::empty(204))
}

fn remove(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let group = changed(call)?;
    let one = call.key(1).1.to_ascii_lowercase();
    let mut ids = items(&group, "~members").to_vec();
    let before = ids.len();
    ids.retain(|id| *id != one.as_str());
    if ids.len() == before {
        return Err(Failure::not_found(&one));
    }
    set(call.store, &group, ids, call.now);
    Ok(Reply::empty(204))
}

fn set(store: &mut Store, group: &Entity, ids: Vec<Value>, now: u64) {
    let mut changed = group.clone();
    changed.insert("~members".into(), ids.into());
    store.put(&GROUPS, changed, now);
}

/// Takes a directory object that is gone for good out of every group.
pub fn purge_of(store: &mut Store, id: &str, now: u64) {
    let groups: Vec<Arc<Entity>> = store
        .primary()
        .find(&GROUPS, "~members", id)
        .cloned()
        .collect();
    for group in groups {
        let ids = items(&group, "~members").iter();
        let left = ids.filter(|member| **member != id).cloned().collect();
        set(store, &group, left, now);
    }
}

fn dumped(view: View<'_>, group: &Entity) -> Option<Dumped> {
    let mut properties = Entity::new();
    if member(group, "isAssignableToRole") == true {
        properties.insert("isAssignableToRole".into(), true.into());
    }
    let ids = items(group, "~members").iter().filter_map(Value::as_str);
    let mut names: Vec<String> = ids
        .map(|id| match view.get(&GROUPS, id) {
            Some(inner) => text(inner, "displayName").to_owned(),
            None => name_of(view, id),
        })
        .collect();
    names.sort();
    properties.insert("members".into(), json!(names));
    let gone = if graph::is_deleted(group) {
        " (deleted)"
    } else {
        ""
    };
    Some(Dumped {
        title: format!("group {}{gone}", text(group, "displayName")),
        parent: None,
        properties,
    })
}
