//! How Graph behaves for named locations.
//!
//! Source: Microsoft Graph, "Create namedLocation", "ipNamedLocation resource type". With which words a location is kept
//! that a policy names is not known.

use serde_json::Value;

use super::PATH;
use crate::emulator::dates;
use crate::emulator::graph::{Call, Failure};
use crate::emulator::odata::list;
use crate::emulator::request::Reply;
use crate::emulator::route::{Part, Route};
use crate::emulator::shape::{self, Property};
use crate::emulator::store::{View, list as items, member, text};
use crate::emulator::table::{Dumped, Entity, Table, Version};
use crate::kinds::conditional_access_policy::emulator::POLICIES;
use crate::model::graph_permission::{
    READ_ACCESS_POLICIES as READ, WRITE_ACCESS_POLICIES as WRITE,
};

/// The entity set `namedLocations` of conditional access.
pub static LOCATIONS: Table = Table {
    name: "namedLocations",
    resource: "NamedLocation",
    odata_type: "#microsoft.graph.ipNamedLocation",
    filterable: &["id", "displayName"],
    present,
    dumped,
    ..Table::PLAIN
};

const PROPERTIES: &[Property] = &[
    Property::text("id").read_only(),
    Property::text("displayName").longest(256),
    Property::text("modifiedDateTime").read_only(),
    Property::text("createdDateTime").read_only(),
    Property::flag("isTrusted"),
    Property::objects("ipRanges", &[Property::text("cidrAddress")]),
];

const ONE: &str = "/identity/conditionalAccess/namedLocations/{location}";

/// What this kind contributes to an emulated tenant.
pub const PART: Part = Part {
    tables: &[&LOCATIONS],
    routes: &[
        Route::new("GET", PATH, READ, |call| {
            list::table(call, &LOCATIONS, |_| true)
        }),
        Route::new("POST", PATH, WRITE, create),
        Route::new("GET", ONE, READ, read),
        Route::new("PATCH", ONE, WRITE, patch),
        Route::new("DELETE", ONE, WRITE, delete),
    ],
    ..Part::NOTHING
};

fn present(location: &Entity, version: Version) -> Entity {
    let mut shown = Entity::new();
    shown.insert("@odata.type".into(), LOCATIONS.odata_type.into());
    shown.extend(Table::as_stored(location, version));
    let ranges = shown.get_mut("ipRanges").and_then(Value::as_array_mut);
    for range in ranges.into_iter().flatten() {
        let is_v6 = range["cidrAddress"]
            .as_str()
            .is_some_and(|range| range.contains(':'));
        range["@odata.type"] = match is_v6 {
            true => "#microsoft.graph.iPv6CidrRange".into(),
            false => "#microsoft.graph.iPv4CidrRange".into(),
        };
    }
    shown
}

/// What Graph says of a location that is not there: DanielChronlund/DCToolbox#5.
pub fn missing(id: &str) -> Failure {
    let message = format!("NamedLocation with id {id} does not exist in the directory.");
    Failure::new(404, "ResourceNotFound", message)
}

fn find(call: &Call<'_>, view: View<'_>) -> Result<Entity, Failure> {
    let id = call.key(0).1;
    let found = view.get(&LOCATIONS, id);
    found
        .map(|found| (**found).clone())
        .ok_or_else(|| missing(id))
}

fn read(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let view = call.view();
    let location = find(call, view)?;
    list::entity(call, view, &LOCATIONS, &location, "namedLocations")
}

fn checked(call: &Call<'_>, location: &Entity) -> Result<(), Failure> {
    if !call.caller.has("Policy.Read.All") {
        return Err(Failure::denied());
    }
    if text(location, "displayName").is_empty() || items(location, "ipRanges").is_empty() {
        return Err(Failure::new(
            400,
            "BadRequest",
            "1007: The incoming object does not match the schema of NamedLocation.",
        ));
    }
    Ok(())
}

fn create(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    if text(&body, "@odata.type") != LOCATIONS.odata_type {
        return Err(Failure::new(
            400,
            "BadRequest",
            "Cannot create an abstract class: the derived type of the location is missing.",
        ));
    }
    let mut location = shape::defaults(PROPERTIES);
    shape::write(&LOCATIONS, PROPERTIES, &mut location, &body)?;
    checked(call, &location)?;
    let id = call.store.guid();
    location.insert("id".into(), id.clone().into());
    for time in ["createdDateTime", "modifiedDateTime"] {
        location.insert(time.into(), dates::iso(call.now).into());
    }
    call.store.put(&LOCATIONS, location.clone(), call.now);
    let path = format!("identity/conditionalAccess/namedLocations/{id}");
    Ok(list::created(
        call,
        &LOCATIONS,
        &location,
        "namedLocations",
        &path,
    ))
}

fn patch(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let body = call.body()?;
    let mut location = find(call, call.store.primary())?;
    shape::write(&LOCATIONS, PROPERTIES, &mut location, &body)?;
    checked(call, &location)?;
    location.insert("modifiedDateTime".into(), dates::iso(call.now).into());
    call.store.put(&LOCATIONS, location, call.now);
    Ok(Reply::empty(204))
}

fn delete(call: &mut Call<'_>) -> Result<Reply, Failure> {
    let location = find(call, call.store.primary())?;
    let id = text(&location, "id").to_owned();
    let named = call.store.primary().rows(&POLICIES, None).any(|policy| {
        let locations = &member(policy, "conditions")["locations"];
        ["includeLocations", "excludeLocations"]
            .iter()
            .filter_map(|side| locations[*side].as_array())
            .any(|ids| ids.iter().any(|one| *one == id.as_str()))
    });
    // MicrosoftDocs/azure-docs#108713; with which words is not known.
    if member(&location, "isTrusted") == true {
        let message = format!("NamedLocation with id {id} is trusted and cannot be deleted.");
        return Err(Failure::new(400, "BadRequest", message));
    }
    if named {
        let message = format!("NamedLocation with id {id} is referenced by a policy.");
        return Err(Failure::new(400, "BadRequest", message));
    }
    call.store.remove(&LOCATIONS, &id, call.now);
    Ok(Reply::empty(204))
}

fn dumped(_: View<'_>, location: &Entity) -> Option<Dumped> {
    let ranges = items(location, "ipRanges").iter();
    let ranges: Vec<Value> = ranges.map(|range| range["cidrAddress"].clone()).collect();
    let mut properties = Entity::new();
    properties.insert("ipRanges".into(), ranges.into());
    if member(location, "isTrusted") == true {
        properties.insert("isTrusted".into(), true.into());
    }
    Some(Dumped {
        title: format!("named_location {}", text(location, "displayName")),
        parent: None,
        properties,
    })
}
