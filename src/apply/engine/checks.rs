//! Windows of reads: when one begins, and what becomes of what they do not show.

use super::super::verify::{self, Window};
use super::{DOUBT_MS, DOUBTS, Engine, Stage, State};
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Check, Phase, Step, StepId};

impl Engine {
    /// Reads back what was written: before anything is deleted, and at the end.
    pub(super) fn begin_window(&mut self) {
        let destructive = |step: &Step| {
            matches!(
                step.phase,
                Phase::Withdraw | Phase::Retire | Phase::Unpublish | Phase::Clear
            )
        };
        let rest = self.steps.iter().any(|step| step.phase > self.upto);
        let deletes = self
            .steps
            .iter()
            .any(|step| step.phase > self.upto && destructive(step));
        if rest && !deletes {
            self.upto = Phase::Clear;
            return;
        }
        let mut checks: Vec<(StepId, Check)> = self
            .steps
            .iter()
            .filter(|step| {
                self.progress[step.id.0].state == State::Done && !self.verified.contains(&step.id)
            })
            .filter_map(|step| Some((step.id, self.filled_check(step.check.as_ref()?))))
            .collect();
        self.verified.extend(checks.iter().map(|(id, _)| *id));
        let waits = |id: StepId| self.progress[id.0].state == State::Waiting;
        let premises = self.premises.iter().filter(|(id, _)| waits(*id));
        checks.extend(premises.cloned());
        self.stage = Stage::Verifying(Window::new(checks, self.now));
    }

    /// Steps that were taken for done, and that reads keep contradicting.
    pub(super) fn doubtful(&self) -> Vec<StepId> {
        let Stage::Verifying(window) = &self.stage else {
            return Vec::new();
        };
        if self.now - window.started < DOUBT_MS {
            return Vec::new();
        }
        let doubted = window.disagreements().into_iter().map(|(id, _)| id);
        doubted
            .filter(|id| self.progress[id.0].assumed && self.progress[id.0].attempts < DOUBTS)
            .collect()
    }

    /// Sends them once more, and verifies everything of the window afterwards.
    pub(super) fn send_again(&mut self, steps: &[StepId]) {
        if let Stage::Verifying(window) = &self.stage {
            for id in window.steps() {
                self.verified.remove(&id);
            }
        }
        for id in steps {
            self.progress[id.0].state = State::Waiting;
        }
        self.stage = Stage::Writing;
    }

    /// Opens the later phases, if they have not been open yet and hold something.
    pub(super) fn next_writes(&mut self) -> bool {
        let more = self.steps.iter().any(|step| step.phase > self.upto);
        self.upto = Phase::Clear;
        more
    }

    pub(super) fn disagree(&mut self, disagreements: Vec<(StepId, String)>) {
        for (id, objection) in disagreements {
            let minutes = verify::DEADLINE_MS / 60_000;
            let message = match std::mem::replace(&mut self.progress[id.0].state, State::Unverified)
            {
                State::Waiting => format!(
                    "it was not deleted, because what should stay in its place is not there: after {minutes} minutes reads still say: {objection}"
                ),
                _ => format!(
                    "it was written, and after {minutes} minutes reads still say: {objection}"
                ),
            };
            let address = self.steps[id.0].address.to_string();
            self.stop(
                Diagnostic::error("not-verified", message)
                    .about(address)
                    .help("run `plan` in some minutes to see what is there; another writer may have changed it"),
            );
        }
    }
}
