//! Reads of applications, and their answers.
//!
//! Source: Microsoft Graph, "List applications", "Get application", "List deleted items".

use serde_json::Value as Json;

use super::{KIND, entitlements, fields, mark, optional_claims, permissions};
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
    if object.key.kind != KIND {
        return Vec::new();
    }
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
