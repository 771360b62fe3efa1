//! Takes pieces out of a history for as long as it still breaks the same invariant.

use super::further::{ANCHOR, FRAGMENTS};
use super::history::{Act, History, Trouble};
use super::mutants::Mutant;
use super::play;

/// The smallest history found that still breaks the invariant: fewer faults, then fewer acts and
/// further kinds, then fewer replicas.
pub fn shrink(history: &History, invariant: &str, mutant: Option<Mutant>) -> History {
    let breaks = |one: &History| {
        let report = play(one, mutant);
        report
            .violations
            .iter()
            .any(|found| found.invariant == invariant)
    };
    let mut best = history.clone();
    loop {
        let before = best.clone();
        let troubles: Vec<(u64, Trouble)> = best.troubles.clone().into_iter().collect();
        let kept = fewer(&troubles, &mut |some| {
            breaks(&History {
                troubles: some.iter().copied().collect(),
                ..best.clone()
            })
        });
        best.troubles = kept.into_iter().collect();
        let acts = best.acts.clone();
        best.acts = fewer(&acts, &mut |some| {
            breaks(&History {
                acts: some.to_vec(),
                ..best.clone()
            })
        });
        for index in 0..best.acts.len() {
            if let Act::Apply {
                want,
                rival: Some(_),
            } = best.acts[index]
            {
                let mut simpler = best.clone();
                simpler.acts[index] = Act::Apply { want, rival: None };
                if breaks(&simpler) {
                    best = simpler;
                }
            }
        }
        for bit in ANCHOR.trailing_ones() as usize..FRAGMENTS.len() {
            let simpler = best.without(1 << bit);
            if simpler != best && breaks(&simpler) {
                best = simpler;
            }
        }
        let unlimited = History {
            quota: false,
            ..best.clone()
        };
        if best.quota && breaks(&unlimited) {
            best = unlimited;
        }
        let granted = History {
            denied: None,
            ..best.clone()
        };
        if best.denied.is_some() && breaks(&granted) {
            best = granted;
        }
        let lags = best.lags.clone();
        best.lags = fewer(&lags, &mut |some| {
            breaks(&History {
                lags: some.to_vec(),
                ..best.clone()
            })
        });
        if best == before {
            return best;
        }
    }
}

/// Delta debugging: halves, quarters, and so on down to single elements.
fn fewer<T: Clone>(all: &[T], still: &mut dyn FnMut(&[T]) -> bool) -> Vec<T> {
    let mut kept = all.to_vec();
    let mut size = kept.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < kept.len() {
            let mut without = kept.clone();
            without.drain(at..(at + size).min(kept.len()));
            if still(&without) {
                kept = without;
            } else {
                at += size;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    kept
}
