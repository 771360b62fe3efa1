//! The program's only client sockets: logging in, Microsoft Graph, Azure Resource Manager and Blob Storage.
//!
//! [`Client`] sends one request once and reports what came of it; [`reply::classify`] says what that means; [`Reader`]
//! can only GET, and loops until it has an answer. Writing is the apply engine's loop. A token goes over https to the
//! service it is for, and nowhere else: no redirect is followed, and no link to another host or version.
//!
//! In order: [`clock`] and [`endpoints`], [`transport`], [`login`] and its `session`, `rest` and `blob` for one request,
//! [`reply`] and [`explain`] for its meaning, `batch` and [`reader`] for many. [`web`] stands apart: it reads what issuers
//! publish, without a token.

pub mod caller;
pub mod clock;
pub mod endpoints;
pub mod exchange;
pub mod explain;
pub mod login;
pub mod reader;
pub mod reply;
pub mod rights;
pub mod transport;
pub mod web;

mod batch;
mod blob;
mod oidc;
mod rest;
mod session;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use azure_core::credentials::TokenCredential;
use azure_core::http::Url;

pub use caller::Caller;
pub use clock::Clock;
pub use login::{LoginOptions, credential};
pub use reader::Reader;
pub use reply::{Class, Context, Lost, classify};
pub use transport::Transport;

use crate::model::diagnostic::Diagnostic;
use crate::model::national_cloud::Cloud;
use crate::model::step::{Method, Reply, Request, Service};
use blob::Blobs;
use endpoints::Endpoints;
use rest::Rest;
use session::Session;

/// How often a request is sent to a service that is busy or gives no answer.
const ATTEMPTS: u32 = 5;

/// A header of [`Reply`] that no service sends: the path that tells how an operation of Resource Manager goes on.
pub const OPERATION: &str = "operation";

/// A login and the services of one national cloud.
#[derive(Debug)]
pub struct Client {
    endpoints: Endpoints,
    session: Arc<Session>,
    graph: Rest,
    arm: Rest,
    blobs: Blobs,
    transport: Transport,
    clock: Clock,
}

impl Client {
    /// Connects nothing yet: the first request logs in.
    pub fn new(
        cloud: Cloud,
        credential: Arc<dyn TokenCredential>,
        transport: Transport,
        clock: Clock,
    ) -> Self {
        let endpoints = Endpoints::of(cloud);
        let session = Session::new(credential);
        let rest = |service| {
            Rest::new(
                endpoints.scope(service),
                &session,
                &transport,
                clock.clone(),
            )
        };
        Self {
            endpoints,
            graph: rest(Service::Graph),
            arm: rest(Service::Arm),
            blobs: Blobs::new(endpoints, &session, &transport, clock.clone()),
            session,
            transport,
            clock,
        }
    }

    /// Sends a fully known request once. A refused token is replaced and the request repeated, because it had no effect.
    pub async fn send(&self, request: &Request) -> Result<Reply, Lost> {
        let refused = |why: &str| {
            let message = format!("`{request}` cannot be sent: {why}");
            Lost::Refused(Box::new(Diagnostic::error("unsendable-request", message)))
        };
        let path = request
            .known_path()
            .ok_or_else(|| refused("its path is not known yet"))?;
        if request.body.as_ref().is_some_and(|body| !body.is_known()) {
            return Err(refused("its body is not known yet"));
        }
        if request.service == Service::Blob {
            return self.blobs.send(&path, request).await;
        }
        let url = self
            .endpoints
            .url(request.service, &path)
            .map_err(|diagnostic| Lost::Refused(Box::new(diagnostic)))?;
        let body = request.body.as_ref().map(|body| body.to_json());
        let mut reply = self
            .rest(request.service)
            .send(request.method, url, &request.headers, body.as_ref())
            .await?;
        if request.service == Service::Arm && request.method != Method::Get {
            let path = self.operation(&reply);
            reply
                .headers
                .extend(path.map(|path| (OPERATION.to_owned(), path)));
        }
        Ok(reply)
    }

    /// The path that tells how a write goes on that Resource Manager has only taken on; a link elsewhere is none.
    fn operation(&self, reply: &Reply) -> Option<String> {
        let own = || reply.header("azure-asyncoperation").filter(|_| reply.ok());
        let place = || reply.header("location").filter(|_| reply.status == 202);
        let url = Url::parse(own().or_else(place)?).ok()?;
        self.endpoints
            .owns(Service::Arm, &url)
            .then(|| match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            })
    }

    /// Sends a request until it is answered, waiting out what passes. A status in `meant` is an answer, too. For
    /// requests that may be repeated; pages are not followed.
    pub async fn answer(&self, request: &Request, meant: &[u16]) -> Result<Reply, Diagnostic> {
        let began = self.clock.now_ms();
        let mut attempt = 0;
        loop {
            let result = self.send(request).await;
            if let Ok(reply) = &result
                && meant.contains(&reply.status)
            {
                return Ok(reply.clone());
            }
            let context = Context {
                attempt,
                ..Context::new(request)
            };
            attempt += 1;
            match (classify(&result, &context), result) {
                (Class::Done | Class::AlreadyDone, Ok(reply)) => return Ok(reply),
                (Class::Fatal(error), _) => return Err(error),
                (
                    Class::Again { after_ms }
                    | Class::Replicating { after_ms }
                    | Class::Lost { after_ms },
                    _,
                ) if attempt < ATTEMPTS => self.clock.sleep(after_ms).await,
                (_, result) => {
                    return Err(explain::exhausted(
                        &result,
                        request,
                        self.clock.now_ms() - began,
                    ));
                }
            }
        }
    }

    /// Reads a link that a service gave, after [`Endpoints::owns`] has found it the service's own.
    async fn get(
        &self,
        service: Service,
        url: Url,
        headers: &[(String, String)],
    ) -> Result<Reply, Lost> {
        self.rest(service)
            .send(Method::Get, url, headers, None)
            .await
    }

    fn rest(&self, service: Service) -> &Rest {
        match service {
            Service::Arm => &self.arm,
            Service::Graph | Service::GraphBeta | Service::Blob => &self.graph,
        }
    }

    /// Logs in to Graph and says as whom. Errors: `no-login`, with what every way of logging in said; `opaque-token`.
    pub async fn caller(&self) -> Result<Caller, Diagnostic> {
        let scope = self.endpoints.scope(Service::Graph);
        match self.session.get_token(&[&scope], None).await {
            Ok(token) => Caller::of(&token.token),
            Err(error) => {
                let request = Request::get(Service::Graph, "/");
                Err(explain::lost(&rest::lost(&error), &request))
            }
        }
    }

    /// HTTP requests sent so far, logins among them.
    pub fn requests(&self) -> usize {
        self.transport.requests()
    }

    /// Operations sent so far: each item of a batch is one.
    pub fn operations(&self) -> usize {
        self.transport.operations()
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}
