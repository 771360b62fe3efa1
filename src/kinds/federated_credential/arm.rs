//! Requests of a managed identity's credentials. Exact subjects go through the stable API; expressions through the preview
//! that knows them. Two renderings of Microsoft's page disagree on whether identities take expressions at all.
//!
//! Sources: Azure/azure-rest-api-specs, Microsoft.ManagedIdentity 2024-11-30; Microsoft, "Set up a flexible federated
//! identity credential".

use serde_json::{Value as Json, json};

use super::KIND;
use crate::kinds::managed_identity::VERSION;
use crate::kinds::{Task, step};
use crate::model::desired::Resource;
use crate::model::live::{Key, Live, Object};
use crate::model::step::{Check, Expect, Method, Phase, Request, Service, Step};
use crate::model::value::{Map, Part, Value};

/// The version of the API that knows expressions.
pub const PREVIEW: &str = "api-version=2025-01-31-preview";

/// The list of an identity's credentials.
pub fn list(identity: &str, version: &str) -> Request {
    Request::get(
        Service::Arm,
        format!("{identity}/federatedIdentityCredentials?{version}"),
    )
}

/// Whether the stable API showed a credential without saying whom it admits.
pub fn hides(identity: &Key, live: &Live) -> bool {
    let listed = live.answer(KIND, super::wire::EXPRESSIONS, &identity.id);
    let silent = |credential: &Object| credential.body.get("subject").is_none_or(Value::is_empty);
    listed.is_some() || live.children(identity, KIND).any(silent)
}

/// Credentials of Resource Manager as Graph would show them: flat, and known by their names.
pub fn plain(credentials: &Json) -> Json {
    let credentials = credentials.as_array().into_iter().flatten();
    credentials
        .map(|json| {
            let properties = &json["properties"];
            json!({
                "id": json["name"], "name": json["name"], "issuer": properties["issuer"],
                "subject": properties["subject"], "audiences": properties["audiences"],
                "claimsMatchingExpression": properties["claimsMatchingExpression"],
            })
        })
        .collect()
}

fn identity(task: &Task) -> Option<String> {
    let there = task.parent.and_then(|parent| parent.outputs.get("id"));
    there
        .map(String::as_str)
        .or_else(|| task.owner?.text("id"))
        .map(str::to_owned)
}

fn version(resource: &Resource) -> &'static str {
    match resource.at("claims_matching_expression") {
        Some(expression) if !expression.is_empty() => PREVIEW,
        _ => VERSION,
    }
}

/// A PUT by name, and the name is the content: a replay or a second run can only make the same.
pub fn create(task: &Task, resource: &Resource) -> Option<Step> {
    let Some(Value::Text(name)) = resource.at("name") else {
        return None;
    };
    put(task, resource, name.clone())
}

/// The audience of a credential changes in place, whatever its name is.
pub fn update(task: &Task, object: &Object, resource: &Resource) -> Option<Step> {
    let name = vec![Part::Literal(object.name.clone())];
    put(task, resource, name)
}

fn put(task: &Task, resource: &Resource, name: Vec<Part>) -> Option<Step> {
    let identity = identity(task)?;
    let version = version(resource);
    let properties = content(resource);
    let member = Value::map([
        ("name", Value::Text(name.clone())),
        ("properties", properties.clone()),
    ]);
    let mut path = vec![Part::Literal(format!(
        "{identity}/federatedIdentityCredentials/"
    ))];
    path.extend(name);
    path.push(Part::Literal(format!("?{version}")));
    Some(Step {
        check: Some(Check {
            read: list(&identity, version),
            expect: Expect::Member(member),
        }),
        ..step(
            task,
            Phase::Provide,
            Request::new(Service::Arm, Method::Put, "")
                .with_path(path)
                .body(Value::map([("properties", properties)])),
        )
    })
}

fn content(resource: &Resource) -> Value {
    let mut body = Map::new();
    let copy = |name: &str| resource.at(name).filter(|value| !value.is_empty()).cloned();
    for name in ["issuer", "subject"] {
        if let Some(value) = copy(name) {
            body.insert(name.to_owned(), value);
        }
    }
    if let Some(expression) = copy("claims_matching_expression") {
        let expression = Value::map([("value", expression), ("languageVersion", Value::int(1))]);
        body.insert("claimsMatchingExpression".into(), expression);
    }
    let audience = copy("audience").into_iter().collect();
    body.insert("audiences".into(), Value::List(audience));
    Value::Map(body)
}

pub fn delete(task: &Task, object: &Object) -> Option<Step> {
    let identity = identity(task)?;
    let name = &object.name;
    Some(Step {
        check: Some(Check {
            read: list(&identity, VERSION),
            expect: Expect::NoMember(Value::map([("name", name.as_str().into())])),
        }),
        ..step(
            task,
            Phase::Withdraw,
            Request::new(
                Service::Arm,
                Method::Delete,
                format!("{identity}/federatedIdentityCredentials/{name}?{VERSION}"),
            ),
        )
    })
}
