//! How an apply ended.

use std::collections::BTreeMap;

use super::diagnostic::Diagnostic;
use super::step::StepId;
use super::value::Ref;

/// What became of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Sent, answered and (where it has a check) verified.
    Done,
    /// Nothing had to be sent.
    Waiting,
    /// The service refused it.
    Failed,
    /// Sent, and never answered for certain.
    Unknown,
}

/// How an apply ended. Success is said only after it was verified.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub fates: BTreeMap<StepId, Fate>,
    /// Outputs that answers gave.
    pub outputs: BTreeMap<Ref, String>,
    pub diagnostics: Vec<Diagnostic>,
    /// Nothing is wrong but that something is gone which the plan took for there: another plan is needed.
    pub stale: bool,
}

impl Outcome {
    /// Every step done and nothing wrong.
    pub fn complete(&self) -> bool {
        self.fates.values().all(|fate| *fate == Fate::Done)
            && !self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Something was sent of which nobody knows whether it took effect.
    pub fn uncertain(&self) -> bool {
        self.fates.values().any(|fate| *fate == Fate::Unknown)
    }

    pub fn done(&self) -> usize {
        self.fates
            .values()
            .filter(|fate| **fate == Fate::Done)
            .count()
    }
}
