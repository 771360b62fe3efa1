//! What carries requests: TLS to the real services, a running emulator, or a handler within the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{HeaderName, USER_AGENT};
use azure_core::http::{AsyncRawResponse, ClientOptions, HttpClient, Method, Request, Url};
use azure_core::http::{ExponentialRetryOptions, RetryOptions, Transport as AzureTransport};
use futures_util::StreamExt;

use super::web::{self, Page, WebError};
use crate::model::diagnostic::Diagnostic;

/// The longest answer that is read, in bytes after decompression.
const MAX_BODY: usize = 32 << 20;
/// How long a service may say nothing in the middle of an answer.
pub const SILENCE: Duration = Duration::from_secs(60);
const AGENT: &str = concat!("trustform/", env!("CARGO_PKG_VERSION"));

/// One connection pool for the whole run, and a count of what went through it.
#[derive(Clone, Debug)]
pub struct Transport {
    http: Arc<dyn HttpClient>,
    /// For the instance metadata service, which has no TLS and must not go through a proxy.
    metadata: Arc<dyn HttpClient>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    requests: AtomicUsize,
    batched: AtomicUsize,
}

impl Transport {
    /// The real cloud: TLS with the system's roots, no redirects, 20 s to connect, and `silence` (mostly [`SILENCE`])
    /// until an answer that does not go on counts as broken off. A proxy is taken from the system's settings, as curl does.
    pub fn real(silence: Duration) -> Result<Self, Diagnostic> {
        let builder = || builder(silence);
        let http = builder().https_only(true).build().map_err(unbuildable)?;
        let metadata = builder()
            .no_proxy()
            .connect_timeout(Duration::from_secs(2))
            .build()
            .map_err(unbuildable)?;
        Ok(Self::over(
            Arc::new(Wire {
                client: http,
                to: None,
                unreachable: None,
            }),
            Arc::new(Wire {
                client: metadata,
                to: None,
                unreachable: Some("this machine has no managed identity endpoint".to_owned()),
            }),
        ))
    }

    /// A running emulator: every connection goes to `url`, with path, query and `Host` as the real service would get
    /// them. Loopback only, because the URL may be plain HTTP. `root` is a PEM certificate to trust.
    pub fn emulator(url: &str, root: Option<&[u8]>, silence: Duration) -> Result<Self, Diagnostic> {
        let to = loopback(url)?;
        let mut builder = builder(silence).no_proxy().http1_only();
        if let Some(pem) = root {
            let roots = reqwest::Certificate::from_pem_bundle(pem).map_err(unbuildable)?;
            if roots.is_empty() {
                return Err(Diagnostic::error(
                    "bad-emulator-ca",
                    "the file of `--emulator-ca` holds no certificate in PEM form",
                )
                .help("name the `.ca.pem` file that stands beside the emulator's data"));
            }
            for root in roots {
                builder = builder.add_root_certificate(root);
            }
        }
        let client = builder.build().map_err(unbuildable)?;
        let wire = Arc::new(Wire {
            client,
            unreachable: Some(format!(
                "no emulator answers at {to} (start one with `trustform emulator`)"
            )),
            to: Some(to),
        });
        Ok(Self::over(wire.clone(), wire))
    }

    /// A given handler: the embedded tenant, or a test.
    pub fn given(http: Arc<dyn HttpClient>) -> Self {
        Self::over(http.clone(), http)
    }

    fn over(http: Arc<dyn HttpClient>, metadata: Arc<dyn HttpClient>) -> Self {
        let counts = Arc::new(Counts::default());
        let counted = |inner| {
            Arc::new(Counted {
                inner,
                counts: counts.clone(),
            })
        };
        Self {
            http: counted(http),
            metadata: counted(metadata),
            counts: counts.clone(),
        }
    }

    /// GETs a document without a login, wherever this transport leads: how the documents of an emulated tenant's
    /// issuers are read.
    pub async fn get_document(&self, url: &str) -> Result<Page, WebError> {
        let parsed = web::checked(url, false)?;
        let failed = |why: String| WebError {
            message: format!("`{url}` cannot be fetched: {why}"),
            help: "check the issuer's URL, and that the emulated tenant holds it".to_owned(),
        };
        let request = Request::new(parsed, Method::Get);
        let answer = self.http.execute_request(&request).await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        let answer = answer.try_into_raw_response().await;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        let content_type = answer
            .headers()
            .get_optional_str(&HeaderName::from_static("content-type"));
        Ok(Page {
            status: u16::from(answer.status()),
            content_type: content_type.map(str::to_owned),
            body: answer.body().as_ref().to_vec(),
        })
    }

    /// HTTP requests sent so far, logins among them.
    pub fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::Relaxed)
    }

    /// Operations sent so far: a batch counts as the items in it.
    pub fn operations(&self) -> usize {
        self.requests() + self.counts.batched.load(Ordering::Relaxed)
    }

    /// Notes that one request held `items` operations.
    pub(super) fn count_batch(&self, items: usize) {
        let extra = items.saturating_sub(1);
        self.counts.batched.fetch_add(extra, Ordering::Relaxed);
    }

    /// The connection itself.
    pub(super) fn http(&self) -> &dyn HttpClient {
        self.http.as_ref()
    }

    /// Options of a pipeline over this transport. It never retries: the reader and the apply engine do.
    pub(super) fn options(&self) -> ClientOptions {
        ClientOptions {
            transport: Some(AzureTransport::new(self.http.clone())),
            retry: RetryOptions::none(),
            ..ClientOptions::default()
        }
    }

    /// As [`Self::options`], for a login: the one thing that is asked again by its own pipeline, three times.
    pub(super) fn login_options(&self) -> ClientOptions {
        ClientOptions {
            retry: RetryOptions::exponential(ExponentialRetryOptions {
                max_retries: 3,
                ..ExponentialRetryOptions::default()
            }),
            ..self.options()
        }
    }

    /// As [`Self::options`], for the instance metadata service.
    pub(super) fn metadata_options(&self) -> ClientOptions {
        ClientOptions {
            transport: Some(AzureTransport::new(self.metadata.clone())),
            ..self.options()
        }
    }
}

fn builder(silence: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(silence)
        .gzip(true)
}

fn unbuildable(error: reqwest::Error) -> Diagnostic {
    Diagnostic::error("no-transport", format!("TLS could not be set up: {error}"))
}

/// An emulator's URL: http or https, and this machine.
fn loopback(text: &str) -> Result<Url, Diagnostic> {
    let refused = |why: &str| {
        Diagnostic::error(
            "bad-emulator-url",
            format!("`{text}` is not an emulator's URL: {why}"),
        )
        .help(
            "an emulator runs on this machine: `http://127.0.0.1:8080` or `https://localhost:8443`",
        )
    };
    if !["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
    {
        return Err(refused("it does not begin with `http://` or `https://`"));
    }
    let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
    if url.path() != "/" || url.query().is_some() || !url.username().is_empty() {
        return Err(refused("it has more than a host and a port"));
    }
    let local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !local {
        return Err(refused("it is not on this machine"));
    }
    Ok(url)
}

/// A real connection; `to` is where an emulator takes the place of every service.
#[derive(Debug)]
struct Wire {
    client: reqwest::Client,
    to: Option<Url>,
    /// What to say where nobody listens and trying again would not help.
    unreachable: Option<String>,
}

#[async_trait]
impl HttpClient for Wire {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut request = request.clone();
        request.insert_header(USER_AGENT, AGENT);
        if let Some(to) = &self.to {
            let host = request.url().authority().to_owned();
            request.insert_header(HeaderName::from_static("host"), host);
            redirect(request.url_mut(), to)?;
        }
        let answer = self.client.execute_request(&request).await;
        let answer = answer.map_err(|error| match &self.unreachable {
            Some(text) if *error.kind() == ErrorKind::Connection => {
                azure_core::Error::with_message(ErrorKind::Other, text.clone())
            }
            _ => error,
        })?;
        Ok(bounded(answer))
    }
}

fn redirect(url: &mut Url, to: &Url) -> azure_core::Result<()> {
    let odd = || azure_core::Error::with_message(ErrorKind::Other, "the URL has no host");
    url.set_scheme(to.scheme()).map_err(|()| odd())?;
    url.set_host(to.host_str()).map_err(|_| odd())?;
    url.set_port(to.port()).map_err(|()| odd())
}

/// The same answer, broken off where it grows too long.
fn bounded(answer: AsyncRawResponse) -> AsyncRawResponse {
    let (status, headers, body) = answer.deconstruct();
    let mut read = 0;
    let body = body.map(move |chunk| {
        let chunk = chunk?;
        read += chunk.len();
        if read > MAX_BODY {
            return Err(azure_core::Error::with_message(
                ErrorKind::Other,
                "the answer is longer than 32 MiB",
            ));
        }
        Ok(chunk)
    });
    AsyncRawResponse::new(status, headers, Box::pin(body))
}

#[derive(Debug)]
struct Counted {
    inner: Arc<dyn HttpClient>,
    counts: Arc<Counts>,
}

#[async_trait]
impl HttpClient for Counted {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        self.counts.requests.fetch_add(1, Ordering::Relaxed);
        self.inner.execute_request(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_is_on_this_machine() {
        for good in [
            "http://127.0.0.1:8080",
            "https://localhost:8443/",
            "http://[::1]:9",
        ] {
            assert!(loopback(good).is_ok(), "{good}");
        }
        for bad in [
            "http://10.0.0.1:8080",
            "https://graph.microsoft.com",
            "ftp://localhost",
            "http://localhost.evil.example",
            "http://a@localhost",
            "http://localhost/x",
            "localhost:8080",
        ] {
            assert!(loopback(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_emulator_gets_the_path_unchanged() {
        let to = loopback("http://127.0.0.1:8080").unwrap();
        let mut url = Url::parse("https://graph.microsoft.com/v1.0/a(b='c')?$top=5").unwrap();
        redirect(&mut url, &to).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:8080/v1.0/a(b='c')?$top=5");
    }

    #[tokio::test]
    async fn answers_have_a_limit() {
        let answer = |mebibytes: usize| {
            let chunk = || Ok(vec![b' '; 1 << 20].into());
            let body = futures_util::stream::iter((0..mebibytes).map(move |_| chunk()));
            let headers = azure_core::http::headers::Headers::new();
            bounded(AsyncRawResponse::new(200.into(), headers, Box::pin(body)))
        };
        assert!(answer(32).into_body().collect().await.is_ok());
        assert!(answer(33).into_body().collect().await.is_err());
    }

    #[test]
    fn tls_is_there() {
        assert!(Transport::real(SILENCE).is_ok());
    }
}
