//! `secret`: a password or certificate of an application or agent identity blueprint, or a password of a service principal.
//! Nothing declares one; the fix plan of an audit removes it, and a policy that says so.
//!
//! Sources: Microsoft Graph, "application: removePassword", "servicePrincipal: removePassword", "Update application". `removeKey` wants a proof that is
//! signed with a key of the application, which only its holder has: a certificate goes as `az ad app credential delete
//! --cert` does it, by writing the list of those that stay.

mod signing;

pub use signing::{Mark, signs};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Kind, Task, agent_identity_blueprint, application, service_principal, step};
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::policy::Policy;
use crate::model::schema::{Field, Shape};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Value};

pub const KIND: &str = "secret";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "A password or certificate of an application or agent identity blueprint, or a password of a service principal. It cannot be declared; `audit --fix-plan` plans its removal, and `policy { leftover_secrets = \"remove\" }` plans it beside federated credentials.",
    parents: &[
        application::KIND,
        agent_identity_blueprint::KIND,
        service_principal::KIND,
    ],
    implied: true,
    fields: &[
        Field::string("key_id", "The id by which it is removed.").computed(),
        Field::string("type", "`password` or `certificate`.").computed(),
        Field::string("display_name", "What it was called when it was made.").computed(),
        Field::string("end", "When it is over.").computed(),
    ],
    groups: &[],
    outputs: &[],
};

const PASSWORDS: &str = "passwordCredentials";
const KEYS: &str = "keyCredentials";
/// How people sign in to what a service principal stands for.
const SIGN_IN: &str = "preferredSingleSignOnMode";
/// In the body of a certificate: all of it as Graph shows it, which holds nothing private.
const WIRE: &str = "wire";

pub struct Secret;

impl Kind for Secret {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    /// Only where a plan is about secrets, or the policy is: no other one asks for them.
    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        let applications = application::declared(desired);
        let watched = applications.filter(|it| is_watched(it, &desired.policy));
        let principals = desired.of_kind(service_principal::KIND).filter(|it| {
            let owner = desired.parent(it);
            owner.is_some_and(|owner| {
                application::is_one(owner.kind()) && is_watched(owner, &desired.policy)
            })
        });
        desired
            .of_kind(KIND)
            .filter_map(|resource| desired.parent(resource))
            .chain(watched)
            .chain(principals)
            .filter_map(|holder| found(holder, desired, live))
            .filter(|parent| !parent.deleted)
            .map(|parent| list(&parent.key))
            .collect()
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        if reply.status != 200 {
            return;
        }
        let kind = read.purpose;
        let parent = Key::new(kind, &read.about);
        live.remove_children(&parent, KIND);
        let all = |list: &str| reply.body[list].as_array().into_iter().flatten();
        let keys: Vec<Mark<_>> = all(KEYS).map(mark).collect();
        let saml = reply.body[SIGN_IN] == "saml";
        let lets_in = |one: &serde_json::Value| match kind {
            service_principal::KIND => !signs(&mark(one), &keys, saml),
            _ => true,
        };
        for (list, kind) in [(PASSWORDS, "password"), (KEYS, "certificate")] {
            for json in all(list).filter(|one| lets_in(one)) {
                live.insert(object(&parent, kind, json));
            }
        }
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        let id = resource.text("key_id")?;
        live.children(&parent?.key, KIND)
            .find(|object| text(object, "key_id") == id)
    }

    /// Certificates that `live` holds beside this one stay.
    fn steps(&self, task: &Task) -> Vec<Step> {
        match (task.action, task.object, task.parent) {
            (Action::Delete, Some(object), Some(parent)) => {
                vec![match text(object, "type") {
                    "password" => remove(task, object, parent),
                    _ => keep_others(task, object, parent),
                }]
            }
            _ => Vec::new(),
        }
    }
}

fn mark(json: &serde_json::Value) -> Mark<'_, Option<&str>> {
    Mark {
        key_id: json["keyId"].as_str().unwrap_or_default(),
        usage: json["usage"].as_str(),
        end: json["endDateTime"].as_str(),
    }
}

/// Whether a policy looks at the secrets of an application and its service principal. On one that somebody else manages they are not ours to judge.
pub fn is_watched(application: &Resource, policy: &Policy) -> bool {
    policy.leftover_secrets.is_some() && !super::is_existing(application)
}

/// An application, or a service principal by itself or as that of an application.
fn found<'a>(resource: &Resource, desired: &Desired, live: &'a Live) -> Option<&'a Object> {
    let owner = match desired.parent(resource) {
        Some(owner) => Some(found(owner, desired, live)?),
        None => None,
    };
    super::of(resource.kind())?.find(resource, owner, live)
}

/// The passwords and certificates of an application or service principal, of whose kind the purpose says.
fn list(parent: &Key) -> Read {
    let more = match parent.kind {
        service_principal::KIND => format!(",{SIGN_IN}"),
        _ => String::new(),
    };
    let path = format!("{}?$select=id,{PASSWORDS},{KEYS}{more}", path(parent));
    Read {
        kind: KIND,
        purpose: parent.kind,
        request: Request::get(service(parent), path),
        about: parent.id.clone(),
    }
}

fn path(parent: &Key) -> String {
    let set = match parent.kind {
        service_principal::KIND => "servicePrincipals",
        _ => "applications",
    };
    format!("/{set}/{}", parent.id)
}

/// Where the holder is known to every service.
fn service(parent: &Key) -> Service {
    application::Form::of(parent.kind).map_or(Service::Graph, |form| form.reads)
}

fn object(parent: &Key, kind: &str, json: &serde_json::Value) -> Object {
    let of = |name: &str| json[name].as_str().unwrap_or_default();
    let mut body = Map::from([
        ("key_id".to_owned(), of("keyId").into()),
        ("type".to_owned(), kind.into()),
        ("display_name".to_owned(), of("displayName").into()),
        ("end".to_owned(), of("endDateTime").into()),
    ]);
    if kind == "certificate" {
        body.insert(WIRE.to_owned(), Value::from_json(json));
    }
    Object {
        parent: Some(parent.clone()),
        body,
        ..Object::new(
            Key::new(KIND, format!("{}/{kind}/{}", parent.id, of("keyId"))),
            of("displayName"),
        )
    }
}

fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    let value = object.body.get(name).and_then(Value::as_str);
    value.unwrap_or_default()
}

/// Whether it is over. Whoever does not know the time does not know of an end.
pub fn is_over(object: &Object, now: Option<OffsetDateTime>) -> bool {
    let end = OffsetDateTime::parse(text(object, "end"), &Rfc3339).ok();
    end.zip(now).is_some_and(|(end, now)| end <= now)
}

/// In a few words: ``password `ci` until 2027-03-01``.
pub fn describe(object: &Object) -> String {
    let name = match object.name.as_str() {
        "" => String::new(),
        name => format!(" `{name}`"),
    };
    let until = match text(object, "end").split('T').next() {
        None | Some("") => String::new(),
        Some(day) => format!(" until {day}"),
    };
    format!("{}{name}{until}", text(object, "type"))
}

fn remove(task: &Task, object: &Object, parent: &Object) -> Step {
    let key_id = Value::map([("keyId", text(object, "key_id").into())]);
    let path = format!("{}/removePassword", path(&parent.key));
    Step {
        check: Some(gone(parent, PASSWORDS, key_id.clone())),
        done_if: vec![
            Pattern::new(400, "No credentials found to be removed"),
            Pattern::new(404, "Request_ResourceNotFound"),
        ],
        ..step(
            task,
            Phase::Withdraw,
            Request::new(service(&parent.key), Method::Post, path).body(key_id),
        )
    }
}

fn keep_others(task: &Task, object: &Object, parent: &Object) -> Step {
    let others = task
        .live
        .children(&parent.key, KIND)
        .filter(|other| other.key != object.key)
        .filter_map(|other| other.body.get(WIRE).cloned());
    let body = Value::map([(KEYS, Value::List(others.collect()))]);
    let key_id = Value::map([("keyId", text(object, "key_id").into())]);
    let holder = path(&parent.key);
    Step {
        check: Some(gone(parent, KEYS, key_id)),
        done_if: vec![Pattern::new(404, "Request_ResourceNotFound")],
        ..step(
            task,
            Phase::Withdraw,
            Request::new(service(&parent.key), Method::Patch, holder).body(body),
        )
    }
}

fn gone(parent: &Object, of: &'static str, member: Value) -> Check {
    Check {
        read: list(&parent.key).request,
        expect: Expect::Lacks(of, member),
    }
}
