//! A service for tests: a function from request to answer, behind azure_core's `HttpClient`.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use azure_core::credentials::{AccessToken, TokenCredential, TokenRequestOptions};
use azure_core::error::ErrorKind;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Request, StatusCode};
use serde_json::Value as Json;
use time::{Duration, OffsetDateTime};

use super::session::Fresh;
use super::{Client, Clock, Reader, Transport};
use crate::model::national_cloud::Cloud;

/// A request as the service saw it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

pub(super) enum Answer {
    Of(u16, Vec<(&'static str, String)>, String),
    /// The headers come, and half of the body.
    Cut(String),
    Unsent,
}

type Handler = dyn Fn(usize, &Seen) -> Answer + Send + Sync;

pub(super) struct Fake {
    handler: Box<Handler>,
    seen: Mutex<Vec<Seen>>,
}

impl Fake {
    /// `handler` gets the number of the request, from 0, and the request.
    pub(super) fn new(
        handler: impl Fn(usize, &Seen) -> Answer + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            handler: Box::new(handler),
            seen: Mutex::default(),
        })
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn client(self: &Arc<Self>) -> Arc<Client> {
        let transport = Transport::given(self.clone());
        let clock = Clock::starting_at(1_000);
        let credential = Arc::new(Numbered::default());
        Arc::new(Client::new(Cloud::Public, credential, transport, clock))
    }

    pub(super) fn reader(self: &Arc<Self>) -> (Reader, Arc<Client>) {
        let client = self.client();
        (Reader::new(client.clone(), 7), client)
    }
}

impl Answer {
    pub(super) fn json(status: u16, body: Json) -> Self {
        Answer::Of(status, Vec::new(), body.to_string())
    }

    pub(super) fn header(self, name: &'static str, value: &str) -> Self {
        match self {
            Answer::Of(status, mut headers, body) => {
                headers.push((name, value.to_owned()));
                Answer::Of(status, headers, body)
            }
            other => other,
        }
    }
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The addresses in a batch, in order.
    pub(super) fn batched(&self) -> Vec<String> {
        let body: Json = serde_json::from_str(&self.body).unwrap_or_default();
        let requests = body["requests"].as_array().cloned().unwrap_or_default();
        requests
            .iter()
            .map(|request| request["url"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

#[async_trait]
impl HttpClient for Fake {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = match request.body() {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Body::SeekableStream(_) => "(stream)".to_owned(),
        };
        let seen = Seen {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()))
                .collect(),
            body,
        };
        let number = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        let error = |kind, text: &'static str| azure_core::Error::with_message(kind, text);
        match (self.handler)(number, &seen) {
            Answer::Unsent => Err(error(ErrorKind::Connection, "connection refused")),
            Answer::Cut(half) => {
                let chunks = vec![
                    Ok(half.into_bytes().into()),
                    Err(error(ErrorKind::Io, "connection reset by peer")),
                ];
                let body = futures_util::stream::iter(chunks);
                Ok(AsyncRawResponse::new(
                    StatusCode::Ok,
                    Headers::new(),
                    Box::pin(body),
                ))
            }
            Answer::Of(status, given, body) => {
                let mut headers = Headers::new();
                for (name, value) in given {
                    headers.insert(name, value);
                }
                Ok(AsyncRawResponse::from_bytes(status.into(), headers, body))
            }
        }
    }
}

impl fmt::Debug for Fake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fake")
    }
}

/// Gives `token-0`, and the next number each time a token was refused.
#[derive(Debug, Default)]
pub(super) struct Numbered {
    refused: AtomicUsize,
}

#[async_trait]
impl TokenCredential for Numbered {
    async fn get_token(
        &self,
        _: &[&str],
        options: Option<TokenRequestOptions<'_>>,
    ) -> azure_core::Result<AccessToken> {
        let options = options.unwrap_or_default();
        if options.method_options.context.value::<Fresh>().is_some() {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        let number = self.refused.load(Ordering::SeqCst);
        let expires = OffsetDateTime::now_utc() + Duration::hours(1);
        Ok(AccessToken::new(format!("token-{number}"), expires))
    }
}
