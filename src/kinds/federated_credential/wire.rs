//! Reads, answers and requests of federated credentials. All of them go through beta: v1.0 does not know
//! claims-matching expressions and has answered lists that hold one with broken JSON
//! (Azure/azure-workload-identity#373).
//!
//! Source: Microsoft Graph, "Upsert federatedIdentityCredential".

use serde_json::Value as Json;

use super::mark::{marked, proven, take_mark};
use super::{KIND, fields, same_content};
use crate::exchange::expression::Expression;
use crate::exchange::trust::{Matcher, Trust};
use crate::kinds::codec::{self, key};
use crate::kinds::{Claim, Scene, Task, application, step};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Part, Value};

/// The credentials of each application that was found, unless its list came with them.
pub fn reads(_desired: &Desired, live: &Live) -> Vec<Read> {
    live.of_kind(application::KIND)
        .filter(|object| !object.deleted)
        .filter(|object| live.answer(KIND, LISTED, &object.key.id).is_none())
        .map(|object| list(&object.key.id))
        .collect()
}

/// Recorded for credentials that came with a list of applications.
const LISTED: &str = "listed";

/// All credentials of an application.
pub fn list(application: &str) -> Read {
    Read {
        kind: KIND,
        purpose: "list",
        request: Request::get(
            Service::GraphBeta,
            format!("/applications/{application}/federatedIdentityCredentials"),
        ),
        about: application.to_owned(),
    }
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    if reply.status == 200 {
        let parent = Key::new(application::KIND, &read.about);
        take_list(&parent, &reply.body["value"], true, live);
    }
}

/// Takes in all credentials of an application. What a list by key said is not overruled by a list of everything.
pub fn take_list(parent: &Key, credentials: &Json, confirmed: bool, live: &mut Live) {
    let listed = Read {
        purpose: LISTED,
        ..list(&parent.id)
    };
    if !confirmed && live.answer(KIND, LISTED, &parent.id).is_some() {
        return;
    }
    live.record(&listed, 200);
    live.remove_children(parent, KIND);
    for json in credentials.as_array().into_iter().flatten() {
        live.insert(object(parent, json, confirmed));
    }
}

fn object(parent: &Key, json: &Json, confirmed: bool) -> Object {
    let text = |name: &str| json[name].as_str().unwrap_or_default();
    let mut body = codec::decode(fields::SHAPE.fields, json);
    body.insert(
        "audience".into(),
        json.pointer("/audiences/0")
            .map_or(Value::Null, Value::from_json),
    );
    Object {
        key: Key::new(KIND, format!("{}/{}", parent.id, text("id"))),
        parent: Some(parent.clone()),
        name: text("name").to_owned(),
        body,
        outputs: [("id", text("id")), ("name", text("name"))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        alternates: Vec::new(),
        etag: None,
        deleted: false,
        confirmed,
    }
}

/// The live credential with this content; one that its name proves ours comes first.
pub fn find<'a>(resource: &Resource, parent: &Object, live: &'a Live) -> Option<&'a Object> {
    let name = resource.text("name");
    live.children(&parent.key, KIND)
        .filter(|object| same_content(&object.body, &resource.body))
        .max_by_key(|object| Some(object.name.as_str()) == name)
}

/// Ours by name or mark: it goes. Everything else under an application of the stack is shown, unless the file
/// says otherwise.
pub fn claim(object: &Object, owner: Option<&Resource>, scene: &Scene) -> Claim {
    let stack = &scene.desired.stack;
    let Some(owner) = owner else {
        return Claim::Ours;
    };
    // On somebody else's application a mark in a description proves nothing: only the name does.
    let ours = if application::is_existing(owner) {
        proven(object, stack)
    } else {
        take_mark(object, stack).body["marked"] == Value::Bool(true)
    };
    if ours {
        return Claim::Ours;
    }
    if scene.destroy {
        // It goes with the application; under somebody else's it is not ours to touch.
        return if application::is_existing(owner) {
            Claim::Foreign
        } else {
            Claim::Ours
        };
    }
    match super::unmanaged(owner) {
        "delete" => Claim::Unwanted,
        "keep" => Claim::Reported(Box::new(kept(object, owner))),
        _ => Claim::Reported(Box::new(reported(object, owner))),
    }
}

/// Accepted by the file, and shown all the same.
fn kept(object: &Object, owner: &Resource) -> Diagnostic {
    Diagnostic::note(
        "undeclared-credential-kept",
        format!(
            "keeps the credential `{}`, which nobody declared: {} may act as this application",
            object.name,
            who(object)
        ),
    )
    .about(&owner.address)
}

fn who(object: &Object) -> String {
    let who = trust(&object.body).map(|trust| crate::exchange::subject::describe(&trust));
    who.unwrap_or_else(|| "somebody".to_owned())
}

fn reported(object: &Object, owner: &Resource) -> Diagnostic {
    let help = if application::is_existing(owner) {
        "declare it, or accept it with `unmanaged_credentials = \"keep\"`"
    } else {
        "declare it, remove it with `unmanaged_credentials = \"delete\"`, or accept it with `\"keep\"`"
    };
    Diagnostic::warning(
        "undeclared-credential",
        format!(
            "nobody declared the credential `{}`: {} may act as this application",
            object.name,
            who(object)
        ),
    )
    .about(&owner.address)
    .help(help)
}

/// The trust that a credential's body states, declared or live; none while it has holes.
pub fn trust(body: &Map) -> Option<Trust> {
    let text = |name: &str| {
        body.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let matcher = match (text("subject"), text("claims_matching_expression")) {
        (Some(subject), _) => Matcher::Subject(subject.to_owned()),
        (None, Some(expression)) => Matcher::Expression(Expression::parse(expression).ok()?),
        (None, None) => return None,
    };
    Some(Trust {
        issuer: text("issuer")?.to_owned(),
        audience: text("audience").unwrap_or_default().to_owned(),
        matcher,
    })
}

pub fn steps(task: &Task) -> Vec<Step> {
    match (task.action, task.object, task.resource) {
        (Action::Create, _, Some(resource)) => create(task, resource).into_iter().collect(),
        (Action::Update, Some(object), resource) => vec![update(task, object, resource)],
        (Action::Delete, Some(object), _) => delete(task, object).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The application in a path: by id where it is known, else by the key that its own create is sent to.
fn parent_path(task: &Task) -> Option<String> {
    if let Some(parent) = task.parent.filter(|parent| !parent.deleted) {
        return Some(format!("/applications/{}", parent.key.id));
    }
    let unique_name = task.owner?.text("unique_name")?;
    Some(format!("/applications({})", key("uniqueName", unique_name)))
}

/// Upserted by name, and the name is the content: a replay or a second run can only make the same.
fn create(task: &Task, resource: &Resource) -> Option<Step> {
    let Some(Value::Text(name)) = resource.at("name") else {
        return None;
    };
    let collection = format!("{}/federatedIdentityCredentials", parent_path(task)?);
    let mut path = vec![Part::Literal(format!("{collection}(name='"))];
    path.extend(name.iter().cloned());
    path.push(Part::Literal("')".into()));
    let body = content(resource);
    let mut member = body.clone();
    if let Value::Map(map) = &mut member {
        map.remove("description");
    }
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::GraphBeta, collection),
            expect: Expect::Member(member),
        }),
        // The trust is there under another name, and the list that was read did not show it yet; the check compares.
        done_if: vec![Pattern::new(
            400,
            "combination of issuer and subject must be unique",
        )],
        retry_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
        ..step(
            task,
            Phase::Provide,
            Request::new(Service::GraphBeta, Method::Patch, "")
                .with_path(path)
                .header("Prefer", "create-if-missing")
                .body(body),
        )
    })
}

fn content(resource: &Resource) -> Value {
    let mut body = Map::new();
    let copy = |name: &str| resource.at(name).filter(|value| !value.is_empty()).cloned();
    if let Some(issuer) = copy("issuer") {
        body.insert("issuer".into(), issuer);
    }
    if let Some(subject) = copy("subject") {
        body.insert("subject".into(), subject);
    }
    if let Some(expression) = copy("claims_matching_expression") {
        let expression = Value::map([("value", expression), ("languageVersion", Value::int(1))]);
        body.insert("claimsMatchingExpression".into(), expression);
    }
    if let Some(audience) = copy("audience") {
        body.insert("audiences".into(), Value::List(vec![audience]));
    }
    if let Some(description) = copy("description") {
        body.insert("description".into(), description);
    }
    Value::Map(body)
}

/// Audience, description and mark change in place; issuer and subject never do.
fn update(task: &Task, object: &Object, resource: Option<&Resource>) -> Step {
    let mut body = Map::new();
    let mut describe = false;
    for change in task.fields {
        match change.path.as_str() {
            "audience" => {
                body.insert(
                    "audiences".into(),
                    Value::List(change.after.clone().into_iter().collect()),
                );
            }
            // Nothing declares what is released.
            "description" if resource.is_none() => {
                let text = change.after.clone().unwrap_or(Value::Null);
                body.insert("description".into(), text);
            }
            "description" | "marked" => describe = true,
            _ => {}
        }
    }
    if describe {
        let declared = resource.and_then(|resource| resource.at("description"));
        let text = declared
            .filter(|value| !value.is_empty())
            .or_else(|| object.body.get("description"))
            .and_then(Value::as_str)
            .unwrap_or_default();
        // The name proves what is ours; only a credential that somebody else named needs the mark.
        let text = if proven(object, task.stack) {
            text.to_owned()
        } else {
            marked(text, task.stack)
        };
        body.insert("description".into(), text.into());
    }
    let id = &object.outputs["id"];
    let parent = object.parent.as_ref().map_or("", |parent| &parent.id);
    let collection = format!("/applications/{parent}/federatedIdentityCredentials");
    let body = Value::Map(body);
    let mut member = body.clone();
    if let Value::Map(map) = &mut member {
        map.insert("id".into(), id.as_str().into());
    }
    Step {
        check: Some(Check {
            read: Request::get(Service::GraphBeta, collection.clone()),
            expect: Expect::Member(member),
        }),
        ..step(
            task,
            Phase::Provide,
            Request::new(
                Service::GraphBeta,
                Method::Patch,
                format!("{collection}/{id}"),
            )
            .body(body),
        )
    }
}

fn delete(task: &Task, object: &Object) -> Option<Step> {
    let collection = format!(
        "/applications/{}/federatedIdentityCredentials",
        object.parent.as_ref()?.id
    );
    let id = &object.outputs["id"];
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::GraphBeta, collection.clone()),
            expect: Expect::NoMember(Value::map([("id", id.as_str().into())])),
        }),
        done_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
        ..step(
            task,
            Phase::Withdraw,
            Request::new(
                Service::GraphBeta,
                Method::Delete,
                format!("{collection}/{id}"),
            ),
        )
    })
}
