//! `cargo bench --bench simulate -- --seeds N --from S`: plays N histories and prints one JSON object.
//! `--length 20` plays longer ones: twenty declarations, and back to the first. `--bank`
//! plays the bug bank instead: how many seeds it takes to find each mutant out; `--mutant NAME` only that one.

#[path = "../tests/it/simulation/mod.rs"]
mod simulation;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;
use simulation::counts::Counts;
use simulation::history::History;
use simulation::mutants::Mutant;
use simulation::{history_file, play, shrink};

/// A third of the time would go into allocations else.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Violations whose shrunk history is printed.
const SHOWN: usize = 3;
/// Starting points for each mutant, so that a median means something.
const STARTS: u64 = 5;
/// Seeds after which a mutant counts as a survivor.
const MOST: u64 = 5_000;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let text = |name: &str| {
        let at = args.iter().position(|arg| arg == name);
        at.and_then(|at| args.get(at + 1))
    };
    let number = |name: &str, default: u64| {
        let given = text(name).and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (seeds, from) = (number("--seeds", 1_000), number("--from", 0));
    let length = number("--length", 0);
    let is_given = |flag: &str| args.iter().any(|arg| arg == flag);
    let history = |seed| match length {
        0 => History::of(seed),
        length => History::long(seed, length),
    };
    let sound = match is_given("--bank") {
        true => bank(from, text("--mutant")),
        false => simulate(seeds, from, length, history),
    };
    if !sound {
        std::process::exit(1);
    }
}

fn simulate(seeds: u64, from: u64, length: u64, history: impl Fn(u64) -> History + Sync) -> bool {
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
            let report = play(&history(seed), None);
            counts.add(&report.counts);
            broken.extend(report.violations.first().map(|found| (seed, found.clone())));
        }
    };
    let parts = side_by_side(work);
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
        let small = shrink::shrink(&history(*seed), found.invariant, None);
        let again = history_file::keep(&small, found.invariant, &found.what);
        eprintln!(
            "{} in seed {seed}: {}\n{small}{again}",
            found.invariant, found.what
        );
    }
    let seconds = began.elapsed().as_secs_f64();
    let rate = |part: u64, whole: u64| part as f64 / whole.max(1) as f64;
    let result = json!({
        "seeds": seeds, "from": from, "length": length, "applies": counts.applies, "requests": counts.requests,
        "writes": counts.writes, "faults": counts.faults, "ambiguous": counts.ambiguous,
        "violations": by_invariant, "successes": counts.successes,
        "successes_untrue_at_that_moment": counts.untrue,
        "untrue_rate": rate(counts.untrue, counts.successes),
        "foreign_applications_taken_over": counts.taken_over,
        "memberships_unmarked": counts.unmarked,
        "broken_seeds": broken.iter().take(20).map(|(seed, _)| seed).collect::<Vec<_>>(),
        "seconds": seconds, "histories_per_second": seeds as f64 / seconds,
    });
    println!("{result}");
    broken.is_empty()
}

/// Every mutant, or one, from every starting point, side by side.
fn bank(from: u64, only: Option<&String>) -> bool {
    let mutants: Vec<&Mutant> = Mutant::ALL
        .iter()
        .filter(|mutant| only.is_none_or(|only| *only == format!("{mutant:?}")))
        .filter(|mutant| !Mutant::RARE.iter().any(|(rare, _)| rare == *mutant))
        .collect();
    let jobs: Vec<(Mutant, u64)> = mutants
        .iter()
        .flat_map(|mutant| (0..STARTS).map(|start| (**mutant, from + start * MOST)))
        .collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(BTreeMap::<Mutant, Vec<(u64, &str, u64)>>::new());
    let lost = Mutex::new(BTreeSet::new());
    let work = || {
        while let Some((mutant, first)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            // One starting point that leads nowhere is enough to survive.
            if lost.lock().expect("no panic").contains(mutant) {
                continue;
            }
            let caught = (0..MOST).find_map(|seed| {
                let report = play(&History::of(first + seed), Some(*mutant));
                Some((seed, report.violations.first()?.invariant))
            });
            match caught {
                Some((seed, invariant)) => {
                    let mut found = found.lock().expect("no panic");
                    let seeds = found.entry(*mutant).or_default();
                    seeds.push((seed + 1, invariant, first + seed));
                }
                None => {
                    lost.lock().expect("no panic").insert(*mutant);
                }
            }
        }
    };
    side_by_side(work);
    let (found, lost) = (
        found.into_inner().expect("no panic"),
        lost.into_inner().expect("no panic"),
    );
    let mut needed = serde_json::Map::new();
    for (mutant, mut seeds) in found {
        seeds.sort();
        let mut by = BTreeMap::<&str, u64>::new();
        for (_, invariant, _) in &seeds {
            *by.entry(invariant).or_default() += 1;
        }
        needed.insert(
            format!("{mutant:?}"),
            json!({"median": seeds[seeds.len() / 2].0, "max": seeds[seeds.len() - 1].0, "by": by, "one": seeds[0].2}),
        );
    }
    let survivors: Vec<String> = lost.iter().map(|mutant| format!("{mutant:?}")).collect();
    println!(
        "{}",
        json!({"mutants": mutants.len(), "survivors": survivors, "seeds_to_detection": needed})
    );
    lost.is_empty()
}

/// Does the same work on every processor.
fn side_by_side<T: Send>(work: impl Fn() -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(&work)).collect();
        all.into_iter()
            .map(|one| one.join().expect("no panic"))
            .collect()
    })
}
