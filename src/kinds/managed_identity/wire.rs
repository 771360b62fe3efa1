//! Reads, answers and requests of managed identities.
//!
//! Source: Azure/azure-rest-api-specs, Microsoft.ManagedIdentity 2024-11-30.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{KIND, check, everywhere, fields, found};
use crate::kinds::{Task, codec, step};
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::step::{Check, Expect, Method, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Value};

/// The newest stable version of the API.
pub const VERSION: &str = "api-version=2024-11-30";

/// What a group is remembered as that is not there.
pub const GROUP: &str = "resource_group";
/// The same of a subscription.
pub const SUBSCRIPTION: &str = "subscription";

/// The resource groups that the stack's own identities are in, in lower case: subscription and name.
pub fn groups(desired: &Desired) -> BTreeSet<(String, String)> {
    desired.of_kind(KIND).filter_map(group).collect()
}

/// The group of an identity that is ours.
pub fn group(resource: &Resource) -> Option<(String, String)> {
    let text = |name: &str| resource.text(name).map(str::to_ascii_lowercase);
    Some((text("subscription_id")?, text("resource_group")?))
}

/// One list for each resource group and each subscription that the login sees, which also show what is not declared any
/// more; then, by id, what they did not show.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let lists = everywhere::lists(everywhere::looked_through(live));
    let everywhere = lists.chain([everywhere::read_subscriptions()]);
    let mut reads: Vec<Read> = groups(desired)
        .into_iter()
        .map(|(subscription, group)| Read {
            kind: KIND,
            purpose: "group",
            request: Request::get(
                Service::Arm,
                list_path(&format!(
                    "/subscriptions/{subscription}/resourceGroups/{group}"
                )),
            ),
            about: format!("{subscription}/{group}"),
        })
        .chain(everywhere)
        .collect();
    for resource in desired.of_kind(KIND) {
        let Some(id) = resource.text("id") else {
            continue;
        };
        let listed = match group(resource) {
            Some((subscription, group)) => {
                live.answer(KIND, "group", &format!("{subscription}/{group}"))
            }
            None => Some(200),
        };
        if listed == Some(200) && found(resource, live).is_none() {
            reads.push(by_id(id));
        }
    }
    reads
}

/// Whether an identity, by its id, is in a resource group that the stack names.
pub fn is_in_named_group(id: &str, desired: &Desired) -> bool {
    let id = id.to_ascii_lowercase();
    groups(desired).iter().any(|(subscription, group)| {
        id.starts_with(&format!(
            "/subscriptions/{subscription}/resourcegroups/{group}/"
        ))
    })
}

/// The identities of a resource group, by its id.
pub fn list_path(group: &str) -> String {
    format!("{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?{VERSION}")
}

/// A resource group's id without what may stand at its end; none where it is another id.
pub fn group_of(id: &str) -> Option<String> {
    let parts: Vec<&str> = id.trim_end_matches('/').split('/').collect();
    match parts.as_slice() {
        ["", first, subscription, groups, group]
            if first.eq_ignore_ascii_case("subscriptions")
                && groups.eq_ignore_ascii_case("resourcegroups")
                && check::group(&(*group).into()).is_ok()
                && crate::kinds::api::is_guid(subscription) =>
        {
            Some(format!(
                "/subscriptions/{subscription}/resourceGroups/{group}"
            ))
        }
        _ => None,
    }
}

pub fn by_id(id: &str) -> Read {
    Read {
        kind: KIND,
        purpose: "key",
        request: Request::get(Service::Arm, format!("{id}?{VERSION}")),
        about: id.to_ascii_lowercase(),
    }
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    match (read.purpose, reply.status) {
        ("group", 200) => {
            for json in reply.body["value"].as_array().into_iter().flatten() {
                live.insert(object(json, false));
            }
        }
        ("group", 404) => {
            if reply.error_code() == "SubscriptionNotFound" {
                let subscription = read.about.split('/').next().unwrap_or_default();
                live.set_absent(SUBSCRIPTION, subscription);
            }
            live.set_absent(GROUP, read.about.clone());
        }
        ("key", 200) => live.insert(object(&reply.body, true)),
        ("key", 404) => {
            live.remove(&Key::new(KIND, &read.about));
            live.set_absent(KIND, read.about.clone());
        }
        _ => {}
    }
}

pub(super) fn object(json: &Json, confirmed: bool) -> Object {
    let text = |pointer: &str| {
        json.pointer(pointer)
            .and_then(Json::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let id = text("/id").to_ascii_lowercase();
    Object {
        body: codec::decode(fields::SHAPE.fields, json),
        outputs: [
            ("id", text("/id")),
            ("client_id", text("/properties/clientId")),
            ("principal_id", text("/properties/principalId")),
            ("tenant_id", text("/properties/tenantId")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
        alternates: vec![id.clone()],
        confirmed,
        ..Object::new(Key::new(KIND, id), text("/name"))
    }
}

pub fn steps(task: &Task) -> Vec<Step> {
    let step = match (task.action, task.object, task.resource) {
        (Action::Create, _, Some(resource)) => create(task, resource),
        (Action::Update, Some(object), Some(resource)) => {
            let tags = resource.at("tags").cloned().unwrap_or(Value::Null);
            Some(update(task, object, tags))
        }
        // Let go: nothing declares it.
        (Action::Update, Some(object), None) => {
            let after = task.fields.iter().find_map(|field| field.after.clone());
            after.map(|tags| update(task, object, tags))
        }
        (Action::Delete, Some(object), _) => Some(delete(task, object)),
        _ => None,
    };
    step.into_iter().collect()
}

fn path(id: &str) -> String {
    format!("{id}?{VERSION}")
}

/// A PUT by name: a replay or a second run makes the same.
fn create(task: &Task, resource: &Resource) -> Option<Step> {
    let path = path(resource.text("id")?);
    let tags = resource.at("tags").cloned().unwrap_or(Value::Null);
    let body = Value::map([
        ("location", resource.at("location")?.clone()),
        ("tags", tags.clone()),
    ]);
    let read = Request::get(Service::Arm, path.clone());
    let fills = [
        ("id", "/id"),
        ("client_id", "/properties/clientId"),
        ("principal_id", "/properties/principalId"),
        ("tenant_id", "/properties/tenantId"),
    ];
    Some(Step {
        fills: fills.map(|(name, at)| (name.into(), at.into())).into(),
        read_back: Some(read.clone()),
        check: Some(Check {
            read,
            expect: Expect::Present(Value::map([("tags", tags)])),
        }),
        ..step(
            task,
            Phase::Provide,
            Request::new(Service::Arm, Method::Put, path).body(body),
        )
    })
}

/// Only tags change in place.
fn update(task: &Task, object: &Object, tags: Value) -> Step {
    let path = path(&object.outputs["id"]);
    let body = Value::Map(Map::from([("tags".to_owned(), tags)]));
    Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Present(body.clone()),
        }),
        ..step(
            task,
            Phase::Provide,
            Request::new(Service::Arm, Method::Patch, path).body(body),
        )
    }
}

fn delete(task: &Task, object: &Object) -> Step {
    let path = path(&object.outputs["id"]);
    Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Absent,
        }),
        ..step(
            task,
            Phase::Retire,
            Request::new(Service::Arm, Method::Delete, path),
        )
    }
}
