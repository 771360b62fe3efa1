//! Reads of applications, and their answers.
//!
//! Source: Microsoft Graph, "List applications", "Get application", "List deleted items".

use serde_json::Value as Json;

use super::{Form, KIND, entitlements, mark, optional_claims, permissions};
use crate::kinds::codec::{self, key};
use crate::kinds::federated_credential;
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Key, Live, Object, Read};
use crate::model::step::{Reply, Request, Service};
use crate::model::value::Value;

/// Every property that is compared.
pub const SELECT: &str = "id,appId,uniqueName,displayName,description,notes,serviceManagementReference,signInAudience,\
identifierUris,tags,groupMembershipClaims,web,spa,publicClient,api,info,isFallbackPublicClient,\
isDeviceOnlyAuthSupported,requiredResourceAccess,appRoles,optionalClaims";

/// One list of everything that carries the stack's mark, of whatever type; none once it was answered.
fn lists(desired: &Desired, live: &Live) -> Vec<Read> {
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
    match live.answer(KIND, "ours", stack) {
        None => vec![list("ours", "&$expand=federatedIdentityCredentials")],
        // Whether lists may expand credentials is not documented: without it they are read by key.
        Some(400..) if live.answer(KIND, "ours-plain", stack).is_none() => {
            vec![list("ours-plain", "")]
        }
        Some(_) => Vec::new(),
    }
}

/// First the list; then, by key, what it did not show; then the recycle bin, once something is missing.
pub fn reads_as(form: &Form, desired: &Desired, live: &Live) -> Vec<Read> {
    let kind = form.kind;
    let mut reads = lists(desired, live);
    if !reads.is_empty() {
        return match kind {
            KIND => reads,
            _ => Vec::new(),
        };
    }
    let mut missing = false;
    for resource in desired.of_kind(kind) {
        let Some(alternate) = alternate(resource) else {
            continue;
        };
        if live
            .find(kind, &alternate)
            .is_none_or(|object| object.deleted)
        {
            reads.push(by_key(form, &alternate));
        }
        missing |= live.is_absent(kind, &alternate) && !super::is_adopted(resource);
    }
    if missing {
        reads.push(Read {
            kind,
            purpose: "deleted",
            request: Request::get(
                form.reads,
                format!(
                    "/directory/deletedItems/{}?$select={}&$top=999",
                    form.odata_type, form.select
                ),
            ),
            about: String::new(),
        });
    }
    for resource in desired.of_kind(kind) {
        let declared = form.people.iter();
        for relation in declared.filter(|relation| resource.body.contains_key(**relation)) {
            if let Some(object) = alternate(resource).and_then(|at| live.find(kind, &at)) {
                reads.push(people(form, relation, &object.key.id));
            }
        }
    }
    reads
}

/// The application and everything that hangs on it, by key.
pub fn confirm(object: &Object) -> Vec<Read> {
    let Some(form) = Form::of(object.key.kind) else {
        return Vec::new();
    };
    object
        .alternates
        .first()
        .map(|alternate| by_key(form, alternate))
        .into_iter()
        .chain([federated_credential::list(&object.key)])
        .collect()
}

fn by_key(form: &Form, alternate: &str) -> Read {
    let path = form.path(&match alternate.strip_prefix("id=") {
        Some(id) => format!("/applications/{id}"),
        None => format!("/applications({alternate})"),
    });
    Read {
        kind: form.kind,
        purpose: "key",
        request: Request::get(form.reads, format!("{path}?$select={}", form.select)),
        about: alternate.to_owned(),
    }
}

fn people(form: &Form, relation: &'static str, id: &str) -> Read {
    let object = form.path(&format!("/applications/{id}"));
    Read {
        kind: form.kind,
        purpose: relation,
        request: Request::get(
            form.reads,
            format!("{object}/{relation}?$select=id&$top=999"),
        ),
        about: id.to_owned(),
    }
}

/// The read of an application's owners.
pub fn owners(object: &Object) -> Option<Read> {
    Some(people(Form::of(object.key.kind)?, "owners", &object.key.id))
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

/// Whether it is known if what a resource describes is there.
pub fn is_looked_up(resource: &Resource, live: &Live) -> bool {
    let Some((form, alternate)) = Form::of(resource.kind()).zip(alternate(resource)) else {
        return true;
    };
    live.find(form.kind, &alternate).is_some() || live.is_absent(form.kind, &alternate)
}

pub fn decode_as(form: &'static Form, read: &Read, reply: &Reply, live: &mut Live) {
    let kind = form.kind;
    match (read.purpose, reply.status) {
        ("key", 404) => {
            if let Some(key) = live
                .find(kind, &read.about)
                .map(|object| object.key.clone())
            {
                live.remove(&key);
            }
            live.set_absent(kind, &read.about);
        }
        ("key", 200) if !is_of(form, &reply.body) => live.set_absent(kind, &read.about),
        ("key", 200) => {
            let mut object = object(form, &reply.body, false, true);
            // Whom the object is related to was read by requests of their own.
            let before = live.get(&object.key).map(|before| &before.body);
            let people = form.people.iter();
            let people = people.filter_map(|it| before?.get_key_value(*it));
            object
                .body
                .extend(people.map(|(name, ids)| (name.clone(), ids.clone())));
            live.insert(object);
        }
        (relation, 200) if form.people.contains(&relation) => {
            let ids = reply.body["value"].as_array().into_iter().flatten();
            let people = Value::texts(ids.filter_map(|one| one["id"].as_str()));
            if let Some(mut object) = live.get(&Key::new(kind, &read.about)).cloned() {
                object.body.insert(relation.into(), people);
                live.insert(object);
            }
        }
        ("ours" | "ours-plain" | "deleted", 200) => {
            let listed = reply.body["value"].as_array().into_iter().flatten();
            for json in listed {
                let form = match read.purpose {
                    "deleted" if !is_of(form, json) => continue,
                    "deleted" => form,
                    _ => Form::said(json),
                };
                let deleted = read.purpose == "deleted";
                let object = object(form, json, deleted, deleted);
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

/// Whether an answer is about this type: what derives from applications says so.
fn is_of(form: &Form, json: &Json) -> bool {
    json["@odata.type"].is_null() || Form::said(json).kind == form.kind
}

fn object(form: &Form, json: &Json, deleted: bool, confirmed: bool) -> Object {
    let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let (id, app_id, unique_name) = (text("id"), text("appId"), text("uniqueName"));
    let mut body = codec::decode(form.shape.fields, json);
    body.insert(
        "required_resource_access".into(),
        permissions::decode(&json["requiredResourceAccess"]),
    );
    body.insert(
        "group_membership_claims".into(),
        claims_set(&json["groupMembershipClaims"]),
    );
    entitlements::decode(&mut body, json);
    body.insert(
        optional_claims::CLAIMS.into(),
        optional_claims::decode(&json["optionalClaims"]),
    );
    let mut alternates = vec![format!("id={id}"), key("appId", &app_id)];
    if !unique_name.is_empty() {
        alternates.insert(0, key("uniqueName", &unique_name));
    }
    Object {
        body,
        outputs: [
            ("client_id", app_id),
            ("object_id", id.clone()),
            ("id", id.clone()),
            ("unique_name", unique_name),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
        alternates,
        deleted,
        confirmed,
        ..Object::new(Key::new(form.kind, &id), text("displayName"))
    }
}

/// Graph keeps the set as one text with commas.
fn claims_set(json: &Json) -> Value {
    let words = json.as_str().unwrap_or_default().split(',').map(str::trim);
    Value::texts(words.filter(|word| !word.is_empty() && *word != "None"))
}
