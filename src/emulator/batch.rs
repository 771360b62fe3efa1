//! `$batch`: up to 20 requests of one version, answered in no particular order (learn.microsoft.com, json-batching).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::fault::draw;
use super::graph::{self, Failure};
use super::request::{Reply, Request};
use super::route::Routes;
use super::store::Store;

/// Most requests in one batch.
pub const MAX_REQUESTS: usize = 20;

/// Answers a batch.
///
/// # Errors
/// 400 when the batch itself is malformed.
pub fn answer(
    store: &mut Store,
    routes: &Routes,
    request: &Request,
    now: u64,
    seed: u64,
) -> Result<Reply, Failure> {
    if request.method != "POST" {
        return Err(Failure::new(
            405,
            "BadRequest",
            "Only POST is allowed on $batch.",
        ));
    }
    let invalid = |message: &str| Failure::new(400, "BadRequest", message);
    let body: Value = serde_json::from_slice(&request.body)
        .map_err(|_| invalid("Unable to read JSON request payload."))?;
    let items = body["requests"]
        .as_array()
        .ok_or_else(|| invalid("Invalid batch payload format."))?;
    if items.is_empty() || items.len() > MAX_REQUESTS {
        return Err(invalid(&format!(
            "Number of batch request steps is out of the maximum value of {MAX_REQUESTS}: {}.",
            items.len()
        )));
    }
    let mut ids = BTreeSet::new();
    let version = request.path.split('/').nth(1).unwrap_or("v1.0");
    let mut statuses: BTreeMap<&str, u16> = BTreeMap::new();
    let mut responses = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let id = item["id"].as_str().filter(|id| ids.insert(*id));
        let id = id.ok_or_else(|| invalid("Each request of a batch needs an id of its own."))?;
        let after = item["dependsOn"].as_array();
        let mut after = after.into_iter().flatten().filter_map(Value::as_str);
        let failed = after.any(|id| statuses.get(id).is_none_or(|status| *status >= 400));
        let seed = draw(seed, 100 + number as u64);
        let reply = match failed {
            true => {
                let failure = Failure::new(
                    424,
                    "FailedDependency",
                    "A request that this one depends on failed.",
                );
                graph::fail(failure, now, seed)
            }
            false => one(store, routes, request, version, item, now, seed)?,
        };
        statuses.insert(id, reply.status);
        responses.push(response(id, &reply));
    }
    responses.rotate_left((draw(seed, 99) % items.len() as u64) as usize);
    Ok(Reply::json(200, &json!({"responses": responses})))
}

fn one(
    store: &mut Store,
    routes: &Routes,
    outer: &Request,
    version: &str,
    item: &Value,
    now: u64,
    seed: u64,
) -> Result<Reply, Failure> {
    let invalid = |message: &str| Failure::new(400, "BadRequest", message);
    let url = item["url"]
        .as_str()
        .ok_or_else(|| invalid("Each request of a batch needs a url."))?;
    let method = item["method"]
        .as_str()
        .ok_or_else(|| invalid("Each request of a batch needs a method."))?;
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    if path.contains("$batch") {
        return Err(invalid("Batches cannot be nested."));
    }
    let mut request = Request {
        method: method.to_ascii_uppercase(),
        secure: outer.secure,
        host: outer.host.clone(),
        path: format!("/{version}/{}", path.trim_start_matches('/')),
        query: query.to_owned(),
        ..Request::default()
    };
    if let Some(token) = outer.header("authorization") {
        request
            .headers
            .insert("authorization".to_owned(), token.to_owned());
    }
    for (name, value) in item["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        request
            .headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
    }
    if let Some(body) = item.get("body").filter(|body| !body.is_null()) {
        if request.header("content-type").is_none() {
            return Err(invalid(
                "A request of a batch with a body needs a Content-Type header.",
            ));
        }
        request.body = body.to_string().into_bytes();
    }
    if let Some(reply) = super::interrupted(store, now, seed) {
        return Ok(reply);
    }
    Ok(graph::answer(store, routes, &request, now, seed))
}

fn response(id: &str, reply: &Reply) -> Value {
    let mut headers = Map::new();
    for (name, value) in &reply.headers {
        let name = match name.as_str() {
            "content-type" => "Content-Type",
            "retry-after" => "Retry-After",
            "location" => "Location",
            _ => continue,
        };
        headers.insert(name.to_owned(), json!(value));
    }
    let mut response = json!({"id": id, "status": reply.status, "headers": headers});
    if !reply.body.is_empty() {
        let text = || Value::String(String::from_utf8_lossy(&reply.body).into_owned());
        response["body"] = serde_json::from_slice(&reply.body).unwrap_or_else(|_| text());
    }
    response
}
