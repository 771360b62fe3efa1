//! A create that another sending would double: what a lost answer left behind is looked for first.

use super::super::verify;
use super::{Engine, SEEK_MS, State};
use crate::model::step::{Reply, Request, StepId};

impl Engine {
    /// Looks before another sending, where the step says how. As long as some replica may hide it, one look is not enough.
    pub(super) fn seek(&mut self, id: StepId) {
        let paused = match self.progress[id.0].state {
            State::Paused { until } => until,
            _ => return,
        };
        if self.steps[id.0].lookup.is_some() {
            self.progress[id.0].state = State::Seeking {
                until: self.now + verify::KNOWN_MS,
                from: paused,
            };
        }
    }

    /// The read that shows what a step may have made.
    pub(super) fn lookup(&self, id: StepId) -> Option<Request> {
        let lookup = self.steps[id.0].lookup.as_ref()?;
        Some(self.filled(&lookup.read))
    }

    /// Takes the answer to such a read in.
    pub(super) fn sought(&mut self, request: &Request, reply: &Reply) {
        for id in self.in_state(|state| matches!(state, State::Seeking { .. })) {
            let State::Seeking { until, .. } = self.progress[id.0].state else {
                continue;
            };
            if self.lookup(id).as_ref() != Some(request) {
                continue;
            }
            let found = self.steps[id.0].lookup.as_ref().and_then(|lookup| {
                let members = lookup.members.to_json();
                let list = reply.body["value"].as_array()?;
                let mut fits = list.iter().filter(|one| verify::is(&members, one));
                fits.next().cloned()
            });
            self.progress[id.0].state = match found {
                Some(found) if self.fill(id, Some(&found)) => State::Done,
                _ if self.now >= until => State::Paused { until: self.now },
                _ => State::Seeking {
                    until,
                    from: self.now + SEEK_MS,
                },
            };
        }
    }
}
