//! Reads, answers and requests of applications.
//!
//! Sources: Microsoft Graph, "Upsert application" (create-if-missing by `uniqueName`), "List applications",
//! "Delete application", "Restore deleted item".

use serde_json::Value as Json;

use super::{KIND, fields, lower, mark, permissions};
use crate::kinds::codec::{self, key};
use crate::kinds::{Claim, Scene, Task, federated_credential, step};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::{Action, FieldChange};
use crate::model::schema::{Absent, Field};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Part, Ref, Value};

const SELECT: &str = "id,appId,uniqueName,displayName,description,notes,serviceManagementReference,signInAudience,\
identifierUris,tags,groupMembershipClaims,web,spa,publicClient,api,info,isFallbackPublicClient,\
isDeviceOnlyAuthSupported,requiredResourceAccess";

/// First one list of everything that carries the stack's mark; then, by key, what it did not show; then the
/// recycle bin, once something is missing.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let stack = &desired.stack.name;
    let filter = codec::quoted(&mark::prefix(stack));
    let list = |purpose, expand: &str| {
        Read {
        kind: KIND,
        purpose,
        request: Request::get(
            Service::GraphBeta,
            format!("/applications?$filter=tags/any(t:startsWith(t,'{filter}'))&$select={SELECT}{expand}&$count=true&$top=999"),
        )
        .header("ConsistencyLevel", "eventual"),
        about: stack.clone(),
    }
    };
    let mut reads = vec![list("ours", "&$expand=federatedIdentityCredentials")];
    let Some(status) = live.answer(KIND, "ours", stack) else {
        return reads;
    };
    if status >= 400 {
        // Whether lists may expand credentials is not documented: without it they are read by key.
        reads.push(list("ours-plain", ""));
        if live.answer(KIND, "ours-plain", stack).is_none() {
            return reads;
        }
    }
    let mut missing = false;
    for resource in desired.of_kind(KIND) {
        let Some(alternate) = alternate(resource) else {
            continue;
        };
        if live
            .find(KIND, &alternate)
            .is_none_or(|object| object.deleted)
        {
            reads.push(by_key(&alternate));
        }
        missing |= live.is_absent(KIND, &alternate)
            && !super::is_existing(resource)
            && !super::is_adopted(resource);
    }
    if missing {
        reads.push(Read {
            kind: KIND,
            purpose: "deleted",
            request: Request::get(
                Service::Graph,
                format!(
                    "/directory/deletedItems/microsoft.graph.application?$select={SELECT}&$top=999"
                ),
            ),
            about: String::new(),
        });
    }
    for resource in desired
        .of_kind(KIND)
        .filter(|resource| resource.body.contains_key("owners"))
    {
        if let Some(object) = alternate(resource).and_then(|at| live.find(KIND, &at)) {
            reads.push(owners(&object.key.id));
        }
    }
    reads
}

/// The application and everything that hangs on it, by key.
pub fn confirm(object: &Object) -> Vec<Read> {
    object
        .alternates
        .first()
        .map(|alternate| by_key(alternate))
        .into_iter()
        .chain([federated_credential::list(&object.key.id)])
        .collect()
}

fn by_key(alternate: &str) -> Read {
    let path = match alternate.strip_prefix("id=") {
        Some(id) => format!("/applications/{id}?$select={SELECT}"),
        None => format!("/applications({alternate})?$select={SELECT}"),
    };
    Read {
        kind: KIND,
        purpose: "key",
        request: Request::get(Service::Graph, path),
        about: alternate.to_owned(),
    }
}

fn owners(id: &str) -> Read {
    Read {
        kind: KIND,
        purpose: "owners",
        request: Request::get(
            Service::Graph,
            format!("/applications/{id}/owners?$select=id&$top=999"),
        ),
        about: id.to_owned(),
    }
}

/// The alternate key by which a declared application is found.
pub fn alternate(resource: &Resource) -> Option<String> {
    let by = |name: &str| {
        resource
            .text(&format!("existing.{name}"))
            .or_else(|| resource.text(&format!("adopt.{name}")))
    };
    if let Some(client_id) = by("client_id") {
        return Some(key("appId", &client_id.to_ascii_lowercase()));
    }
    if let Some(object_id) = by("object_id") {
        return Some(format!("id={}", object_id.to_ascii_lowercase()));
    }
    resource
        .text("existing.unique_name")
        .or_else(|| resource.text("unique_name"))
        .map(|name| key("uniqueName", name))
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    match (read.purpose, reply.status) {
        ("key", 404) => {
            if let Some(key) = live
                .find(KIND, &read.about)
                .map(|object| object.key.clone())
            {
                live.remove(&key);
            }
            live.set_absent(KIND, &read.about);
        }
        ("key", 200) => live.insert(object(&reply.body, false, true)),
        ("owners", 200) => {
            let ids = reply.body["value"].as_array().into_iter().flatten();
            let owners = Value::texts(ids.filter_map(|owner| owner["id"].as_str()));
            if let Some(mut object) = live.get(&Key::new(KIND, &read.about)).cloned() {
                object.body.insert("owners".into(), owners);
                live.insert(object);
            }
        }
        ("ours" | "ours-plain" | "deleted", 200) => {
            for json in reply.body["value"].as_array().into_iter().flatten() {
                let deleted = read.purpose == "deleted";
                let object = object(json, deleted, deleted);
                let parent = object.key.clone();
                live.insert(object);
                if let Some(credentials) = json.get("federatedIdentityCredentials") {
                    federated_credential::take_list(&parent, credentials, false, live);
                }
            }
        }
        _ => {}
    }
}

fn object(json: &Json, deleted: bool, confirmed: bool) -> Object {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let (id, app_id, unique_name) = (text("id"), text("appId"), text("uniqueName"));
    let mut body = codec::decode(fields::SHAPE.fields, json);
    body.insert(
        "required_resource_access".into(),
        permissions::decode(&json["requiredResourceAccess"]),
    );
    body.insert(
        "group_membership_claims".into(),
        claims_set(&json["groupMembershipClaims"]),
    );
    let mut alternates = vec![format!("id={id}"), key("appId", &app_id)];
    if !unique_name.is_empty() {
        alternates.insert(0, key("uniqueName", &unique_name));
    }
    Object {
        key: Key::new(KIND, &id),
        parent: None,
        name: text("displayName"),
        body,
        outputs: [
            ("client_id", app_id),
            ("object_id", id.clone()),
            ("id", id),
            ("unique_name", unique_name),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
        alternates,
        etag: None,
        deleted,
        confirmed,
    }
}

/// Graph keeps the set as one text with commas.
fn claims_set(json: &Json) -> Value {
    let words = json.as_str().unwrap_or_default().split(',').map(str::trim);
    Value::texts(words.filter(|word| !word.is_empty() && *word != "None"))
}

/// Whether an object carries the mark that this resource would give it.
pub fn is_marked(resource: &Resource, object: &Object, stack: &Stack) -> bool {
    let unique_name = resource.text("unique_name").unwrap_or_default();
    mark::has(
        object.body.get("tags"),
        &mark::mark(&stack.name, unique_name),
    )
}

/// An object under our unique name that does not carry our mark is somebody else's, and so is one to adopt that
/// another stack marked or that has a unique name already.
pub fn foreign(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let object = scene.object?;
    let unique_name = resource.text("unique_name")?;
    if is_marked(resource, object, &scene.desired.stack) {
        return None;
    }
    let client_id = &object.outputs["client_id"];
    if super::is_adopted(resource) {
        let theirs = object.outputs.get("unique_name").map_or("", String::as_str);
        if object
            .body
            .get("tags")
            .is_some_and(|tags| tags.items().any(mark::is_mark))
        {
            return Some(
                Diagnostic::error("foreign-application", format!("`{}` (client id {client_id}) belongs to another stack", object.name))
                    .about(&resource.address)
                    .at(resource.span("adopt"), "would take it over")
                    .help("remove it from the other stack first, or use `existing` to manage only its credentials"),
            );
        }
        return (!theirs.is_empty() && theirs != unique_name).then(|| {
            Diagnostic::error(
                "unique-name-taken",
                format!(
                    "`{}` has the unique name `{theirs}` already, and Graph never lets it change",
                    object.name
                ),
            )
            .about(&resource.address)
            .at(resource.span("adopt"), "would need another one")
            .help(format!("add `unique_name = \"{theirs}\"`"))
        });
    }
    let place = if object.deleted {
        "in the recycle bin "
    } else {
        ""
    };
    Some(
        Diagnostic::error(
            "foreign-application",
            format!("an application {place}has the unique name `{unique_name}` and does not belong to this stack: `{}` (client id {client_id})", object.name),
        )
        .about(&resource.address)
        .at(resource.origin, "would take it over")
        .help(format!("to take it over, add `adopt = {{ client_id = \"{client_id}\" }}`; to manage only its credentials, use `existing`; else give this one another `unique_name`")),
    )
}

/// An application that is declared as being there has to be there.
pub fn missing(resource: &Resource, block: &str, scene: &Scene) -> Vec<Diagnostic> {
    if scene.destroy || scene.object.is_some_and(|object| !object.deleted) {
        return Vec::new();
    }
    vec![
        Diagnostic::error("existing-not-found", "no such application in this tenant")
            .about(&resource.address)
            .at(resource.span(block), "named here")
            .help(format!(
                "check the id and the tenant; to create an application instead, leave `{block}` out"
            )),
    ]
}

/// What an adopted application has and the file does not mention: said once, in the plan that takes it over.
pub fn undeclared(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let object = scene.object?;
    if !super::is_adopted(resource) || is_marked(resource, object, &scene.desired.stack) {
        return None;
    }
    let mut left = Vec::new();
    collect(
        fields::SHAPE.fields,
        "",
        Some(&resource.body),
        &object.body,
        &mut left,
    );
    (!left.is_empty()).then(|| {
        Diagnostic::note(
            "not-declared-here",
            format!(
                "has values that are not declared and stay as they are: `{}`",
                left.join("`, `")
            ),
        )
        .about(&resource.address)
        .help("declare them to manage them")
    })
}

fn collect(
    table: &[Field],
    prefix: &str,
    declared: Option<&Map>,
    live: &Map,
    left: &mut Vec<String>,
) {
    for field in table
        .iter()
        .filter(|field| field.absent == Absent::Reset || field.nested().is_some())
    {
        let (wanted, there) = (
            declared.and_then(|body| body.get(field.name)),
            live.get(field.name),
        );
        let path = format!("{prefix}{}", field.name);
        if let (Some(nested), Some(Value::Map(there))) = (field.nested(), there) {
            collect(
                nested,
                &format!("{path}."),
                wanted.and_then(Value::as_map),
                there,
                left,
            );
            continue;
        }
        let default = field.default.value().unwrap_or(Value::Null);
        let asks = field.name == "required_resource_access"
            && declared.is_some_and(|body| body.contains_key("permissions"));
        if let Some(there) = there
            && wanted.is_none()
            && !asks
            && !there.is_empty()
            && *there != Value::Bool(false)
            && *there != default
        {
            left.push(path);
        }
    }
}

/// Tags that nobody declared stay; our marks are added to them.
pub fn keep_tags(resource: &mut Resource, scene: &Scene) {
    if let Some(marks) = resource.body.remove(lower::KEPT) {
        let kept = scene
            .object
            .and_then(|object| object.body.get("tags"))
            .map(mark::without);
        let tags = kept
            .unwrap_or_default()
            .into_iter()
            .chain(marks.items().cloned());
        resource.body.insert("tags".into(), Value::set(tags));
    }
}

pub fn claim(object: &Object, stack: &Stack) -> Claim {
    let unique_name = object.outputs.get("unique_name").map_or("", String::as_str);
    let tags = object.body.get("tags");
    let marked = tags.is_some_and(|tags| {
        let prefix = mark::prefix(&stack.name);
        tags.items()
            .any(|tag| tag.as_str().is_some_and(|tag| tag.starts_with(&prefix)))
    });
    if object.deleted || !marked {
        Claim::Foreign
    } else if mark::has(tags, &mark::mark(&stack.name, unique_name)) {
        Claim::Ours
    } else {
        Claim::Reported(Box::new(
            Diagnostic::warning(
                "mark-without-name",
                format!("`{}` carries this stack's mark, but not the unique name that it was made for: somebody copied the tag", object.name),
            )
            .about(format!("application {}", object.outputs["client_id"]))
            .help("remove the tag from it; trustform leaves the application alone"),
        ))
    }
}

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
    let mut steps = Vec::new();
    if !body.is_empty() || body.as_map().is_some_and(|map| !map.is_empty()) {
        steps.push(patch(task, path.clone(), body));
    }
    steps.extend(owner_steps(task, path));
    steps
}

fn patch(task: &Task, path: Vec<Part>, body: Value) -> Step {
    let request = Request::new(Service::Graph, Method::Patch, "").with_path(path.clone());
    let read = Request::get(Service::Graph, "").with_path(path);
    Step {
        check: Some(present(read, &body)),
        retry_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
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
            // Of a new application the alternate key stands in the path; one that is taken over gets it here, once.
            "unique_name" if change.before.is_some() => codec::put(&mut body, "/uniqueName", value),
            "unique_name" | "owners" => {}
            path => {
                if let Some(field) = codec::field(fields::SHAPE.fields, path)
                    && let Some(pointer) = field.wire
                {
                    codec::put(&mut body, pointer, codec::write(field, &value));
                }
            }
        }
    }
    body
}
