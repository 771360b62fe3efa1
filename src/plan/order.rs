//! Numbers the steps and works out what each one waits for.
//!
//! Documents come before the credentials that trust them, creates before deletes, permissions last to come and
//! first to go: that is the order of [`Phase`]. Within a phase creates go from the outside in, deletes from the
//! inside out; one object and all that belongs to it share a lane, in which one write follows the other.

use std::collections::BTreeMap;

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
        let inside_out = matches!(step.phase, Phase::Revoke | Phase::Withdraw | Phase::Retire);
        let place = if inside_out {
            usize::MAX - change
        } else {
            *change
        };
        (step.phase, place)
    });

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

/// The outermost resource that a step belongs to.
fn lane(step: &Step) -> String {
    let mut root = step.address.clone();
    root.segments.truncate(1);
    root.to_string()
}
