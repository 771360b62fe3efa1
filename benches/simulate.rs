//! `cargo bench --bench simulate -- --seeds N --from S`: plays N histories and prints one JSON object.
//! `--bank` plays the bug bank instead: how many seeds it takes to find each mutant out.

#[path = "../tests/it/simulation/mod.rs"]
mod simulation;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::json;
use simulation::history::History;
use simulation::mutants::Mutant;
use simulation::world::Counts;
use simulation::{play, shrink};

/// Violations whose shrunk history is printed.
const SHOWN: usize = 3;
/// Starting points for each mutant, so that a median means something.
const STARTS: u64 = 7;
/// Seeds after which a mutant counts as a survivor.
const MOST: u64 = 20_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let number = |name: &str, default: u64| {
        let at = args.iter().position(|arg| arg == name);
        at.and_then(|at| args.get(at + 1)?.parse().ok())
            .unwrap_or(default)
    };
    let (seeds, from) = (number("--seeds", 1_000), number("--from", 0));
    let sound = match args.iter().any(|arg| arg == "--bank") {
        true => bank(from),
        false => simulate(seeds, from),
    };
    if !sound {
        std::process::exit(1);
    }
}

fn simulate(seeds: u64, from: u64) -> bool {
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let work = || {
        let mut counts = Counts::default();
        let mut broken = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + seeds {
                return (counts, broken);
            }
            let report = play(&History::of(seed), None);
            counts.add(&report.counts);
            broken.extend(report.violations.first().map(|found| (seed, found.clone())));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let parts: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter()
            .map(|one| one.join().expect("no panic"))
            .collect()
    });
    let mut counts = Counts::default();
    let mut broken = Vec::new();
    for (some, found) in parts {
        counts.add(&some);
        broken.extend(found);
    }
    broken.sort();
    let mut by_invariant: BTreeMap<&str, u64> = [
        "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I9", "I10", "I11", "I12", "I13",
    ]
    .map(|name| (name, 0))
    .into();
    for (_, found) in &broken {
        *by_invariant.entry(found.invariant).or_default() += 1;
    }
    for (seed, found) in broken.iter().take(SHOWN) {
        let small = shrink::shrink(&History::of(*seed), found.invariant, None);
        eprintln!(
            "{} in seed {seed}: {}\n{small}",
            found.invariant, found.what
        );
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let result = json!({
        "seeds": seeds, "from": from, "applies": counts.applies, "requests": counts.requests,
        "writes": counts.writes, "faults": counts.faults, "ambiguous": counts.ambiguous,
        "violations": by_invariant, "successes": counts.successes,
        "successes_untrue_at_that_moment": counts.untrue,
        "untrue_rate": rate(counts.untrue, counts.successes),
        "broken_seeds": broken.iter().take(20).map(|(seed, _)| seed).collect::<Vec<_>>(),
        "seconds": seconds, "histories_per_second": seeds as f64 / seconds,
    });
    println!("{result}");
    broken.is_empty()
}

fn bank(from: u64) -> bool {
    let mut survivors = Vec::new();
    let mut found = serde_json::Map::new();
    for mutant in Mutant::ALL {
        let mut needed = Vec::new();
        let mut by = BTreeMap::<&str, u64>::new();
        for start in 0..STARTS {
            let first = from + start * MOST;
            let caught = (0..MOST).find_map(|seed| {
                let report = play(&History::of(first + seed), Some(*mutant));
                Some((seed + 1, report.violations.first()?.invariant))
            });
            match caught {
                Some((seeds, invariant)) => {
                    needed.push(seeds);
                    *by.entry(invariant).or_default() += 1;
                }
                None => break,
            }
        }
        if needed.len() < STARTS as usize {
            survivors.push(format!("{mutant:?}"));
            continue;
        }
        needed.sort();
        found.insert(
            format!("{mutant:?}"),
            json!({"median": needed[needed.len() / 2], "max": needed[needed.len() - 1], "by": by}),
        );
    }
    println!(
        "{}",
        json!({"mutants": Mutant::ALL.len(), "survivors": survivors, "seeds_to_detection": found})
    );
    survivors.is_empty()
}
