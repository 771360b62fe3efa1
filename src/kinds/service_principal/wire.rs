//! Reads, answers and requests of service principals.
//!
//! Source: Microsoft Graph, "Upsert servicePrincipal"; the answers that only mean "not replicated yet" are those
//! that hashicorp/azuread retries in `service_principal_resource.go`.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{FIELDS, KIND, published};
use crate::kinds::api::Class;
use crate::kinds::application::Form;
use crate::kinds::codec::{self, key};
use crate::kinds::{Task, agent_identity_blueprint, application, step};
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Part, Ref, Value};

const OWN: &str =
    "id,appId,displayName,accountEnabled,appRoleAssignmentRequired,description,notes,loginUrl";
const API: &str = "id,appId,displayName,appRoles,oauth2PermissionScopes";

/// The service principal of each application that was found, and of each API that something is asked of.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let own = application::all(live)
        .filter(|object| !object.deleted)
        .filter_map(|object| {
            let service = Form::of(object.key.kind)?.reads;
            let client_id = object.outputs.get("client_id")?;
            Some(by_app_id("own", service, client_id, OWN))
        });
    let apis: BTreeSet<String> = application::declared(desired)
        .flat_map(|resource| {
            application::permission_blocks(resource).filter_map(|(label, _)| {
                application::api_client_id(label, &resource.address, desired, live)
            })
        })
        .collect();
    // A plan of repairs also means those of applications that are registered elsewhere.
    let alone = desired
        .of_kind(KIND)
        .filter(|resource| desired.parent(resource).is_none())
        .filter_map(|resource| resource.text("client_id"))
        .map(|client_id| by_app_id("own", Service::Graph, client_id, OWN));
    own.chain(alone)
        .chain(
            apis.iter()
                .map(|app_id| by_app_id("api", Service::Graph, app_id, API)),
        )
        .collect()
}

fn by_app_id(purpose: &'static str, service: Service, app_id: &str, select: &str) -> Read {
    Read {
        kind: KIND,
        purpose,
        request: Request::get(
            service,
            format!(
                "/servicePrincipals({})?$select={select}",
                key("appId", app_id)
            ),
        ),
        about: app_id.to_owned(),
    }
}

/// The service principal of a client id, if there is one.
pub fn of_client<'a>(client_id: &str, live: &'a Live) -> Option<&'a Object> {
    live.find(KIND, &key("appId", client_id))
}

/// The service principal of an application, if there is one.
pub fn of_application<'a>(application: &Object, live: &'a Live) -> Option<&'a Object> {
    of_client(application.outputs.get("client_id")?, live)
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    let alternate = key("appId", &read.about);
    match reply.status {
        200 => {
            let mut object = object(&reply.body);
            object.parent = application::find(live, &alternate)
                .filter(|_| read.purpose == "own")
                .map(|application| application.key.clone());
            // An API that is also ours is read twice, each time with other members.
            if let Some(before) = live.find(KIND, &alternate) {
                let (mut body, parent) = (before.body.clone(), before.parent.clone());
                body.append(&mut object.body);
                object.body = body;
                object.parent = object.parent.or(parent);
            }
            live.insert(object);
        }
        404 => live.set_absent(KIND, alternate),
        _ => {}
    }
}

fn object(json: &Json) -> Object {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let (id, app_id) = (text("id"), text("appId"));
    let mut body = Map::new();
    if json.get("accountEnabled").is_some() {
        body = codec::decode(FIELDS, json);
    }
    for (class, member) in [
        (Class::Application, "appRoles"),
        (Class::Delegated, "oauth2PermissionScopes"),
    ] {
        if let Some(permissions) = json[member].as_array() {
            let names = permissions
                .iter()
                .filter(|permission| usable(permission, class));
            let names = names.filter_map(|one| {
                Some((
                    one["id"].as_str()?.to_ascii_lowercase(),
                    one["value"].as_str()?.into(),
                ))
            });
            body.insert(
                published::field(class).to_owned(),
                Value::Map(names.collect()),
            );
        }
    }
    Object {
        body,
        outputs: [("object_id", id.clone()), ("id", id.clone())]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        alternates: vec![key("appId", &app_id), format!("id={id}")],
        ..Object::new(Key::new(KIND, &id), text("displayName"))
    }
}

/// App roles for users alone, and permissions that were switched off, cannot be asked for.
fn usable(permission: &Json, class: Class) -> bool {
    let enabled = permission["isEnabled"].as_bool().unwrap_or(true);
    let members = permission["allowedMemberTypes"].as_array();
    let for_applications =
        members.is_none_or(|types| types.iter().any(|kind| kind == "Application"));
    enabled && (class == Class::Delegated || for_applications)
}

pub fn steps(task: &Task) -> Vec<Step> {
    match (task.action, task.object) {
        (Action::Create, _) => create(task),
        (Action::Update, Some(object)) => {
            let (service, cast) = place(task);
            let path = format!("/servicePrincipals/{}{cast}", object.key.id);
            vec![write(
                task,
                Request::new(service, Method::Patch, path.clone()),
                Request::get(service, path),
            )]
        }
        (Action::Delete, Some(object)) => {
            let (service, cast) = place(task);
            let path = format!("/servicePrincipals/{}{cast}", object.key.id);
            vec![Step {
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
            }]
        }
        _ => Vec::new(),
    }
}

/// What the principal of a blueprint is in a path.
const CAST: &str = "/microsoft.graph.agentIdentityBlueprintPrincipal";

/// The version that writes go to, and what a path ends with.
fn place(task: &Task) -> (Service, &'static str) {
    let blueprint = |owner: &&Resource| owner.kind() == agent_identity_blueprint::KIND;
    let Some(owner) = task.owner.filter(blueprint) else {
        return (Service::Graph, "");
    };
    match owner.text("api_version") {
        Some("beta") => (Service::GraphBeta, CAST),
        _ => (Service::Graph, CAST),
    }
}

/// Upserted by the application's id, which a create in the same plan may still have to give.
fn create(task: &Task) -> Vec<Step> {
    let client_id = task
        .resource
        .and_then(|resource| resource.body.get("client_id"))
        .cloned()
        .unwrap_or_else(|| {
            Value::Text(vec![Part::Ref(Ref {
                address: task.address.clone(),
                output: "client_id".into(),
            })])
        });
    let Value::Text(client_id) = client_id else {
        return Vec::new();
    };
    let mut path = vec![Part::Literal("/servicePrincipals(appId='".into())];
    path.extend(client_id.iter().cloned());
    path.push(Part::Literal("')".into()));
    let (service, cast) = place(task);
    if !cast.is_empty() {
        return vec![of_blueprint(task, service, path, client_id)];
    }
    let read = Request::get(service, "").with_path(path.clone());
    let request = Request::new(service, Method::Patch, "")
        .with_path(path)
        .header("Prefer", "create-if-missing");
    vec![Step {
        fills: vec![
            ("object_id".into(), "/id".into()),
            ("id".into(), "/id".into()),
        ],
        read_back: Some(read.clone()),
        retry_if: vec![
            Pattern::new(400, "does not reference a valid application object"),
            Pattern::new(400, "NoBackingApplicationObject"),
            Pattern::new(403, "must in the local tenant"),
            Pattern::new(404, "Request_ResourceNotFound"),
        ],
        ..write(task, request, read)
    }]
}

/// Made by a POST of its own type. Nobody can make a second one of a blueprint: the answer to that says it is there.
///
/// Source: Microsoft Graph, "Create agentIdentityBlueprintPrincipal".
fn of_blueprint(task: &Task, service: Service, path: Vec<Part>, client_id: Vec<Part>) -> Step {
    let read = Request::get(service, "").with_path(path);
    let request = Request::new(service, Method::Post, format!("/servicePrincipals{CAST}"));
    let mut step = Step {
        fills: vec![
            ("object_id".into(), "/id".into()),
            ("id".into(), "/id".into()),
        ],
        read_back: Some(read.clone()),
        // A run that was killed may have made it, too; whether it did, the check says.
        done_if: vec![Pattern::new(409, "already in use")],
        retry_if: vec![
            Pattern::new(400, "NoBackingApplicationObject"),
            Pattern::new(400, "RequireAgentBlueprint"),
            Pattern::new(404, "Request_ResourceNotFound"),
        ],
        ..write(task, request, read)
    };
    if let Some(Value::Map(body)) = &mut step.request.body {
        body.insert("appId".to_owned(), Value::Text(client_id));
    }
    step
}

fn write(task: &Task, request: Request, read: Request) -> Step {
    let mut body = Value::Map(Map::new());
    for change in task.fields {
        if let Some(field) = codec::field(FIELDS, &change.path)
            && let Some(pointer) = field.wire
            && field.name != "client_id"
        {
            let value = change.after.clone().unwrap_or(Value::Null);
            codec::put(&mut body, pointer, codec::write(field, &value));
        }
    }
    // An upsert needs a member, and this one is what it is anyway.
    if body.is_empty() && task.action == Action::Create {
        codec::put(&mut body, "/accountEnabled", Value::Bool(true));
    }
    Step {
        check: Some(Check {
            read,
            expect: Expect::Present(body.clone()),
        }),
        ..step(task, Phase::Provide, request.body(body))
    }
}
