//! A small Entra tenant: Graph v1.0 and beta, the token service, Resource Manager and Blob Storage over one store.
//!
//! [`handle`] is pure: it does no I/O and knows no clock and no random source; the present and a seed come in as values.
//! [`inprocess`] runs it behind `azure_core`'s HTTP client, [`server`] behind a socket. The resource kinds hand in their
//! tables and routes as [`route::Part`]s; nothing here names one. Each rule cites the public source that it was taken from.

pub mod arm;
pub mod authority;
pub mod azure;
pub mod batch;
pub mod blob;
pub mod dates;
pub mod directory;
pub mod dump;
pub mod fault;
pub mod graph;
pub mod inprocess;
pub mod jwt;
pub mod login;
pub mod odata;
pub mod persist;
pub mod quota;
pub mod request;
pub mod route;
pub mod secrets;
pub mod server;
pub mod session;
pub mod shape;
pub mod sign_in_reports;
pub mod sign_ins;
pub mod store;
pub mod table;
pub mod tenant;
pub mod token;
pub mod token_request;

use fault::Fault;
use graph::Failure;
use request::{Reply, Request};
use route::Routes;
use store::Store;
use token_request::Documents;

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    Reply(Reply),
    /// The connection is cut; `committed` says whether the request had its effect first.
    Reset {
        committed: bool,
    },
    /// A document of an issuer is needed first: GET it, and go on with [`resume`].
    Fetch {
        url: String,
        resume: Resume,
    },
}

/// A token request that waits for a document.
#[derive(Clone, Debug)]
pub struct Resume {
    request: Request,
    documents: Documents,
    missing: String,
}

/// Goes on with a token request for which a document was fetched, or could not be.
pub fn resume(
    store: &mut Store,
    routes: &Routes,
    resume: Resume,
    document: Result<Vec<u8>, String>,
    now: u64,
    seed: u64,
) -> Answer {
    let mut documents = resume.documents;
    documents.insert(resume.missing, document);
    log_in(store, routes, resume.request, documents, now, seed)
}

fn log_in(
    store: &mut Store,
    routes: &Routes,
    request: Request,
    documents: Documents,
    now: u64,
    seed: u64,
) -> Answer {
    match login::answer(store, routes, &request, &documents, now, seed) {
        Ok(reply) => Answer::Reply(reply),
        Err(url) => Answer::Fetch {
            url: url.clone(),
            resume: Resume {
                request,
                documents,
                missing: url,
            },
        },
    }
}

/// The services, by the host or the path of a request.
enum Service {
    Graph,
    Login,
    Arm,
    Blob,
}

/// Answers a request. `now` is in milliseconds since 1970; `seed` decides what chance would.
pub fn handle(
    store: &mut Store,
    routes: &Routes,
    request: &Request,
    now: u64,
    seed: u64,
) -> Answer {
    let service = service(request);
    if let Service::Login = service {
        return log_in(store, routes, request.clone(), Documents::new(), now, seed);
    }
    let fault = store.faults.next(seed);
    if fault == Some(Fault::ResetBefore) {
        return Answer::Reset { committed: false };
    }
    if let Some(reply) = fault.and_then(|fault| refusal(store, &service, request, fault, now, seed))
    {
        return Answer::Reply(reply);
    }
    let reply = match service {
        Service::Graph => graph::answer(store, routes, request, now, seed),
        Service::Blob => blob::answer(store, request, now, seed),
        Service::Arm | Service::Login => arm::answer(store, routes, request, now, seed),
    };
    match fault {
        Some(Fault::ResetAfter) => Answer::Reset { committed: true },
        _ => Answer::Reply(reply),
    }
}

/// The error reply of a fault that keeps a request from being looked at.
fn refusal(
    store: &Store,
    service: &Service,
    request: &Request,
    fault: Fault,
    now: u64,
    seed: u64,
) -> Option<Reply> {
    let failure = match fault {
        Fault::Throttled => Failure {
            headers: vec![("retry-after", store.faults.retry_after_s.to_string())],
            ..Failure::new(429, "TooManyRequests", "Too many requests.")
        },
        Fault::Unavailable => {
            Failure::new(503, "ServiceUnavailable", "The service is unavailable.")
        }
        // Azure/bicep#10928; other resources of Azure know no conflict of that kind.
        Fault::Conflict if matches!(service, Service::Arm) => {
            identity_written(request)?;
            Failure::new(
                409,
                "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
                "Too many concurrent writes of federated identity credentials under one managed identity.",
            )
        }
        Fault::Conflict if request.method != "GET" => Failure::new(
            409,
            "Directory_ConcurrencyViolation",
            "Error due to concurrent requests being made to the tenant. Please wait briefly and retry.",
        ),
        _ => return None,
    };
    Some(match service {
        Service::Blob => blob::busy(request, now, seed),
        Service::Arm => arm::fail(failure, seed),
        _ => graph::fail(failure, now, seed),
    })
}

/// The managed identity under which a request writes a credential, by its path in lower case.
fn identity_written(request: &Request) -> Option<String> {
    let path = request.path.to_ascii_lowercase();
    let (identity, _) = path.split_once("/federatedidentitycredentials/")?;
    (request.method != "GET").then(|| identity.to_owned())
}

/// The answer to a write that Azure does not take beside another one.
fn conflict(store: &Store, request: &Request, now: u64, seed: u64) -> Answer {
    let refused = refusal(store, &Service::Arm, request, Fault::Conflict, now, seed);
    Answer::Reply(refused.unwrap_or_else(|| Reply::empty(409)))
}

/// What chance makes of one request of a `$batch`.
fn interrupted(store: &Store, now: u64, seed: u64) -> Option<Reply> {
    let failure = Failure {
        headers: vec![("retry-after", store.faults.retry_after_s.to_string())],
        ..Failure::new(429, "TooManyRequests", "Too many requests.")
    };
    let throttled = store.faults.throttles_item(seed);
    throttled.then(|| graph::fail(failure, now, seed))
}

const GRAPH_HOSTS: &[&str] = &[
    "graph.microsoft.com",
    "graph.microsoft.us",
    "dod-graph.microsoft.us",
    "microsoftgraph.chinacloudapi.cn",
];
const LOGIN_HOSTS: &[&str] = &[
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "sts.windows.net",
];
const ARM_HOSTS: &[&str] = &[
    "management.azure.com",
    "management.usgovcloudapi.net",
    "management.chinacloudapi.cn",
];

/// The service of a request: by its host in Azure's clouds, by its path on any other host.
fn service(request: &Request) -> Service {
    let host = request.hostname();
    if GRAPH_HOSTS.contains(&host) {
        return Service::Graph;
    }
    if LOGIN_HOSTS.contains(&host) {
        return Service::Login;
    }
    if ARM_HOSTS.contains(&host) {
        return Service::Arm;
    }
    if blob::account_of_host(host).is_some() || blob::account_of_website(host).is_some() {
        return Service::Blob;
    }
    match request.path.as_str() {
        path if path.starts_with("/v1.0/") || path.starts_with("/beta/") => Service::Graph,
        path if login::is_login_path(path) => Service::Login,
        path if arm::is_arm_path(path) => Service::Arm,
        _ => Service::Blob,
    }
}
