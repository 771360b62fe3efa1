//! What one apply sends and reads, against its plan: I6, I9, I12 and I13.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use trustform::model::plan::Plan;
use trustform::model::step::{Phase, Reply, Request, StepId};
use trustform::model::value::Part;

use super::invariants::{Violation, violation};

/// What one apply has sent and seen, against its plan.
#[derive(Default)]
pub struct Protocol {
    /// When the answer to a step's write came that meant success.
    done: BTreeMap<StepId, u64>,
    /// When what was read, by path.
    reads: Vec<(u64, String)>,
    /// A write without an answer, by lane.
    open: BTreeMap<String, StepId>,
    not_before: BTreeMap<StepId, u64>,
    pub fatal: bool,
}

/// Rounds of reads are a second apart; within a round answers come in any order.
const SPREAD_MS: u64 = 1_500;

/// The lane that a step's address means.
fn lane(plan: &Plan, step: StepId) -> String {
    let mut root = plan.steps[step.0].address.clone();
    root.segments.truncate(1);
    root.to_string()
}

fn destructive(phase: Phase) -> bool {
    matches!(
        phase,
        Phase::Withdraw | Phase::Retire | Phase::Unpublish | Phase::Clear
    )
}

impl Protocol {
    /// The engine wants a write sent.
    pub fn asked(&mut self, plan: &Plan, step: StepId, now: u64) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.fatal {
            found.push(violation(
                "I13",
                "a write after an answer that no retry helps against",
            ));
        }
        let planned = &plan.steps[step.0];
        if self.open.insert(lane(plan, step), step).is_some() {
            found.push(violation(
                "I6",
                format!("two writes at once in `{}`", lane(plan, step)),
            ));
        }
        let waits = planned
            .needs
            .iter()
            .any(|need| !self.done.contains_key(need));
        let earlier = |other: &trustform::model::step::Step| {
            other.phase < planned.phase && !self.done.contains_key(&other.id)
        };
        if waits || plan.steps.iter().any(earlier) {
            found.push(violation(
                "I6",
                format!("`{}` before its turn", planned.address),
            ));
        }
        if destructive(planned.phase)
            && let Some(unseen) = self.unseen(plan, |phase| phase < Phase::Withdraw)
        {
            found.push(violation(
                "I12",
                format!("deletes before `{unseen}` was seen"),
            ));
        }
        if self.not_before.get(&step).is_some_and(|at| now < *at) {
            found.push(violation("I9", "sent again before `Retry-After`"));
        }
        found
    }

    pub fn answered(
        &mut self,
        plan: &Plan,
        step: StepId,
        now: u64,
        success: bool,
        wait: Option<u64>,
    ) {
        self.open.remove(&lane(plan, step));
        if success {
            self.done.entry(step).or_insert(now);
        }
        if let Some(ms) = wait {
            self.not_before.insert(step, now + ms);
        }
    }

    /// A read shows what a create made whose answer was lost: it is not sent again.
    pub fn found(&mut self, plan: &Plan, read: &Request, reply: &Reply, now: u64) {
        for step in &plan.steps {
            let Some(lookup) = step.lookup.as_ref().filter(|lookup| lookup.read == *read) else {
                continue;
            };
            let wanted = lookup.members.to_json();
            let wanted = wanted.as_object().expect("members");
            let list = reply.body["value"].as_array().into_iter().flatten();
            let fits = |one: &Json| wanted.iter().all(|(name, value)| one[name] == *value);
            if list.into_iter().any(fits) {
                self.done.entry(step.id).or_insert(now);
            }
        }
    }

    pub fn read(&mut self, path: String, now: u64) {
        self.reads.push((now, path));
    }

    /// The first step whose effect reads have not shown often enough.
    pub fn unseen(&self, plan: &Plan, phases: impl Fn(Phase) -> bool) -> Option<String> {
        let steps = plan.steps.iter().filter(|step| phases(step.phase));
        for step in steps {
            let (Some(check), Some(done)) = (&step.check, self.done.get(&step.id)) else {
                continue;
            };
            let literal = |part: Option<&Part>| match part {
                Some(Part::Literal(text)) => text.clone(),
                _ => String::new(),
            };
            let (first, last) = (
                literal(check.read.path.first()),
                literal(check.read.path.last()),
            );
            let seen: Vec<u64> = self
                .reads
                .iter()
                .filter(|(at, path)| {
                    at >= done && path.starts_with(&first) && path.ends_with(&last)
                })
                .map(|(at, _)| *at)
                .collect();
            let spread = seen
                .last()
                .zip(seen.first())
                .map_or(0, |(last, first)| last - first);
            if seen.len() < 5 || spread < SPREAD_MS {
                return Some(step.address.to_string());
            }
        }
        None
    }
}
