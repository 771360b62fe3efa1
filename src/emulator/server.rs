//! The emulator behind a socket: http on loopback, or https with its own authority; data kept in one file.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};

use super::Answer;
use super::authority::Certificate;
use super::inprocess::Emulator;
use super::persist;
use super::request::{Reply, Request};

/// How often a changed tenant is written to its file.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// How a server runs.
#[derive(Debug, Default)]
pub struct Options {
    /// Plain http without one.
    pub certificate: Option<Certificate>,
    /// Added to every request; requests still overlap.
    pub latency: Duration,
    /// Nothing is kept without one.
    pub data: Option<PathBuf>,
}

#[derive(Clone)]
struct Shared {
    emulator: Arc<Emulator>,
    latency: Duration,
    secure: bool,
    writing: Arc<Writing>,
}

/// The managed identities under which a credential is being written, by their paths: Azure takes one such write at a time.
#[derive(Debug, Default)]
struct Writing(Mutex<BTreeSet<String>>);

/// One of these writes, until it is dropped.
struct OnItsWay<'a>(&'a Writing, String);

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.0.identities().remove(&self.1);
    }
}

impl Writing {
    /// Runs a request, unless it writes a credential while another such request under the identity is on its way.
    async fn alone<T>(&self, request: &Request, answer: impl Future<Output = T>) -> Option<T> {
        let Some(identity) = super::identity_written(request) else {
            return Some(answer.await);
        };
        if !self.identities().insert(identity.clone()) {
            return None;
        }
        // Also where the client goes away, and nobody waits for the answer any more.
        let _on_its_way = OnItsWay(self, identity);
        Some(answer.await)
    }

    fn identities(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener on this machine; other addresses are refused, because everybody who reaches the port is administrator.
///
/// # Errors
/// When the address is not a loopback address, or cannot be bound.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    if !address.ip().is_loopback() {
        let message =
            format!("{address} is no loopback address: the emulator serves this machine only");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Serves until `stop` is ready, then lets open requests finish for a second and writes the data.
///
/// # Errors
/// When the certificate or the listener cannot be used, or the data cannot be written at the end.
pub async fn serve(
    emulator: Arc<Emulator>,
    listener: TcpListener,
    options: Options,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let shared = Shared {
        emulator: Arc::clone(&emulator),
        latency: options.latency,
        secure: options.certificate.is_some(),
        writing: Arc::default(),
    };
    let service = Router::new()
        .fallback(answer)
        .with_state(shared)
        .into_make_service();
    let handle = axum_server::Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        stop.await;
        stopping.graceful_shutdown(Some(Duration::from_secs(1)));
    });
    let (finish, mut finished) = tokio::sync::oneshot::channel::<()>();
    let saver = options.data.clone().map(|path| {
        let emulator = Arc::clone(&emulator);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(SAVE_EVERY);
            loop {
                tokio::select! {
                    _ = ticks.tick() => {}
                    _ = &mut finished => break,
                }
                // The next tick tries again, and the last word is the write at the end.
                let _ = save(&emulator, &path).await;
            }
        })
    });
    let server = axum_server::from_tcp(listener)?.handle(handle);
    let served = match options.certificate {
        None => server.acceptor(NoDelayAcceptor::new()).serve(service).await,
        Some(certificate) => {
            // Somebody else may have chosen the process's cryptography already.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let (chain, key) = (certificate.chain.into_bytes(), certificate.key.into_bytes());
            let config = RustlsConfig::from_pem(chain, key).await?;
            let acceptor = RustlsAcceptor::new(config).acceptor(NoDelayAcceptor::new());
            server.acceptor(acceptor).serve(service).await
        }
    };
    drop(finish);
    if let Some(saver) = saver {
        saver.await.map_err(io::Error::other)?;
    }
    if let Some(path) = options.data {
        save(&emulator, &path).await?;
    }
    served
}

async fn save(emulator: &Arc<Emulator>, path: &std::path::Path) -> io::Result<()> {
    let (shared, path) = (Arc::clone(emulator), path.to_owned());
    // Copying is quick and needs the lock; printing is not, and does not.
    let work = move || match shared.take_changed() {
        Some(store) => persist::save(&store, &path),
        None => Ok(()),
    };
    let saved = tokio::task::spawn_blocking(work).await;
    let saved = saved.unwrap_or_else(|error| Err(io::Error::other(error)));
    if saved.is_err() {
        emulator.mark_changed();
    }
    saved
}

async fn answer(State(shared): State<Shared>, request: axum::extract::Request) -> Response<Body> {
    let is_head = request.method() == axum::http::Method::HEAD;
    let Some(request) = plain(request, shared.secure).await else {
        return status(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let answer = shared.writing.alone(&request, async {
        if !shared.latency.is_zero() {
            tokio::time::sleep(shared.latency).await;
        }
        shared.emulator.answer(&request).await
    });
    match answer
        .await
        .unwrap_or_else(|| shared.emulator.conflict(&request))
    {
        Answer::Reply(reply) => response(reply, is_head),
        Answer::Reset { .. } | Answer::Fetch { .. } => reset(),
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The request as data; `None` when its body is too large.
async fn plain(request: axum::extract::Request, secure: bool) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, Request::MAX_BODY).await.ok()?;
    let named = parts
        .headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = named.or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    let mut plain = Request {
        method: parts.method.as_str().to_owned(),
        secure,
        host: host.unwrap_or("localhost").to_owned(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        body: body.to_vec(),
        ..Request::default()
    };
    for (name, value) in &parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = plain.headers.entry(name.as_str().to_owned()).or_default();
        if !joined.is_empty() {
            joined.push_str(", ");
        }
        joined.push_str(&value);
    }
    Some(plain)
}

fn response(reply: Reply, is_head: bool) -> Response<Body> {
    let mut response =
        status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::BAD_GATEWAY));
    for (name, value) in reply.headers {
        // The length of what is sent is the server's to say, except where nothing is sent.
        if name == "content-length" && !is_head {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    *response.body_mut() = Body::from(reply.body);
    response
}

/// A reply that breaks off, which closes the connection.
fn reset() -> Response<Body> {
    let broken = futures_util::stream::once(async {
        Err::<Vec<u8>, _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::new(Body::from_stream(broken))
}

#[cfg(test)]
mod tests;
