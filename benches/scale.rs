//! The whole program at scale: the real binary against an emulator behind a socket, 30 ms away.
//!
//! `cargo bench --bench scale [-- --only WORK]` prints one JSON object a line. Wall time, processor time and peak memory
//! are those of the client's whole process; requests and operations (the items of batches) are counted where they arrive, in a run
//! of its own, because recording takes time.
//!
//! To reach: `plan-500` at most 60 requests, 1.0 s and 64 MiB; `create-100` and `destroy-100` at most 10 s, 4 s of
//! which are the verification's window; `help` at most 5 ms; `create-1000-quota`, where the tenant takes 3,000 writes in
//! 150 s and the work needs 4,000, ends well and uses at least 95 % of what it may (`quota_used`); `create-1000` is the same without
//! a quota and without keeping to one; `audit-100k` at most 400
//! requests, 20 s and 256 MiB, and the rules alone, in one thread, at least 100,000 applications a second.

#[path = "scale/client.rs"]
mod client;
#[path = "scale/rules.rs"]
mod rules;
#[path = "scale/served.rs"]
mod served;
#[path = "scale/stack.rs"]
mod stack;

use std::path::Path;

use serde_json::{Map, json};

use client::Run;
use served::Served;

/// A measured command.
struct Work {
    name: &'static str,
    arguments: &'static [&'static str],
    on: On,
    /// Whether the tenant keeps to Graph's published quotas.
    quota: bool,
    /// The exit code that says that it did what it is measured for.
    exit: i32,
    runs: usize,
}

/// What the command works on.
#[derive(Clone, Copy, PartialEq)]
enum On {
    Nothing,
    /// A stack of so many applications in an empty tenant.
    Empty(usize),
    /// The same where they are there already.
    Planted(usize),
    /// A tenant of so many applications, and no stack.
    Seeded(usize),
}

const WORKS: &[Work] = &[
    Work {
        name: "help",
        arguments: &["--help"],
        on: On::Nothing,
        quota: false,
        exit: 0,
        runs: 20,
    },
    Work {
        name: "plan-500",
        arguments: &["plan", "--detailed-exitcode"],
        on: On::Planted(500),
        quota: false,
        exit: 0,
        runs: 7,
    },
    Work {
        name: "create-100",
        arguments: &["apply", "--auto-approve"],
        on: On::Empty(100),
        quota: false,
        exit: 0,
        runs: 3,
    },
    Work {
        name: "destroy-100",
        arguments: &["destroy", "--auto-approve"],
        on: On::Planted(100),
        quota: false,
        exit: 0,
        runs: 3,
    },
    Work {
        name: "create-1000",
        arguments: &["apply", "--auto-approve", "--no-pacing"],
        on: On::Empty(1_000),
        quota: false,
        exit: 0,
        runs: 1,
    },
    Work {
        name: "create-1000-quota",
        arguments: &["apply", "--auto-approve"],
        on: On::Empty(1_000),
        quota: true,
        exit: 0,
        runs: 0,
    },
    Work {
        name: "audit-100k",
        arguments: AUDIT,
        on: On::Seeded(100_000),
        quota: false,
        exit: 2,
        runs: 2,
    },
];

const AUDIT: &[&str] = &["audit", "--tenant", stack::TENANT, "--no-network"];

fn main() {
    // Cargo passes `--bench`; the word after `--only` chooses.
    let only = std::env::args().skip_while(|word| word != "--only").nth(1);
    let named = |work: &Work, only: &str| {
        work.name == only || work.name.strip_suffix("-quota") == Some(only)
    };
    let chosen = |work: &&Work| only.as_deref().is_none_or(|only| named(work, only));
    let works: Vec<&Work> = WORKS.iter().filter(chosen).collect();
    assert!(
        !works.is_empty(),
        "`--only` takes one of {}",
        WORKS
            .iter()
            .map(|work| work.name)
            .collect::<Vec<_>>()
            .join(", ")
    );
    for work in works {
        println!("{}", measured(work));
    }
}

fn measured(work: &Work) -> serde_json::Value {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut line = Map::new();
    line.insert("work".to_owned(), work.name.into());
    let mut runs = Vec::new();
    let stack = directory.path().join("stack");
    let served = |record: Option<&Path>| match work.on {
        On::Nothing => None,
        On::Empty(_) => Some(Served::start(None, 0, record, work.quota)),
        On::Planted(_) => {
            let tenant = stack::plant(&stack);
            Some(Served::start(Some(&tenant), 0, record, work.quota))
        }
        On::Seeded(count) => Some(Served::start(None, count, record, work.quota)),
    };
    match work.on {
        On::Empty(count) | On::Planted(count) => stack::write(&stack, count),
        On::Nothing | On::Seeded(_) => std::fs::create_dir(&stack).expect("a directory"),
    }
    if work.on != On::Nothing {
        let record = directory.path().join("record.jsonl");
        let counted = served(Some(&record));
        let run_counted = run(work, &stack, counted.as_ref());
        drop(counted);
        // A work that takes minutes is not done twice.
        runs.extend((work.runs == 0).then_some(run_counted));
        let (requests, operations) = served::count(&record);
        line.insert("requests".to_owned(), requests.into());
        line.insert("operations".to_owned(), operations.into());
        if work.quota {
            let quota = served::quota(&record);
            line.insert("writes".to_owned(), quota.writes.into());
            line.insert("quota_used".to_owned(), rounded(quota.used));
            line.insert("throttled".to_owned(), quota.throttled.into());
        }
    }
    for _ in 0..work.runs {
        let served = served(None);
        runs.push(run(work, &stack, served.as_ref()));
    }
    if let On::Seeded(count) = work.on {
        let rate = rules::per_second(count);
        line.insert("rules_applications_per_s".to_owned(), json!(rate.round()));
    }
    let mut walls: Vec<f64> = runs.iter().map(|run| run.wall.as_secs_f64()).collect();
    walls.sort_by(f64::total_cmp);
    let peak = runs.iter().filter_map(|run| run.peak_kib).max();
    let cpu = runs.iter().filter_map(|run| run.cpu_s);
    let cpu = cpu.min_by(f64::total_cmp);
    line.insert("wall_s".to_owned(), rounded(walls[walls.len() / 2]));
    line.insert("wall_min_s".to_owned(), rounded(walls[0]));
    line.insert("cpu_s".to_owned(), cpu.map_or(json!(null), rounded));
    line.insert(
        "peak_rss_mib".to_owned(),
        peak.map_or(json!(null), |kib| rounded(kib as f64 / 1024.0)),
    );
    line.insert("runs".to_owned(), runs.len().into());
    line.into()
}

fn run(work: &Work, directory: &Path, served: Option<&Served>) -> Run {
    let mut arguments = work.arguments.to_vec();
    if let Some(served) = served {
        arguments.extend(["--emulator", served.url.as_str()]);
    }
    let run = client::run(&arguments, directory);
    assert_eq!(run.exit, Some(work.exit), "{}: {}", work.name, run.said);
    run
}

fn rounded(value: f64) -> serde_json::Value {
    json!((value * 10_000.0).round() / 10_000.0)
}
