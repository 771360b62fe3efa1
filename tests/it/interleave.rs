//! Two applies of one stack under its blob lease, in every order within bounds: where the second one begins, where the
//! first one stands still or dies, whether its request has taken effect by then, and how long it lasts.
//!
//! The lease, the driver, the engine and the client are the ones that the commands use. They run on the emulator's
//! `handle`, in virtual time: each request waits at a gate until the schedule lets it through. Only one of two runs may
//! write at a time, whatever the order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Poll, Waker};

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::{AsyncRawResponse, HttpClient, Method, Request};
use trustform::apply::engine::Engine;
use trustform::apply::{driver, lease};
use trustform::cloud::login::EmulatorLogin;
use trustform::cloud::{Client, Clock, LoginOptions, Reader, Transport, credential};
use trustform::emulator::blob::PublicAccess;
use trustform::emulator::inprocess::{Emulator, InProcess};
use trustform::emulator::login::{ADMINISTRATOR_ASSERTION, ADMINISTRATOR_CLIENT_ID};
use trustform::emulator::store::Store;
use trustform::kinds;
use trustform::model::desired::{Desired, LockPlace, Stack};
use trustform::model::national_cloud::Cloud;
use trustform::observe;
use trustform::plan::{self, Allow, Options};

use crate::simulation::history::Want;
use crate::simulation::invariants::{Bounds, Foreign, Violation, after_commit};
use crate::simulation::state::State;
use crate::simulation::{declared, stack};

const START_MS: u64 = 1_795_168_800_000;
/// A lease's length, and how long a client waits for the answer to a write under one.
const LEASE_MS: i64 = 60_000;
const WRITE_MS: i64 = 30_000;
/// How long a run stands still: not at all, as long as a request may, and until its lease is over.
const PAUSES_MS: [i64; 3] = [0, 29_000, 61_000];
/// Requests that no run needs: more means that one does not come to an end. A run whose writes another one has undone
/// reads for ten minutes before it says so.
const MOST: usize = 3_000;
const IDS: [&str; 2] = [
    "00000000-0000-4000-8000-000000000001",
    "00000000-0000-4000-8000-000000000002",
];

/// What a schedule says of the request at which the first run is held up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// It has not reached the service yet.
    Before,
    /// It has, and its answer is on the way.
    After,
}

/// One order of two runs.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    /// Requests of the first run before it is held up.
    first: usize,
    held: Held,
    pause_ms: i64,
    /// The first one never goes on.
    dies: bool,
    /// Requests of the second run before the first one goes on; all of them where there is none.
    second: Option<usize>,
    /// How long the second one stands still then.
    second_pause_ms: i64,
    /// Seconds that the second one waits for the lock.
    patience: u64,
    /// Whether one replica of two is behind.
    lags: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
enum End {
    Done,
    /// Somebody else held the lock, from the beginning or from somewhere on.
    Locked,
    Stopped(String),
}

/// What all that happens is judged by.
struct Judge {
    /// Which run holds the lease, and until when.
    holder: Option<(usize, i64)>,
    state: State,
    bounds: [Bounds; 2],
    violations: Vec<Violation>,
    /// Requests that each run may still send, and has sent.
    credit: [usize; 2],
    sent: [usize; 2],
    /// Those that wait at the gate.
    waiting: [usize; 2],
    wakers: Vec<Waker>,
    held: Held,
}

/// The way of one run to the tenant.
struct Gate {
    run: usize,
    judge: Arc<Mutex<Judge>>,
    tenant: InProcess,
    time: Arc<AtomicI64>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gate({})", self.run)
    }
}

impl Gate {
    fn judge(&self) -> MutexGuard<'_, Judge> {
        self.judge.lock().expect("no panic")
    }

    async fn turn(&self) {
        let mut counted = false;
        std::future::poll_fn(|cx| {
            let mut judge = self.judge();
            if judge.credit[self.run] > 0 {
                judge.credit[self.run] -= 1;
                judge.waiting[self.run] -= usize::from(counted);
                return Poll::Ready(());
            }
            if !std::mem::replace(&mut counted, true) {
                judge.waiting[self.run] += 1;
            }
            judge.wakers.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// Sends it to the tenant, and judges what it did there.
    async fn through(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let now = self.time.load(Ordering::SeqCst);
        let writes = writes(request);
        if writes {
            let mut judge = self.judge();
            let fits = matches!(judge.holder, Some((run, until)) if run == self.run && now < until);
            if !fits {
                let what = format!(
                    "run {} writes and {:?} holds the lease",
                    self.run, judge.holder
                );
                judge.violations.push(Violation {
                    invariant: "I8",
                    what,
                });
            }
        }
        let answer = self.tenant.execute_request(request).await?;
        let ok = u16::from(answer.status()) < 300;
        let url = request.url().as_str();
        let action = request
            .headers()
            .iter()
            .find(|(name, _)| name.as_str() == "x-ms-lease-action");
        let mut judge = self.judge();
        match action.map(|(_, value)| value.as_str()) {
            Some("acquire" | "renew") if ok => judge.holder = Some((self.run, now + LEASE_MS)),
            None if ok && request.method() == Method::Delete && url.ends_with(".lock") => {
                judge.holder = None;
            }
            _ => {}
        }
        drop(judge);
        if writes {
            let state = self
                .tenant
                .0
                .with_store(|store, _| State::with(store, BTreeMap::new()));
            let judge = &mut *self.judge();
            let all: Vec<&Bounds> = judge.bounds.iter().collect();
            let found = after_commit(&judge.state, &state, &all, &Foreign::default());
            judge.violations.extend(found);
            judge.state = state;
        }
        Ok(answer)
    }
}

/// Whether a request changes the directory.
fn writes(request: &Request) -> bool {
    let url = request.url().as_str();
    request.method() != Method::Get
        && url.starts_with("https://graph.microsoft.com/")
        && !url.ends_with("/$batch")
}

#[async_trait]
impl HttpClient for Gate {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        if request.url().as_str().starts_with("https://login.") {
            return self.tenant.execute_request(request).await;
        }
        let asked = self.time.load(Ordering::SeqCst);
        // On a virtual clock no client gives up by itself.
        let gives_up = || {
            let late = self.time.load(Ordering::SeqCst) - asked >= WRITE_MS;
            (late && writes(request)).then(|| Error::with_message(ErrorKind::Io, "no answer came"))
        };
        let held = self.judge().held;
        self.judge().sent[self.run] += 1;
        if held == Held::After && self.run == 0 {
            let answer = self.through(request).await;
            self.turn().await;
            return gives_up().map_or(answer, Err);
        }
        self.turn().await;
        match gives_up() {
            Some(error) => Err(error),
            None => self.through(request).await,
        }
    }
}

/// One apply, as the command makes it.
async fn apply(desired: Arc<Desired>, client: Arc<Client>, id: &'static str, patience: u64) -> End {
    let place = LockPlace {
        storage_account: "simlocks".to_owned(),
        container: "locks".to_owned(),
    };
    let stack = Stack {
        name: stack::STACK.to_owned(),
        ..Stack::default()
    };
    let taken = lease::acquire(&place, &stack, id, id, patience * 1000, &client).await;
    let lease = match taken {
        Ok(lease) => lease,
        Err(why) if ["locked", "lock-lost"].contains(&why.code) => return End::Locked,
        Err(why) => return End::Stopped(why.message),
    };
    let reader = Reader::new(client.clone(), 0);
    let end = lease
        .held_during(&client, carry_out(&desired, &client, &reader, &lease))
        .await;
    lease.release(&client).await;
    end
}

async fn carry_out(
    desired: &Desired,
    client: &Client,
    reader: &Reader,
    lease: &lease::Lease,
) -> End {
    let stopped = |said: Vec<trustform::model::diagnostic::Diagnostic>| {
        if said.iter().any(|one| one.code == "lock-lost") {
            return End::Locked;
        }
        let said = said.iter().map(|one| one.message.as_str());
        End::Stopped(said.collect::<Vec<_>>().join("; "))
    };
    let options = Options {
        allow: Allow {
            deletes: Some(1_000),
            ..Allow::default()
        },
        ..Options::default()
    };
    let mut live = match observe::observe(desired, reader).await {
        Ok(live) => live,
        Err(said) => return stopped(said),
    };
    let mut plan = match plan::plan(desired, &live, &options) {
        Ok(plan) => plan,
        Err(said) => return stopped(said),
    };
    for _ in 0..4 {
        let unsure = plan::unconfirmed(&plan, &live);
        if unsure.is_empty() {
            break;
        }
        if let Err(said) = observe::confirm(desired, &mut live, &unsure, reader).await {
            return stopped(said);
        }
        plan = match plan::plan(desired, &live, &options) {
            Ok(plan) => plan,
            Err(said) => return stopped(said),
        };
    }
    if !plan.refusals.is_empty() {
        return End::Stopped(format!("{:?}", plan.refusals));
    }
    if let Err(why) = lease.ensure(client).await {
        return stopped(vec![why]);
    }
    let never = std::future::pending();
    let outcome = driver::apply(
        Engine::new(&plan, 0),
        client,
        reader,
        Some(lease),
        &mut |_| {},
        never,
    )
    .await;
    match outcome.complete() {
        true => End::Done,
        false => stopped(outcome.diagnostics),
    }
}

/// What the stack declares first, and what each run is to make of it.
fn wants() -> [Want; 3] {
    let want = |credentials, roles| Want {
        applications: 1,
        credentials: [credentials, 1],
        name: 0,
        roles,
        keys: 0,
        delete_unmanaged: true,
        further: 0,
    };
    [want(0b0011, 1), want(0b0110, 1), want(0b1001, 3)]
}

/// A tenant in which the first declaration is applied; and when that was done.
fn begun() -> (Store, i64) {
    let mut store = crate::play::first_day();
    store.provision_account("simlocks", false);
    store.provision_container("simlocks", "locks", PublicAccess::None, START_MS);
    let play = Play::new(
        store,
        START_MS.cast_signed(),
        [0, 0].map(|at| wants()[at]),
        Held::Before,
    );
    let mut run = play.run(0, 0);
    let end = play.go(0, &mut run, MOST);
    assert_eq!(end, Some(End::Done));
    let store = play.emulator.with_store(|store, _| store.clone());
    (store, play.time.load(Ordering::SeqCst) + 600_000)
}

type Task = Pin<Box<dyn Future<Output = End>>>;

/// Two runs on one tenant.
struct Play {
    emulator: Arc<Emulator>,
    time: Arc<AtomicI64>,
    judge: Arc<Mutex<Judge>>,
    wants: [Want; 2],
    runtime: tokio::runtime::Runtime,
}

impl Play {
    fn new(store: Store, now: i64, wants: [Want; 2], held: Held) -> Self {
        let time = Arc::new(AtomicI64::new(now));
        let clock = time.clone();
        let routes = kinds::emulated();
        let state = State::with(&store, BTreeMap::new());
        let bounds = wants.map(|want| {
            let mut bounds = Bounds::new(state.clone(), &stack::declared(&want));
            bounds.lags = true;
            bounds
        });
        let now = Arc::new(move || clock.load(Ordering::SeqCst).unsigned_abs());
        Self {
            emulator: Emulator::new(store, routes, now, None),
            time,
            judge: Arc::new(Mutex::new(Judge {
                holder: None,
                state,
                bounds,
                violations: Vec::new(),
                credit: [0; 2],
                sent: [0; 2],
                waiting: [0; 2],
                wakers: Vec::new(),
                held,
            })),
            wants,
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("a runtime"),
        }
    }

    fn run(&self, run: usize, patience: u64) -> Task {
        let gate = Gate {
            run,
            judge: self.judge.clone(),
            tenant: InProcess(self.emulator.clone()),
            time: self.time.clone(),
        };
        let login = LoginOptions {
            tenant_id: stack::TENANT.to_owned(),
            emulator: Some(EmulatorLogin {
                client_id: ADMINISTRATOR_CLIENT_ID.to_owned(),
                assertion: ADMINISTRATOR_ASSERTION.to_owned(),
            }),
            ..LoginOptions::default()
        };
        let transport = Transport::given(Arc::new(gate));
        let login = credential(login, Cloud::Public, &transport).expect("a login");
        let clock = Clock::Virtual(self.time.clone());
        let client = Arc::new(Client::new(Cloud::Public, login, transport, clock));
        let desired = stack::declared(&self.wants[run]);
        Box::pin(apply(desired, client, IDS[run], patience))
    }

    /// Lets a run send that many requests more; how it ended, if it did.
    fn go(&self, run: usize, task: &mut Task, requests: usize) -> Option<End> {
        let wakers = {
            let mut judge = self.judge.lock().expect("no panic");
            judge.credit[run] = requests;
            std::mem::take(&mut judge.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
        let end = self.runtime.block_on(std::future::poll_fn(|cx| {
            if let Poll::Ready(end) = task.as_mut().poll(cx) {
                return Poll::Ready(Some(end));
            }
            let judge = self.judge.lock().expect("no panic");
            match judge.credit[run] == 0 && judge.waiting[run] > 0 {
                true => Poll::Ready(None),
                false => Poll::Pending,
            }
        }));
        self.judge.lock().expect("no panic").credit[run] = 0;
        end
    }

    fn wait(&self, ms: i64) {
        self.time.fetch_add(ms, Ordering::SeqCst);
    }

    fn sent(&self, run: usize) -> usize {
        self.judge.lock().expect("no panic").sent[run]
    }
}

/// Plays one order; what went wrong, and how many requests the second one had sent when the first went on.
fn play(begun: &(Store, i64), schedule: &Schedule) -> Result<[usize; 2], String> {
    let (mut store, now) = begun.clone();
    if schedule.lags {
        store.faults.replica_lag_ms = vec![0, 5_000];
    }
    let [_, one, two] = wants();
    let play = Play::new(store, now, [one, two], schedule.held);
    let mut first = play.run(0, 0);
    let mut ends = [play.go(0, &mut first, schedule.first), None];
    play.wait(schedule.pause_ms);
    let mut first = (!schedule.dies).then_some(first);
    let mut second = play.run(1, schedule.patience);
    ends[1] = play.go(1, &mut second, schedule.second.unwrap_or(MOST));
    if ends[1].is_none() {
        play.wait(schedule.second_pause_ms);
    }
    if let (Some(first), None) = (&mut first, &ends[0]) {
        ends[0] = play.go(0, first, MOST);
        if ends[0].is_none() {
            return Err("the first run does not come to an end".to_owned());
        }
    }
    if ends[1].is_none() {
        ends[1] = play.go(1, &mut second, MOST);
    }
    let sent = [play.sent(0), play.sent(1)];
    let Some(last) = &ends[1] else {
        return Err("the second run does not come to an end".to_owned());
    };
    // What one of them wrote, the other one may have undone while it stood still: then it says so.
    for (run, end) in ends.iter().enumerate() {
        let other = ends[1 - run].as_ref() == Some(&End::Done);
        match end {
            Some(End::Stopped(why)) if other && why.contains("reads still say") => {}
            Some(End::Stopped(why)) => return Err(format!("run {run} stopped: {why}")),
            _ => {}
        }
    }
    // Whoever was kept out comes again once nobody is there any more.
    if *last != End::Done {
        play.wait(LEASE_MS + 1_000);
        second = play.run(1, 0);
        let end = play.go(1, &mut second, MOST);
        if end != Some(End::Done) {
            return Err(format!("the next run ended with {end:?}"));
        }
    }
    let judge = play.judge.lock().expect("no panic");
    if let Some(found) = judge.violations.first() {
        return Err(format!("{}: {}", found.invariant, found.what));
    }
    // Who came last decides, unless the first one went on after it.
    let wanted = [&one, &two]
        .map(|want| declared::unlike(&judge.state, &stack::declared(want), &Foreign::default()));
    match wanted {
        [Some(_), Some(unlike)] => Err(format!("in the end {unlike}")),
        _ => Ok(sent),
    }
}

/// Of the orders that are not the plainest, each test run plays one in this many; `ORDERS=all` plays all of them.
const SAMPLED: usize = 23;

/// Every order within the bounds, of runs that send so many requests alone.
fn orders(alone: Schedule, first: usize, second: usize) -> Vec<Schedule> {
    let thorough = std::env::var("ORDERS").is_ok_and(|orders| orders == "all");
    let (mut plain, mut others) = (Vec::new(), Vec::new());
    for held in [Held::Before, Held::After] {
        for at in 0..=first {
            let here = Schedule {
                first: at,
                held,
                ..alone
            };
            // It dies; or it stands still until its lease is over, and goes on once the other one is through.
            plain.push(Schedule {
                dies: true,
                patience: 120,
                ..here
            });
            plain.push(Schedule {
                pause_ms: 61_000,
                ..here
            });
            for (lags, pause_ms) in PAUSES_MS
                .map(|ms| (false, ms))
                .into_iter()
                .chain(PAUSES_MS.map(|ms| (true, ms)))
            {
                for (dies, patience) in [(false, 0), (false, 120), (true, 120)] {
                    others.push(Schedule {
                        lags,
                        pause_ms,
                        dies,
                        patience,
                        ..here
                    });
                }
            }
            // Back and forth: the second one is held up, too.
            for other in 0..=second {
                for second_pause_ms in [0, 61_000] {
                    others.push(Schedule {
                        second: Some(other),
                        pause_ms: 61_000,
                        second_pause_ms,
                        ..here
                    });
                }
            }
        }
    }
    let step = if thorough { 1 } else { SAMPLED };
    plain.extend(others.into_iter().step_by(step));
    plain
}

#[test]
fn two_runs_never_write_at_once() {
    let began = std::time::Instant::now();
    let begun = begun();
    let alone = Schedule {
        first: MOST,
        held: Held::Before,
        pause_ms: 0,
        dies: false,
        second: None,
        second_pause_ms: 0,
        patience: 0,
        lags: false,
    };
    let [first, second] = play(&begun, &alone).expect("one after the other");
    let schedules = orders(alone, first, second);
    println!(
        "{} orders of {first} and {second} requests, {:?}",
        schedules.len(),
        began.elapsed()
    );
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(schedule) = schedules.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(why) = play(&begun, schedule) {
                        let mut failures = failures.lock().expect("no panic");
                        failures.push(format!("{schedule:?}: {why}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(
        failures.is_empty(),
        "{} of {} orders:\n{}",
        failures.len(),
        schedules.len(),
        failures[..failures.len().min(8)].join("\n")
    );
}
