//! Reads and answers of federated credentials, and whose one is. Those of an application are Graph's, those of a managed
//! identity Resource Manager's: [`graph`] and [`arm`] know how each is asked.

use serde_json::Value as Json;

use super::mark::{proven, take_mark};
use super::{KIND, arm, fields, graph, same_content};
use crate::exchange::expression::Expression;
use crate::exchange::trust::{Matcher, Trust};
use crate::kinds::application::Form;
use crate::kinds::{Claim, Scene, Task, application, codec, is_existing, managed_identity};
use crate::model::desired::{Desired, Resource};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::step::{Reply, Step};
use crate::model::value::{Map, Text, Value};

/// The credentials of each application that was found, unless its list came with them, and of each managed identity.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let mut reads: Vec<Read> = application::all(live)
        .filter(|object| !object.deleted)
        .filter(|object| !is_listed(&object.key.id, live))
        .map(|object| list(&object.key))
        .collect();
    for identity in managed_identity::concerned(desired, live) {
        reads.push(list(&identity.key));
        if arm::hides(&identity.key, live) {
            reads.push(Read {
                purpose: EXPRESSIONS,
                request: arm::list(&identity.key.id, arm::PREVIEW),
                ..list(&identity.key)
            });
        }
    }
    reads
}

/// Recorded for credentials that came with a list of applications.
const LISTED: &str = "listed";

/// A second list of an identity's credentials, with the expressions that the stable API hides.
pub(super) const EXPRESSIONS: &str = "expressions";

/// The list of an identity that no stack may have declared; a plan can do without.
pub(super) const ELSEWHERE: &str = "elsewhere";

/// The read that shows the credentials of an identity of the tenant, unless they were read already.
pub fn list_elsewhere(identity: &Key, live: &Live) -> Option<Read> {
    (!is_listed(&identity.id, live)).then(|| Read {
        purpose: ELSEWHERE,
        ..list(identity)
    })
}

/// Whether all credentials of a parent were read.
pub fn is_listed(parent: &str, live: &Live) -> bool {
    live.answer(KIND, LISTED, parent).is_some()
}

/// All credentials of an application or a managed identity.
pub fn list(parent: &Key) -> Read {
    let request = match parent.kind {
        managed_identity::KIND => arm::list(&parent.id, managed_identity::VERSION),
        _ => graph::list(parent),
    };
    Read {
        kind: KIND,
        purpose: "list",
        request,
        about: parent.id.clone(),
    }
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    if reply.status != 200 {
        return;
    }
    // Only an id in Azure begins so.
    if read.about.starts_with('/') {
        let parent = Key::new(managed_identity::KIND, &read.about);
        take_list(&parent, &arm::plain(&reply.body["value"]), true, live);
    } else {
        let by_id = format!("id={}", read.about);
        let Some(parent) = application::find(live, &by_id).map(|parent| parent.key.clone()) else {
            return;
        };
        take_list(&parent, &reply.body["value"], true, live);
    }
}

/// Takes in all credentials of a parent. What a list by key said is not overruled by a list of everything.
pub fn take_list(parent: &Key, credentials: &Json, confirmed: bool, live: &mut Live) {
    let listed = Read {
        purpose: LISTED,
        ..list(parent)
    };
    if !confirmed && is_listed(&parent.id, live) {
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
        parent: Some(parent.clone()),
        body,
        outputs: [("id", text("id")), ("name", text("name"))]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        confirmed,
        ..Object::new(
            Key::new(KIND, format!("{}/{}", parent.id, text("id"))),
            text("name"),
        )
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
    let ours = if is_existing(owner) {
        proven(object, stack)
    } else {
        take_mark(object, stack).body["marked"] == Value::Bool(true)
    };
    if ours {
        return Claim::Ours;
    }
    if scene.destroy {
        // It goes with the application; under somebody else's it is not ours to touch.
        return if is_existing(owner) {
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
            "keeps the credential `{}`, which nobody declared: {} may act as this {}",
            object.name,
            who(object),
            noun(owner)
        ),
    )
    .about(&owner.address)
}

fn noun(owner: &Resource) -> &'static str {
    match owner.kind() {
        managed_identity::KIND => "managed identity",
        kind => Form::of(kind).map_or("application", |form| form.noun),
    }
}

fn who(object: &Object) -> String {
    let who = trust(&object.body).map(|trust| crate::exchange::subject::describe(&trust));
    who.unwrap_or_else(|| "somebody".to_owned())
}

fn reported(object: &Object, owner: &Resource) -> Diagnostic {
    let help = if is_existing(owner) {
        "declare it, or accept it with `unmanaged_credentials = \"keep\"`"
    } else {
        "declare it, remove it with `unmanaged_credentials = \"delete\"`, or accept it with `\"keep\"`"
    };
    Diagnostic::warning(
        "undeclared-credential",
        format!(
            "nobody declared the credential `{}`: {} may act as this {}",
            object.name,
            who(object),
            noun(owner)
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

/// The trust of a credential that is declared. What only an apply will know stands for itself, as in
/// `${managed_identity.x.principal_id}`: nothing that is there is equal to it, so that it counts as new.
pub fn declared_trust(body: &Map) -> Option<Trust> {
    let spelled = body.iter().map(|(name, value)| {
        let value = match value {
            Value::Text(parts) => Value::text(Text(parts).to_string()),
            other => other.clone(),
        };
        (name.clone(), value)
    });
    trust(&spelled.collect())
}

/// Writes a credential that reads show as it is declared: what made it makes it once more if it is gone. In Azure it may
/// have been made under another name; in Graph the service says that the same is there.
pub fn again(task: &Task) -> Option<Step> {
    let (resource, object) = task.resource.zip(task.object)?;
    match in_azure(task)? {
        true => arm::update(task, object, resource),
        false => graph::create(task, resource),
    }
}

/// Whether a credential is one of a managed identity.
fn in_azure(task: &Task) -> Option<bool> {
    let owner = task
        .owner
        .map(|owner| owner.kind() == managed_identity::KIND);
    let parent = |parent: &Object| parent.key.kind == managed_identity::KIND;
    owner.or(task.parent.map(parent))
}

pub fn steps(task: &Task) -> Vec<Step> {
    let Some(identity) = in_azure(task) else {
        return Vec::new();
    };
    let step = match (task.action, task.object, task.resource) {
        (Action::Create, _, Some(resource)) if identity => arm::create(task, resource),
        (Action::Create, _, Some(resource)) => graph::create(task, resource),
        (Action::Update, Some(object), Some(resource)) if identity => {
            arm::update(task, object, resource)
        }
        (Action::Update, Some(object), resource) if !identity => {
            graph::update(task, object, resource)
        }
        (Action::Delete, Some(object), _) if identity => arm::delete(task, object),
        (Action::Delete, Some(object), _) => graph::delete(task, object),
        _ => None,
    };
    step.into_iter().collect()
}
