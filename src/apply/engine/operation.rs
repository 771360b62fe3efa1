//! Writes that Resource Manager only takes on: it answers 202, and another address tells how they go on.
//!
//! Source: Microsoft, "Track asynchronous Azure operations".

use serde_json::json;

use super::super::verify;
use super::{Engine, READ_BACK_MS, State};
use crate::cloud::explain;
use crate::model::step::{Reply, Request, Service, StepId};

/// Milliseconds between two questions where the service names no time, and the most that it is let name.
const ASK_MS: u64 = 5_000;
const MOST_MS: u64 = 60_000;

impl Engine {
    /// Whether an answer only says that the service has begun; how that goes on is asked from then on.
    pub(super) fn begun(&mut self, id: StepId, reply: &Reply) -> bool {
        let Some(path) = reply.header(crate::cloud::OPERATION) else {
            return false;
        };
        let request = Request::get(Service::Arm, path);
        self.operations.insert(id, request);
        self.progress[id.0].since = Some(self.now);
        self.ask_again(id, reply);
        true
    }

    fn ask_again(&mut self, id: StepId, reply: &Reply) {
        let wait = reply.retry_after.unwrap_or(ASK_MS).min(MOST_MS);
        let wait = i64::try_from(wait).unwrap_or(READ_BACK_MS);
        self.progress[id.0].state = State::ReadingBack {
            from: self.now + wait.max(READ_BACK_MS),
        };
    }

    /// Takes in what the service says of such writes.
    pub(super) fn operated(&mut self, request: &Request, reply: &Reply) {
        let asked: Vec<StepId> = self
            .operations
            .iter()
            .filter(|(_, operation)| *operation == request)
            .map(|(id, _)| *id)
            .collect();
        for id in asked {
            let said = reply.body["status"].as_str().unwrap_or_default();
            let failed = ["Failed", "Canceled"]
                .iter()
                .any(|word| said.eq_ignore_ascii_case(word));
            // Who is forgotten has ended; the object itself tells how.
            let ended = said.eq_ignore_ascii_case("Succeeded")
                || (said.is_empty() && reply.status != 202)
                || self.now - self.progress[id.0].since.unwrap_or(self.now) > verify::DEADLINE_MS;
            if failed {
                self.operations.remove(&id);
                self.progress[id.0].state = State::Failed;
                let error = &reply.body["error"];
                let refused = Reply {
                    status: match error["code"] == "RequestDisallowedByPolicy" {
                        true => 403,
                        false => 500,
                    },
                    body: json!({"error": error}),
                    ..Reply::default()
                };
                let step = &self.steps[id.0];
                let diagnostic = explain::refusal(&refused, &self.filled(&step.request));
                let diagnostic = diagnostic.about(&step.address);
                self.stop(diagnostic);
            } else if ended {
                self.operations.remove(&id);
                self.progress[id.0].state = match self.steps[id.0].fills.is_empty() {
                    true => State::Done,
                    false => State::ReadingBack { from: self.now },
                };
            } else {
                self.ask_again(id, reply);
            }
        }
    }
}
