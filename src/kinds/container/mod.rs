//! `container`: the container that an issuer's documents stand in, readable by anyone. It comes with `oidc_issuer` and
//! `manage = "container"` or `"account"`.
//!
//! Entra logins cannot change a container's access level at Blob Storage itself: this goes through Resource Manager.
//! Its metadata proves it ours. It goes with `destroy` only, and never while it holds a blob that is not of this stack.

pub mod emulator;

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::managed_identity::mark;
use super::storage_account::{self, VERSION, refused_for_now};
use super::{Kind, Scene, Task, codec, document, oidc_issuer, step};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::schema::{Field, Shape};
use crate::model::step::{Check, Expect, Method, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Value};

pub const KIND: &str = "container";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "The container of an issuer, made through Azure Resource Manager. It comes with `oidc_issuer` and `manage = \"container\"` or `\"account\"`.",
    parents: &[oidc_issuer::KIND, storage_account::KIND],
    implied: true,
    fields: &[Field::string(
        "public_access",
        "What anyone may read: `Blob` is each document, but not their list.",
    )
    .wire("/properties/publicAccess")
    .computed()],
    groups: &[],
    outputs: &[],
};

/// Where an object keeps our mark and the names of what is in it.
const MARK: &str = "mark";
const BLOBS: &str = "blobs";

pub struct Container;

impl Kind for Container {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    /// What is in an account that is not there needs no reading.
    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        let mut reads = Vec::new();
        let declared = desired.of_kind(KIND).filter_map(|resource| {
            let account = resource.text("account_id")?;
            storage_account::found(account, live)?;
            Some(resource.text("id")?.to_owned())
        });
        for id in declared.chain(storage_account::containers_of_leftovers(desired, live)) {
            let id = id.as_str();
            let read = |purpose, request| Read {
                kind: KIND,
                purpose,
                request,
                about: id.to_ascii_lowercase(),
            };
            reads.push(read(
                "key",
                Request::get(Service::Arm, format!("{id}?{VERSION}")),
            ));
            if let Some((account, name)) = found(id, live).and_then(|object| place(&object.key.id))
            {
                let list = format!("/{account}/{name}?comp=list");
                reads.push(read("blobs", Request::get(Service::Blob, list)));
            }
        }
        reads
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        match (read.purpose, reply.status) {
            ("key", 200) => live.insert(object(&read.about, &reply.body)),
            ("key", 404) => live.set_absent(KIND, read.about.clone()),
            ("blobs", 200) => {
                let names = reply.body["names"].as_array().into_iter().flatten();
                let names = names.filter_map(Json::as_str).map(Value::text).collect();
                if let Some(mut object) = live.get(&Key::new(KIND, &read.about)).cloned() {
                    object.body.insert(BLOBS.to_owned(), Value::List(names));
                    live.insert(object);
                }
            }
            _ => {}
        }
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        _parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        found(resource.text("id")?, live)
    }

    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        if !scene.destroy {
            if is_web(resource) {
                return Vec::new();
            }
            let refused = no_account(resource, scene).or_else(|| foreign(resource, scene));
            return refused.into_iter().collect();
        }
        let stays = scene
            .object
            .and_then(|object| stays(object, scene.live, &scene.desired.stack));
        let said = stays.map(|why| {
            Diagnostic::note("stays", format!("the container stays: {why}"))
                .about(&resource.address)
        });
        said.into_iter().collect()
    }

    fn review(&self, desired: &Desired) -> Vec<Diagnostic> {
        twice(desired, KIND, "container")
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        // A website's container comes and goes with the website.
        if task.resource.is_some_and(is_web) {
            return Vec::new();
        }
        let step = match (task.action, task.object, task.resource) {
            (Action::Create, _, Some(resource)) => put(task, resource, Method::Put),
            (Action::Update, Some(_), Some(resource)) => put(task, resource, Method::Patch),
            (Action::Delete, Some(object), _) => delete(task, object),
            _ => None,
        };
        step.into_iter().collect()
    }
}

/// Issuers that share a container or an account: one of them makes it.
pub fn twice(desired: &Desired, kind: &'static str, what: &str) -> Vec<Diagnostic> {
    let mut seen: BTreeMap<String, &Resource> = BTreeMap::new();
    let mut said = Vec::new();
    for resource in desired.of_kind(kind) {
        let id = resource.text("id").unwrap_or_default().to_ascii_lowercase();
        if let Some(first) = seen.insert(id, resource) {
            said.push(
                Diagnostic::error("made-twice", format!("this {what} is made by two issuers"))
                    .about(&resource.address)
                    .at(resource.origin, "makes it again")
                    .see(first.origin, "makes it")
                    .help("let one issuer make it; the others publish in it with `manage = \"documents\"` and a `path` or `container` of their own"),
            );
        }
    }
    said
}

/// The resource id that a container of an account has, or will have.
pub fn id(account_id: &str, name: &str) -> String {
    format!("{account_id}/blobServices/default/containers/{name}")
}

/// The container with this id.
pub fn found<'a>(id: &str, live: &'a Live) -> Option<&'a Object> {
    live.find(KIND, &id.to_ascii_lowercase())
}

/// Whether it is the container of a static website.
fn is_web(resource: &Resource) -> bool {
    resource.text("name") == Some("$web")
}

/// The ids of the accounts that the stack's containers are in.
pub fn accounts(desired: &Desired) -> impl Iterator<Item = &str> {
    desired
        .of_kind(KIND)
        .filter_map(|resource| resource.text("account_id"))
}

/// Why a container is not deleted; none where it may be.
pub fn stays(object: &Object, live: &Live, stack: &Stack) -> Option<String> {
    let mark = object.body.get(MARK).and_then(Value::as_str);
    let account = object.key.id.split("/blobservices/").next()?;
    let account = storage_account::found(account, live);
    let website = object.key.id.ends_with("/$web")
        && account.is_some_and(|account| storage_account::is_ours(account, stack));
    if !website && mark != Some(&mark::value(&stack.name, &object.key.id)) {
        return Some("it does not belong to this stack".to_owned());
    }
    if account.is_some_and(storage_account::is_locked) {
        return Some("a lock forbids to delete what is in its account; apply with `delete_lock = false` first".to_owned());
    }
    let (Some(holds), Some((account, name))) = (object.body.get(BLOBS), place(&object.key.id))
    else {
        return Some("what is in it could not be listed: plan again later".to_owned());
    };
    let ours = |blob: &str| {
        let path = document::path(&account, &name, blob);
        let there = live.get(&Key::new(document::KIND, path));
        let written = there.and_then(|document| document.body.get("stack")?.as_str());
        written == Some(&stack.name)
    };
    let mut blobs = holds.items().filter_map(Value::as_str);
    let other = blobs.find(|blob| !ours(blob))?;
    Some(format!("it holds `{other}`, which is not of this stack"))
}

/// The paths of the blobs in a container, as far as they were listed.
pub fn blobs(id: &str, live: &Live) -> Vec<String> {
    let found = found(id, live).and_then(|object| Some((object.body.get(BLOBS)?, place(id)?)));
    let Some((holds, (account, name))) = found else {
        return Vec::new();
    };
    let blobs = holds.items().filter_map(Value::as_str);
    blobs
        .map(|blob| document::path(&account, &name, blob))
        .collect()
}

/// Account and container of an id, as a blob's path names them.
fn place(id: &str) -> Option<(String, String)> {
    let (_, rest) = id.split_once("/storageaccounts/")?;
    let (account, rest) = rest.split_once('/')?;
    Some((account.to_owned(), rest.rsplit('/').next()?.to_owned()))
}

fn object(id: &str, json: &Json) -> Object {
    let mut body = codec::decode(SHAPE.fields, json);
    // The services differ in how they write metadata's names.
    let metadata = json
        .pointer("/properties/metadata")
        .and_then(Json::as_object);
    let mut metadata = metadata.into_iter().flatten();
    let mark = metadata.find(|(name, _)| name.eq_ignore_ascii_case(mark::NAME));
    if let Some(mark) = mark.and_then(|(_, value)| value.as_str()) {
        body.insert(MARK.to_owned(), mark.into());
    }
    Object {
        body,
        alternates: vec![id.to_owned()],
        ..Object::new(
            Key::new(KIND, id),
            json["name"].as_str().unwrap_or_default(),
        )
    }
}

/// A container is made in an account that is there, or that this stack makes, and that lets it be public.
fn no_account(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let id = resource.text("account_id")?;
    let mut made = scene.desired.of_kind(storage_account::KIND);
    if made.any(|account| {
        account
            .text("id")
            .is_some_and(|own| own.eq_ignore_ascii_case(id))
    }) {
        return None;
    }
    let name = resource.text("account").unwrap_or_default();
    let error = match storage_account::found(id, scene.live) {
        None => Diagnostic::error(
            "account-not-found",
            format!("there is no storage account `{name}` in the resource group, or this login does not see it"),
        )
        .help("check `subscription_id` and `resource_group`, or let the account be made with `manage = \"account\"`"),
        Some(account) if account.body.get("allow_blob_public_access") != Some(&Value::Bool(true)) => {
            Diagnostic::error(
                "public-access-forbidden",
                format!("the storage account `{name}` forbids public access, so that nobody could read the documents"),
            )
            .help("set `allowBlobPublicAccess` on the account, or publish on its website with `static_website = true`, which needs no public access")
        }
        Some(_) => return None,
    };
    Some(
        error
            .about(&resource.address)
            .at(resource.origin, "wants it"),
    )
}

/// A container without our mark is somebody else's.
fn foreign(resource: &Resource, scene: &Scene) -> Option<Diagnostic> {
    let object = scene.object?;
    let ours = mark::value(&scene.desired.stack.name, &object.key.id);
    if object.body.get(MARK).and_then(Value::as_str) == Some(&ours) {
        return None;
    }
    Some(
        Diagnostic::error(
            "foreign-container",
            format!("a container `{}` is there and does not belong to this stack", object.name),
        )
        .about(&resource.address)
        .at(resource.origin, "would take it over")
        .help("to publish in it as it is, write `manage = \"documents\"`; else give the issuer another `container`")
        .help(format!("to hand it over to this stack, give it the metadata `{}` with the value `{ours}`", mark::NAME)),
    )
}

fn put(task: &Task, resource: &Resource, method: Method) -> Option<Step> {
    let id = resource.text("id")?;
    let path = format!("{id}?{VERSION}");
    let access = resource.at("public_access")?.clone();
    let mut properties = Map::from([("publicAccess".to_owned(), access.clone())]);
    if method == Method::Put {
        let mark = mark::value(&task.stack.name, id);
        properties.insert("metadata".into(), Value::map([(mark::NAME, mark.into())]));
    }
    let body = Value::map([("properties", Value::Map(properties))]);
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Present(Value::map([(
                "properties",
                Value::map([("publicAccess", access)]),
            )])),
        }),
        retry_if: refused_for_now(),
        ..step(
            task,
            Phase::Prepare,
            Request::new(Service::Arm, method, path).body(body),
        )
    })
}

fn delete(task: &Task, object: &Object) -> Option<Step> {
    if stays(object, task.live, task.stack).is_some() {
        return None;
    }
    let path = format!("{}?{VERSION}", object.key.id);
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Absent,
        }),
        ..step(
            task,
            Phase::Clear,
            Request::new(Service::Arm, Method::Delete, path),
        )
    })
}
