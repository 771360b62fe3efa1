//! The simulation's seeds of every test run, and the bug bank.

use crate::simulation::history::History;
use crate::simulation::mutants::Mutant;
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
        Err(_) => (0, 1_000),
    };
    let mut broken = Vec::new();
    for seed in from..to {
        let history = History::of(seed);
        if let Some(first) = play(&history, None).violations.first() {
            let small = shrink::shrink(&history, first.invariant, None);
            broken.push(format!("{}: {}\n{small}", first.invariant, first.what));
            if broken.len() == 3 {
                break;
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Every mutant is found out; prints how many seeds that took.
#[test]
fn every_mutant_is_caught() {
    let mut survivors = Vec::new();
    for mutant in Mutant::ALL {
        let caught = (0..3_000).find_map(|seed| {
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
