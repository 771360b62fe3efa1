//! Requests that change applications.
//!
//! Sources: Microsoft Graph, "Upsert application" (create-if-missing by `uniqueName`), "Update application",
//! "Delete application", "Restore deleted item".

use super::reads::SELECT;
use super::{entitlements, fields, optional_claims, permissions};
use crate::kinds::codec::{self, key};
use crate::kinds::{Task, step};
use crate::model::plan::{Action, FieldChange};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Request, Service, Step};
use crate::model::value::{Map, Part, Ref, Value};

pub fn steps(task: &Task) -> Vec<Step> {
    let existing = task.resource.is_some_and(super::is_existing);
    match (task.action, task.object) {
        (Action::Create, _) => create(task),
        (Action::Update, Some(object)) if !existing => update(task, &object.key.id),
        (Action::Restore, Some(object)) => vec![restore(task, &object.key.id)],
        (Action::Delete, Some(object)) if !existing => delete(task, &object.key.id),
        _ => Vec::new(),
    }
}

fn create(task: &Task) -> Vec<Step> {
    let Some(resource) = task.resource else {
        return Vec::new();
    };
    let unique_name = resource.text("unique_name").unwrap_or_default();
    let path = format!("/applications({})", key("uniqueName", unique_name));
    let own = |output: &str| Ref {
        address: task.address.clone(),
        output: output.to_owned(),
    };
    // What needs the client id waits for a second request.
    let (after, now): (Vec<_>, Vec<_>) = task.fields.iter().partition(|field| {
        field
            .after
            .as_ref()
            .is_some_and(|value| value.refs().contains(&own("client_id")))
    });
    let body = encode(&now);
    let read = Request::get(Service::Graph, format!("{path}?$select={SELECT}"));
    let mut steps = vec![Step {
        fills: ["client_id=/appId", "object_id=/id", "id=/id"]
            .map(|fill| {
                fill.split_once('=')
                    .map(|(a, b)| (a.to_owned(), b.to_owned()))
                    .unwrap_or_default()
            })
            .into(),
        read_back: Some(read.clone()),
        check: Some(present(read, &body)),
        // The create took effect and its answer was lost: a replica that knows the name refuses to upsert it.
        done_if: vec![Pattern::replayed(400, "property uniqueName already exists")],
        ..step(
            task,
            Phase::Provide,
            Request::new(Service::Graph, Method::Patch, path)
                .header("Prefer", "create-if-missing")
                .body(body),
        )
    }];
    let object_path = vec![
        Part::Literal("/applications/".into()),
        Part::Ref(own("object_id")),
    ];
    if !after.is_empty() {
        steps.push(patch(task, object_path.clone(), encode(&after)));
    }
    steps.extend(owner_steps(task, object_path));
    steps
}

fn update(task: &Task, id: &str) -> Vec<Step> {
    let path = vec![Part::Literal(format!("/applications/{id}"))];
    let fields: Vec<_> = task.fields.iter().collect();
    let body = encode(&fields);
    let mut steps: Vec<Step> = disabling(&fields)
        .map(|body| Step {
            // The request that follows overwrites it, and is refused until it is seen.
            check: None,
            ..patch(task, path.clone(), body)
        })
        .into_iter()
        .collect();
    if !body.is_empty() || body.as_map().is_some_and(|map| !map.is_empty()) {
        steps.push(patch(task, path.clone(), body));
    }
    steps.extend(owner_steps(task, path));
    steps
}

/// Roles and scopes that are enabled and go are disabled before, by a request of their own.
fn disabling(fields: &[&FieldChange]) -> Option<Value> {
    let mut body = Value::Map(Map::new());
    for field in fields {
        let (Some(before), Some(after), Some(pointer)) = (
            &field.before,
            &field.after,
            entitlements::pointer(&field.path),
        ) else {
            continue;
        };
        if let Some(disabled) = entitlements::disabled(before, after) {
            codec::put(&mut body, pointer, disabled);
        }
    }
    (!body.is_empty()).then_some(body)
}

fn patch(task: &Task, path: Vec<Part>, body: Value) -> Step {
    let request = Request::new(Service::Graph, Method::Patch, "").with_path(path.clone());
    let read = Request::get(Service::Graph, "").with_path(path);
    Step {
        check: Some(present(read, &body)),
        retry_if: vec![
            Pattern::new(404, "Request_ResourceNotFound"),
            // The replica has not seen yet that the role or scope was disabled.
            Pattern::new(400, "CannotDeleteOrUpdateEnabledEntitlement"),
        ],
        ..step(task, Phase::Provide, request.body(body))
    }
}

fn present(read: Request, body: &Value) -> Check {
    Check {
        read,
        expect: Expect::Present(body.clone()),
    }
}

fn restore(task: &Task, id: &str) -> Step {
    let read = Request::get(
        Service::Graph,
        format!("/applications/{id}?$select=id,appId"),
    );
    Step {
        check: Some(present(read.clone(), &Value::map([("id", id.into())]))),
        done_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
        ..step(
            task,
            Phase::Provide,
            Request::new(
                Service::Graph,
                Method::Post,
                format!("/directory/deletedItems/{id}/restore"),
            ),
        )
    }
}

fn delete(task: &Task, id: &str) -> Vec<Step> {
    let gone = |collection: &str| {
        let path = format!("{collection}/{id}");
        Step {
            check: Some(Check {
                read: Request::get(Service::Graph, format!("{path}?$select=id")),
                expect: Expect::Absent,
            }),
            done_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
            ..step(
                task,
                Phase::Retire,
                Request::new(Service::Graph, Method::Delete, path),
            )
        }
    };
    let mut steps = Vec::new();
    if !task.object.is_some_and(|object| object.deleted) {
        steps.push(gone("/applications"));
    }
    if task.purge {
        steps.push(gone("/directory/deletedItems"));
    }
    steps
}

/// One request for each owner who comes or goes.
fn owner_steps(task: &Task, path: Vec<Part>) -> Vec<Step> {
    let Some(change) = task.fields.iter().find(|field| field.path == "owners") else {
        return Vec::new();
    };
    let ids = |value: &Option<Value>| {
        value
            .iter()
            .flat_map(Value::items)
            .cloned()
            .collect::<Vec<_>>()
    };
    let (before, after) = (ids(&change.before), ids(&change.after));
    let at = |tail: String| {
        let mut path = path.clone();
        path.push(Part::Literal(tail));
        path
    };
    let check = |expect| Check {
        read: Request::get(Service::Graph, "").with_path(at("/owners?$select=id&$top=999".into())),
        expect,
    };
    let mut steps = Vec::new();
    for id in after.iter().filter(|id| !before.contains(id)) {
        let Value::Text(id_parts) = id else { continue };
        let mut url = vec![Part::Literal(format!(
            "{}/v1.0/directoryObjects/",
            task.stack.cloud.graph()
        ))];
        url.extend(id_parts.iter().cloned());
        steps.push(Step {
            check: Some(check(Expect::Member(Value::map([("id", id.clone())])))),
            done_if: vec![Pattern::new(400, "added object references already exist")],
            retry_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
            ..step(
                task,
                Phase::Provide,
                Request::new(Service::Graph, Method::Post, "")
                    .with_path(at("/owners/$ref".into()))
                    .body(Value::map([("@odata.id", Value::Text(url))])),
            )
        });
    }
    for id in before
        .iter()
        .filter(|id| !after.contains(id))
        .filter_map(Value::as_str)
    {
        steps.push(Step {
            check: Some(check(Expect::NoMember(Value::map([("id", id.into())])))),
            done_if: vec![
                Pattern::new(404, ""),
                Pattern::new(400, "removed object references do not exist"),
            ],
            ..step(
                task,
                Phase::Withdraw,
                Request::new(Service::Graph, Method::Delete, "")
                    .with_path(at(format!("/owners/{id}/$ref"))),
            )
        });
    }
    steps
}

/// The body that writes these fields.
fn encode(changes: &[&FieldChange]) -> Value {
    let mut body = Value::Map(Map::new());
    for change in changes {
        let value = change.after.clone().unwrap_or(Value::Null);
        match change.path.as_str() {
            "required_resource_access" => codec::put(
                &mut body,
                "/requiredResourceAccess",
                permissions::encode(&value),
            ),
            "group_membership_claims" => {
                let words: Vec<&str> = value.items().filter_map(Value::as_str).collect();
                let joined = if words.is_empty() {
                    Value::Null
                } else {
                    words.join(",").into()
                };
                codec::put(&mut body, "/groupMembershipClaims", joined);
            }
            optional_claims::CLAIMS => {
                codec::put(
                    &mut body,
                    "/optionalClaims",
                    optional_claims::encode(&value),
                );
            }
            // Of a new application the alternate key stands in the path; one that is taken over gets it here, once.
            "unique_name" if change.before.is_some() => codec::put(&mut body, "/uniqueName", value),
            "unique_name" | "owners" => {}
            path => {
                if let Some(pointer) = entitlements::pointer(path) {
                    codec::put(&mut body, pointer, entitlements::encode(&value));
                } else if let Some(field) = codec::field(fields::SHAPE.fields, path)
                    && let Some(pointer) = field.wire
                {
                    codec::put(&mut body, pointer, codec::write(field, &value));
                }
            }
        }
    }
    body
}
