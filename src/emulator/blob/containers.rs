//! Containers: create, properties, access level, list, delete, lease.

use std::collections::BTreeSet;

use super::state::PublicAccess;
use super::{Call, Failure, INVALID_HEADER, NO_CONTAINER, UNSUPPORTED, escape, failure, lease};
use crate::emulator::dates;
use crate::emulator::request::Reply;
use crate::emulator::store::Store;

/// Most blobs on one page of a list.
const MAX_RESULTS: usize = 5000;

/// Answers a request about one container.
pub(super) fn answer(store: &mut Store, call: &Call<'_>) -> Result<Reply, Failure> {
    if call.query("restype") != "container" {
        return Err(UNSUPPORTED);
    }
    match (call.request.method.as_str(), call.query("comp")) {
        ("PUT", "") => create(store, call),
        ("GET" | "HEAD", "" | "metadata") => properties(store, call),
        ("GET" | "HEAD", "acl") => acl(store, call),
        ("PUT", "acl") => set_acl(store, call),
        ("GET", "list") => list_blobs(store, call),
        ("PUT", "lease") => {
            let id = store.guid();
            let container = store.blobs.container_mut(&call.target)?;
            let reply = lease::answer(call, &mut container.lease, id)?;
            Ok(stamped(reply, &container.etag, container.modified))
        }
        ("DELETE", "") => {
            lease::check_write(call, &mut store.blobs.container_mut(&call.target)?.lease)?;
            store.blobs.remove_container(&call.target);
            Ok(Reply::empty(202))
        }
        _ => Err(UNSUPPORTED),
    }
}

/// A reply with an item's version.
pub(super) fn stamped(reply: Reply, etag: &str, modified: u64) -> Reply {
    reply
        .with_header("etag", etag)
        .with_header("last-modified", dates::http(modified))
}

/// learn.microsoft.com, naming-and-referencing-containers--blobs--and-metadata.
fn check_name(name: &str) -> Result<(), Failure> {
    if ["$root", "$web", "$logs"].contains(&name) {
        return Ok(());
    }
    if !(3..=63).contains(&name.len()) {
        return Err(failure(
            400,
            "OutOfRangeInput",
            "The specified resource name length is not within the permissible limits.",
        ));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = name.chars().all(|c| plain(c) || c == '-');
    match fits && name.starts_with(plain) && name.ends_with(plain) && !name.contains("--") {
        true => Ok(()),
        false => Err(failure(
            400,
            "InvalidResourceName",
            "The specified resource name contains invalid characters.",
        )),
    }
}

fn wanted_access(store: &Store, call: &Call<'_>) -> Result<PublicAccess, Failure> {
    let access = PublicAccess::parse(call.request.header("x-ms-blob-public-access"))
        .ok_or(INVALID_HEADER)?;
    match access != PublicAccess::None && !store.blobs.allows_public_access(&call.target.account) {
        true => Err(failure(
            409,
            "PublicAccessNotPermitted",
            "Public access is not permitted on this storage account.",
        )),
        false => Ok(access),
    }
}

fn create(store: &mut Store, call: &Call<'_>) -> Result<Reply, Failure> {
    check_name(&call.target.container)?;
    if store.blobs.container(&call.target).is_some() {
        return Err(failure(
            409,
            "ContainerAlreadyExists",
            "The specified container already exists.",
        ));
    }
    let access = wanted_access(store, call)?;
    let etag = store.etag();
    let (account, name) = (&call.target.account, &call.target.container);
    store.blobs.put_container(
        account,
        name,
        access,
        etag.clone(),
        call.now,
        call.metadata()?,
    );
    Ok(stamped(Reply::empty(201), &etag, call.now))
}

fn properties(store: &Store, call: &Call<'_>) -> Result<Reply, Failure> {
    let container = store.blobs.container(&call.target).ok_or(NO_CONTAINER)?;
    let mut reply = stamped(Reply::empty(200), &container.etag, container.modified);
    for (name, value) in lease::headers(container.lease.as_ref(), call.now) {
        reply = reply.with_header(name, value);
    }
    if let Some(access) = container.access.name() {
        reply = reply.with_header("x-ms-blob-public-access", access);
    }
    for (name, value) in &container.metadata {
        reply = reply.with_header(&format!("x-ms-meta-{name}"), value);
    }
    Ok(reply)
}

fn acl(store: &Store, call: &Call<'_>) -> Result<Reply, Failure> {
    let container = store.blobs.container(&call.target).ok_or(NO_CONTAINER)?;
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?><SignedIdentifiers />";
    let mut reply = stamped(
        Reply::text(200, "application/xml", body.to_owned()),
        &container.etag,
        container.modified,
    );
    if let Some(access) = container.access.name() {
        reply = reply.with_header("x-ms-blob-public-access", access);
    }
    Ok(reply)
}

/// Whether Entra tokens may do this is not documented clearly; the emulator lets them.
fn set_acl(store: &mut Store, call: &Call<'_>) -> Result<Reply, Failure> {
    let access = wanted_access(store, call)?;
    let etag = store.etag();
    let container = store.blobs.container_mut(&call.target)?;
    lease::check_write(call, &mut container.lease)?;
    container.access = access;
    container.etag = etag;
    container.modified = call.now;
    Ok(stamped(
        Reply::empty(200),
        &container.etag,
        container.modified,
    ))
}

fn endpoint(call: &Call<'_>) -> String {
    match super::account_of_host(call.request.hostname()) {
        Some(_) => format!("{}/", call.request.root()),
        None => format!("{}/{}/", call.request.root(), call.target.account),
    }
}

fn xml(reply: String) -> Reply {
    let declaration = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
    Reply::text(200, "application/xml", format!("{declaration}{reply}"))
}

/// The containers of an account.
pub(super) fn list(store: &Store, call: &Call<'_>) -> Result<Reply, Failure> {
    if call.request.method != "GET" || call.query("comp") != "list" {
        return Err(UNSUPPORTED);
    }
    let prefix = call.query("prefix");
    let mut items = String::new();
    for (name, container) in store.blobs.containers(&call.target.account) {
        if !name.starts_with(prefix) {
            continue;
        }
        let access = container.access.name().map_or(String::new(), |access| {
            format!("<PublicAccess>{access}</PublicAccess>")
        });
        items.push_str(&format!(
            "<Container><Name>{name}</Name><Properties><Last-Modified>{}</Last-Modified><Etag>{}</Etag>{access}</Properties></Container>",
            dates::http(container.modified),
            escape(&container.etag)
        ));
    }
    Ok(xml(format!(
        "<EnumerationResults ServiceEndpoint=\"{}\"><Prefix>{}</Prefix><Containers>{items}</Containers><NextMarker /></EnumerationResults>",
        escape(&endpoint(call)),
        escape(prefix)
    )))
}

fn list_blobs(store: &Store, call: &Call<'_>) -> Result<Reply, Failure> {
    let container = store.blobs.container(&call.target).ok_or(NO_CONTAINER)?;
    let (prefix, delimiter, marker) = (
        call.query("prefix"),
        call.query("delimiter"),
        call.query("marker"),
    );
    let limit = match call.query("maxresults") {
        "" => MAX_RESULTS,
        text => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_RESULTS).contains(limit))
            .ok_or(UNSUPPORTED)?,
    };
    let with_metadata = call
        .query("include")
        .split(',')
        .any(|part| part == "metadata");
    let mut items = String::new();
    let mut folders = BTreeSet::new();
    let (mut shown, mut next) = (0, "");
    for (name, blob) in container
        .blobs
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
    {
        if name.as_str() < marker {
            continue;
        }
        if shown == limit {
            next = name;
            break;
        }
        let rest = &name[prefix.len()..];
        if let Some(end) = (!delimiter.is_empty())
            .then(|| rest.find(delimiter))
            .flatten()
        {
            if folders.insert(&name[..prefix.len() + end + delimiter.len()]) {
                shown += 1;
            }
            continue;
        }
        shown += 1;
        let mut properties = format!(
            "<Creation-Time>{}</Creation-Time><Last-Modified>{}</Last-Modified><Etag>{}</Etag><Content-Length>{}</Content-Length>",
            dates::http(blob.created),
            dates::http(blob.modified),
            escape(blob.etag.trim_matches('"')),
            blob.content.len()
        );
        for (tag, header) in [
            ("Content-Type", "content-type"),
            ("Content-Encoding", "content-encoding"),
            ("Cache-Control", "cache-control"),
        ] {
            let value = blob.headers.get(header).map_or("", String::as_str);
            properties.push_str(&format!("<{tag}>{}</{tag}>", escape(value)));
        }
        let [(_, state), (_, status), ..] = lease::headers(blob.lease.as_ref(), call.now)[..]
        else {
            continue;
        };
        properties.push_str(&format!(
            "<BlobType>BlockBlob</BlobType><LeaseStatus>{status}</LeaseStatus><LeaseState>{state}</LeaseState><ServerEncrypted>true</ServerEncrypted>"
        ));
        let metadata = match with_metadata {
            true => {
                let entries = blob
                    .metadata
                    .iter()
                    .map(|(name, value)| format!("<{name}>{}</{name}>", escape(value)));
                format!("<Metadata>{}</Metadata>", entries.collect::<String>())
            }
            false => String::new(),
        };
        items.push_str(&format!(
            "<Blob><Name>{}</Name><Properties>{properties}</Properties>{metadata}</Blob>",
            escape(name)
        ));
    }
    for folder in folders {
        items.push_str(&format!(
            "<BlobPrefix><Name>{}</Name></BlobPrefix>",
            escape(folder)
        ));
    }
    Ok(xml(format!(
        "<EnumerationResults ServiceEndpoint=\"{}\" ContainerName=\"{}\"><Prefix>{}</Prefix><MaxResults>{limit}</MaxResults><Blobs>{items}</Blobs><NextMarker>{}</NextMarker></EnumerationResults>",
        escape(&endpoint(call)),
        escape(&call.target.container),
        escape(prefix),
        escape(next)
    )))
}
