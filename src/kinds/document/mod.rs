//! `document`: a JSON document of an issuer on Blob Storage. It comes with `oidc_issuer`.
//!
//! Sources: Azure Storage, "Put Blob", "Specifying conditional headers for Blob service operations".

use std::collections::BTreeSet;

use super::codec::quoted;
use super::oidc_issuer::{self, rotation};
use super::{Kind, Scene, Task, container, step, storage_account};
use crate::model::desired::{Desired, Resource, Stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::{Action, FieldChange};
use crate::model::schema::{Compare, Field, Shape, Type};
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Value};

pub mod trusting;

pub const KIND: &str = "document";

static SHAPE: Shape = Shape {
    kind: KIND,
    doc: "A document that an issuer serves: its discovery document or its JWKS. It comes with `oidc_issuer`.",
    parents: &[oidc_issuer::KIND],
    implied: true,
    fields: &[
        Field::string("url", "Where it is served.")
            .computed()
            .compare(Compare::Never),
        Field::string("path", "`/account/container/name`.")
            .computed()
            .compare(Compare::Never),
        Field::string("text", "What is served, to the byte.")
            .computed()
            .compare(Compare::Never),
        Field::new(
            "content",
            Type::Map(&Type::String),
            "Its members, or its keys by `kid`.",
        )
        .computed(),
        Field::string("content_type", "Its media type.").computed(),
        Field::string("cache_control", "How long it may be kept.").computed(),
        Field::string(
            "stack",
            "The stack that it belongs to, in the blob's metadata.",
        )
        .computed(),
    ],
    groups: &[],
    outputs: &[],
};

/// Documents that are read in one container of an account that nothing declares: more are no issuers of a stack.
const MOST_LEFT: usize = 20;

/// The label of the key set.
pub const JWKS: &str = "jwks";

/// The blob's metadata that says whose it is.
const MARK: &str = "x-ms-meta-trustform";

pub struct Document;

impl Kind for Document {
    fn shape(&self) -> &'static Shape {
        &SHAPE
    }

    /// Where the container is made here, there is nothing to read before it is there.
    fn reads(&self, desired: &Desired, live: &Live) -> Vec<Read> {
        let declared = desired
            .of_kind(KIND)
            .filter_map(|resource| resource.text("path"))
            .filter(|path| match made_here(desired, path) {
                Some(container) => container::found(container, live).is_some(),
                None => true,
            })
            .map(str::to_owned);
        let containers = storage_account::containers_of_leftovers(desired, live);
        let left = containers.flat_map(|id| {
            let blobs = container::blobs(&id, live).into_iter();
            blobs.take(MOST_LEFT)
        });
        declared
            .chain(left)
            .map(|path| Read {
                kind: KIND,
                purpose: "key",
                request: Request::get(Service::Blob, path.as_str()),
                about: path,
            })
            .collect()
    }

    /// Who in the tenant trusts an issuer: applications and managed identities of every stack, and of none.
    fn dependants(&self, object: &Object, live: &Live) -> Vec<Read> {
        issuers_of(object, live)
            .into_iter()
            .flat_map(|(document, _)| trusting::reads(document, live))
            .collect()
    }

    fn decode(&self, read: &Read, reply: &Reply, live: &mut Live) {
        if read.purpose == trusting::PURPOSE {
            return trusting::decode(read, reply, live);
        }
        let path = &read.about;
        if reply.status == 404 {
            live.set_absent(KIND, path.clone());
        }
        if reply.status != 200 {
            return;
        }
        let text = reply.body["content"].as_str().unwrap_or_default();
        let header = |name: &str| reply.header(name).map_or(Value::Null, Value::text);
        live.insert(Object {
            body: Map::from([
                ("text".to_owned(), text.into()),
                ("content".to_owned(), content(text)),
                ("content_type".to_owned(), header("content-type")),
                ("cache_control".to_owned(), header("cache-control")),
                ("stack".to_owned(), header(MARK)),
                ("last_modified".to_owned(), header("last-modified")),
                ("published".to_owned(), header(rotation::PUBLISHED)),
            ]),
            alternates: vec![path.clone()],
            etag: reply.etag.clone(),
            ..Object::new(Key::new(KIND, path.clone()), path.clone())
        });
    }

    fn find<'a>(
        &self,
        resource: &Resource,
        _parent: Option<&Object>,
        live: &'a Live,
    ) -> Option<&'a Object> {
        live.find(KIND, resource.text("path")?)
    }

    /// A document that somebody else wrote is not overwritten.
    fn resolve(&self, resource: &mut Resource, scene: &Scene) -> Vec<Diagnostic> {
        let Some(object) = scene.object else {
            return Vec::new();
        };
        let (theirs, ours) = (object.body.get("stack"), resource.body.get("stack"));
        if theirs == ours
            || (theirs == Some(&Value::Null)
                && object.body.get("content") == resource.body.get("content"))
        {
            return Vec::new();
        }
        let whose = match theirs.and_then(Value::as_str) {
            Some(stack) => format!("belongs to the stack `{stack}`"),
            None => "was not written by trustform".to_owned(),
        };
        vec![
            Diagnostic::error("foreign-document", format!("the document at {} {whose}", resource.text("url").unwrap_or(&object.name)))
                .about(&resource.address)
                .at(resource.origin, "would be overwritten by this")
                .help("give the issuer another `container` or `path`, or delete the document there once nothing trusts it"),
        ]
    }

    fn released(&self, object: &Object, stack: &Stack) -> Option<FieldChange> {
        let before = object.body.get("stack")?;
        (before.as_str() == Some(&stack.name)).then(|| FieldChange {
            path: "stack".to_owned(),
            before: Some(before.clone()),
            after: Some(Value::Null),
        })
    }

    fn steps(&self, task: &Task) -> Vec<Step> {
        match (task.action, task.object, task.resource) {
            (Action::Delete, Some(object), _) => vec![delete(task, object)],
            (Action::Update, Some(object), None) => unmark(task, object).into_iter().collect(),
            (_, object, Some(resource)) => put(task, object, resource).into_iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Members of a JSON document; of a JWKS, its keys by `kid`. Text that is not JSON stands for itself.
pub fn content(text: &str) -> Value {
    use serde_json::Value as Json;
    let json: Json = serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()));
    match json.get("keys").and_then(Json::as_array) {
        Some(keys) => Value::map(keys.iter().map(|key| {
            let kid = key["kid"].as_str().unwrap_or("no kid");
            // Members in order, so that the same key is the same text.
            (
                kid.to_owned(),
                Value::from_json(key).to_json().to_string().into(),
            )
        })),
        None => match Value::from_json(&json) {
            Value::Map(map) => Value::Map(map),
            other => Value::map([("text", other)]),
        },
    }
}

/// The issuer that a live discovery document states.
pub fn issuer(object: &Object) -> Option<&str> {
    object
        .body
        .get("content")?
        .as_map()?
        .get("issuer")?
        .as_str()
}

/// The discovery documents that go with an object, and the issuers that they state: it is one, or the account of some.
pub fn issuers_of<'a>(object: &'a Object, live: &'a Live) -> Vec<(&'a Object, &'a str)> {
    let stated = |document: &'a Object| Some((document, issuer(document)?));
    match object.key.kind {
        KIND => stated(object).into_iter().collect(),
        storage_account::KIND => {
            let within = format!("/{}/", object.name);
            let documents = live.of_kind(KIND);
            documents
                .filter(|document| document.key.id.starts_with(&within))
                .filter_map(stated)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a document is the key set of its issuer.
pub fn is_jwks(resource: &Resource) -> bool {
    resource.kind() == KIND
        && resource
            .address
            .segments
            .last()
            .is_some_and(|last| last.label == JWKS)
}

/// The path of an issuer's key set; none where it is hosted elsewhere.
pub fn jwks_path<'a>(desired: &'a Desired, issuer: &Resource) -> Option<&'a str> {
    let mut documents = desired.of_kind(KIND).filter(|resource| is_jwks(resource));
    documents
        .find(|resource| resource.address.parent().as_ref() == Some(&issuer.address))?
        .text("path")
}

/// The storage accounts and containers that the stack's documents stand in and that others make.
pub fn containers(desired: &Desired) -> BTreeSet<(String, String)> {
    let paths = desired
        .of_kind(KIND)
        .filter_map(|resource| resource.text("path"));
    paths
        .filter(|path| made_here(desired, path).is_none())
        .filter_map(|path| {
            let mut parts = path.trim_start_matches('/').split('/');
            Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
        })
        .collect()
}

/// The id of the container that a document stands in, where the stack makes that.
pub fn made_here<'a>(desired: &'a Desired, path: &str) -> Option<&'a str> {
    let mut parts = path.trim_start_matches('/').split('/');
    let (account, name) = (parts.next(), parts.next());
    let mut containers = desired.of_kind(container::KIND);
    containers
        .find(|one| one.text("account") == account && one.text("name") == name)?
        .text("id")
}

/// The path of a blob in a request.
pub fn path(account: &str, container: &str, name: &str) -> String {
    let name: Vec<String> = name.split('/').map(quoted).collect();
    format!("/{account}/{container}/{}", name.join("/"))
}

/// One Put Blob, refused by the service if the document is not the one that was read.
fn put(task: &Task, object: Option<&Object>, resource: &Resource) -> Option<Step> {
    let path = resource.text("path")?;
    let condition = match object.and_then(|object| object.etag.as_deref()) {
        Some(etag) => ("if-match", etag),
        None => ("if-none-match", "*"),
    };
    let text = resource.at("text")?.clone();
    let mut request = Request::new(Service::Blob, Method::Put, path)
        .header("content-type", resource.text("content_type")?)
        .header("cache-control", resource.text("cache_control")?)
        .header(MARK, resource.text("stack")?)
        .header(condition.0, condition.1)
        .body(text.clone());
    if let Some(object) = object.filter(|_| is_jwks(resource)) {
        let kids = resource.at("content").and_then(Value::as_map);
        let kids: Vec<&str> = kids
            .into_iter()
            .flatten()
            .map(|(kid, _)| kid.as_str())
            .collect();
        if let Some(published) = rotation::note(object, &kids) {
            request = request.header(rotation::PUBLISHED, published);
        }
    }
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Blob, path),
            expect: Expect::Present(Value::map([("content", text)])),
        }),
        // The first attempt took effect; the check then compares what is there.
        done_if: vec![
            Pattern::replayed(409, "BlobAlreadyExists"),
            Pattern::replayed(412, "ConditionNotMet"),
        ],
        ..step(task, Phase::Publish, request)
    })
}

/// The same document without our mark, if it is still the one that was read.
fn unmark(task: &Task, object: &Object) -> Option<Step> {
    let path = &object.key.id;
    let text = object.body.get("text")?.clone();
    let mut request = Request::new(Service::Blob, Method::Put, path.clone())
        .header("if-match", object.etag.as_deref()?);
    for (header, member) in [
        ("content-type", "content_type"),
        ("cache-control", "cache_control"),
        (rotation::PUBLISHED, "published"),
    ] {
        if let Some(value) = object.body.get(member).and_then(Value::as_str) {
            request = request.header(header, value);
        }
    }
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Blob, path.clone()),
            expect: Expect::Present(Value::map([("content", text.clone())])),
        }),
        done_if: vec![Pattern::replayed(412, "ConditionNotMet")],
        ..step(task, Phase::Publish, request.body(text))
    })
}

fn delete(task: &Task, object: &Object) -> Step {
    let path = &object.key.id;
    let mut request = Request::new(Service::Blob, Method::Delete, path.clone());
    if let Some(etag) = &object.etag {
        request = request.header("if-match", etag.as_str());
    }
    Step {
        check: Some(Check {
            read: Request::get(Service::Blob, path.clone()),
            expect: Expect::Absent,
        }),
        done_if: vec![Pattern::new(404, "BlobNotFound")],
        ..step(task, Phase::Unpublish, request)
    }
}
