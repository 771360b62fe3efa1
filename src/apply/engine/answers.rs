//! What an answer makes of a step.

use super::super::verify;
use super::{Engine, READ_BACK_MS, Stage, State};
use crate::cloud::reply::{Class, Context, Lost, backoff, classify};
use crate::model::diagnostic::Diagnostic;
use crate::model::step::{Phase, Reply, Request, Step, StepId};
use crate::model::value::Ref;

impl Engine {
    pub(super) fn written(&mut self, id: StepId, result: Result<Reply, Lost>) {
        let step = &self.steps[id.0];
        let progress = &self.progress[id.0];
        let request = self.filled(&step.request);
        let context = Context {
            request: &request,
            attempt: progress.attempts.saturating_sub(1),
            seed: self.seed ^ id.0 as u64,
            // What a plan writes to was read, or is made by it: that a replica does not know it is no news. A run
            // that was killed after a create, or that restored something, left no trace but that.
            after_own_create: true,
            replay: progress.replay,
            done_if: &step.done_if,
            retry_if: &step.retry_if,
        };
        let class = classify(&result, &context);
        // An earlier sending whose answer was lost may have done it.
        let replayed = progress.replay && class == Class::AlreadyDone;
        if outdated(step, &result) && !replayed {
            let after_ms = backoff(context.attempt, context.seed);
            return self.pause(id, after_ms, &result);
        }
        self.throttled(id, &result);
        self.progress[id.0].assumed = class == Class::AlreadyDone;
        match class {
            Class::Done | Class::AlreadyDone => self.took_effect(id, &result),
            Class::Again { after_ms } => self.pause(id, after_ms, &result),
            Class::Replicating { after_ms } => self.pause(id, after_ms, &result),
            Class::Lost { after_ms } => {
                self.progress[id.0].replay = true;
                self.pause(id, after_ms, &result);
                self.seek(id);
            }
            Class::Fatal(diagnostic) => {
                self.stale = false;
                self.progress[id.0].state = State::Failed;
                let address = self.steps[id.0].address.to_string();
                self.stop(diagnostic.about(address));
            }
        }
    }

    /// Whether an earlier step of this run made what this one is about.
    pub(super) fn creates_before(&self, step: &Step) -> bool {
        self.steps[..step.id.0].iter().any(|other| {
            other.lane == step.lane
                && matches!(other.phase, Phase::Prepare | Phase::Provide)
                && self.progress[other.id.0].state == State::Done
        })
    }

    /// Waits are capped: what does not come about within the deadline fails.
    pub(super) fn pause(&mut self, id: StepId, after_ms: u64, result: &Result<Reply, Lost>) {
        let now = self.now;
        let own = self.creates_before(&self.steps[id.0]);
        let progress = &mut self.progress[id.0];
        let since = *progress.since.get_or_insert(now);
        let missing = matches!(result, Ok(reply) if [400, 403, 404].contains(&reply.status));
        let deadline = match missing && !own {
            true => verify::KNOWN_MS,
            false => verify::DEADLINE_MS,
        };
        if now - since > deadline {
            progress.state = State::Failed;
            let step = &self.steps[id.0];
            self.stale = !self.stopping && outdated(step, result);
            let request = self.filled(&step.request);
            let diagnostic = crate::cloud::explain::exhausted(result, &request, deadline);
            let diagnostic = diagnostic.about(&step.address);
            self.stop(diagnostic);
            return;
        }
        progress.state = State::Paused {
            until: now + i64::try_from(after_ms).unwrap_or(verify::DEADLINE_MS),
        };
    }

    pub(super) fn took_effect(&mut self, id: StepId, result: &Result<Reply, Lost>) {
        let reply = result.as_ref().ok().filter(|reply| reply.ok());
        if reply.is_some_and(|reply| self.begun(id, reply)) {
            return;
        }
        let body = reply.map(|reply| &reply.body);
        if self.fill(id, body) {
            self.progress[id.0].state = State::Done;
        } else {
            self.progress[id.0].state = State::ReadingBack { from: self.now };
            self.progress[id.0].since = Some(self.now);
        }
    }

    /// Takes a step's outputs from a body; whether all of them were there.
    pub(super) fn fill(&mut self, id: StepId, body: Option<&serde_json::Value>) -> bool {
        let step = &self.steps[id.0];
        let mut found = Vec::new();
        for (output, pointer) in &step.fills {
            let text = body
                .and_then(|body| body.pointer(pointer))
                .and_then(|value| value.as_str());
            let Some(text) = text else { return false };
            let reference = Ref {
                address: step.address.clone(),
                output: output.clone(),
            };
            // What is built on an endpoint brings its own slash.
            found.push((reference, text.trim_end_matches('/').to_owned()));
        }
        self.outputs.extend(found);
        true
    }

    pub(super) fn read(&mut self, request: &Request, result: Result<Reply, Diagnostic>) {
        self.reading.remove(request);
        let reply = match result {
            Ok(reply) => reply,
            Err(diagnostic) => return self.stop(diagnostic),
        };
        if let Stage::Verifying(window) = &mut self.stage {
            window.answer(request, &reply);
            return;
        }
        self.sought(request, &reply);
        self.operated(request, &reply);
        for id in self.in_state(|state| matches!(state, State::ReadingBack { .. })) {
            if self.asked(id).as_ref() != Some(request) || self.operations.contains_key(&id) {
                continue;
            }
            if reply.ok() && self.fill(id, Some(&reply.body)) {
                self.progress[id.0].state = State::Done;
            } else if self.now - self.progress[id.0].since.unwrap_or(self.now) > verify::DEADLINE_MS
            {
                self.progress[id.0].state = State::Unverified;
                let address = self.steps[id.0].address.to_string();
                self.stop(
                    Diagnostic::error(
                        "not-readable",
                        format!("`{address}` was written, and no read has found it since"),
                    )
                    .about(address)
                    .help("run `apply` again in some minutes: it goes on from here"),
                );
            } else {
                self.progress[id.0].state = State::ReadingBack {
                    from: self.now + READ_BACK_MS,
                };
            }
        }
    }

    /// What a step waits to read.
    pub(super) fn asked(&self, id: StepId) -> Option<Request> {
        match self.progress[id.0].state {
            State::Seeking { .. } => self.lookup(id),
            _ => self
                .operations
                .get(&id)
                .cloned()
                .or_else(|| self.read_back(id)),
        }
    }

    fn read_back(&self, id: StepId) -> Option<Request> {
        self.steps[id.0]
            .read_back
            .as_ref()
            .map(|request| self.filled(request))
    }
}

/// Whether an answer says that a step's plan was made from an old read.
fn outdated(step: &Step, result: &Result<Reply, Lost>) -> bool {
    let says = |reply: &Reply| step.stale_if.iter().any(|one| one.matches(reply));
    result.as_ref().is_ok_and(says)
}
