//! Blob Storage over bearer tokens and anonymous reads. Statuses, codes and messages are those of Azurite 3.35
//! (`StorageErrorFactory`) and of learn.microsoft.com, rest/api/storageservices.

mod access;
mod blobs;
mod conditions;
mod containers;
mod lease;
mod managed;
mod state;
#[cfg(test)]
mod tests;

pub use state::{Accounts, PublicAccess};

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::dates;
use super::fault::draw;
use super::request::{Reply, Request};
use super::store::Store;

/// The version that a reply names when the request named none.
const VERSION: &str = "2026-04-06";

/// An error of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    status: u16,
    code: &'static str,
    message: &'static str,
}

/// Shorthand for [`Failure`] as a value.
const fn failure(status: u16, code: &'static str, message: &'static str) -> Failure {
    Failure {
        status,
        code,
        message,
    }
}

const INVALID_HEADER: Failure = failure(
    400,
    "InvalidHeaderValue",
    "The value for one of the HTTP headers is not in the correct format.",
);
const NOT_FOUND: Failure = failure(
    404,
    "ResourceNotFound",
    "The specified resource does not exist.",
);
const NO_CONTAINER: Failure = failure(
    404,
    "ContainerNotFound",
    "The specified container does not exist.",
);
const NO_BLOB: Failure = failure(404, "BlobNotFound", "The specified blob does not exist.");
const UNSUPPORTED: Failure = failure(
    400,
    "InvalidQueryParameterValue",
    "Value for one of the query parameters specified in the request URI is invalid.",
);

/// What a request is about.
struct Target {
    account: String,
    /// Empty for the service itself.
    container: String,
    /// Empty for a container.
    blob: String,
}

/// A call of the service.
struct Call<'a> {
    request: &'a Request,
    target: Target,
    query: BTreeMap<String, String>,
    now: u64,
}

impl Call<'_> {
    fn query(&self, name: &str) -> &str {
        self.query.get(name).map_or("", String::as_str)
    }

    /// Headers that set an item's metadata, without their prefix.
    fn metadata(&self) -> Result<BTreeMap<String, String>, Failure> {
        let mut metadata = BTreeMap::new();
        for (name, value) in &self.request.headers {
            let Some(name) = name.strip_prefix("x-ms-meta-") else {
                continue;
            };
            let first = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if !first || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(failure(
                    400,
                    "InvalidMetadata",
                    "The metadata specified is invalid. It has characters that are not permitted.",
                ));
            }
            metadata.insert(name.to_owned(), value.clone());
        }
        Ok(metadata)
    }
}

/// The account of a blob endpoint's host, in any cloud.
pub fn account_of_host(host: &str) -> Option<&str> {
    [
        ".blob.core.windows.net",
        ".blob.core.usgovcloudapi.net",
        ".blob.core.chinacloudapi.cn",
    ]
    .iter()
    .find_map(|suffix| host.strip_suffix(suffix))
    .filter(|account| !account.contains('.'))
}

/// The account of a static website's host, as in `account.z6.web.core.windows.net`.
pub fn account_of_website(host: &str) -> Option<&str> {
    let (account, zone) = host
        .strip_suffix(".web.core.windows.net")?
        .split_once('.')?;
    (zone.starts_with('z') && !zone.contains('.')).then_some(account)
}

/// Answers a request to Blob Storage.
pub(super) fn answer(store: &mut Store, request: &Request, now: u64, seed: u64) -> Reply {
    let reply = match target(request) {
        Some(target) => {
            let query = request.parameters().into_iter().collect();
            dispatch(
                store,
                &Call {
                    request,
                    target,
                    query,
                    now,
                },
            )
        }
        None => Err(failure(
            400,
            "InvalidUri",
            "The requested URI does not represent any resource on the server.",
        )),
    };
    let reply = reply.unwrap_or_else(|failure| error(request, &failure, now, seed));
    decorate(reply, request, now, seed)
}

/// What anybody reads at a URL of one of the tenant's own accounts; `None` when the host is no account of its.
pub(super) fn read_own(store: &Store, request: &Request, now: u64) -> Option<Reply> {
    let host = request.hostname();
    let account = account_of_host(host).or_else(|| account_of_website(host));
    account.filter(|account| store.blobs.exists(account))?;
    let call = Call {
        request,
        target: target(request)?,
        query: BTreeMap::new(),
        now,
    };
    let reply = access::check(store, &call).and_then(|()| blobs::read(store, &call));
    Some(reply.unwrap_or_else(|failure| error(request, &failure, now, 0)))
}

/// The reply of a service that is overloaded.
pub(super) fn busy(request: &Request, now: u64, seed: u64) -> Reply {
    let busy = failure(
        503,
        "ServerBusy",
        "The server is currently unable to receive requests. Please retry your request.",
    );
    decorate(error(request, &busy, now, seed), request, now, seed)
}

fn decorate(reply: Reply, request: &Request, now: u64, seed: u64) -> Reply {
    let version = request.header("x-ms-version").unwrap_or(VERSION).to_owned();
    let reply = match request.header("x-ms-client-request-id") {
        Some(id) => reply.with_header("x-ms-client-request-id", id),
        None => reply,
    };
    reply
        .with_header("x-ms-request-id", request_id(seed))
        .with_header("x-ms-version", version)
        .with_header("date", dates::http(now))
        .with_header("server", "Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0")
}

fn request_id(seed: u64) -> String {
    let bits = (u128::from(draw(seed, 30)) << 64) | u128::from(draw(seed, 31));
    uuid::Builder::from_random_bytes(bits.to_be_bytes())
        .into_uuid()
        .to_string()
}

fn error(request: &Request, failure: &Failure, now: u64, seed: u64) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{}</Code><Message>{}\nRequestId:{}\nTime:{}</Message></Error>",
        failure.code,
        escape(failure.message),
        request_id(seed),
        dates::iso_ticks(now)
    );
    let reply = match request.method == "HEAD" || failure.status == 304 {
        true => Reply::empty(failure.status),
        false => Reply::text(failure.status, "application/xml", body),
    };
    let reply = reply.with_header("x-ms-error-code", failure.code);
    match failure.status {
        401 => reply.with_header("www-authenticate", "Bearer authorization_uri=https://login.microsoftonline.com/ resource_id=https://storage.azure.com"),
        _ => reply,
    }
}

/// Account, container and blob: by the host in Azure's clouds, by the path elsewhere. A blob's name is everything after
/// the container, decoded, so that `.well-known%2Fopenid-configuration` and the same with a slash are one blob.
fn target(request: &Request) -> Option<Target> {
    let path = request.path.trim_start_matches('/');
    if let Some(account) = account_of_website(request.hostname()) {
        return Some(Target {
            account: account.to_owned(),
            container: "$web".to_owned(),
            blob: percent_decode_str(path).decode_utf8().ok()?.into_owned(),
        });
    }
    let (account, path) = match account_of_host(request.hostname()) {
        Some(account) => (account, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let (container, blob) = path.split_once('/').unwrap_or((path, ""));
    let decode = |text: &str| {
        percent_decode_str(text)
            .decode_utf8()
            .ok()
            .map(|text| text.into_owned())
    };
    Some(Target {
        account: decode(account)?,
        container: decode(container)?,
        blob: decode(blob)?,
    })
}

fn dispatch(store: &mut Store, call: &Call<'_>) -> Result<Reply, Failure> {
    if !store.blobs.exists(&call.target.account) {
        // Such a host has no address at all.
        return Err(failure(
            404,
            "ResourceNotFound",
            "The specified account does not exist.",
        ));
    }
    access::check(store, call)?;
    match (
        call.target.container.is_empty(),
        call.target.blob.is_empty(),
    ) {
        (true, _) => containers::list(store, call),
        (false, true) => containers::answer(store, call),
        (false, false) => blobs::answer(store, call),
    }
}

/// Text inside XML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
