//! A request and its reply as plain data.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;
use url::Url;

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// In capitals.
    pub method: String,
    /// Whether it came over TLS; decides the scheme of links in replies.
    pub secure: bool,
    /// Host and, where it is not the scheme's own, port.
    pub host: String,
    /// Still percent-encoded, beginning with `/`.
    pub path: String,
    /// Without the question mark, still percent-encoded.
    pub query: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// At most [`Request::MAX_BODY`] bytes are looked at.
    pub body: Vec<u8>,
}

impl Request {
    /// No document that the emulator keeps is larger.
    pub const MAX_BODY: usize = 8 * 1024 * 1024;

    /// A request to an absolute URL; `None` when that is not one.
    pub fn new(method: &str, url: &str) -> Option<Self> {
        let url = Url::parse(url).ok()?;
        let host = match (url.host_str()?, url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        Some(Self {
            method: method.to_owned(),
            secure: url.scheme() == "https",
            host,
            path: url.path().to_owned(),
            query: url.query().unwrap_or_default().to_owned(),
            ..Self::default()
        })
    }

    /// The same request with one more header; the name is stored in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// The same request with a JSON body.
    #[must_use]
    pub fn with_json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.with_header("content-type", "application/json")
    }

    /// A header by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Where the request comes from: what `X-Forwarded-For` says first, or this machine.
    pub fn address(&self) -> IpAddr {
        let said = self.header("x-forwarded-for").unwrap_or_default();
        let first = said.split(',').next().unwrap_or_default();
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        first.trim().parse().unwrap_or(here)
    }

    /// Scheme and host: `https://graph.microsoft.com`. Only an address of this machine is spoken to without TLS; a client
    /// that reaches the emulator there and names a real host believes that it speaks to that.
    pub fn root(&self) -> String {
        let local = ["localhost", "127.0.0.1", "[::1]"].contains(&self.hostname());
        let scheme = if local && !self.secure {
            "http"
        } else {
            "https"
        };
        format!("{scheme}://{}", self.host)
    }

    /// The host without its port.
    pub fn hostname(&self) -> &str {
        match self.host.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => &self.host,
        }
    }

    /// Decoded query parameters in their order.
    pub fn parameters(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The first decoded query parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// A reply as it will be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Reply {
    /// A status and nothing else.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// A JSON document.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8", body.to_string())
    }

    /// A document of any text type.
    pub fn text(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            headers: BTreeMap::from([("content-type".to_owned(), content_type.to_owned())]),
            body: body.into_bytes(),
        }
    }

    /// The same reply with one more header; the name must be in lower case.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// The body as JSON; `Null` when it is empty or something else.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}
