//! Requests of the credentials of an application, of whatever type. All of them go through beta: v1.0 does not know claims-matching
//! expressions and has answered lists that hold one with broken JSON (Azure/azure-workload-identity#373).
//!
//! Source: Microsoft Graph, "Upsert federatedIdentityCredential".

use super::mark::{marked, proven};
use crate::kinds::codec::key;
use crate::kinds::{Task, step};
use crate::model::desired::Resource;
use crate::model::live::{Key, Object};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Request, Service, Step};
use crate::model::value::{Map, Part, Value};

/// The list of an application's credentials.
pub fn list(application: &Key) -> Request {
    Request::get(Service::GraphBeta, collection(application))
}

/// A blueprint's are reached without its type, too: Graph's description knows no other path.
fn collection(application: &Key) -> String {
    within(&format!("/applications/{}", application.id))
}

fn within(application: &str) -> String {
    format!("{application}/federatedIdentityCredentials")
}

/// The credentials in a path: of an application by id where it is known, else by the key that its own create is sent to.
fn parent_path(task: &Task) -> Option<String> {
    if let Some(parent) = task.parent.filter(|parent| !parent.deleted) {
        return Some(collection(&parent.key));
    }
    let unique_name = task.owner?.text("unique_name")?;
    let application = format!("/applications({})", key("uniqueName", unique_name));
    Some(within(&application))
}

/// Upserted by name, and the name is the content: a replay or a second run can only make the same.
pub fn create(task: &Task, resource: &Resource) -> Option<Step> {
    let Some(Value::Text(name)) = resource.at("name") else {
        return None;
    };
    let collection = parent_path(task)?;
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
pub fn update(task: &Task, object: &Object, resource: Option<&Resource>) -> Option<Step> {
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
    let collection = collection(object.parent.as_ref()?);
    let body = Value::Map(body);
    let mut member = body.clone();
    if let Value::Map(map) = &mut member {
        map.insert("id".into(), id.as_str().into());
    }
    Some(Step {
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
    })
}

pub fn delete(task: &Task, object: &Object) -> Option<Step> {
    let collection = collection(object.parent.as_ref()?);
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
