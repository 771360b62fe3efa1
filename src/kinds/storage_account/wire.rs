//! Reads, answers and requests of storage accounts.
//!
//! Sources: Azure/azure-rest-api-specs, Microsoft.Storage 2023-05-01 (accounts, blob services) and
//! Microsoft.Authorization 2020-05-01 (locks).

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{KIND, SHAPE, found, leftover, stays};
use crate::kinds::managed_identity::mark;
use crate::kinds::{Task, codec, container, is_existing, step};
use crate::model::desired::{Desired, Resource};
use crate::model::live::{Key, Live, Object, Read};
use crate::model::plan::Action;
use crate::model::step::{Check, Expect, Method, Pattern, Phase, Reply, Request, Service, Step};
use crate::model::value::{Map, Value};

/// The version of the API for accounts, blob services and containers.
pub const VERSION: &str = "api-version=2023-05-01";
/// The first version in which a blob service says whether it serves a website.
const WEBSITE_VERSION: &str = "api-version=2026-09-01";
const LOCKS: &str = "api-version=2020-05-01";
/// Our lock's name.
const LOCK: &str = "trustform";
/// Days for which what was deleted can be brought back.
const DAYS: i64 = 7;

/// What a resource group is remembered as that is not there.
pub const GROUP: &str = "storage_group";
/// Where an account's object keeps our mark and the names of its containers.
pub const MARK: &str = "mark";
pub const CONTAINERS: &str = "containers";
/// The output with a website's URL.
pub const WEB_ENDPOINT: &str = "web_endpoint";

/// The resource id that an account has, or will have.
pub fn id(subscription: &str, group: &str, name: &str) -> String {
    format!(
        "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{name}"
    )
}

/// Subscription and resource group of an id, in lower case.
pub fn group(id: &str) -> Option<(String, String)> {
    let id = id.to_ascii_lowercase();
    let mut parts = id.split('/').skip(2);
    let subscription = parts.next()?.to_owned();
    Some((subscription, parts.nth(1)?.to_owned()))
}

/// What Azure says of an account that is still being made, or changed.
pub fn refused_for_now() -> Vec<Pattern> {
    vec![
        Pattern::new(409, "StorageAccountIsNotProvisioned"),
        Pattern::new(409, "StorageAccountOperationInProgress"),
    ]
}

/// Each account; of those that are declared also what hangs on them.
pub fn reads(desired: &Desired, live: &Live) -> Vec<Read> {
    let all = || desired.of_kind(KIND);
    let only_read = all().filter(|one| is_existing(one));
    let only_read = only_read.filter_map(|one| one.text("id"));
    let declared: BTreeMap<&str, &Resource> = all()
        .filter(|one| !is_existing(one))
        .filter_map(|one| Some((one.text("id")?, one)))
        .collect();
    let mut reads = Vec::new();
    let named = declared.keys().copied().chain(only_read);
    for id in named.chain(container::accounts(desired)) {
        reads.push(read("key", id, format!("{id}?{VERSION}")));
        if let Some(resource) = declared.get(id).filter(|_| found(id, live).is_some()) {
            reads.push(read("services", id, services(id, resource)));
            reads.extend(holdings(id));
        }
    }
    reads
}

pub(super) fn read(purpose: &'static str, id: &str, path: String) -> Read {
    Read {
        kind: KIND,
        purpose,
        request: Request::get(Service::Arm, path),
        about: id.to_ascii_lowercase(),
    }
}

/// Whether an account is locked, and what is in it.
pub(super) fn holdings(id: &str) -> [Read; 2] {
    let all = format!("{id}/blobServices/default/containers?{VERSION}");
    [read("lock", id, lock(id)), read("containers", id, all)]
}

fn services(id: &str, resource: &Resource) -> String {
    let version = match serves(resource) {
        true => WEBSITE_VERSION,
        false => VERSION,
    };
    format!("{id}/blobServices/default?{version}")
}

fn serves(resource: &Resource) -> bool {
    resource.at("static_website") == Some(&Value::Bool(true))
}

fn lock(id: &str) -> String {
    format!("{}?{LOCKS}", lock_id(id))
}

/// The resource id of our lock on an account.
pub(super) fn lock_id(id: &str) -> String {
    format!("{id}/providers/Microsoft.Authorization/locks/{LOCK}")
}

pub fn decode(read: &Read, reply: &Reply, live: &mut Live) {
    let at = |pointer: &str| reply.body.pointer(pointer) == Some(&Json::Bool(true));
    let learnt: Vec<(&str, Value)> = match (read.purpose, reply.status) {
        ("key", 200) => return live.insert(object(&reply.body)),
        (leftover::WITHIN, 200) => return leftover::take(&reply.body, live),
        ("key", 404) => {
            live.remove(&Key::new(KIND, &read.about));
            if ["ResourceGroupNotFound", "SubscriptionNotFound"].contains(&reply.error_code())
                && let Some((subscription, group)) = group(&read.about)
            {
                live.set_absent(GROUP, format!("{subscription}/{group}"));
            }
            return live.set_absent(KIND, read.about.clone());
        }
        ("services", 200) => vec![
            (
                "blob_versioning",
                at("/properties/isVersioningEnabled").into(),
            ),
            (
                "blob_soft_delete",
                at("/properties/deleteRetentionPolicy/enabled").into(),
            ),
            (
                "static_website",
                at("/properties/staticWebsite/enabled").into(),
            ),
            (
                "container_soft_delete",
                at("/properties/containerDeleteRetentionPolicy/enabled").into(),
            ),
        ],
        ("lock", 200) => vec![("delete_lock", true.into())],
        ("lock", 404) => vec![("delete_lock", false.into())],
        ("containers", 200) => {
            let all = reply.body["value"].as_array().into_iter().flatten();
            let names = all.filter_map(|one| one["name"].as_str());
            vec![(CONTAINERS, Value::List(names.map(Value::text).collect()))]
        }
        _ => return,
    };
    let Some(mut object) = live.get(&Key::new(KIND, &read.about)).cloned() else {
        return;
    };
    let learnt = learnt.into_iter();
    object
        .body
        .extend(learnt.map(|(name, value)| (name.to_owned(), value)));
    live.insert(object);
}

pub(super) fn object(json: &Json) -> Object {
    let text = |pointer: &str| json.pointer(pointer).and_then(Json::as_str);
    let id = text("/id").unwrap_or_default().to_ascii_lowercase();
    let mut body = codec::decode(SHAPE.fields, json);
    if let Some(mark) = text(&format!("/tags/{}", mark::NAME)) {
        body.insert(MARK.to_owned(), mark.into());
    }
    // What is built on an endpoint brings its own slash.
    let endpoints = [
        ("blob_endpoint", "/properties/primaryEndpoints/blob"),
        (WEB_ENDPOINT, "/properties/primaryEndpoints/web"),
    ];
    let endpoints = endpoints.iter().filter_map(|(name, pointer)| {
        let url = text(pointer)?.trim_end_matches('/');
        Some(((*name).to_owned(), url.to_owned()))
    });
    Object {
        body,
        outputs: endpoints.collect(),
        alternates: vec![id.clone()],
        ..Object::new(Key::new(KIND, id), text("/name").unwrap_or_default())
    }
}

pub fn steps(task: &Task) -> Vec<Step> {
    let changes = |names: &[&str]| {
        let mut fields = task.fields.iter();
        fields.any(|change| names.contains(&change.path.as_str()))
    };
    match (task.action, task.object, task.resource) {
        (Action::Create, _, Some(resource)) => {
            let locked = resource.at("delete_lock") == Some(&Value::Bool(true));
            [
                account(task, resource, Method::Put),
                blob_services(task, resource),
            ]
            .into_iter()
            .chain([locked.then(|| put_lock(task, resource)).flatten()])
            .flatten()
            .collect()
        }
        (Action::Update, Some(_), Some(resource)) => {
            let services = [
                "blob_versioning",
                "blob_soft_delete",
                "container_soft_delete",
                "static_website",
            ];
            let own = SHAPE.fields.iter().filter(|field| field.wire.is_some());
            let own: Vec<&str> = own.map(|field| field.name).collect();
            let lock = match resource.at("delete_lock") {
                Some(Value::Bool(true)) => put_lock(task, resource),
                _ => drop_lock(task, resource),
            };
            let steps = [
                changes(&own).then(|| account(task, resource, Method::Patch)),
                changes(&services).then(|| blob_services(task, resource)),
                changes(&["delete_lock"]).then_some(lock),
            ];
            steps.into_iter().flatten().flatten().collect()
        }
        (Action::Delete, Some(object), _) if stays(object, task.live, task.stack).is_none() => {
            let path = format!("{}?{VERSION}", object.key.id);
            vec![Step {
                check: Some(Check {
                    read: Request::get(Service::Arm, path.clone()),
                    expect: Expect::Absent,
                }),
                ..step(
                    task,
                    Phase::Clear,
                    Request::new(Service::Arm, Method::Delete, path),
                )
            }]
        }
        _ => Vec::new(),
    }
}

/// A PUT by id: Azure may take its time and answers 202; the account is read until it says where its blobs are.
fn account(task: &Task, resource: &Resource, method: Method) -> Option<Step> {
    let id = resource.text("id")?;
    let path = format!("{id}?{VERSION}");
    let mut body = Value::Map(Map::new());
    for field in SHAPE.fields {
        let placed = field.wire.zip(resource.at(field.name));
        let fixed = method == Method::Patch && field.name == "location";
        if let Some((pointer, value)) = placed.filter(|_| !fixed) {
            codec::put(&mut body, pointer, value.clone());
        }
    }
    let properties = body.get("properties").cloned().unwrap_or(Value::Null);
    let mut expected = Value::map([("properties", properties)]);
    codec::put(
        &mut expected,
        "/properties/provisioningState",
        "Succeeded".into(),
    );
    if method == Method::Put {
        let mark = mark::value(&task.stack.name, id);
        codec::put(&mut body, "/kind", "StorageV2".into());
        codec::put(&mut body, &format!("/tags/{}", mark::NAME), mark.into());
    }
    let read = Request::get(Service::Arm, path.clone());
    let mut fills = vec![(
        "blob_endpoint".into(),
        "/properties/primaryEndpoints/blob".into(),
    )];
    if serves(resource) {
        let web = "/properties/primaryEndpoints/web".into();
        fills.push((WEB_ENDPOINT.into(), web));
    }
    Some(Step {
        fills,
        read_back: Some(read.clone()),
        check: Some(Check {
            read,
            expect: Expect::Present(expected),
        }),
        retry_if: refused_for_now(),
        ..step(
            task,
            Phase::Prepare,
            Request::new(Service::Arm, method, path).body(body),
        )
    })
}

fn blob_services(task: &Task, resource: &Resource) -> Option<Step> {
    let path = services(resource.text("id")?, resource);
    let kept = || Value::map([("enabled", Value::Bool(true)), ("days", Value::int(DAYS))]);
    let mut properties = Map::from([
        ("isVersioningEnabled".to_owned(), Value::Bool(true)),
        ("deleteRetentionPolicy".to_owned(), kept()),
        ("containerDeleteRetentionPolicy".to_owned(), kept()),
    ]);
    if serves(resource) {
        let enabled = Value::map([("enabled", Value::Bool(true))]);
        properties.insert("staticWebsite".to_owned(), enabled);
    }
    let body = Value::map([("properties", Value::Map(properties))]);
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Present(body.clone()),
        }),
        retry_if: refused_for_now(),
        ..step(
            task,
            Phase::Prepare,
            Request::new(Service::Arm, Method::Put, path).body(body),
        )
    })
}

fn put_lock(task: &Task, resource: &Resource) -> Option<Step> {
    let path = lock(resource.text("id")?);
    let members = [
        ("level", "CanNotDelete".into()),
        (
            "notes",
            "Credentials trust the issuer that is published here.".into(),
        ),
    ];
    let body = Value::map([("properties", Value::map(members))]);
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Present(Value::map([(
                "properties",
                Value::map([("level", "CanNotDelete".into())]),
            )])),
        }),
        ..step(
            task,
            Phase::Prepare,
            Request::new(Service::Arm, Method::Put, path).body(body),
        )
    })
}

fn drop_lock(task: &Task, resource: &Resource) -> Option<Step> {
    let path = lock(resource.text("id")?);
    Some(Step {
        check: Some(Check {
            read: Request::get(Service::Arm, path.clone()),
            expect: Expect::Absent,
        }),
        ..step(
            task,
            Phase::Prepare,
            Request::new(Service::Arm, Method::Delete, path),
        )
    })
}
