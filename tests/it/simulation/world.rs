//! The tenant, its time, and the wire: requests go straight into the emulator's `handle`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::{Value as Json, json};
use trustform::cloud::reply::Lost;
use trustform::config::{self, Input};
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
use trustform::model::desired::Desired;
use trustform::model::source::Sources;
use trustform::model::step::{Method, Reply, Request, Service};

use super::further;
use super::history::{History, Trouble, Want};

pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";
pub const STACK: &str = "sim";
const START_MS: u64 = 1_795_168_800_000;
/// Tokens are replaced after this many milliseconds.
const TOKEN_MS: u64 = 50 * 60 * 1000;

/// Permissions that stacks name.
const ROLES: [&str; 2] = ["Application.Read.All", "User.Read.All"];

const KEYS: [&str; 2] = [include_str!("key-1.pub.pem"), include_str!("key-2.pub.pem")];

/// What a run of histories counts.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub requests: u64,
    pub writes: u64,
    pub applies: u64,
    pub faults: BTreeMap<String, u64>,
    /// Writes of which the caller never learnt whether they took effect.
    pub ambiguous: u64,
    pub successes: u64,
    /// Successes that were said while the tenant was not as declared: a replica that lags had been believed.
    pub untrue: u64,
    /// Applications of others that an upsert took over, because no read could show them yet.
    pub taken_over: u64,
    /// Memberships whose mark an upsert of an identity that no read showed has taken away.
    pub unmarked: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        self.requests += other.requests;
        self.writes += other.writes;
        self.applies += other.applies;
        self.ambiguous += other.ambiguous;
        self.successes += other.successes;
        self.untrue += other.untrue;
        self.taken_over += other.taken_over;
        self.unmarked += other.unmarked;
        for (name, count) in &other.faults {
            *self.faults.entry(name.clone()).or_default() += count;
        }
    }
}

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

/// What the stack's text means, through the real configuration and the real kinds.
pub fn declared(want: &Want) -> Arc<Desired> {
    static KNOWN: OnceLock<Mutex<BTreeMap<Want, Arc<Desired>>>> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default);
    if let Some(desired) = known.lock().expect("no panic").get(want) {
        return desired.clone();
    }
    let desired = Arc::new(load(&text(want)));
    let mut known = known.lock().expect("no panic");
    if known.len() > 20_000 {
        known.clear();
    }
    known.insert(*want, desired.clone());
    desired
}

/// What a stack's text means.
pub fn load(text: &str) -> Desired {
    let mut sources = Sources::default();
    let file = sources.add("trust.hcl", text);
    let loaded = config::load(
        Input {
            sources: &mut sources,
            files: &[file],
            environment: &[],
            automatic: &[],
            central: &[],
            given: &[],
            access: config::Access {
                read: &|_| Err(config::FileError::NotFound),
                list: &|_| Err(config::FileError::NotFound),
            },
        },
        &kinds::shapes(),
    );
    assert!(loaded.is_ok(), "{text}\n{:?}", loaded.diagnostics);
    let (desired, said) = kinds::lower::lower(loaded.desired);
    assert!(!said.iter().any(|one| one.is_error()), "{text}\n{said:?}");
    desired
}

/// The stack as a person would write it.
pub fn text(want: &Want) -> String {
    let mut text = format!("stack \"{STACK}\" {{\n  tenant_id = \"{TENANT}\"\n}}\n");
    if want.keys != 0 {
        text.push_str("oidc_issuer \"cluster\" {\n  storage_account = \"simissuer\"\n  container = \"oidc\"\n");
        for (index, key) in KEYS.iter().enumerate() {
            if want.keys & 1 << index != 0 {
                text.push_str(&format!(
                    "  signing_key \"k{index}\" {{\n    public_key = <<EOT\n{key}EOT\n  }}\n"
                ));
            }
        }
        text.push_str("}\n");
    }
    let unmanaged = if want.delete_unmanaged {
        "delete"
    } else {
        "report"
    };
    let further = further::declared(want.further, &|word| match word {
        further::ISSUER => want.keys != 0,
        label => want.applications & (1 << u8::from(label == "b")) != 0,
    });
    text.push_str(&further::blocks(&further, "", unmanaged));
    for (index, label) in ["a", "b"].iter().enumerate() {
        if want.applications & 1 << index == 0 {
            continue;
        }
        text.push_str(&format!(
            "application \"{label}\" {{\n  display_name = \"sim {label} {}\"\n  unmanaged_credentials = \"{unmanaged}\"\n",
            want.name,
        ));
        text.push_str(&further::blocks(&further, label, unmanaged));
        if index == 0 {
            let roles: Vec<&str> = ROLES
                .into_iter()
                .enumerate()
                .filter(|(bit, _)| want.roles & 1 << bit != 0)
                .map(|(_, role)| role)
                .collect();
            text.push_str(&format!(
                "  permissions \"microsoft_graph\" {{\n    application = {roles:?}\n    admin_consent = true\n  }}\n"
            ));
        }
        let set = want.credentials[index];
        let repository = index + 2;
        let subject = format!("repo:contoso@1/{label}@{repository}");
        // Labels are places in the file: the same label means another trust when one before it goes.
        for (place, bit) in (0..5).filter(|bit| set & 1 << bit != 0).enumerate() {
            let github = "https://token.actions.githubusercontent.com";
            let (issuer, trust) = match bit {
                0 => (
                    format!("{github:?}"),
                    format!("subject = \"{subject}:ref:refs/heads/main\""),
                ),
                1 => (
                    format!("{github:?}"),
                    format!("subject = \"{subject}:environment:prod\""),
                ),
                2 => (
                    format!("{github:?}"),
                    format!(
                        "claims_matching_expression = \"claims['sub'] matches '{subject}:*' and claims['repository_owner_id'] eq '1'\""
                    ),
                ),
                3 => (
                    format!("{github:?}"),
                    format!(
                        "claims_matching_expression = \"claims['sub'] matches '{subject}:environment:*' and claims['repository_owner_id'] eq '1'\""
                    ),
                ),
                _ => (
                    "oidc_issuer.cluster.url".to_owned(),
                    format!("subject = \"system:serviceaccount:{label}:sa\""),
                ),
            };
            text.push_str(&format!(
                "  federated_credential \"c{place}\" {{\n    issuer = {issuer}\n    {trust}\n  }}\n"
            ));
        }
        text.push_str("}\n");
    }
    text
}
