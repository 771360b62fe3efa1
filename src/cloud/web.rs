//! Anonymous GETs of documents at URLs that someone else named: discovery documents and JWKS of issuers.
//!
//! Such a URL is an attack surface, so: https, public addresses only, the name is resolved once and the connection is
//! pinned to what was checked (DNS rebinding changes nothing), no redirects, no proxy, no cookies, 256 KiB, 5 seconds.

mod address;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use url::{Host, ParseError, Url};

/// Largest body, in bytes.
pub const MAX_BODY: usize = 256 * 1024;

/// Time for everything: resolving, connecting, the whole body.
pub const MAX_TIME: Duration = Duration::from_secs(5);

/// Longest URL, in bytes.
const MAX_URL: usize = 2048;

/// An answer, whatever its status. It was not redirected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// HTTP status; never 3xx.
    pub status: u16,
    /// The header `content-type`, as it came.
    pub content_type: Option<String>,
    /// The whole body, at most [`MAX_BODY`] bytes.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebError {
    /// What happened: one sentence.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for WebError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for WebError {}

/// GETs a document. `allow_loopback` admits addresses of this machine, over http too: for the emulator, never for a tenant's issuers.
pub async fn get(url: &str, allow_loopback: bool) -> Result<Page, WebError> {
    const LIMITS: Limits = Limits {
        body: MAX_BODY,
        time: MAX_TIME,
    };
    get_within(url, allow_loopback, LIMITS).await
}

/// The bounds of one GET, so that tests can be quick.
#[derive(Clone, Copy)]
struct Limits {
    body: usize,
    time: Duration,
}

async fn get_within(url: &str, allow_loopback: bool, limits: Limits) -> Result<Page, WebError> {
    let url = checked(url, allow_loopback)?;
    let work = async {
        let addresses = resolve(&url).await?;
        admit(&url, &addresses, allow_loopback)?;
        fetch(&url, addresses, limits.body).await
    };
    tokio::time::timeout(limits.time, work).await.unwrap_or_else(|_| {
        Err(error(
            format!("`{url}` did not answer completely within {:?}", limits.time),
            "Microsoft Entra must be able to read it quickly from the internet: check the host and its firewall",
        ))
    })
}

fn error(message: impl Into<String>, help: impl Into<String>) -> WebError {
    WebError {
        message: message.into(),
        help: help.into(),
    }
}

pub(super) fn checked(text: &str, allow_loopback: bool) -> Result<Url, WebError> {
    const HELP: &str = "an issuer is an https URL such as `https://oidc.contoso.com/cluster`";
    let shown: String = text
        .chars()
        .take(120)
        .flat_map(char::escape_debug)
        .collect();
    let refused = |reason: &str| error(format!("`{shown}` cannot be fetched: {reason}"), HELP);
    if text.len() > MAX_URL {
        return Err(refused("it is longer than 2048 bytes"));
    }
    let url = Url::parse(text).map_err(|reason| match reason {
        ParseError::RelativeUrlWithoutBase => refused("it is not an https URL"),
        reason => refused(&format!("it is not a URL ({reason})")),
    })?;
    match url.scheme() {
        "https" => {}
        "http" if allow_loopback => {}
        _ => return Err(refused("it is not an https URL")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("it carries a user name or password"));
    }
    Ok(url)
}

async fn resolve(url: &Url) -> Result<Vec<SocketAddr>, WebError> {
    let port = url.port_or_known_default().unwrap_or(443);
    let found = match url.host() {
        Some(Host::Ipv4(ip)) => vec![(ip, port).into()],
        Some(Host::Ipv6(ip)) => vec![(ip, port).into()],
        Some(Host::Domain(name)) => match tokio::net::lookup_host((name, port)).await {
            Ok(found) => found.collect(),
            Err(_) => Vec::new(),
        },
        None => Vec::new(),
    };
    if found.is_empty() {
        return Err(error(
            format!("the host of `{url}` has no address"),
            "check the spelling, and that the name is in public DNS: Microsoft Entra resolves it from the internet",
        ));
    }
    Ok(found)
}

/// Refuses if any of the addresses is one that may not be asked: a name with a public and a private address is a trap.
fn admit(url: &Url, addresses: &[SocketAddr], allow_loopback: bool) -> Result<(), WebError> {
    for address in addresses {
        let ip = address.ip();
        if let Some(reason) = address::refusal(ip, allow_loopback) {
            return Err(error(
                format!("`{url}` is not fetched: its host's address {ip} is {reason}"),
                "an issuer that Microsoft Entra can use is served from a public address",
            ));
        }
        if url.scheme() != "https" && !ip.is_loopback() {
            return Err(error(
                format!("`{url}` is not fetched: http is allowed on this machine only"),
                "serve it over https with a certificate of a public authority",
            ));
        }
    }
    Ok(())
}

/// A resolver that knows only what was checked. It never asks DNS, so a name cannot change its mind.
struct Pinned(Vec<SocketAddr>);

impl Resolve for Pinned {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(self.0.clone().into_iter());
        Box::pin(std::future::ready(Ok(addresses)))
    }
}

async fn fetch(url: &Url, addresses: Vec<SocketAddr>, max_body: usize) -> Result<Page, WebError> {
    let failed = |reason: reqwest::Error| {
        error(
            format!(
                "`{url}` cannot be fetched: {}",
                causes(&reason.without_url())
            ),
            "Microsoft Entra fails on it too, with AADSTS90061: check the host, its certificate and its firewall",
        )
    };
    let client = reqwest::Client::builder()
        .dns_resolver(Pinned(addresses))
        .redirect(Policy::none())
        .no_proxy()
        .no_gzip()
        .referer(false)
        .user_agent(concat!("trustform/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(failed)?;
    let mut response = client
        .get(url.clone())
        .header("accept", "application/json, application/jwk-set+json")
        .send()
        .await
        .map_err(failed)?;
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let content_type = header("content-type");
    let status = response.status();
    if status.is_redirection() {
        let target = header("location").unwrap_or_default();
        let target: String = target
            .chars()
            .take(200)
            .flat_map(char::escape_debug)
            .collect();
        return Err(error(
            format!(
                "`{url}` answers {} and points to `{target}`",
                status.as_u16()
            ),
            "serve the document at this URL itself: verifiers follow no redirects",
        ));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > max_body {
            return Err(error(
                format!(
                    "the document at `{url}` is larger than {} KiB",
                    max_body / 1024
                ),
                "discovery documents and key sets are small: check what is served there",
            ));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Page {
        status: status.as_u16(),
        content_type,
        body,
    })
}

/// The innermost cause says what happened (`connection refused`, `UnknownIssuer`), the outer ones only where.
fn causes(reason: &dyn std::error::Error) -> String {
    let innermost = std::iter::successors(Some(reason), |inner| inner.source()).last();
    innermost.unwrap_or(reason).to_string()
}

#[cfg(test)]
mod tests;
