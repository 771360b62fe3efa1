//! Block blobs: put, get, head, properties, metadata, delete, lease.

use std::collections::BTreeMap;

use super::containers::stamped;
use super::state::{Blob, Container};
use super::{
    Call, Failure, INVALID_HEADER, NO_BLOB, NO_CONTAINER, UNSUPPORTED, conditions, failure, lease,
};
use crate::emulator::dates;
use crate::emulator::request::{Reply, Request};
use crate::emulator::store::Store;

/// A header that is stored with a blob, and the request header that sets it.
const STORED: [(&str, &str); 6] = [
    ("content-type", "x-ms-blob-content-type"),
    ("cache-control", "x-ms-blob-cache-control"),
    ("content-encoding", "x-ms-blob-content-encoding"),
    ("content-language", "x-ms-blob-content-language"),
    ("content-disposition", "x-ms-blob-content-disposition"),
    ("content-md5", "x-ms-blob-content-md5"),
];

/// Answers a request about one blob.
pub(super) fn answer(store: &mut Store, call: &Call<'_>) -> Result<Reply, Failure> {
    match (call.request.method.as_str(), call.query("comp")) {
        ("PUT", "") => put(store, call),
        ("GET" | "HEAD", "" | "metadata") => read(store, call),
        ("DELETE", "") => delete(store, call),
        ("PUT", "properties") => change(store, call, |blob, call| {
            blob.headers = stored_headers(call, false);
            Ok(())
        }),
        ("PUT", "metadata") => change(store, call, |blob, call| {
            blob.metadata = call.metadata()?;
            Ok(())
        }),
        ("PUT", "lease") => {
            let id = store.guid();
            let blob = existing(store.blobs.container_mut(&call.target)?, call)?;
            conditions::check(call, Some((&blob.etag, blob.modified)))?;
            let reply = lease::answer(call, &mut blob.lease, id)?;
            Ok(stamped(reply, &blob.etag, blob.modified))
        }
        _ => Err(UNSUPPORTED),
    }
}

fn existing<'c>(container: &'c mut Container, call: &Call<'_>) -> Result<&'c mut Blob, Failure> {
    container.blobs.get_mut(&call.target.blob).ok_or(NO_BLOB)
}

/// Set Blob Properties clears what it does not name, and Put Blob starts from nothing; only the latter has fallbacks.
fn stored_headers(call: &Call<'_>, is_put: bool) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for (name, setter) in STORED {
        let plain = if is_put && name != "content-md5" {
            call.request.header(name)
        } else {
            None
        };
        let default = (is_put && name == "content-type").then_some("application/octet-stream");
        if let Some(value) = call.request.header(setter).or(plain).or(default) {
            headers.insert(name.to_owned(), value.to_owned());
        }
    }
    headers
}

fn put(store: &mut Store, call: &Call<'_>) -> Result<Reply, Failure> {
    match call.request.header("x-ms-blob-type") {
        Some("BlockBlob") => {}
        Some(_) => return Err(INVALID_HEADER),
        None => {
            return Err(failure(
                400,
                "MissingRequiredHeader",
                "An HTTP header that's mandatory for this request is not specified.",
            ));
        }
    }
    if call.request.body.len() > Request::MAX_BODY {
        return Err(failure(
            413,
            "RequestBodyTooLarge",
            "The request body is too large and exceeds the maximum permissible limit.",
        ));
    }
    if call.target.blob.len() > 1024 {
        return Err(failure(
            400,
            "OutOfRangeInput",
            "The specified resource name length is not within the permissible limits.",
        ));
    }
    let metadata = call.metadata()?;
    let etag = store.etag();
    let container = store.blobs.container_mut(&call.target)?;
    let old = container.blobs.get_mut(&call.target.blob);
    conditions::check(
        call,
        old.as_ref().map(|blob| (blob.etag.as_str(), blob.modified)),
    )?;
    let (created, held) = match old {
        Some(old) => {
            lease::check_write(call, &mut old.lease)?;
            (old.created, old.lease.take())
        }
        None => {
            lease::check_write(call, &mut None)?;
            (call.now, None)
        }
    };
    let blob = Blob {
        content: call.request.body.clone(),
        headers: stored_headers(call, true),
        metadata,
        etag: etag.clone(),
        created,
        modified: call.now,
        lease: held,
    };
    container.blobs.insert(call.target.blob.clone(), blob);
    Ok(stamped(Reply::empty(201), &etag, call.now)
        .with_header("x-ms-request-server-encrypted", "true"))
}

pub(super) fn read(store: &Store, call: &Call<'_>) -> Result<Reply, Failure> {
    let container = store.blobs.container(&call.target).ok_or(NO_CONTAINER)?;
    let blob = container.blobs.get(&call.target.blob).ok_or(NO_BLOB)?;
    conditions::check(call, Some((&blob.etag, blob.modified)))?;
    let whole = blob.content.len();
    let wanted = call
        .request
        .header("x-ms-range")
        .or(call.request.header("range"));
    let range = match wanted {
        Some(range) => Some(parse_range(range, whole).ok_or(failure(
            416,
            "InvalidRange",
            "The range specified is invalid for the current size of the resource.",
        ))?),
        None => None,
    };
    let (from, to) = range.unwrap_or((0, whole));
    let mut reply = stamped(
        Reply::empty(if range.is_some() { 206 } else { 200 }),
        &blob.etag,
        blob.modified,
    );
    if range.is_some() {
        let last = to.saturating_sub(1);
        reply = reply.with_header("content-range", format!("bytes {from}-{last}/{whole}"));
    }
    for (name, value) in &blob.headers {
        reply = reply.with_header(name, value);
    }
    for (name, value) in &blob.metadata {
        reply = reply.with_header(&format!("x-ms-meta-{name}"), value);
    }
    for (name, value) in lease::headers(blob.lease.as_ref(), call.now) {
        reply = reply.with_header(name, value);
    }
    reply = reply
        .with_header("accept-ranges", "bytes")
        .with_header("content-length", (to - from).to_string())
        .with_header("x-ms-blob-type", "BlockBlob")
        .with_header("x-ms-creation-time", dates::http(blob.created))
        .with_header("x-ms-server-encrypted", "true");
    if call.request.method == "GET" && call.query("comp").is_empty() {
        reply.body = blob.content[from..to].to_vec();
    }
    Ok(reply)
}

/// The half-open range of `bytes=0-99` or `bytes=5-`; `None` when it begins behind the end.
fn parse_range(range: &str, whole: usize) -> Option<(usize, usize)> {
    let (from, to) = range.strip_prefix("bytes=")?.split_once('-')?;
    let from: usize = from.parse().ok()?;
    let to = match to {
        "" => whole,
        last => last.parse::<usize>().ok()?.saturating_add(1).min(whole),
    };
    (from < to).then_some((from, to))
}

fn delete(store: &mut Store, call: &Call<'_>) -> Result<Reply, Failure> {
    let container = store.blobs.container_mut(&call.target)?;
    let blob = existing(container, call)?;
    conditions::check(call, Some((&blob.etag, blob.modified)))?;
    lease::check_write(call, &mut blob.lease)?;
    container.blobs.remove(&call.target.blob);
    Ok(Reply::empty(202).with_header("x-ms-delete-type-permanent", "true"))
}

fn change(
    store: &mut Store,
    call: &Call<'_>,
    apply: fn(&mut Blob, &Call<'_>) -> Result<(), Failure>,
) -> Result<Reply, Failure> {
    let etag = store.etag();
    let blob = existing(store.blobs.container_mut(&call.target)?, call)?;
    conditions::check(call, Some((&blob.etag, blob.modified)))?;
    lease::check_write(call, &mut blob.lease)?;
    apply(blob, call)?;
    blob.etag = etag;
    blob.modified = call.now;
    Ok(stamped(Reply::empty(200), &blob.etag, blob.modified))
}
