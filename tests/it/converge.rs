//! Whatever breaks in the middle of an apply, the next one comes to the same end.
//!
//! Every apply and destroy of every scenario is broken at each of its writes and at some of its reads: the connection
//! is cut before or after the effect, the service is busy, everything after it is lost as if the machine had died, or
//! reads show what an old replica knows. What follows is run without faults, at most twice, and the tenant's dump has
//! to be that of the apply that nobody disturbed. Where a disturbed apply says that it is done, it has to be so at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value as Json;
use trustform::emulator::fault::{Fault, Faults};

use crate::play::{Run, Stage};
use crate::scenario::{self, Command, Scenario, Step};

/// Runs without faults that it may take.
pub const RERUNS: usize = 2;
/// Between two runs, a person looks at what happened.
pub const PAUSE_MS: u64 = 120_000;
/// Requests that are lost once a machine has died: more than any apply tries.
const ALL: u64 = 1_000;
/// How far the older replicas are behind, in milliseconds.
const LAGS: [&[u64]; 3] = [&[30_000], &[0, 30_000], &[0, 5_000, 90_000]];

/// From which dump to which one an apply led that has been broken already.
pub type Transitions = Mutex<BTreeSet<(String, String)>>;

/// One way to break an apply.
pub struct Break {
    pub name: String,
    pub faults: Faults,
}

#[test]
fn every_broken_apply_converges() {
    let seen = Mutex::new(BTreeSet::new());
    let (broken, failures) = in_every_scenario(|name, scenario| {
        let mut stage = Stage::new();
        let (mut broken, mut failures) = (0, Vec::new());
        for step in &scenario.steps {
            if let Step::Command(command) = step
                && let Some(line) = breakable(command, &stage)
            {
                let (count, said) = break_all(&stage, &line, &seen);
                broken += count;
                failures.extend(said.iter().map(|said| format!("{name}: {said}")));
            }
            stage.step(step);
        }
        (broken, failures)
    });
    assert!(
        failures.is_empty(),
        "{} of {broken} broken runs came to another end:\n\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n\n")
    );
    println!("{broken} broken runs came to the same end");
}

/// Plays every scenario, or those that `SCENARIO` names; how many runs were broken, and what went wrong.
pub fn in_every_scenario(
    play: impl Fn(&str, &Scenario) -> (usize, Vec<String>) + Sync,
) -> (usize, Vec<String>) {
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let paths: Vec<_> = scenario::all()
        .into_iter()
        .filter(|path| scenario::name(path).contains(&wanted))
        .collect();
    let (next, broken) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let failures = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(path) = paths.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (count, said) = play(&scenario::name(path), &scenario::read(path).1);
                    broken.fetch_add(count, Ordering::Relaxed);
                    failures.lock().expect("failures").extend(said);
                }
            });
        }
    });
    let broken = broken.into_inner();
    assert!(
        broken > 0 || !wanted.is_empty(),
        "no scenario applies anything"
    );
    (broken, failures.into_inner().expect("failures"))
}

/// The command line to repeat, if a scenario's command is an apply that ends well in good weather.
pub fn breakable(command: &Command, stage: &Stage) -> Option<String> {
    let line = &command.line;
    let writes = ["trustform apply", "trustform destroy"]
        .iter()
        .any(|begin| line.starts_with(begin));
    let calm = stage.emulator.with_store(|store, _| {
        store.faults
            == Faults {
                count: store.faults.count,
                ..Faults::default()
            }
    });
    // What was reviewed is one plan; what is left after a break is another.
    let reviewed = line.contains("--expect") || line.contains(".plan");
    let fits = writes && calm && !reviewed && command.exit == 0 && line.contains("--local");
    let approved = line.contains("-auto-approve");
    fits.then(|| match approved {
        true => line.clone(),
        false => format!("{line} --auto-approve"),
    })
}

/// Breaks one apply in every way; how many ways, and what went wrong.
fn break_all(stage: &Stage, line: &str, seen: &Transitions) -> (usize, Vec<String>) {
    let (end, methods) = undisturbed(stage, line);
    // Many a story begins alike.
    let transition = (stage.emulator.dump(), end.clone());
    if !seen.lock().expect("transitions").insert(transition) {
        return (0, Vec::new());
    }
    let Some(first) = methods.iter().position(|method| method != "GET") else {
        return (0, Vec::new());
    };
    let ways = ways(&methods, first);
    let failures = ways
        .iter()
        .filter_map(|way| {
            let why = comes_to(stage, line, way, &end).err()?;
            Some(format!("`{line}`, {}: {why}", way.name))
        })
        .collect();
    (ways.len(), failures)
}

/// The dump after an apply that nothing disturbs, and the methods of its requests. A batch only reads.
pub fn undisturbed(stage: &Stage, line: &str) -> (String, Vec<String>) {
    let mut fork = stage.fork();
    let log = tempfile::NamedTempFile::new().expect("a temporary file");
    fork.emulator.record(log.path()).expect("a recording");
    let run = fork.run(line, None);
    assert_eq!(run.exit, 0, "{line}\n{}", run.err);
    let recorded = std::fs::read_to_string(log.path()).expect("a recording");
    let methods = recorded
        .lines()
        .map(|line| serde_json::from_str::<Json>(line).expect("a recorded request"))
        .filter(|request| {
            let host = request["host"].as_str().unwrap_or_default();
            !host.starts_with("login.")
        })
        .map(|request| {
            let batch = request["path"]
                .as_str()
                .is_some_and(|path| path.ends_with("/$batch"));
            let method = request["method"].as_str().unwrap_or_default();
            if batch { "GET" } else { method }.to_owned()
        })
        .collect();
    (fork.emulator.dump(), methods)
}

/// Every way to break an apply with these requests, the first of which that writes is known.
pub fn ways(methods: &[String], first: usize) -> Vec<Break> {
    let mut ways = Vec::new();
    let mut add = |name: String, schedule: BTreeMap<u64, Fault>| {
        ways.push(Break {
            name,
            faults: Faults {
                schedule,
                ..Faults::default()
            },
        });
    };
    let last = methods.len() - 1;
    for (number, method) in methods.iter().enumerate().skip(first) {
        let what = format!("request {number} of {last} ({method})");
        let at = number as u64;
        let dead = |from: u64| (from..from + ALL).map(|at| (at, Fault::ResetBefore));
        if method == "GET" {
            // Reads have no effect to lose: some stand for all.
            if number == last || methods[number - 1] != "GET" {
                add(
                    format!("{what} lost"),
                    BTreeMap::from([(at, Fault::ResetBefore)]),
                );
                add(format!("{what} dies"), dead(at).collect());
            }
            continue;
        }
        for fault in [
            Fault::ResetBefore,
            Fault::ResetAfter,
            Fault::Unavailable,
            Fault::Conflict,
        ] {
            add(format!("{what} {fault:?}"), BTreeMap::from([(at, fault)]));
        }
        add(format!("{what} dies before"), dead(at).collect());
        let after = dead(at + 1).chain([(at, Fault::ResetAfter)]);
        add(format!("{what} dies after"), after.collect());
    }
    for lags in LAGS {
        ways.push(Break {
            name: format!("replicas {lags:?} ms behind"),
            faults: Faults {
                replica_lag_ms: lags.to_vec(),
                ..Faults::default()
            },
        });
    }
    ways
}

/// A dump without the tags of service principals: the service copies them from what its replica knows of the
/// application. And without a lock that could not be given back: it ends by itself.
pub fn taken_over(dump: &str) -> String {
    let mut lines = Vec::new();
    let (mut principal, mut lock) = (false, false);
    for line in dump.lines() {
        let deep = line.len() - line.trim_start().len();
        principal = match line.trim_start() {
            text if text.starts_with("service_principal") => true,
            _ => principal && deep >= 4,
        };
        lock = match line.trim_start() {
            text if text.starts_with("blob ") => text.ends_with(".lock"),
            _ => lock && deep >= 6,
        };
        if !(lock || principal && line.trim_start().starts_with("tags:")) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// The command line, with the word that the last run asked for. A run that died between a new identity's first trust and
/// its privileged grant is, to the next one, an identity with a trust that gains a privilege: the tenant does not tell
/// them apart, so the guard against widening asks, and only that guard is answered here.
pub fn reviewed(line: &str, last: &Run) -> String {
    let refusals = last.err.matches("refused (").count();
    let digest = last
        .err
        .split("`--allow-widening ")
        .nth(1)
        .and_then(|rest| rest.split('`').next());
    match digest {
        Some(digest) if last.exit == 4 && refusals == 1 => {
            let line = line.split(" --allow-widening").next().unwrap_or(line);
            format!("{line} --allow-widening {digest}")
        }
        _ => line.to_owned(),
    }
}

/// Runs a broken apply, and what is needed after it.
fn comes_to(stage: &Stage, line: &str, way: &Break, end: &str) -> Result<(), String> {
    let mut fork = stage.fork();
    // What was there before is what every replica knows: only the apply's own writes are news.
    fork.wait(PAUSE_MS);
    fork.emulator
        .with_store(|store, _| store.faults = way.faults.clone());
    let mut runs = vec![fork.run(line, None)];
    fork.emulator
        .with_store(|store, _| store.faults = Faults::default());
    while runs.last().is_some_and(|run| run.exit != 0) && runs.len() <= RERUNS {
        fork.wait(PAUSE_MS);
        let line = reviewed(line, &runs[runs.len() - 1]);
        runs.push(fork.run(&line, None));
    }
    let said = |runs: &[Run]| {
        let one = |run: &Run| format!("--- exit {}\n{}{}", run.exit, run.out, run.err);
        runs.iter().map(one).collect::<Vec<_>>().join("\n")
    };
    if runs.last().is_some_and(|run| run.exit != 0) {
        return Err(format!("does not come to an end\n{}", said(&runs)));
    }
    let dump = fork.emulator.dump();
    if taken_over(&dump) == taken_over(end) {
        return Ok(());
    }
    let diff = similar::TextDiff::from_lines(end, &dump);
    let diff = diff.unified_diff().context_radius(2).to_string();
    Err(format!("comes to another end\n{diff}\n{}", said(&runs)))
}
