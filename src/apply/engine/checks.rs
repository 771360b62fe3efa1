//! Windows of reads: when one begins, and what becomes of what they do not show.

use super::super::verify::{self, Window};
use super::{DOUBT_MS, DOUBTS, Engine, Stage, State};
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Check, Method, Phase, Step, StepId};

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

    /// Sends again what reads keep contradicting.
    pub(super) fn doubts(&mut self) -> bool {
        let doubtful = self.doubtful();
        if !doubtful.is_empty() {
            self.send_again(&doubtful);
        }
        !doubtful.is_empty()
    }

    /// Steps that were taken for done, and that reads keep contradicting.
    fn doubtful(&self) -> Vec<StepId> {
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
    fn send_again(&mut self, steps: &[StepId]) {
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

    /// Stops where reads have not agreed for long enough: sooner where nothing was sent yet, since replicas lag three
    /// minutes at most and what a plan relied on is gone then.
    pub(super) fn gives_up(&mut self) -> bool {
        let Stage::Verifying(window) = &self.stage else {
            return false;
        };
        let late = self.now - window.started;
        if late <= verify::KNOWN_MS {
            return false;
        }
        let disagreements = window.disagreements();
        let unsent = |(id, _): &(StepId, String)| self.progress[id.0].state == State::Waiting;
        self.stale = disagreements.iter().all(unsent);
        let over = self.stale || late > verify::DEADLINE_MS;
        if over {
            self.disagree(disagreements);
        }
        over
    }

    fn disagree(&mut self, disagreements: Vec<(StepId, String)>) {
        for (id, objection) in disagreements {
            // Nothing was sent where something is waited for that is to stay.
            let address = self.steps[id.0].address.to_string();
            let message = match self.progress[id.0].state {
                State::Waiting => format!(
                    "`{address}` was not deleted, because what should stay in its place is not there: after {} minutes reads still say: {objection}",
                    verify::KNOWN_MS / 60_000
                ),
                _ => {
                    self.progress[id.0].state = State::Unverified;
                    let done = match self.steps[id.0].request.method {
                        Method::Delete => "deleted",
                        _ => "written",
                    };
                    format!(
                        "`{address}` was {done}, and after {} minutes reads still say: {objection}",
                        verify::DEADLINE_MS / 60_000
                    )
                }
            };
            self.stop(
                Diagnostic::error("not-verified", message)
                    .about(address)
                    .help("run `plan` in some minutes to see what is there; another writer may have changed it"),
            );
        }
    }
}
