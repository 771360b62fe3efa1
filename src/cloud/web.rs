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
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::http::{HeaderMap, StatusCode};
    use axum::routing::get as route;
    use futures_util::stream;

    #[tokio::test]
    async fn urls_that_are_refused_before_anything_is_sent() {
        for (url, words) in [
            ("oidc.contoso.com", "not an https URL"),
            ("http://oidc.contoso.com", "not an https URL"),
            ("file:///etc/passwd", "not an https URL"),
            ("https://user:secret@oidc.contoso.com", "user name"),
            ("https://169.254.169.254/metadata/identity", "link-local"),
            ("https://[::1]/", "this machine"),
            ("https://[::ffff:127.0.0.1]/", "written as an IPv6 one"),
            ("https://0x7f.1/", "this machine"),
            ("https://2130706433/", "this machine"),
            ("https://localhost/", "this machine"),
            // A label this long is refused by the resolver itself, so that this test asks no DNS.
            (
                &format!("https://{}.example/", "a".repeat(64)),
                "no address",
            ),
        ] {
            let error = get(url, false).await.unwrap_err();
            assert!(error.message.contains(words), "{url}: {error}");
            assert!(!error.message.contains("10.0.0.1") && !error.help.is_empty());
        }
        let error = get("http://10.0.0.1/", true).await.unwrap_err();
        assert!(error.message.contains("private"), "{error}");
        let error = get(&format!("https://a.example/{}", "a".repeat(MAX_URL)), false)
            .await
            .unwrap_err();
        assert!(error.message.contains("longer"), "{error}");
    }

    #[test]
    fn one_private_address_among_public_ones_is_refused() {
        let url = Url::parse("https://rebind.example/").unwrap();
        let public = "8.8.8.8:443".parse().unwrap();
        assert_eq!(admit(&url, &[public], false), Ok(()));
        assert!(admit(&url, &[public, "127.0.0.1:443".parse().unwrap()], false).is_err());
        let http = Url::parse("http://rebind.example/").unwrap();
        assert!(admit(&http, &[public], true).is_err());
    }

    async fn serve() -> SocketAddr {
        let forever = || async {
            let chunks =
                stream::repeat_with(|| Ok::<_, std::convert::Infallible>(vec![b' '; 4096]));
            Body::from_stream(chunks)
        };
        let app = Router::new()
            .route(
                "/good",
                route(|headers: HeaderMap| async move {
                    assert!(
                        !headers.contains_key("authorization") && !headers.contains_key("cookie")
                    );
                    (
                        [("content-type", "application/jwk-set+json")],
                        headers["host"].to_str().unwrap().to_owned(),
                    )
                }),
            )
            .route(
                "/missing",
                route(|| async { (StatusCode::NOT_FOUND, "no") }),
            )
            .route(
                "/moved",
                route(|| async { (StatusCode::FOUND, [("location", "http://169.254.169.254/")]) }),
            )
            .route("/large", route(|| async { vec![b' '; MAX_BODY + 1] }))
            .route("/full", route(|| async { vec![b' '; MAX_BODY] }))
            .route("/endless", route(forever))
            .route(
                "/slow",
                route(|| async {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }),
            )
            .route(
                "/drip",
                route(|| async {
                    let drops = stream::unfold((), |()| async {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        Some((Ok::<_, std::convert::Infallible>(" "), ()))
                    });
                    Body::from_stream(drops)
                }),
            );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }

    #[tokio::test]
    async fn answers_and_limits() {
        let address = serve().await;
        let at = |path: &str| format!("http://{address}{path}");
        let page = get(&at("/good"), true).await.unwrap();
        assert_eq!(
            (page.status, page.content_type.as_deref()),
            (200, Some("application/jwk-set+json"))
        );
        assert_eq!(page.body, address.to_string().as_bytes());
        assert_eq!(get(&at("/missing"), true).await.unwrap().status, 404);
        assert_eq!(get(&at("/full"), true).await.unwrap().body.len(), MAX_BODY);

        let moved = get(&at("/moved"), true).await.unwrap_err();
        assert!(
            moved.message.contains("302") && moved.message.contains("169.254.169.254"),
            "{moved}"
        );
        for path in ["/large", "/endless"] {
            let error = get(&at(path), true).await.unwrap_err();
            assert!(error.message.contains("larger than 256 KiB"), "{error}");
        }
        let limits = Limits {
            body: MAX_BODY,
            time: Duration::from_millis(200),
        };
        for path in ["/slow", "/drip"] {
            let error = get_within(&at(path), true, limits).await.unwrap_err();
            assert!(error.message.contains("within 200ms"), "{error}");
        }
        let error = get(&at("/good"), false).await.unwrap_err();
        assert!(error.message.contains("not an https URL"), "{error}");
    }

    #[tokio::test]
    async fn a_name_stays_where_it_was_checked() {
        // DNS knows nothing of this name, and the port of the URL is the pinned address's: only the pin can answer.
        let address = serve().await;
        let url = Url::parse(&format!("http://rebind.invalid:{}/good", address.port())).unwrap();
        let page = fetch(&url, vec![address], MAX_BODY).await.unwrap();
        assert_eq!(
            page.body,
            format!("rebind.invalid:{}", address.port()).as_bytes()
        );
    }

    #[tokio::test]
    async fn failures_say_what_happened() {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .unwrap()
            .local_addr()
            .unwrap();
        let error = get(&format!("http://{free}/"), true).await.unwrap_err();
        assert!(error.message.contains("refused"), "{error}");
        let plain = serve().await;
        let error = get(&format!("https://{plain}/"), true).await.unwrap_err();
        assert!(error.message.contains("cannot be fetched"), "{error}");
    }
}
