//! Numbers the steps and works out what each one waits for.
//!
//! Documents come before the credentials that trust them, creates before deletes, permissions last to come and
//! first to go: that is the order of [`Phase`]. Within a phase creates go from the outside in, deletes from the
//! inside out; one object and all that belongs to it share a lane, in which one write follows the other.

use std::collections::BTreeMap;

use crate::kinds::document;
use crate::model::plan::Change;
use crate::model::step::{Phase, Step, StepId};
use crate::model::value::Ref;

/// Changes with the numbers of their steps, and the steps in their order.
pub fn ordered(
    drafts: Vec<(Change, Vec<Step>)>,
    known: &BTreeMap<Ref, String>,
) -> (Vec<Change>, Vec<Step>) {
    let mut changes = Vec::new();
    let mut steps: Vec<(usize, Step)> = Vec::new();
    for (change, drafted) in drafts {
        steps.extend(drafted.into_iter().map(|step| (changes.len(), step)));
        changes.push(change);
    }
    // A stable sort keeps a change's own steps in the order that its kind gave them.
    steps.sort_by_key(|(change, step)| {
        let inside_out = matches!(
            step.phase,
            Phase::Revoke | Phase::Withdraw | Phase::Retire | Phase::Clear
        );
        let place = if inside_out {
            usize::MAX - change
        } else {
            *change
        };
        // Where a write stops, an issuer has keys that nobody finds, never a discovery document without keys.
        let after_keys =
            step.phase == Phase::Publish && step.address.last().label != document::JWKS;
        (step.phase, after_keys, place)
    });

    let steps = after_what_they_need(steps);

    let mut producers: BTreeMap<Ref, StepId> = BTreeMap::new();
    let mut ordered: Vec<Step> = Vec::new();
    for (index, (change, mut step)) in steps.into_iter().enumerate() {
        step.id = StepId(index);
        step.lane = lane(&step);
        changes[change].steps.push(step.id);
        for (output, _) in &step.fills {
            let reference = Ref {
                address: step.address.clone(),
                output: output.clone(),
            };
            producers.entry(reference).or_insert(step.id);
        }
        ordered.push(step);
    }
    for step in &mut ordered {
        let check = step
            .check
            .as_ref()
            .map(|check| check.read.refs())
            .unwrap_or_default();
        let mut needs: Vec<StepId> = step
            .request
            .refs()
            .union(&check)
            .filter(|reference| !known.contains_key(reference))
            .filter_map(|reference| producers.get(reference).copied())
            .filter(|id| *id != step.id)
            .collect();
        needs.sort();
        needs.dedup();
        step.needs = needs;
    }
    debug_assert!(
        ordered
            .iter()
            .all(|step| step.needs.iter().all(|need| *need < step.id)),
        "a hole is filled by an earlier step"
    );
    (changes, ordered)
}

/// Within a phase, a step that waits for another identity's output comes after the step that gives it, and so does
/// everything behind it in its lane. Else the order stays as it is.
fn after_what_they_need(steps: Vec<(usize, Step)>) -> Vec<(usize, Step)> {
    let mut givers: BTreeMap<Ref, usize> = BTreeMap::new();
    let mut lanes: BTreeMap<(Phase, String), usize> = BTreeMap::new();
    let mut before: Vec<Vec<usize>> = Vec::new();
    for (at, (_, step)) in steps.iter().enumerate() {
        for (output, _) in &step.fills {
            let reference = Ref {
                address: step.address.clone(),
                output: output.clone(),
            };
            givers.entry(reference).or_insert(at);
        }
        let previous = lanes.insert((step.phase, lane(step)), at);
        before.push(previous.into_iter().collect());
    }
    for (at, (_, step)) in steps.iter().enumerate() {
        let needs = step.request.refs();
        let needs = needs.iter().filter_map(|needed| givers.get(needed));
        before[at].extend(needs.filter(|giver| steps[**giver].1.phase == step.phase));
    }
    let mut seen = vec![false; steps.len()];
    let mut order = Vec::with_capacity(steps.len());
    for first in 0..steps.len() {
        // What is to come before a step is looked at first; a circle, which the language refuses, ends.
        let mut open = vec![(first, false)];
        while let Some((at, done)) = open.pop() {
            if done {
                order.push(at);
            } else if !std::mem::replace(&mut seen[at], true) {
                open.push((at, true));
                open.extend(before[at].iter().rev().map(|other| (*other, false)));
            }
        }
    }
    let mut steps: Vec<Option<(usize, Step)>> = steps.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|at| steps[at].take())
        .collect()
}

/// The outermost resource that a step belongs to.
fn lane(step: &Step) -> String {
    let mut root = step.address.clone();
    root.segments.truncate(1);
    root.to_string()
}
