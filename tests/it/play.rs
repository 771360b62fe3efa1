//! Plays scenarios: commands run in this process, against an emulated tenant with a clock of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use serde_json::Value as Json;
use trustform::cli::{World, run};
use trustform::cloud::Clock;
use trustform::cloud::transport::SILENCE;
use trustform::emulator::blob::PublicAccess;
use trustform::emulator::fault::Faults;
use trustform::emulator::inprocess::{Emulator, new_tenant};
use trustform::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use trustform::emulator::request::{Reply, Request};
use trustform::emulator::session::Session;
use trustform::emulator::store::Store;
use trustform::kinds;

use crate::scenario::{Command, Scenario, Step};
use crate::settled::leaves_something;
use crate::wire::Wire;

/// The tenant that every scenario's stack names.
pub const TENANT: &str = "11111111-1111-4111-8111-111111111111";
/// 20 November 2026, 10:00 UTC.
const START_MS: i64 = 1_795_168_800_000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What a scenario plays on.
pub struct Stage {
    pub directory: Arc<tempfile::TempDir>,
    pub emulator: Arc<Emulator>,
    pub clock: Clock,
    pub env: BTreeMap<String, String>,
    wire: Option<Wire>,
    answers: Arc<Mutex<BTreeMap<String, String>>>,
}

/// How a command went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    pub out: String,
    pub err: String,
    pub exit: i32,
}

/// A tenant as it is on the first day; made once, because its signing key takes its time.
pub fn first_day() -> Store {
    static STORE: OnceLock<Store> = OnceLock::new();
    let store = STORE.get_or_init(|| {
        let seed = new_tenant(TENANT, START_MS.unsigned_abs()).expect("a new tenant");
        Store::new(seed, &kinds::emulated()).expect("an emulated tenant")
    });
    store.clone()
}

impl Stage {
    pub fn new() -> Self {
        Self::with(first_day(), Clock::starting_at(START_MS))
    }

    /// A stage of its own with a tenant and a clock as they are elsewhere.
    pub fn with(store: Store, clock: Clock) -> Self {
        let time = clock.clone();
        let now = Arc::new(move || time.now_ms().unsigned_abs());
        Self {
            directory: Arc::new(tempfile::tempdir().expect("a temporary directory")),
            emulator: Emulator::new(store, kinds::emulated(), now, None),
            clock,
            env: BTreeMap::from([("NO_COLOR".to_owned(), "1".to_owned())]),
            wire: None,
            answers: Arc::default(),
        }
    }

    /// Another one that goes on from here: with the same files, and a tenant and a time of its own.
    pub fn fork(&self) -> Self {
        let store = self.emulator.with_store(|store, _| store.clone());
        Self {
            directory: self.directory.clone(),
            env: self.env.clone(),
            ..Self::with(store, Clock::starting_at(self.clock.now_ms()))
        }
    }

    /// Lets time go by.
    pub fn wait(&self, ms: u64) {
        let Clock::Virtual(time) = &self.clock else {
            unreachable!("a scenario's clock is virtual");
        };
        let ms = i64::try_from(ms).expect("a wait that ends");
        time.fetch_add(ms, std::sync::atomic::Ordering::SeqCst);
    }

    /// Does a step; the step as it really went.
    pub fn step(&mut self, step: &Step) -> Step {
        match step {
            Step::File { path, content } => {
                let path = self.directory.path().join(path);
                std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
                std::fs::write(path, content).expect("a file");
            }
            Step::Bytes { path, content } => {
                std::fs::write(self.directory.path().join(path), content).expect("a file");
            }
            Step::Link { path, target } => {
                std::os::unix::fs::symlink(target, self.directory.path().join(path))
                    .expect("a link");
            }
            Step::Remove { path } => {
                std::fs::remove_file(self.directory.path().join(path)).expect("a file to remove");
            }
            Step::Env { name, value } => {
                match value {
                    Some(value) => self.env.insert(name.clone(), value.clone()),
                    None => self.env.remove(name),
                };
            }
            Step::Storage { account, container } => {
                let now = self.clock.now_ms().unsigned_abs();
                self.emulator.with_store(|store, _| {
                    store.provision_account(account, true);
                    store.provision_container(account, container, PublicAccess::Blob, now);
                });
            }
            Step::Wait { days } => self.wait(days * DAY_MS),
            Step::Faults(json) => {
                let faults: Faults = serde_json::from_str(json).expect("switches of the emulator");
                self.emulator.with_store(|store, _| store.faults = faults);
            }
            Step::Answer { request, answer } => {
                let mut answers = self.answers.lock().expect("answers");
                match answer.trim() {
                    "" => answers.remove(request),
                    answer => answers.insert(request.clone(), answer.to_owned()),
                };
            }
            Step::Remark(_) => {}
            Step::Tenant {
                method, path, body, ..
            } => {
                return Step::Tenant {
                    method: method.clone(),
                    path: path.clone(),
                    body: body.clone(),
                    reply: self.behind_our_back(method, path, body),
                };
            }
            Step::Command(command) => {
                let run = self.run(&command.line, command.input.as_deref());
                return Step::Command(Command {
                    line: command.line.clone(),
                    input: command.input.clone(),
                    out: run.out,
                    err: run.err,
                    exit: run.exit,
                });
            }
            Step::Written { path, .. } => {
                let file = self.directory.path().join(path);
                let content = std::fs::read_to_string(&file).unwrap_or_else(|why| why.to_string());
                let path = path.clone();
                return Step::Written { path, content };
            }
            Step::Dump(_) => return Step::Dump(self.emulator.dump()),
        }
        step.clone()
    }

    /// Runs `trustform …`. Without an input, nobody is there to be asked.
    pub fn run(&mut self, line: &str, input: Option<&str>) -> Run {
        let mut line = line.to_owned();
        let mut port = None;
        if line.contains("PORT") {
            let wire = self
                .wire
                .get_or_insert_with(|| Wire::open(self.emulator.clone(), self.answers.clone()));
            port = Some(wire.port.to_string());
            line = line.replace("PORT", &wire.port.to_string());
        }
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let exit = run(World {
            args: words(&line).into_iter().map(Into::into).collect(),
            env: self.env.clone(),
            directory: self.directory.path().to_owned(),
            input: &mut input.unwrap_or_default().as_bytes(),
            out: &mut out,
            err: &mut err,
            terminal: input.is_some(),
            tenant: Some(self.emulator.clone()),
            clock: self.clock.clone(),
            silence: SILENCE,
        });
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("commands print UTF-8");
            // The two things that no two runs share.
            let text = text.replace(&shown(self.directory.path()), "/work/stack");
            match &port {
                Some(port) => text.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:PORT"),
                None => text,
            }
        };
        Run {
            out: text(out),
            err: text(err),
            exit: exit as i32,
        }
    }

    /// The tenant's administrator sends a request; its status, and the body of an error.
    pub fn behind_our_back(&self, method: &str, path: &str, body: &str) -> String {
        let path = self.filled(path);
        let body = self.filled(body);
        let reply = self.as_administrator(|session| {
            if path.starts_with("https://management.") {
                return arm(session, method, &path, &body);
            }
            if path.starts_with("https://") {
                return blob(session, method, &path, &body);
            }
            let json = match body.trim() {
                "" => Json::Null,
                text => serde_json::from_str(text).expect("a JSON body"),
            };
            session.graph_with(method, &path, &json, &[("prefer", "create-if-missing")])
        });
        match reply.status {
            200..=299 => format!("{}\n", reply.status),
            status => format!("{status}\n{}\n", String::from_utf8_lossy(&reply.body)),
        }
    }

    /// What the tenant answers to a GET.
    pub fn get(&self, path: &str) -> Json {
        self.as_administrator(|session| session.graph("GET", path, &Json::Null).value())
    }

    /// Works on the tenant while nothing goes wrong there.
    fn as_administrator<T>(&self, work: impl FnOnce(&mut Session) -> T) -> T {
        let now = self.clock.now_ms().unsigned_abs();
        self.emulator.with_store(|store, routes| {
            let faults = store.faults.clone();
            let mut session =
                Session::new(store.clone(), routes.clone(), now).expect("an administrator");
            session.store.faults = Faults {
                replica_lag_ms: Vec::new(),
                ..Faults::default()
            };
            let answer = work(&mut session);
            *store = session.store;
            store.faults = faults;
            answer
        })
    }

    /// Puts what a GET answers in place of each `${PATH#POINTER}`, the innermost first.
    fn filled(&self, text: &str) -> String {
        let mut text = text.to_owned();
        while let Some(begin) = text.rfind("${") {
            let end = begin + text[begin..].find('}').expect("`${` ends with `}`");
            let question = long(&text[begin + 2..end]);
            if question.contains("${") {
                text.replace_range(begin..=end, &question);
                continue;
            }
            let (path, pointer) = question.split_once('#').expect("`${path#pointer}`");
            let reply = self.as_administrator(|session| match path.starts_with("https://") {
                true => arm(session, "GET", path, ""),
                false => session.graph("GET", path, &Json::Null),
            });
            let value = reply.value();
            let value = value
                .pointer(&format!("/{}", pointer.trim_start_matches('/')))
                .and_then(Json::as_str)
                .unwrap_or_else(|| panic!("GET {path} has no `{pointer}`: {value}"))
                .to_owned();
            text.replace_range(begin..=end, &value);
        }
        text
    }
}

/// What is asked for often, in full.
fn long(question: &str) -> String {
    let by_name = |name| format!("/v1.0/applications(uniqueName='{name}')");
    match question.split_once(' ') {
        Some(("object_id", name)) => format!("{}#id", by_name(name)),
        Some(("client_id", name)) => format!("{}#appId", by_name(name)),
        Some(("principal", name)) => {
            format!("${{principal_of ${{client_id {name}}}}}")
        }
        Some(("principal_of", client_id)) => {
            format!("/v1.0/servicePrincipals(appId='{client_id}')#id")
        }
        _ => question.to_owned(),
    }
}

/// A path as commands print it.
fn shown(directory: &Path) -> String {
    let directory = directory.canonicalize().unwrap_or(directory.to_owned());
    directory.display().to_string()
}

/// A request to Resource Manager; the subscription that it names is there.
fn arm(session: &mut Session, method: &str, url: &str, body: &str) -> Reply {
    let token = session
        .log_in(
            ADMINISTRATOR_CLIENT_ID,
            ADMINISTRATOR_ASSERTION,
            "https://management.azure.com",
        )
        .expect("a login to Azure");
    if let Some(subscription) = url.split('/').nth(4) {
        session.store.azure.provision(subscription, None);
    }
    let mut request = Request::new(method, url)
        .expect("an absolute URL")
        .with_header("authorization", &format!("Bearer {token}"));
    request.body = body.trim_end().as_bytes().to_vec();
    session.send(&request)
}

fn blob(session: &mut Session, method: &str, url: &str, body: &str) -> Reply {
    let token = session
        .log_in(
            ADMINISTRATOR_CLIENT_ID,
            ADMINISTRATOR_ASSERTION,
            "https://storage.azure.com",
        )
        .expect("a login to Blob Storage");
    let mut request = Request::new(method, url)
        .expect("an absolute URL")
        .with_header("authorization", &format!("Bearer {token}"))
        .with_header("x-ms-version", "2025-11-05")
        .with_header("x-ms-blob-type", "BlockBlob")
        .with_header("content-type", "application/json");
    let (headers, body) = match body.split_once("\n\n") {
        Some((headers, body)) if !headers.starts_with('{') => (headers, body),
        None if body.starts_with("x-ms-") => (body.trim_end(), ""),
        _ => ("", body),
    };
    for line in headers.lines() {
        let (name, value) = line.split_once(": ").expect("a header");
        request = request.with_header(name, value);
    }
    request.body = body.trim_end().as_bytes().to_vec();
    session.send(&request)
}

/// A command line's words; quotes keep blanks together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Plays a scenario to its end: what came of it, and whether an apply left something to do.
pub fn play(scenario: &Scenario) -> (Scenario, Option<String>) {
    let mut stage = Stage::new();
    let mut broken = None;
    let steps = scenario
        .steps
        .iter()
        .map(|step| {
            let done = stage.step(step);
            if let Step::Command(command) = &done
                && broken.is_none()
            {
                broken = leaves_something(&mut stage, command);
            }
            done
        })
        .collect();
    let actual = Scenario {
        head: scenario.head.clone(),
        steps,
    };
    (actual, broken)
}
