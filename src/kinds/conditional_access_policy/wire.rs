//! Reads, answers and requests of policies.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{EVERY, KIND, fields};
use crate::kinds::codec::key;
use crate::kinds::{Scene, api, by_name, named_location, service_principal};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::step::{Reply, Request, Service};
use crate::model::value::{Map, Value};

pub const PATH: &str = "/identity/conditionalAccess/policies";

/// What a service principal that a policy names is remembered as.
const TARGET: &str = "policy_target";

/// The part of a policy that no file changes.
pub const EFFECT: &str = "blocks access to all applications, from all other locations";

const INCLUDED: &str = "included_service_principals";
const EXCLUDED: &str = "excluded_service_principals";
const LOCATIONS: &str = "excluded_locations";

/// Every location that a policy's conditions name, to know why one cannot go: no field.
const NAMED: &str = "named_locations";

/// The service principals that are named by their ids.
pub fn principals(desired: &Desired) -> impl Iterator<Item = Read> {
    let ids: BTreeSet<String> = desired
        .of_kind(KIND)
        .flat_map(|resource| [INCLUDED, EXCLUDED].map(|name| resource.at(name)))
        .flatten()
        .flat_map(Value::items)
        .filter_map(api::guid)
        .collect();
    ids.into_iter().map(|id| Read {
        kind: KIND,
        purpose: "principal",
        request: Request::get(
            Service::Graph,
            format!("/servicePrincipals/{id}?$select=id,appId,displayName,servicePrincipalType,appOwnerOrganizationId"),
        ),
        about: id,
    })
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    match (read.purpose, reply.status) {
        (_, 200) if by_name::is_list(read) => {
            by_name::decode(KIND, &reply.body, body_of, live);
        }
        ("principal", 200) => live.insert(target(&reply.body)),
        ("principal", 404) => live.set_absent(TARGET, read.about.clone()),
        _ => {}
    }
}

fn target(json: &Json) -> Object {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let id = text("id").to_ascii_lowercase();
    let outputs = [
        ("client_id", text("appId")),
        ("type", text("servicePrincipalType")),
        ("owner", text("appOwnerOrganizationId")),
    ];
    Object {
        key: Key::new(TARGET, &id),
        parent: None,
        name: text("displayName"),
        body: Map::new(),
        outputs: outputs.map(|(name, value)| (name.to_owned(), value)).into(),
        alternates: vec![id],
        etag: None,
        deleted: false,
        confirmed: true,
    }
}

/// Service principals that no policy covers, and what is not there.
pub fn unfit(resource: &Resource, scene: &Scene) -> Vec<Diagnostic> {
    let mut said = unfit_principals(resource, scene);
    said.extend(unknown_locations(resource, scene));
    said
}

fn unknown_locations<'a>(
    resource: &'a Resource,
    scene: &'a Scene,
) -> impl Iterator<Item = Diagnostic> + 'a {
    let ids = resource.at(LOCATIONS).into_iter().flat_map(Value::items);
    let known = |id: &String| {
        let mut locations = scene.live.of_kind(named_location::KIND);
        locations.any(|location| location.key.id.eq_ignore_ascii_case(id))
    };
    ids.filter_map(api::guid).filter(move |id| !known(id)).map(|id| {
        Diagnostic::error(
            "unknown-location",
            format!("there is no named location `{id}` in this tenant"),
        )
        .about(&resource.address)
        .at(resource.span(LOCATIONS), "named here")
        .help("declare it and write `named_location.LABEL.id`; `az rest --url https://graph.microsoft.com/v1.0/identity/conditionalAccess/namedLocations` prints those that are there")
    })
}

fn unfit_principals(resource: &Resource, scene: &Scene) -> Vec<Diagnostic> {
    let ids = resource.at(INCLUDED).into_iter().flat_map(Value::items);
    let refused = |code, message: String, help: &str| {
        Diagnostic::error(code, message)
            .about(&resource.address)
            .at(resource.span(INCLUDED), "named here")
            .help(help)
    };
    ids.filter_map(api::guid)
        .filter_map(|id| {
            if scene.live.is_absent(TARGET, &id) {
                return Some(refused(
                    "unknown-principal",
                    format!("there is no service principal `{id}` in this tenant"),
                    "the object id of the application is another one: `az ad sp show --id CLIENT_ID --query id` prints that of its service principal",
                ));
            }
            let found = scene.live.find(TARGET, &id)?;
            let fits = "name the service principals of applications of this tenant";
            if found.outputs["type"] == "ManagedIdentity" {
                let message = format!("Conditional Access does not cover managed identities, and `{}` is one", found.name);
                return Some(refused("unfit-principal", message, fits));
            }
            let owner = &found.outputs["owner"];
            let elsewhere = !owner.is_empty()
                && !owner.eq_ignore_ascii_case(&scene.desired.stack.tenant_id);
            elsewhere.then(|| {
                let message = format!("Conditional Access covers only applications of this tenant, and `{}` belongs to another one", found.name);
                refused("unfit-principal", message, fits)
            })
        })
        .collect()
}

fn texts(json: &Json, pointer: &str) -> Value {
    let found = json.pointer(pointer).and_then(Json::as_array);
    let found = found.into_iter().flatten().filter_map(Json::as_str);
    Value::set(found.map(Value::from).collect::<Vec<_>>())
}

fn body_of(json: &Json) -> Map {
    let one =
        |pointer: &str, wanted: &str| texts(json, pointer) == Value::set([Value::text(wanted)]);
    let plain = one("/conditions/applications/includeApplications", "All")
        && texts(json, "/conditions/applications/excludeApplications").is_empty()
        && one("/conditions/locations/includeLocations", "All")
        && one("/grantControls/builtInControls", "block");
    let effect = if plain { EFFECT } else { "changed by hand" };
    Map::from([
        (
            "state".to_owned(),
            json["state"].as_str().unwrap_or_default().into(),
        ),
        (
            INCLUDED.to_owned(),
            texts(
                json,
                "/conditions/clientApplications/includeServicePrincipals",
            ),
        ),
        (
            EXCLUDED.to_owned(),
            texts(
                json,
                "/conditions/clientApplications/excludeServicePrincipals",
            ),
        ),
        (
            LOCATIONS.to_owned(),
            texts(json, "/conditions/locations/excludeLocations"),
        ),
        (
            NAMED.to_owned(),
            Value::set(
                ["includeLocations", "excludeLocations"]
                    .map(|side| texts(json, &format!("/conditions/locations/{side}")))
                    .iter()
                    .flat_map(Value::items)
                    .cloned()
                    .collect::<Vec<_>>(),
            ),
        ),
        (fields::EFFECT.to_owned(), effect.into()),
    ])
}

/// Whether a policy that is there names a location.
pub fn names(policy: &Object, location: &Key) -> bool {
    let named = policy.body.get(NAMED).into_iter().flat_map(Value::items);
    let mut ids = named.filter_map(Value::as_str);
    ids.any(|id| id.eq_ignore_ascii_case(&location.id))
}

/// The whole policy: what was changed by hand is put right with it.
pub fn body(resource: &Resource) -> Map {
    let list = |name: &str| {
        let items = resource.at(name).into_iter().flat_map(Value::items);
        Value::List(items.cloned().collect())
    };
    let only = |text: &str| Value::List(vec![text.into()]);
    let conditions = Value::map([
        ("clientAppTypes", only("all")),
        (
            "applications",
            Value::map([
                ("includeApplications", only("All")),
                ("excludeApplications", Value::List(Vec::new())),
            ]),
        ),
        (
            "clientApplications",
            Value::map([
                ("includeServicePrincipals", list(INCLUDED)),
                ("excludeServicePrincipals", list(EXCLUDED)),
            ]),
        ),
        (
            "locations",
            Value::map([
                ("includeLocations", only("All")),
                ("excludeLocations", list(LOCATIONS)),
            ]),
        ),
        ("users", Value::map([("includeUsers", only("None"))])),
    ]);
    let controls = Value::map([
        ("operator", "OR".into()),
        ("builtInControls", only("block")),
    ]);
    Map::from([
        (
            "state".to_owned(),
            resource.at("state").cloned().unwrap_or(Value::Null),
        ),
        ("conditions".to_owned(), conditions),
        ("grantControls".to_owned(), controls),
    ])
}

/// Ids with the names behind them.
pub fn show(path: &str, value: &Value, live: &Live) -> Value {
    let name = |id: &str| match path {
        LOCATIONS => live
            .get(&Key::new(named_location::KIND, id))
            .map(|found| &found.name),
        INCLUDED | EXCLUDED => live
            .find(TARGET, id)
            .or_else(|| live.get(&Key::new(service_principal::KIND, id)))
            .map(|found| &found.name),
        _ => None,
    };
    match value {
        Value::Set(items) => Value::set(items.iter().map(|item| {
            let id = item.as_str();
            match id.and_then(|id| Some((id, name(id)?))) {
                Some((id, name)) => format!("{id} ({name})").into(),
                None => item.clone(),
            }
        })),
        value => value.clone(),
    }
}

/// Whether a policy's body, declared or there, means the service principal of a client.
pub fn targets(body: &Map, client_id: &str, live: &Live) -> bool {
    let own = |id: &str| {
        let target = live.find(TARGET, &id.to_ascii_lowercase());
        let target = target.and_then(|target| target.outputs.get("client_id"));
        let principal = live.find(service_principal::KIND, &key("appId", client_id));
        target.is_some_and(|own| own.eq_ignore_ascii_case(client_id))
            || principal.is_some_and(|found| found.key.id.eq_ignore_ascii_case(id))
    };
    let any = |name: &str, fits: &dyn Fn(&str) -> bool| {
        let ids = body.get(name).into_iter().flat_map(Value::items);
        ids.filter_map(Value::as_str).any(fits)
    };
    any(INCLUDED, &|id| id == EVERY || own(id)) && !any(EXCLUDED, &own)
}
