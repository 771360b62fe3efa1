//! Reads, answers and requests of role assignments.
//!
//! Source: Azure/azure-rest-api-specs, Microsoft.Authorization 2022-04-01.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{KIND, roles};
use crate::kinds::codec::quoted;
use crate::kinds::managed_identity::{self, everywhere};
use crate::kinds::{Task, application, service_principal, step};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Value};

const VERSION: &str = "api-version=2022-04-01";

/// The assignments of a subscription that the stack names, and of another one that the login sees: a plan can do without
/// the latter.
const WITHIN: &str = "subscription";
pub(super) const ELSEWHERE: &str = "elsewhere";

/// What a role's definition is remembered as.
const ROLE: &str = "role_definition";

/// Whose an assignment is, as its name is made of it: known before the identity is there.
pub const HOLDER: &str = "holder";

/// The unique name of an application, or what it is found by; the id of a managed identity.
pub fn holder(parent: &Resource, stack: &Stack) -> String {
    let names = [
        "id",
        "unique_name",
        "existing.client_id",
        "existing.object_id",
        "existing.unique_name",
    ];
    let found = names.iter().find_map(|name| parent.text(name));
    let holder = found.map_or_else(|| parent.address.to_string(), str::to_ascii_lowercase);
    format!("{}\n{holder}", stack.name)
}

/// The scopes that the stack names.
pub fn scopes(desired: &Desired) -> BTreeSet<&str> {
    let all = desired.of_kind(KIND);
    all.filter_map(|resource| resource.text("scope")).collect()
}

/// The roles by name or id; each declared assignment by its name; and everything in a subscription that the stack names,
/// or that the login sees, once it is known who the stack's principals are: what is not declared any more shows only
/// there.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let mut reads = Vec::new();
    for resource in desired.of_kind(KIND) {
        reads.extend(role_read(resource));
        let name = role(resource, live).and_then(|role| name(resource, role));
        if let (Some(name), Some(scope)) = (name, resource.text("scope")) {
            let path = path(scope, &name);
            reads.push(Read {
                kind: KIND,
                purpose: "key",
                request: Request::get(Service::Arm, format!("{path}?{VERSION}")),
                about: path.to_ascii_lowercase(),
            });
        }
    }
    if settled(desired, live) {
        let named = subscriptions(desired);
        // Where nobody is yet, nobody holds a role.
        let anybody = live
            .of_kind(managed_identity::KIND)
            .chain(application::all(live))
            .any(|object| !object.deleted);
        let seen = everywhere::looked_through(live).filter(|id| anybody && !named.contains(*id));
        reads.extend(seen.map(|id| list(ELSEWHERE, id)));
        reads.extend(named.iter().map(|id| list(WITHIN, id)));
    }
    reads
}

/// The subscriptions that the stack names and whose assignments the login may not list.
pub fn hidden(desired: &Desired, live: &Live) -> Vec<String> {
    let named = subscriptions(desired).into_iter();
    let refused = |id: &String| live.answer(KIND, WITHIN, id) == Some(403);
    named.filter(refused).collect()
}

/// Everything that is assigned in a subscription.
fn list(purpose: &'static str, subscription: &str) -> Read {
    let path = format!(
        "/subscriptions/{subscription}/providers/Microsoft.Authorization/roleAssignments?{VERSION}"
    );
    Read {
        kind: KIND,
        purpose,
        request: Request::get(Service::Arm, path),
        about: subscription.to_owned(),
    }
}

/// Subscriptions of scopes and of identities that are ours, in lower case.
fn subscriptions(desired: &Desired) -> BTreeSet<String> {
    let scopes = scopes(desired).into_iter().filter_map(|scope| {
        let mut parts = scope.split('/').skip(1);
        let first = parts.next()?.eq_ignore_ascii_case("subscriptions");
        parts.next().filter(|_| first).map(str::to_ascii_lowercase)
    });
    let groups = managed_identity::groups(desired);
    scopes
        .chain(groups.into_iter().map(|(subscription, _)| subscription))
        .collect()
}

/// Whether every declared identity was found or is known to be absent.
fn settled(desired: &Desired, live: &Live) -> bool {
    let identities = desired.of_kind(managed_identity::KIND).all(|resource| {
        let id = resource.text("id").unwrap_or_default().to_ascii_lowercase();
        managed_identity::found(resource, live).is_some()
            || live.is_absent(managed_identity::KIND, &id)
    });
    let principal = |object: &Object| {
        let client_id = object.outputs.get("client_id").map_or("", String::as_str);
        live.answer(service_principal::KIND, "own", client_id)
            .is_some()
    };
    let declared = application::declared(desired).all(|it| application::is_looked_up(it, live));
    let mut applications = application::all(live).filter(|object| !object.deleted);
    let everywhere = everywhere::is_looked_through(live);
    identities && declared && everywhere && applications.all(principal)
}

fn role_read(resource: &Resource) -> Option<Read> {
    let scope = resource.text("scope")?;
    let at = format!("{scope}/providers/Microsoft.Authorization/roleDefinitions");
    let path = match resource.text("role_definition_id") {
        Some(id) => format!("{at}/{id}?{VERSION}"),
        None => {
            let name = quoted(resource.text("role_definition_name")?);
            format!("{at}?$filter=roleName eq '{name}'&{VERSION}")
        }
    };
    Some(Read {
        kind: KIND,
        purpose: "role",
        request: Request::get(Service::Arm, path),
        about: role_key(resource)?,
    })
}

/// A role at a scope, as [`Live`] knows it.
fn role_key(resource: &Resource) -> Option<String> {
    let id = resource.text("role_definition_id");
    let role = id.or_else(|| resource.text("role_definition_name"))?;
    Some(format!("{}\n{role}", resource.text("scope")?).to_ascii_lowercase())
}

/// The definition of a declared role.
pub fn role<'a>(resource: &Resource, live: &'a Live) -> Option<&'a Object> {
    live.find(ROLE, &role_key(resource)?)
}

/// Whether the role's definition was asked for.
pub fn is_looked_up(resource: &Resource, live: &Live) -> bool {
    role_key(resource).is_some_and(|key| live.answer(KIND, "role", &key).is_some())
}

/// Whether its scope was not found.
pub fn is_nowhere(resource: &Resource, live: &Live) -> bool {
    role_key(resource).is_some_and(|key| live.is_absent("scope", &key))
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    match (read.purpose, reply.status) {
        ("role", 200) => {
            let list = reply.body["value"].as_array();
            let definition = match list {
                Some(list) => list.first(),
                None => Some(&reply.body),
            };
            if let Some(definition) = definition {
                live.insert(role_object(&read.about, definition));
            }
        }
        ("role", 404) if !reply.error_code().starts_with("RoleDefinition") => {
            live.set_absent("scope", read.about.clone());
        }
        ("key", 200) => live.insert(object(&reply.body, live)),
        (WITHIN | ELSEWHERE, 200) => {
            for json in reply.body["value"].as_array().into_iter().flatten() {
                let object = object(json, live);
                // Everybody else's assignments are no concern of this stack.
                if object.parent.is_some() {
                    live.insert(object);
                }
            }
        }
        _ => {}
    }
}

fn role_object(about: &str, json: &Json) -> Object {
    let text = |pointer: &str| {
        let found = json.pointer(pointer).and_then(Json::as_str);
        found.unwrap_or_default().to_owned()
    };
    Object {
        outputs: [("id".to_owned(), text("/id"))].into(),
        alternates: vec![
            about.to_owned(),
            format!("id={}", roles::guid(&text("/id"))),
        ],
        ..Object::new(Key::new(ROLE, about), text("/properties/roleName"))
    }
}

fn object(json: &Json, live: &Live) -> Object {
    let text = |pointer: &str| {
        let found = json.pointer(pointer).and_then(Json::as_str);
        found.unwrap_or_default()
    };
    let id = text("/id").to_ascii_lowercase();
    let principal = text("/properties/principalId").to_ascii_lowercase();
    let role = roles::guid(text("/properties/roleDefinitionId"));
    let read = live.find(ROLE, &format!("id={role}"));
    let read = read.map(|definition| definition.name.as_str());
    let name = read.or_else(|| {
        let mut known = roles::built_in();
        known
            .find(|(known, _)| *known == role)
            .map(|(_, name)| name)
    });
    let name = name.map_or(Value::Null, Value::text);
    Object {
        parent: owner(&principal, live),
        body: Map::from([
            ("scope".to_owned(), text("/properties/scope").into()),
            ("role_definition_name".to_owned(), name),
            ("role_definition_id".to_owned(), role.into()),
            ("principal_id".to_owned(), principal.into()),
        ]),
        outputs: [("id".to_owned(), text("/id").to_owned())].into(),
        alternates: vec![id.clone()],
        ..Object::new(Key::new(KIND, id), text("/name").to_ascii_lowercase())
    }
}

/// The identity behind a principal.
fn owner(principal_id: &str, live: &Live) -> Option<Key> {
    live.of_kind(managed_identity::KIND)
        .chain(application::all(live))
        .filter(|object| !object.deleted)
        .find(|object| {
            principal(object, live).is_some_and(|id| id.eq_ignore_ascii_case(principal_id))
        })
        .map(|object| object.key.clone())
}

/// The object id of an identity's service principal.
pub fn principal(identity: &Object, live: &Live) -> Option<String> {
    match identity.key.kind {
        managed_identity::KIND => identity.outputs.get("principal_id").cloned(),
        _ => service_principal::of_application(identity, live)
            .map(|principal| principal.key.id.clone()),
    }
}

/// The assignment under our name; else one that says the same.
pub fn find<'a>(
    resource: &Resource,
    parent: Option<&Object>,
    live: &'a Live,
) -> Option<&'a Object> {
    let role = role(resource, live)?;
    let scope = resource.text("scope")?;
    let own = path(scope, &name(resource, role)?).to_ascii_lowercase();
    let guid = roles::guid(&role.outputs["id"]);
    live.find(KIND, &own).or_else(|| {
        let text = |object: &'a Object, name: &str| object.body.get(name)?.as_str();
        live.children(&parent?.key, KIND).find(|object| {
            text(object, "scope").is_some_and(|there| there.eq_ignore_ascii_case(scope))
                && text(object, "role_definition_id") == Some(&guid)
        })
    })
}

/// A UUID of version 5, for ever the same for stack, identity, scope and role.
fn uuid(holder: &str, scope: &str, role: &str) -> String {
    // Made once for this use.
    const NAMESPACE: uuid::Uuid = uuid::uuid!("6a2c1f0e-5d0b-4f7e-9a53-3c1b7f0f6d2e");
    let text = format!("v1\n{holder}\n{}\n{role}", scope.to_ascii_lowercase());
    uuid::Uuid::new_v5(&NAMESPACE, text.as_bytes()).to_string()
}

/// The name of a declared assignment.
pub fn name(resource: &Resource, role: &Object) -> Option<String> {
    let holder = resource.text(HOLDER)?;
    let role = roles::guid(&role.outputs["id"]);
    Some(uuid(holder, resource.text("scope")?, &role))
}

/// Whether the name of an assignment shows that this stack made it for this identity.
pub fn proven(object: &Object, owner: &Resource, stack: &Stack) -> bool {
    let text = |name: &str| {
        object
            .body
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    object.name
        == uuid(
            &holder(owner, stack),
            text("scope"),
            text("role_definition_id"),
        )
}

fn path(scope: &str, name: &str) -> String {
    format!("{scope}/providers/Microsoft.Authorization/roleAssignments/{name}")
}

pub fn steps(task: &Task) -> Vec<Step> {
    match (task.action, task.object, task.resource) {
        (Action::Create, _, Some(resource)) => create(task, resource).into_iter().collect(),
        // The name is held by the assignment of a principal that is gone: Azure changes no assignment.
        (Action::Update, Some(object), Some(resource)) => {
            let gone = Step {
                check: None,
                phase: Phase::Grant,
                ..delete(task, object)
            };
            std::iter::once(gone)
                .chain(create(task, resource))
                .collect()
        }
        (Action::Delete, Some(object), _) => vec![delete(task, object)],
        _ => Vec::new(),
    }
}

fn create(task: &Task, resource: &Resource) -> Option<Step> {
    let path = path(resource.text("scope")?, resource.text("name")?);
    let path = format!("{path}?{VERSION}");
    let principal = resource.at("principal_id")?.clone();
    let members = [
        ("roleDefinitionId", resource.at("role")?.clone()),
        ("principalId", principal.clone()),
        ("principalType", "ServicePrincipal".into()),
    ];
    let body = Value::map([("properties", Value::map(members))]);
    let expected = Value::map([("properties", Value::map([("principalId", principal)]))]);
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Present(expected),
        }),
        retry_if: vec![Pattern::new(400, "PrincipalNotFound")],
        ..step(
            task,
            Phase::Grant,
            Request::new(Service::Arm, Method::Put, path).body(body),
        )
    })
}

fn delete(task: &Task, object: &Object) -> Step {
    let path = format!("{}?{VERSION}", object.outputs["id"]);
    Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Absent,
        }),
        ..step(
            task,
            Phase::Revoke,
            Request::new(Service::Arm, Method::Delete, path),
        )
    }
}
