//! The simulation's seeds of every test run, and the bug bank.

use crate::simulation::history::History;
use crate::simulation::mutants::Mutant;
use crate::simulation::world::Counts;
use crate::simulation::{play, shrink};

/// `SEEDS=from..to` plays others.
#[test]
fn no_seed_breaks_an_invariant() {
    let (from, to) = match std::env::var("SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").expect("SEEDS=from..to");
            (
                from.parse().expect("a number"),
                to.parse().expect("a number"),
            )
        }
        Err(_) => (0, 300),
    };
    let mut broken = Vec::new();
    let mut counts = Counts::default();
    for seed in from..to {
        let history = History::of(seed);
        let report = play(&history, None);
        counts.add(&report.counts);
        if let Some(first) = report.violations.first() {
            let small = shrink::shrink(&history, first.invariant, None);
            broken.push(format!("{}: {}\n{small}", first.invariant, first.what));
            if broken.len() == 3 {
                break;
            }
        }
    }
    println!("seeds {from}..{to}: {counts:?}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Every mutant is found out; prints how many seeds that took.
#[test]
fn every_mutant_is_caught() {
    let mut survivors = Vec::new();
    for mutant in &Mutant::ALL[std::env::var("FROM").map_or(0, |from| from.parse().expect("a number"))..] {
        let caught = (0..400).find_map(|seed| {
            let report = play(&History::of(seed), Some(*mutant));
            Some((seed + 1, report.violations.first()?.clone()))
        });
        match caught {
            Some((seeds, by)) => {
                println!("{mutant:?}: {seeds} seeds, {}: {}", by.invariant, by.what)
            }
            None => survivors.push(mutant),
        }
    }
    assert!(survivors.is_empty(), "not caught: {survivors:?}");
}
