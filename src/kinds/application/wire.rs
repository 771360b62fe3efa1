//! Requests that change applications.
//!
//! Sources: Microsoft Graph, "Upsert application" (create-if-missing by `uniqueName`), "Update application",
//! "Delete application", "Restore deleted item".

use super::{Form, entitlements, optional_claims, permissions};
use crate::kinds::codec::{self, key};
use crate::kinds::{Task, group_member, step};
use crate::model::plan::{Action, FieldChange};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Request, Service, Step};
use crate::model::value::{Map, Part, Ref, Value};

pub fn steps(task: &Task) -> Vec<Step> {
    let Some(form) = Form::of(task.address.kind()) else {
        return Vec::new();
    };
    let existing = task.resource.is_some_and(super::is_existing);
    match (task.action, task.object) {
        (Action::Create, _) => create(form, task),
        (Action::Update, Some(object)) if !existing => update(form, task, &object.key.id),
        (Action::Restore, Some(object)) => vec![restore(form, task, &object.key.id)],
        (Action::Delete, Some(object)) if !existing => delete(form, task, &object.key.id),
        _ => Vec::new(),
    }
}

/// The version of Graph that a write goes to. Of what no file declares any more nobody says which one knows it: beta does.
fn service(form: &Form, task: &Task) -> Service {
    let said = task
        .resource
        .map(|it| it.text("api_version").unwrap_or_default());
    match said {
        Some("beta") => Service::GraphBeta,
        None => form.reads,
        Some(_) => Service::Graph,
    }
}

fn create(form: &Form, task: &Task) -> Vec<Step> {
    let Some(resource) = task.resource else {
        return Vec::new();
    };
    let unique_name = resource.text("unique_name").unwrap_or_default();
    let path = form.path(&format!(
        "/applications({})",
        key("uniqueName", unique_name)
    ));
    let service = service(form, task);
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
    let mut body = encode(form, &now);
    let read = Request::get(service, format!("{path}?$select={}", form.select));
    let check = present(read.clone(), &body);
    for relation in form.bound {
        let ids = resource.at(relation).into_iter().flat_map(Value::items);
        let urls = ids.filter_map(|id| directory_object(task, id)).collect();
        if let Value::Map(body) = &mut body {
            body.insert(format!("{relation}@odata.bind"), Value::List(urls));
        }
    }
    let mut steps = vec![Step {
        fills: ["client_id=/appId", "object_id=/id", "id=/id"]
            .map(|fill| {
                fill.split_once('=')
                    .map(|(a, b)| (a.to_owned(), b.to_owned()))
                    .unwrap_or_default()
            })
            .into(),
        read_back: Some(read),
        check: Some(check),
        // The create took effect and its answer was lost: a replica that knows the name refuses to upsert it.
        done_if: vec![Pattern::replayed(400, "property uniqueName already exists")],
        ..step(
            task,
            Phase::Provide,
            Request::new(service, Method::Patch, path)
                .header("Prefer", "create-if-missing")
                .body(body),
        )
    }];
    let object_path = vec![
        Part::Literal("/applications/".into()),
        Part::Ref(own("object_id")),
        Part::Literal(form.cast.into()),
    ];
    if !after.is_empty() {
        steps.push(patch(form, task, object_path.clone(), encode(form, &after)));
    }
    let later = form.people.iter();
    for relation in later.filter(|relation| !form.bound.contains(relation)) {
        steps.extend(people_steps(form, task, relation, &object_path));
    }
    steps
}

fn update(form: &Form, task: &Task, id: &str) -> Vec<Step> {
    let path = vec![Part::Literal(form.path(&format!("/applications/{id}")))];
    let leaving = group_member::mark::leaving(task);
    let tags = |field: &&FieldChange| leaving.is_none() || field.path != "tags";
    let before = leaving.iter().filter_map(|leaving| leaving.before.as_ref());
    let fields: Vec<_> = task.fields.iter().filter(tags).chain(before).collect();
    let body = encode(form, &fields);
    let mut steps: Vec<Step> = disabling(&fields)
        .map(|body| Step {
            // The request that follows overwrites it, and is refused until it is seen.
            check: None,
            ..patch(form, task, path.clone(), body)
        })
        .into_iter()
        .collect();
    if !body.is_empty() || body.as_map().is_some_and(|map| !map.is_empty()) {
        steps.push(patch(form, task, path.clone(), body));
    }
    for relation in form.people {
        steps.extend(people_steps(form, task, relation, &path));
    }
    if let Some(leaving) = leaving {
        steps.extend(leaving.steps);
        steps.push(Step {
            phase: Phase::Clear,
            ..patch(form, task, path, encode(form, &[&leaving.after]))
        });
    }
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

fn patch(form: &Form, task: &Task, path: Vec<Part>, body: Value) -> Step {
    let service = service(form, task);
    let request = Request::new(service, Method::Patch, "").with_path(path.clone());
    let read = Request::get(service, "").with_path(path);
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

fn restore(form: &Form, task: &Task, id: &str) -> Step {
    let path = form.path(&format!("/applications/{id}"));
    let read = Request::get(service(form, task), format!("{path}?$select=id,appId"));
    Step {
        check: Some(present(read.clone(), &Value::map([("id", id.into())]))),
        done_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
        // It is not in the recycle bin any more: what came back with it is in use, and is not to be taken away.
        stale_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
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

fn delete(form: &Form, task: &Task, id: &str) -> Vec<Step> {
    let service = service(form, task);
    let gone = |path: String| Step {
        check: Some(Check {
            read: Request::get(service, format!("{path}?$select=id")),
            expect: Expect::Absent,
        }),
        done_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
        ..step(
            task,
            Phase::Retire,
            Request::new(service, Method::Delete, path),
        )
    };
    let mut steps = Vec::new();
    if !task.object.is_some_and(|object| object.deleted) {
        steps.push(gone(form.path(&format!("/applications/{id}"))));
    }
    if task.purge {
        steps.push(gone(format!("/directory/deletedItems/{id}")));
    }
    steps
}

/// The URL by which another object is named in a body.
fn directory_object(task: &Task, id: &Value) -> Option<Value> {
    let Value::Text(parts) = id else { return None };
    let mut url = vec![Part::Literal(format!(
        "{}/v1.0/directoryObjects/",
        task.stack.cloud.graph()
    ))];
    url.extend(parts.iter().cloned());
    Some(Value::Text(url))
}

/// One request for each owner or sponsor who comes or goes.
fn people_steps(form: &Form, task: &Task, relation: &str, path: &[Part]) -> Vec<Step> {
    let service = service(form, task);
    let Some(change) = task.fields.iter().find(|field| field.path == relation) else {
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
        let mut path = path.to_vec();
        path.push(Part::Literal(tail));
        path
    };
    let check = |expect| Check {
        read: Request::get(service, "").with_path(at(format!("/{relation}?$select=id&$top=999"))),
        expect,
    };
    let mut steps = Vec::new();
    for id in after.iter().filter(|id| !before.contains(id)) {
        let Some(url) = directory_object(task, id) else {
            continue;
        };
        steps.push(Step {
            check: Some(check(Expect::Member(Value::map([("id", id.clone())])))),
            done_if: vec![Pattern::new(400, "added object references already exist")],
            retry_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
            ..step(
                task,
                Phase::Provide,
                Request::new(service, Method::Post, "")
                    .with_path(at(format!("/{relation}/$ref")))
                    .body(Value::map([("@odata.id", url)])),
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
                Request::new(service, Method::Delete, "")
                    .with_path(at(format!("/{relation}/{id}/$ref"))),
            )
        });
    }
    steps
}

/// The body that writes these fields.
fn encode(form: &Form, changes: &[&FieldChange]) -> Value {
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
            "unique_name" => {}
            relation if form.people.contains(&relation) => {}
            path => {
                if let Some(pointer) = entitlements::pointer(path) {
                    codec::put(&mut body, pointer, entitlements::encode(&value));
                } else if let Some(field) = codec::field(form.shape.fields, path)
                    && let Some(pointer) = field.wire
                {
                    codec::put(&mut body, pointer, codec::write(field, &value));
                }
            }
        }
    }
    body
}
