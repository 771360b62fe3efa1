//! Twenty reads in one request.
//!
//! Source: Microsoft Graph, "Combine multiple HTTP requests using JSON batching": at most 20 requests, answers in any
//! order, each with its own status and `Retry-After`.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use url::Position;

use super::clock::Clock;
use super::reply::Lost;
use super::rest;
use super::{Client, Endpoints};
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Method, Reply, Request, Service};

/// The most requests that a batch may hold.
pub(super) const SIZE: usize = 20;

/// A read as an item of a batch: its address is without host and version.
///
/// # Errors
/// Its path leads nowhere.
pub(super) fn one(endpoints: &Endpoints, request: &Request) -> Result<Json, Diagnostic> {
    let path = request.known_path().unwrap_or_default();
    let url = endpoints.url(request.service, &path)?;
    let text = &url[Position::BeforePath..Position::AfterQuery];
    let version = request.service.version();
    let mut item = json!({"method": "GET", "url": text.strip_prefix(version).unwrap_or(text)});
    for (name, value) in &request.headers {
        item["headers"][name] = json!(value);
    }
    Ok(item)
}

/// Sends the reads together, once. The answers come under their places in `items`.
pub(super) async fn send(
    client: &Client,
    service: Service,
    items: &[&Json],
) -> Result<BTreeMap<usize, Result<Reply, Lost>>, Result<Reply, Lost>> {
    let mut requests: Vec<Json> = items.iter().map(|item| (*item).clone()).collect();
    for (id, request) in requests.iter_mut().enumerate() {
        request["id"] = json!(id.to_string());
    }
    let url = client
        .endpoints
        .url(service, "/$batch")
        .map_err(|diagnostic| Err(Lost::Refused(Box::new(diagnostic))))?;
    client.transport.count_batch(items.len());
    let reply = client
        .rest(service)
        .send(Method::Post, url, &[], Some(&json!({"requests": requests})))
        .await
        .map_err(Err)?;
    if !reply.ok() {
        return Err(Ok(reply));
    }
    let answers = reply.body["responses"].as_array().ok_or_else(|| {
        Err(Lost::Unusable(
            "the batch's answer has no `responses`".to_owned(),
        ))
    })?;
    Ok(answers
        .iter()
        .filter_map(|answer| {
            let id = answer["id"].as_str()?.parse().ok()?;
            Some((id, item(answer, &client.clock)))
        })
        .collect())
}

fn item(answer: &Json, clock: &Clock) -> Result<Reply, Lost> {
    let status = answer["status"]
        .as_u64()
        .and_then(|status| u16::try_from(status).ok())
        .ok_or_else(|| Lost::Unusable("an answer in the batch has no status".to_owned()))?;
    let header = |name: &str| {
        answer["headers"]
            .as_object()?
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| value.as_str())
            .map(str::to_owned)
    };
    let body = answer.get("body").cloned().unwrap_or(Json::Null);
    let reads = (200..300).contains(&status);
    if reads && (!body.is_object() || body.get("error").is_some()) {
        return Err(Lost::Unusable(format!(
            "an answer in the batch has status {status} but no object: {}",
            super::explain::clean(&body.to_string())
        )));
    }
    Ok(Reply {
        status,
        body,
        etag: header("etag"),
        retry_after: header("retry-after").and_then(|text| rest::retry_after(&text, clock)),
        headers: Vec::new(),
    })
}
