//! Reads, answers and requests of memberships.
//!
//! Source: Microsoft Graph, "Add members", "Remove member", "List servicePrincipal memberOf".

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{KIND, declared, groups, mark};
use crate::kinds::{Task, application, is_identity, managed_identity, role_assignment, step};
use crate::model::desired::Desired;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Part, Value};

/// What a group is remembered as.
pub const GROUP: &str = "group";

const SELECT: &str = "id,displayName,groupTypes,mailEnabled,securityEnabled,isAssignableToRole,onPremisesSyncEnabled";

/// A membership: the group's id, then the member's.
pub fn key(group: &str, principal: &str) -> Key {
    let id = format!("{group}/{principal}");
    Key::new(KIND, id.to_ascii_lowercase())
}

pub fn group(object: &Object) -> &str {
    object.key.id.split('/').next().unwrap_or_default()
}

pub fn principal(object: &Object) -> &str {
    object.key.id.rsplit('/').next().unwrap_or_default()
}

/// The groups that are named, and the groups of every identity that is to be in one, or that a tag says was put there.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let named = groups(desired).into_iter().map(|id| Read {
        kind: KIND,
        purpose: "group",
        request: Request::get(Service::Graph, format!("/groups/{id}?$select={SELECT}")),
        about: id.to_owned(),
    });
    let declaring: BTreeSet<Key> = desired
        .resources
        .values()
        .filter(|resource| is_identity(resource.kind()))
        .filter(|resource| declared(resource, desired).next().is_some())
        .filter_map(|resource| {
            let kind = crate::kinds::of(resource.kind())?;
            Some(kind.find(resource, None, live)?.key.clone())
        })
        .collect();
    let held = identities(live)
        .filter(|object| declaring.contains(&object.key) || mark::is_marked(object))
        .filter_map(|object| role_assignment::principal(object, live))
        .map(|principal| Read {
            kind: KIND,
            purpose: "held",
            request: Request::get(
                Service::Graph,
                format!("/servicePrincipals/{principal}/memberOf?$select=id,displayName"),
            ),
            about: principal,
        });
    named.chain(held).collect()
}

fn identities(live: &Live) -> impl Iterator<Item = &Object> {
    live.of_kind(managed_identity::KIND)
        .chain(application::all(live))
        .filter(|object| !object.deleted)
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    match (read.purpose, reply.status) {
        ("group", 200) => live.insert(group_object(&reply.body)),
        ("group", 404) => live.set_absent(GROUP, read.about.clone()),
        ("held", 200) => {
            let owner = identities(live).find(|object| {
                role_assignment::principal(object, live).as_deref() == Some(&read.about)
            });
            let owner = owner.map(|object| object.key.clone());
            for json in reply.body["value"].as_array().into_iter().flatten() {
                // Directory roles and administrative units are in the same list.
                if json["@odata.type"] == "#microsoft.graph.group" {
                    live.insert(membership(json, &read.about, owner.clone()));
                }
            }
        }
        _ => {}
    }
}

fn membership(json: &Json, principal: &str, parent: Option<Key>) -> Object {
    let text = |name: &str| json[name].as_str().unwrap_or_default();
    let id = text("id").to_ascii_lowercase();
    Object {
        key: key(&id, principal),
        parent,
        name: match text("displayName") {
            "" => id.clone(),
            name => name.to_owned(),
        },
        body: Map::from([(super::GROUP.to_owned(), id.into())]),
        outputs: Default::default(),
        alternates: Vec::new(),
        etag: None,
        deleted: false,
        confirmed: true,
    }
}

/// Why Graph takes no service principal into a group. Source: Microsoft Graph, "group resource type", "Group
/// membership in Microsoft Entra ID".
fn unfit(json: &Json) -> Option<&'static str> {
    let types = json["groupTypes"].as_array();
    let of = |wanted: &str| types.is_some_and(|types| types.iter().any(|one| one == wanted));
    if of("DynamicMembership") {
        Some("a rule decides who is in it")
    } else if of("Unified") {
        Some("it is a Microsoft 365 group")
    } else if json["onPremisesSyncEnabled"] == true {
        Some("it is synchronised from a directory on premises")
    } else if json["mailEnabled"] == true || json["securityEnabled"] == false {
        Some("it is a distribution list or a mail-enabled group")
    } else {
        None
    }
}

fn group_object(json: &Json) -> Object {
    let text = |name: &str| json[name].as_str().unwrap_or_default();
    let id = text("id").to_ascii_lowercase();
    let why = unfit(json).map(|why| ("unfit".to_owned(), why.to_owned()));
    Object {
        key: Key::new(GROUP, &id),
        parent: None,
        name: text("displayName").to_owned(),
        body: Map::from([(
            "role_assignable".to_owned(),
            Value::Bool(json["isAssignableToRole"] == true),
        )]),
        outputs: why.into_iter().collect(),
        alternates: vec![id],
        etag: None,
        deleted: false,
        confirmed: true,
    }
}

/// What a group is called, where it was read.
pub fn name<'a>(group: &str, live: &'a Live) -> Option<&'a str> {
    Some(live.find(GROUP, group)?.name.as_str())
}

pub fn is_role_assignable(group: &str, live: &Live) -> bool {
    let found = live.find(GROUP, group);
    found.is_some_and(|group| group.body["role_assignable"] == Value::Bool(true))
}

pub fn steps(task: &Task) -> Vec<Step> {
    match (task.action, task.object, task.resource) {
        (Action::Create, _, Some(resource)) => {
            let principal = resource.at("principal_id").cloned();
            let group = resource.text(super::GROUP);
            principal
                .zip(group)
                .and_then(|(principal, group)| create(task, group, principal))
                .into_iter()
                .collect()
        }
        (Action::Delete, Some(object), _) => {
            vec![take_out(task, group(object), principal(object))]
        }
        _ => Vec::new(),
    }
}

/// The member's side: a group may have very many members.
fn check(principal: Vec<Part>, expect: Expect) -> Check {
    let mut path = vec![Part::Literal("/servicePrincipals/".into())];
    path.extend(principal);
    path.push(Part::Literal("/memberOf?$select=id".into()));
    Check {
        read: Request::get(Service::Graph, "").with_path(path),
        expect,
    }
}

fn create(task: &Task, group: &str, principal: Value) -> Option<Step> {
    let Value::Text(principal) = principal else {
        return None;
    };
    let mut url = vec![Part::Literal(format!(
        "{}/v1.0/directoryObjects/",
        task.stack.cloud.graph()
    ))];
    url.extend(principal.iter().cloned());
    let expect = Expect::Member(Value::map([("id", Value::text(group))]));
    Some(Step {
        check: Some(check(principal, expect)),
        done_if: vec![Pattern::new(400, "added object references already exist")],
        ..step(
            task,
            Phase::Grant,
            Request::new(
                Service::Graph,
                Method::Post,
                format!("/groups/{group}/members/$ref"),
            )
            .body(Value::map([("@odata.id", Value::Text(url))])),
        )
    })
}

/// Takes a member out; that it was none is as good.
pub fn take_out(task: &Task, group: &str, principal: &str) -> Step {
    let expect = Expect::NoMember(Value::map([("id", Value::text(group))]));
    let path = format!("/groups/{group}/members/{principal}/$ref");
    Step {
        check: Some(check(vec![Part::Literal(principal.into())], expect)),
        done_if: vec![
            Pattern::new(400, "removed object references do not exist"),
            Pattern::new(404, "Request_ResourceNotFound"),
        ],
        ..step(
            task,
            Phase::Revoke,
            Request::new(Service::Graph, Method::Delete, path),
        )
    }
}
