//! The tenant, its time, and the wire: requests go straight into the emulator's `handle`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock};

use serde_json::{Value as Json, json};
use trustform::cloud::reply::Lost;
use trustform::emulator::blob::PublicAccess;
use trustform::emulator::fault::{Faults, draw};
use trustform::emulator::inprocess::new_tenant;
use trustform::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use trustform::emulator::request::Request as Http;
use trustform::emulator::route::Routes;
use trustform::emulator::session::Session;
use trustform::emulator::store::{Store, text as member};
use trustform::emulator::{Answer, handle};
use trustform::kinds;
use trustform::kinds::app_role_assignment::emulator::ASSIGNMENTS;
use trustform::kinds::service_principal::emulator::PRINCIPALS;
use trustform::model::step::{Method, Reply, Request, Service};

use super::counts::Counts;
use super::further;
use super::history::{History, Trouble};
use super::stack::{ROLES, TENANT};

const START_MS: u64 = 1_795_168_800_000;
/// Tokens are replaced after this many milliseconds.
const TOKEN_MS: u64 = 50 * 60 * 1000;

/// One history's tenant and what its requests meet.
pub struct World {
    pub store: Store,
    pub routes: Routes,
    pub now: u64,
    pub seed: u64,
    pub troubles: BTreeMap<u64, Trouble>,
    /// The write that is denied, by its number.
    denied: Option<u64>,
    /// Requests sent so far.
    pub number: u64,
    pub counts: Counts,
    /// Whether the login sees a subscription of Azure.
    pub azure: bool,
    tokens: [String; 3],
    issued: u64,
    /// What every replica answers to a GET: nothing was written since, and none is behind any more.
    answers: BTreeMap<(Service, String), Reply>,
    /// When every replica shows all that was written.
    settled: u64,
    /// Whether the last write makes what it does not find, and overwrites what it finds.
    pub upserted: bool,
    /// Groups that the applies at hand have taken somebody out of, or tried to.
    pub left: BTreeSet<String>,
}

/// What a request came to.
pub enum Sent {
    Answer(Result<Reply, Lost>, Option<Trouble>),
    /// The process that sent it is dead.
    Crashed,
}

fn base() -> (Store, Routes) {
    static BASE: OnceLock<(Store, Routes)> = OnceLock::new();
    BASE.get_or_init(|| {
        let routes = kinds::emulated();
        let seed = new_tenant(TENANT, START_MS).expect("a new tenant");
        let mut store = Store::new(seed, &routes).expect("an emulated tenant");
        slim(&mut store);
        store.provision_account("simissuer", true);
        store.provision_container("simissuer", "oidc", PublicAccess::Blob, START_MS);
        (store, routes)
    })
    .clone()
}

/// Leaves the permissions that no stack names and nobody holds out of the tenant's APIs: there are a thousand, and reading them all takes
/// most of the time.
fn slim(store: &mut Store) {
    let view = store.primary();
    let held: BTreeSet<String> = view
        .rows(&ASSIGNMENTS, None)
        .map(|row| member(row, "appRoleId").to_owned())
        .collect();
    let rows: Vec<_> = view
        .rows(&PRINCIPALS, None)
        .map(|row| (**row).clone())
        .collect();
    for mut row in rows {
        for name in ["appRoles", "oauth2PermissionScopes"] {
            if let Some(Json::Array(permissions)) = row.get_mut(name) {
                permissions.retain(|one| {
                    let named = ROLES.iter().any(|role| one["value"] == *role);
                    named || one["id"].as_str().is_some_and(|id| held.contains(id))
                });
            }
        }
        store.put(&PRINCIPALS, row, START_MS);
    }
}

/// The same with what further kinds need.
fn base_of_further() -> (Store, Routes) {
    static BASE: OnceLock<(Store, Routes)> = OnceLock::new();
    BASE.get_or_init(|| {
        let (mut store, routes) = base();
        further::provision(&mut store, START_MS);
        (store, routes)
    })
    .clone()
}

impl World {
    pub fn new(history: &History) -> Self {
        let azure = history.has_further();
        let (mut store, routes) = if azure { base_of_further() } else { base() };
        store.faults = Faults {
            replica_lag_ms: history.lags.clone(),
            index_lag_ms: if history.lags.is_empty() { 0 } else { 5_000 },
            quota: history.quota,
            ..Faults::default()
        };
        let mut world = Self {
            store,
            routes,
            // All replicas know what every tenant begins with.
            now: START_MS + 600_000,
            seed: history.seed,
            troubles: history.troubles.clone(),
            denied: history.denied,
            number: 0,
            counts: Counts::default(),
            azure,
            tokens: Default::default(),
            issued: 0,
            answers: BTreeMap::new(),
            settled: 0,
            upserted: false,
            left: BTreeSet::new(),
        };
        world.log_in();
        world
    }

    /// Takes a token of the time's. A login changes nothing in the tenant, and signing takes longer than all the rest:
    /// histories that are at the same time share what one of them got.
    fn log_in(&mut self) {
        static KNOWN: OnceLock<Mutex<BTreeMap<u64, [String; 3]>>> = OnceLock::new();
        self.issued = self.now / TOKEN_MS * TOKEN_MS;
        let mut known = KNOWN.get_or_init(Mutex::default).lock().expect("no panic");
        let tokens = known.entry(self.issued).or_insert_with(|| {
            let (store, routes) = base();
            let mut session = Session::new(store, routes, self.issued).expect("an administrator");
            [
                "https://graph.microsoft.com",
                "https://storage.azure.com",
                "https://management.azure.com",
            ]
            .map(|resource| {
                session
                    .log_in(ADMINISTRATOR_CLIENT_ID, ADMINISTRATOR_ASSERTION, resource)
                    .expect("a login")
            })
        });
        self.tokens = tokens.clone();
    }

    /// Somebody else's request to Graph: nothing happens to it, and replicas learn of it as late as of anything.
    pub fn edit(&mut self, method: &str, path: &str, body: &Json) {
        self.edit_at(Service::Graph, method, path, body);
    }

    /// The same to another service; a path holds the version.
    pub fn edit_at(&mut self, service: Service, method: &str, path: &str, body: &Json) {
        self.log_in();
        self.wrote();
        let faults = self.store.faults.clone();
        self.store.faults.schedule.clear();
        self.store.faults.stale_references = false;
        self.store.faults.quota = false;
        let (host, token) = self.at(service);
        let mut http = Http::new(method, &format!("https://{host}{path}"))
            .expect("a URL")
            .with_header("authorization", &format!("Bearer {token}"));
        if !body.is_null() {
            http = http.with_json(body);
        }
        handle(&mut self.store, &self.routes, &http, self.now, 0);
        self.store.faults = faults;
    }

    /// Where a service is, and the token that it takes.
    fn at(&self, service: Service) -> (&'static str, &str) {
        match service {
            Service::Arm => ("management.azure.com", &self.tokens[2]),
            _ => ("graph.microsoft.com", &self.tokens[0]),
        }
    }

    /// Nothing goes wrong any more.
    pub fn calm(&mut self) {
        self.troubles.clear();
        self.denied = None;
    }

    /// What was known of reads is so no more.
    fn wrote(&mut self) {
        self.answers.clear();
        self.settled = self.now + self.store.faults.longest_lag();
    }

    /// The path of a read to which all replicas have the same answer now.
    fn agreed(&self, request: &Request, trouble: Option<Trouble>) -> Option<(Service, String)> {
        let fits = request.method == Method::Get
            && request.service != Service::Blob
            && trouble.is_none()
            && self.now >= self.settled;
        fits.then(|| request.known_path().map(|path| (request.service, path)))?
    }

    /// No output may hold one of these.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.tokens
            .iter()
            .map(String::as_str)
            .chain([ADMINISTRATOR_ASSERTION])
    }

    /// Sends one request; time goes on a little.
    pub fn send(&mut self, request: &Request) -> Sent {
        if self.now >= self.issued + TOKEN_MS {
            self.log_in();
        }
        let number = self.number;
        self.number += 1;
        self.counts.requests += 1;
        self.now += 20 + draw(self.seed, 90_000 + number) % 200;
        let mut trouble = self.troubles.get(&number).copied();
        let writes = request.method != Method::Get;
        if trouble.is_none() && writes && self.denied.is_some_and(|at| at <= self.counts.writes) {
            self.denied = None;
            trouble = Some(Trouble::Denied);
        }
        if let Some(trouble) = trouble {
            let name = match trouble {
                Trouble::Service(fault) => format!("{fault:?}"),
                Trouble::Denied => "Denied".to_owned(),
                Trouble::Crash { .. } => "Crash".to_owned(),
            };
            *self.counts.faults.entry(name).or_default() += 1;
        }
        match trouble {
            Some(Trouble::Crash { after: false }) => return Sent::Crashed,
            Some(Trouble::Denied) => return Sent::Answer(Ok(denied()), trouble),
            Some(Trouble::Service(fault)) => {
                self.store.faults.schedule = BTreeMap::from([(self.store.faults.count, fault)]);
            }
            _ => self.store.faults.schedule.clear(),
        }
        let agreed = self.agreed(request, trouble);
        if let Some(known) = agreed.as_ref().and_then(|path| self.answers.get(path)) {
            return Sent::Answer(Ok(known.clone()), None);
        }
        let http = self.http(request);
        let seed = self.seed ^ number.wrapping_mul(0x9E37_79B9);
        let answer = handle(&mut self.store, &self.routes, &http, self.now, seed);
        self.store.faults.schedule.clear();
        if writes {
            self.counts.writes += 1;
            let prefers = |(name, value): &(String, String)| {
                name.eq_ignore_ascii_case("prefer") && value == "create-if-missing"
            };
            self.upserted = request.method == Method::Put || request.headers.iter().any(prefers);
            let path = request.known_path().unwrap_or_default();
            let group = path
                .strip_prefix("/groups/")
                .and_then(|rest| rest.split('/').next());
            let leaves = request.method == Method::Delete;
            self.left
                .extend(group.filter(|_| leaves).map(str::to_owned));
            self.wrote();
        }
        if let Some(Trouble::Crash { .. }) = trouble {
            self.counts.ambiguous += u64::from(request.method != Method::Get);
            return Sent::Crashed;
        }
        let result = match answer {
            Answer::Reply(reply) => {
                let reply = read(request, &reply);
                if let Some(path) = agreed {
                    self.answers.insert(path, reply.clone());
                }
                Ok(reply)
            }
            Answer::Reset { .. } => {
                self.counts.ambiguous += u64::from(request.method != Method::Get);
                Err(Lost::Cut("the connection was cut".to_owned()))
            }
            Answer::Fetch { .. } => unreachable!("only logins fetch"),
        };
        Sent::Answer(result, trouble)
    }

    fn http(&self, request: &Request) -> Http {
        let path = request.known_path().expect("a request without holes");
        let method = request.method.as_str();
        if request.service == Service::Blob {
            let (account, rest) = path[1..].split_once('/').expect("an account");
            let url = format!("https://{account}.blob.core.windows.net/{rest}");
            let mut http = Http::new(method, &url).expect("a blob's URL");
            for (name, value) in &request.headers {
                let name = match name.as_str() {
                    "content-type" => "x-ms-blob-content-type",
                    "cache-control" => "x-ms-blob-cache-control",
                    other => other,
                };
                http = http.with_header(name, value);
            }
            http.body = request
                .body
                .as_ref()
                .and_then(|body| body.as_str())
                .unwrap_or_default()
                .as_bytes()
                .to_vec();
            return http
                .with_header("authorization", &format!("Bearer {}", self.tokens[1]))
                .with_header("x-ms-version", "2025-11-05")
                .with_header("x-ms-blob-type", "BlockBlob");
        }
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let (host, token) = self.at(request.service);
        let mut http = Http {
            method: method.to_owned(),
            secure: true,
            host: host.to_owned(),
            path: format!("{}{path}", request.service.version()),
            query: query.to_owned(),
            ..Http::default()
        };
        if let Some(body) = &request.body {
            http = http.with_json(&body.to_json());
        }
        for (name, value) in &request.headers {
            http = http.with_header(name, value);
        }
        http.with_header("authorization", &format!("Bearer {token}"))
    }
}

fn denied() -> Reply {
    Reply {
        status: 403,
        body: json!({"error": {"code": "Authorization_RequestDenied", "message": "Insufficient privileges to complete the operation."}}),
        ..Reply::default()
    }
}

/// The answer as the client's own decoding gives it.
fn read(request: &Request, reply: &trustform::emulator::request::Reply) -> Reply {
    let header = |name: &str| reply.headers.get(name).cloned();
    let body = match request.service {
        Service::Blob if reply.status < 300 => {
            json!({"content": String::from_utf8_lossy(&reply.body)})
        }
        Service::Blob => {
            json!({"error": {"code": header("x-ms-error-code").unwrap_or_default(), "message": ""}})
        }
        _ => reply.value(),
    };
    assert!(
        body.get("@odata.nextLink")
            .or(body.get("nextLink"))
            .is_none(),
        "a small world has no pages"
    );
    Reply {
        status: reply.status,
        body,
        etag: header("etag"),
        retry_after: header("retry-after")
            .and_then(|seconds| seconds.parse::<u64>().ok())
            .map(|seconds| seconds * 1000),
        headers: reply.headers.clone().into_iter().collect(),
    }
}
