//! The real HTTP client against the emulator's server, with a proxy in between that breaks answers.
//!
//! One apply that creates, changes, consents, publishes and deletes is struck at every one of its requests by every
//! fault. It has to end, without a panic; a success has to be true, a failure has to say what it is; nothing that is
//! said holds a token, and nobody follows a link or a redirect to where the proxy would send it. Afterwards one
//! apply that nobody disturbs comes to the end that an undisturbed one comes to.
//!
//! `WIRE=Spliced` plays the cases whose name holds that; `WIRE=` plays all of them, not one in some.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use tokio::runtime::Runtime;
use trustform::cli::{World, run};
use trustform::cloud::Clock;
use trustform::emulator::blob::PublicAccess;
use trustform::emulator::inprocess::Emulator;
use trustform::emulator::server;
use trustform::emulator::store::Store;
use trustform::kinds;

use crate::converge::taken_over;
use crate::play::{Run, first_day};
use crate::wire_fault::Fault;
use crate::wire_proxy::{Proxy, Strike};

const START_MS: i64 = 1_795_168_800_000;
/// Between two runs, a person looks at what happened.
const PAUSE_MS: i64 = 120_000;
/// How long a silent answer is waited for, where it is not silence that is tested and where it is.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);
/// A run that takes longer hangs.
const HANGS: Duration = Duration::from_secs(90);
/// One case in this many is played.
const SAMPLE: usize = 5;
const FLAGS: &str = "--auto-approve --allow-deletes 9";
const KEY: &str = include_str!("simulation/key-1.pub.pem");

const BEFORE: &str = r#"
stack "wire" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}
application "deployer" {
  display_name          = "wire-deployer"
  unmanaged_credentials = "delete"
  federated_credential "main" {
    issuer  = "https://token.actions.githubusercontent.com"
    subject = "repo:contoso@1/a@2:ref:refs/heads/main"
  }
  federated_credential "old" {
    issuer  = "https://token.actions.githubusercontent.com"
    subject = "repo:contoso@1/a@2:environment:old"
  }
}
"#;

const AFTER: &str = r#"
stack "wire" {
  tenant_id = "11111111-1111-4111-8111-111111111111"
}
oidc_issuer "cluster" {
  storage_account = "wireissuer"
  container       = "oidc"
  signing_key "one" {
    public_key = file("key.pub.pem")
  }
}
application "deployer" {
  display_name          = "wire-deployer, renamed"
  unmanaged_credentials = "delete"
  federated_credential "main" {
    issuer  = "https://token.actions.githubusercontent.com"
    subject = "repo:contoso@1/a@2:ref:refs/heads/main"
  }
  federated_credential "new" {
    issuer                     = "https://token.actions.githubusercontent.com"
    claims_matching_expression = "claims['sub'] matches 'repo:contoso@1/a@2:environment:*' and claims['repository_owner_id'] eq '1'"
  }
}
application "reader" {
  display_name = "wire-reader"
  permissions "microsoft_graph" {
    application   = ["User.Read.All"]
    admin_consent = true
  }
  federated_credential "cluster" {
    issuer  = oidc_issuer.cluster.url
    subject = "system:serviceaccount:wire:reader"
  }
}
"#;

/// A tenant, a time and the files of a stack.
struct Place {
    emulator: Arc<Emulator>,
    clock: Clock,
    directory: tempfile::TempDir,
}

impl Place {
    fn new(store: Store, now: i64, text: &str) -> Self {
        let clock = Clock::starting_at(now);
        let time = clock.clone();
        let now = Arc::new(move || time.now_ms().unsigned_abs());
        let directory = tempfile::tempdir().expect("a temporary directory");
        write(directory.path(), "trust.hcl", text);
        write(directory.path(), "key.pub.pem", KEY);
        Self {
            emulator: Emulator::new(store, kinds::emulated(), now, None),
            clock,
            directory,
        }
    }

    /// Runs a command on a thread of its own: none when it does not end.
    fn run(&self, line: String, silence: Duration) -> Option<std::thread::Result<Run>> {
        let (emulator, clock) = (self.emulator.clone(), self.clock.clone());
        let directory = self.directory.path().to_owned();
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let work = std::panic::AssertUnwindSafe(|| {
                let (mut out, mut err) = (Vec::new(), Vec::new());
                let exit = run(World {
                    args: line.split(' ').map(Into::into).collect(),
                    env: BTreeMap::from([("NO_COLOR".to_owned(), "1".to_owned())]),
                    directory,
                    input: &mut std::io::empty(),
                    out: &mut out,
                    err: &mut err,
                    terminal: false,
                    tenant: Some(emulator),
                    clock,
                    silence,
                });
                let text = |bytes| String::from_utf8(bytes).expect("commands print UTF-8");
                Run {
                    out: text(out),
                    err: text(err),
                    exit: exit as i32,
                }
            });
            sender.send(std::panic::catch_unwind(work)).ok();
        });
        receiver.recv_timeout(HANGS).ok()
    }

    /// Runs a command that nobody disturbs.
    fn calmly(&self, line: &str) -> Result<Run, String> {
        match self.run(line.to_owned(), LONG) {
            Some(Ok(run)) => Ok(run),
            Some(Err(_)) => Err(format!("`{line}` panics")),
            None => Err(format!("`{line}` hangs")),
        }
    }

    /// Applies through a proxy that strikes.
    fn through(
        &self,
        runtime: &Runtime,
        strike: Option<Strike>,
    ) -> (Option<std::thread::Result<Run>>, Arc<Proxy>) {
        let listener = server::listen(([127, 0, 0, 1], 0).into()).expect("a loopback port");
        let address = listener.local_addr().expect("an address");
        let emulator = self.emulator.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let proxy = runtime.block_on(async {
            tokio::spawn(server::serve(
                emulator,
                listener,
                server::Options::default(),
                async {
                    stopped.await.ok();
                },
            ));
            Proxy::open(address, strike).await
        });
        let line = format!(
            "trustform apply --emulator http://127.0.0.1:{} {FLAGS}",
            proxy.port
        );
        let silence = match strike.map(|strike| strike.fault) {
            Some(Fault::Stalled(_)) => SHORT,
            _ => LONG,
        };
        let run = self.run(line, silence);
        drop(stop);
        (run, proxy)
    }
}

fn write(directory: &Path, name: &str, text: &str) {
    std::fs::write(directory.join(name), text).expect("a file");
}

/// What every case begins with, and what it has to come to.
struct Base {
    runtime: Runtime,
    store: Store,
    now: i64,
    requests: Vec<String>,
    end: String,
    trap: SocketAddr,
    sprung: Arc<AtomicUsize>,
}

impl Base {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let before = Place::new(first_day(), START_MS, BEFORE);
        before.emulator.with_store(|store, _| {
            store.provision_account("wireissuer", true);
            store.provision_container(
                "wireissuer",
                "oidc",
                PublicAccess::Blob,
                START_MS.unsigned_abs(),
            );
        });
        let run = before
            .calmly(&format!("trustform apply --local {FLAGS}"))
            .expect("an apply");
        assert_eq!(run.exit, 0, "{}", run.err);
        let store = before.emulator.with_store(|store, _| store.clone());
        let now = before.clock.now_ms() + PAUSE_MS;
        let (trap, sprung) = runtime.block_on(trap());
        let place = Place::new(store.clone(), now, AFTER);
        let (run, proxy) = place.through(&runtime, None);
        let run = run.expect("an end").expect("no panic");
        assert_eq!(run.exit, 0, "{}{}", run.out, run.err);
        Self {
            end: taken_over(&place.emulator.dump()),
            requests: proxy.asked(),
            runtime,
            store,
            now,
            trap,
            sprung,
        }
    }

    /// How a disturbed apply ended, or why that is wrong. None where there was nothing to strike at.
    fn play(&self, strike: Strike) -> Result<Option<i32>, String> {
        let place = Place::new(self.store.clone(), self.now, AFTER);
        let (run, proxy) = place.through(&self.runtime, Some(strike));
        if proxy.struck() == 0 {
            return Ok(None);
        }
        let run = match run {
            Some(Ok(run)) => run,
            Some(Err(_)) => return Err("it panics".to_owned()),
            None => return Err("it hangs".to_owned()),
        };
        let said = format!("--- exit {}\n{}{}", run.exit, run.out, run.err);
        let wrong = |why: &str| Err(format!("{why}\n{said}"));
        match run.exit {
            0 if taken_over(&place.emulator.dump()) != self.end => {
                return wrong("success is said, and it is not so");
            }
            0 => {}
            1 | 5 if strike.fault.is_harmless() => return wrong("there was nothing to fail at"),
            1 | 5
                if strike.fault.passes()
                    && !strike.forever
                    && is_repeated(&proxy.asked()[strike.at]) =>
            {
                return wrong("a fault that passes failed it");
            }
            1 | 5 if !run.err.contains("error: ") => return wrong("it does not say what failed"),
            1 | 5 => {}
            _ => return wrong("an exit code that means something else"),
        }
        if proxy
            .tokens()
            .iter()
            .any(|token| said.contains(token.as_str()))
        {
            return wrong("it says a token");
        }
        if said.contains('\u{1b}') {
            return wrong("it passes on what would steer a terminal");
        }
        let Clock::Virtual(time) = &place.clock else {
            unreachable!("a case's clock is virtual");
        };
        time.fetch_add(PAUSE_MS, Ordering::SeqCst);
        let again = place.calmly(&format!("trustform apply --local {FLAGS}"))?;
        if again.exit != 0 {
            return wrong(&format!("the next apply fails\n{}{}", again.out, again.err));
        }
        let dump = taken_over(&place.emulator.dump());
        if dump != self.end {
            let diff = similar::TextDiff::from_lines(self.end.as_str(), &dump);
            let diff = diff.unified_diff().context_radius(2).to_string();
            return wrong(&format!("it comes to another end\n{diff}"));
        }
        Ok(Some(run.exit))
    }

    /// Every fault at every request; and every fault for good, from the first write on.
    fn cases(&self) -> Vec<Strike> {
        let strike = |fault, at, forever, reaches| Strike {
            fault,
            at,
            forever,
            reaches,
            trap: self.trap,
        };
        let wanted = std::env::var("WIRE").ok();
        let mut cases = Vec::new();
        for (kind, fault) in Fault::ALL.iter().enumerate() {
            let picked = wanted
                .as_ref()
                .is_none_or(|wanted| format!("{fault:?}").contains(wanted));
            if !picked {
                continue;
            }
            for at in 0..self.requests.len() {
                if wanted.is_some() || (at + kind) % SAMPLE == 0 {
                    // Only what comes from the service itself can tell what it has done.
                    let reaches = fault.is_harmless() || !(at / SAMPLE + kind).is_multiple_of(3);
                    cases.push(strike(*fault, at, false, reaches));
                }
            }
            let writes = |line: &&String| {
                !line.starts_with("GET") && !line.contains("$batch") && !line.contains("/token")
            };
            let first = self.requests.iter().position(|line| writes(&line));
            if !matches!(fault, Fault::Slow) {
                cases.push(strike(*fault, first.expect("a write"), true, true));
            }
        }
        cases
    }
}

/// Whether the reader or the engine sends a request, which do it again; not so a login, and the last look at the
/// documents as anybody sees them.
fn is_repeated(line: &str) -> bool {
    !line.contains("/oauth2/") && !line.starts_with("GET /oidc/")
}

/// A place that nobody may connect to, and how many have.
async fn trap() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let sprung = Arc::new(AtomicUsize::new(0));
    let count = sprung.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, sprung)
}

#[test]
fn whatever_the_wire_does_an_apply_ends_well_or_says_why() {
    let base = Base::new();
    let cases = base.cases();
    let next = AtomicUsize::new(0);
    let ends = Mutex::new(BTreeMap::<i32, usize>::new());
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match base.play(*case) {
                        Ok(Some(exit)) => {
                            *ends.lock().expect("ends").entry(exit).or_default() += 1;
                        }
                        Ok(None) => {}
                        Err(why) => {
                            let line = &base.requests[case.at];
                            let name = format!(
                                "{:?} at request {} ({line}), {}{}",
                                case.fault,
                                case.at,
                                if case.reaches {
                                    "after its effect"
                                } else {
                                    "without effect"
                                },
                                if case.forever { ", and for good" } else { "" },
                            );
                            failures
                                .lock()
                                .expect("failures")
                                .push(format!("{name}: {why}"));
                        }
                    }
                }
            });
        }
    });
    let (ends, failures) = (
        ends.into_inner().expect("ends"),
        failures.into_inner().expect("failures"),
    );
    println!(
        "{} requests, cases by exit code: {ends:?}",
        base.requests.len()
    );
    assert!(
        failures.is_empty(),
        "{} cases fail:\n\n{}",
        failures.len(),
        failures[..failures.len().min(12)].join("\n\n")
    );
    assert_eq!(
        base.sprung.load(Ordering::SeqCst),
        0,
        "somebody followed a link"
    );
    let all: usize = ends.values().sum();
    assert!(
        all >= 500 || std::env::var("WIRE").is_ok(),
        "only {all} cases"
    );
}
