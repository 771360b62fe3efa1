//! The emulator behind `azure_core`'s HTTP client: real clients run on it with no socket and no TLS.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request as AzureRequest};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::request::Request;
use super::route::Routes;
use super::store::{Store, TenantSeed};
use super::{Answer, dump, handle, token_request};

/// The present, in milliseconds since 1970.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// GETs a document of an issuer that is no part of the tenant; see [`Emulator::new`].
pub type Fetch = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Vec<u8>, String>> + Send + Sync>;

/// A tenant that several clients share. Requests are answered one after the other and get consecutive seeds.
pub struct Emulator {
    state: Mutex<State>,
    routes: Routes,
    clock: Clock,
    fetch: Option<Fetch>,
}

struct State {
    store: Store,
    seed: u64,
    recorder: Option<File>,
    /// Whether something may have changed since [`Emulator::take_changed`].
    changed: bool,
}

impl std::fmt::Debug for Emulator {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Emulator")
    }
}

impl Emulator {
    /// Shares a store. The clock is asked once per request. Without `fetch`, only issuers within the tenant (its blobs,
    /// its own token service) can be reached; with it, the others too, by whatever rules it keeps.
    pub fn new(store: Store, routes: Routes, clock: Clock, fetch: Option<Fetch>) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State {
                store,
                seed: 0,
                recorder: None,
                changed: true,
            }),
            routes,
            clock,
            fetch,
        })
    }

    /// Appends each request with its reply to a file, one JSON object a line. Tokens are written as `x`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn record(&self, path: &Path) -> std::io::Result<()> {
        let file = File::options().create(true).append(true).open(path)?;
        self.state().recorder = Some(file);
        Ok(())
    }

    /// Answers a request; never with [`Answer::Fetch`].
    pub async fn answer(&self, request: &Request) -> Answer {
        let mut answer =
            self.now(|store, routes, now, seed| handle(store, routes, request, now, seed));
        while let Answer::Fetch { url, resume } = answer {
            let document = match &self.fetch {
                Some(fetch) => fetch(url).await,
                None => Err(format!(
                    "GET {url}: this emulator reaches nothing but itself"
                )),
            };
            answer = self.now(|store, routes, now, seed| {
                super::resume(store, routes, resume, document, now, seed)
            });
        }
        self.state().changed |= request.method != "GET" && request.method != "HEAD";
        self.write_down(request, &answer);
        answer
    }

    /// Answers a write that comes while another one of its kind is on its way.
    pub fn conflict(&self, request: &Request) -> Answer {
        let answer = self.now(|store, _, now, seed| super::conflict(store, request, now, seed));
        self.write_down(request, &answer);
        answer
    }

    fn write_down(&self, request: &Request, answer: &Answer) {
        if let Some(recorder) = &mut self.state().recorder {
            // A full disk must not change what the emulated tenant answers.
            let at = (self.clock)();
            let _ = writeln!(recorder, "{}", record_of(request, answer, at));
        }
    }

    fn now(&self, work: impl FnOnce(&mut Store, &Routes, u64, u64) -> Answer) -> Answer {
        let mut state = self.state();
        state.seed += 1;
        let seed = state.seed;
        work(&mut state.store, &self.routes, (self.clock)(), seed)
    }

    /// What an anonymous reader gets at a URL of the tenant's own services, or of an issuer that it plays; `None` for
    /// all others.
    pub fn document(&self, url: &str) -> Option<Result<Vec<u8>, String>> {
        token_request::own(&self.state().store, url, (self.clock)())
    }

    /// Works on the store itself: to plant objects, to switch faults on, to look.
    pub fn with_store<T>(&self, work: impl FnOnce(&mut Store, &Routes) -> T) -> T {
        let mut state = self.state();
        state.changed = true;
        work(&mut state.store, &self.routes)
    }

    /// The tenant as text; see [`dump::dump`].
    pub fn dump(&self) -> String {
        dump::dump(&self.state().store, &self.routes)
    }

    /// A copy of the store, if something may have changed since the last call.
    pub fn take_changed(&self) -> Option<Store> {
        let mut state = self.state();
        std::mem::take(&mut state.changed).then(|| state.store.clone())
    }

    /// Makes the next [`Emulator::take_changed`] give a copy, because the last one was lost.
    pub fn mark_changed(&self) {
        self.state().changed = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // `handle` does not panic; were it to, the tenant is still the best there is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An RSA key for [`TenantSeed::signing_key`].
///
/// # Errors
/// When the system has no randomness.
pub fn new_signing_key() -> Result<Vec<u8>, String> {
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(|error| error.to_string())?;
    let der = key.as_der().map_err(|error| error.to_string())?;
    Ok(der.as_ref().to_vec())
}

/// A seed for a tenant of that id, with a new signing key.
///
/// # Errors
/// When the system has no randomness.
pub fn new_tenant(tenant_id: &str, now: u64) -> Result<TenantSeed, String> {
    Ok(TenantSeed {
        tenant_id: tenant_id.to_owned(),
        display_name: "Contoso".to_owned(),
        domains: vec![
            "contoso.onmicrosoft.com".to_owned(),
            "contoso.com".to_owned(),
        ],
        signing_key: new_signing_key()?,
        now,
    })
}

/// The transport of clients that talk to an [`Emulator`].
#[derive(Clone, Debug)]
pub struct InProcess(pub Arc<Emulator>);

#[async_trait]
impl HttpClient for InProcess {
    async fn execute_request(
        &self,
        request: &AzureRequest,
    ) -> azure_core::Result<AsyncRawResponse> {
        let url = request.url();
        let body = match request.body() {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::SeekableStream(stream) => read_all(stream.clone()).await?,
        };
        let mut plain = Request::new(request.method().as_ref(), url.as_str()).ok_or_else(|| {
            Error::with_message(
                ErrorKind::DataConversion,
                format!("not an absolute URL: {url}"),
            )
        })?;
        plain.body = body;
        for (name, value) in request.headers().iter() {
            plain.headers.insert(
                name.as_str().to_ascii_lowercase(),
                value.as_str().to_owned(),
            );
        }
        match self.0.answer(&plain).await {
            Answer::Reply(reply) => {
                let mut headers = Headers::new();
                let length = reply.body.len().to_string();
                if !reply.headers.contains_key("content-length") {
                    headers.insert("content-length", length);
                }
                for (name, value) in reply.headers {
                    headers.insert(name, value);
                }
                Ok(AsyncRawResponse::from_bytes(
                    reply.status.into(),
                    headers,
                    reply.body,
                ))
            }
            Answer::Reset { .. } | Answer::Fetch { .. } => Err(Error::with_message(
                ErrorKind::Io,
                "connection reset by peer",
            )),
        }
    }
}

async fn read_all(
    mut stream: Box<dyn azure_core::stream::SeekableStream>,
) -> azure_core::Result<Vec<u8>> {
    use futures_util::io::AsyncReadExt;
    let mut bytes = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match stream
            .read(&mut chunk)
            .await
            .map_err(|error| Error::new(ErrorKind::Io, error))?
        {
            0 => return Ok(bytes),
            length => bytes.extend_from_slice(&chunk[..length]),
        }
        if bytes.len() > Request::MAX_BODY {
            return Err(Error::with_message(
                ErrorKind::Io,
                "the body is too large for the emulator",
            ));
        }
    }
}

fn record_of(request: &Request, answer: &Answer, at: u64) -> Value {
    let mut headers = serde_json::Map::new();
    for (name, value) in &request.headers {
        let value = if name == "authorization" { "x" } else { value };
        headers.insert(name.clone(), value.into());
    }
    let query = if request.query.is_empty() {
        String::new()
    } else {
        format!("?{}", request.query)
    };
    let (status, body) = match answer {
        Answer::Reply(reply) => (json!(reply.status), document(&reply.body)),
        Answer::Reset { .. } | Answer::Fetch { .. } => (Value::Null, Value::Null),
    };
    json!({
        "at_ms": at, "method": request.method, "path": format!("{}{query}", request.path), "host": request.host,
        "headers": headers, "body": document(&redacted(request)), "status": status,
        "response_body": redacted_reply(request, body),
    })
}

/// Token requests and replies hold assertions and tokens.
fn redacted(request: &Request) -> Vec<u8> {
    if request.path.ends_with("/token") {
        b"x".to_vec()
    } else {
        request.body.clone()
    }
}

fn redacted_reply(request: &Request, body: Value) -> Value {
    if request.path.ends_with("/token") {
        Value::Null
    } else {
        body
    }
}

fn document(body: &[u8]) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    serde_json::from_slice(body).unwrap_or_else(|_| text())
}
