//! The apply engine: a state machine without sockets, clock or chance.
//!
//! `handle(event) -> effects`. Writes go one by one within a lane and side by side across lanes; a phase begins
//! once all earlier ones are through; nothing is deleted before what was created has been read back, and success
//! is said only after everything has been. See the table of [`Phase`] for the order.

use std::collections::{BTreeMap, BTreeSet};

use super::verify::{self, Window};
use crate::cloud::reply::{Class, Context, Lost, classify};
use crate::model::diagnostic::Diagnostic;
use crate::model::outcome::{Fate, Outcome};
use crate::model::plan::Plan;
use crate::model::step::{Check, Phase, Reply, Request, Step, StepId};
use crate::model::value::{Part, Ref, Value, fill};

/// What the driver tells the engine. Times are milliseconds.
#[derive(Debug)]
pub enum Event {
    Start {
        now: i64,
    },
    /// The answer to a write.
    Written {
        step: StepId,
        result: Result<Reply, Lost>,
        now: i64,
    },
    /// The answer to a read.
    Read {
        request: Request,
        result: Result<Reply, Diagnostic>,
        now: i64,
    },
    Tick {
        now: i64,
    },
    /// Finish what is in flight, then stop.
    Interrupt {
        now: i64,
    },
}

/// What the engine asks of the driver.
#[derive(Debug, PartialEq)]
pub enum Effect {
    Write {
        step: StepId,
        request: Request,
    },
    Read {
        request: Request,
    },
    /// Nothing to do before then.
    WakeAt(i64),
    Done(Box<Outcome>),
}

/// Writes in flight at the same time, over all lanes.
const IN_FLIGHT: usize = 16;

/// Milliseconds between two attempts to read what was written.
const READ_BACK_MS: i64 = 1_000;

/// Milliseconds after which a step that was only taken for done is sent again, and how often it is sent at most.
const DOUBT_MS: i64 = 30_000;
const DOUBTS: u32 = 12;

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Waiting,
    /// Sent; not before the given time again.
    Paused {
        until: i64,
    },
    InFlight,
    /// Took effect; its outputs are being read, not before the given time.
    ReadingBack {
        from: i64,
    },
    Done,
    Failed,
}

/// Where one step stands.
#[derive(Clone, Debug)]
struct Progress {
    state: State,
    attempts: u32,
    /// An earlier sending may have taken effect.
    replay: bool,
    since: Option<i64>,
    /// The answer only let us take it for done: a replica that does not know the parent says of a child that it is gone.
    assumed: bool,
}

#[derive(Debug)]
enum Stage {
    Writing,
    /// Reading back; the checks that are in it, and whether more writes follow.
    Verifying(Window),
    Finished,
}

#[derive(Debug)]
pub struct Engine {
    steps: Vec<Step>,
    premises: Vec<(StepId, Check)>,
    progress: Vec<Progress>,
    outputs: BTreeMap<Ref, String>,
    known: BTreeMap<Ref, String>,
    stage: Stage,
    /// Phases up to this one may run.
    upto: Phase,
    verified: BTreeSet<StepId>,
    reading: BTreeSet<Request>,
    diagnostics: Vec<Diagnostic>,
    stopping: bool,
    seed: u64,
    now: i64,
}

impl Engine {
    /// An engine for a plan. `seed` varies the waits between repeated requests.
    pub fn new(plan: &Plan, seed: u64) -> Self {
        let idle = Progress {
            state: State::Waiting,
            attempts: 0,
            replay: false,
            since: None,
            assumed: false,
        };
        Self {
            progress: vec![idle; plan.steps.len()],
            steps: plan.steps.clone(),
            premises: plan.premises.clone(),
            outputs: BTreeMap::new(),
            known: plan.known.clone(),
            stage: Stage::Writing,
            upto: Phase::Provide,
            verified: BTreeSet::new(),
            reading: BTreeSet::new(),
            diagnostics: Vec::new(),
            stopping: false,
            seed,
            now: 0,
        }
    }

    /// Steps done, and all steps.
    pub fn counts(&self) -> (usize, usize) {
        let done = self
            .progress
            .iter()
            .filter(|progress| progress.state == State::Done)
            .count();
        (done, self.steps.len())
    }

    /// Whether it only reads any more.
    pub fn verifying(&self) -> bool {
        matches!(self.stage, Stage::Verifying(_))
    }

    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Start { now } | Event::Tick { now } => self.now = now,
            Event::Interrupt { now } => {
                self.now = now;
                if !self.stopping {
                    self.stop(Diagnostic::error("interrupted", "interrupted: what was in flight has been finished, nothing more was sent")
                        .help("run `apply` again: it goes on from here"));
                }
            }
            Event::Written { step, result, now } => {
                self.now = now;
                self.written(step, result);
            }
            Event::Read {
                request,
                result,
                now,
            } => {
                self.now = now;
                self.read(&request, result);
            }
        }
        self.advance()
    }

    fn stop(&mut self, diagnostic: Diagnostic) {
        self.stopping = true;
        self.diagnostics.push(diagnostic);
    }

    fn written(&mut self, id: StepId, result: Result<Reply, Lost>) {
        let step = &self.steps[id.0];
        let progress = &self.progress[id.0];
        let context = Context {
            request: &step.request,
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
        self.progress[id.0].assumed = class == Class::AlreadyDone;
        match class {
            Class::Done | Class::AlreadyDone => self.took_effect(id, &result),
            Class::Again { after_ms } => self.pause(id, after_ms, &result),
            Class::Replicating { after_ms } => self.pause(id, after_ms, &result),
            Class::Lost { after_ms } => {
                self.progress[id.0].replay = true;
                self.pause(id, after_ms, &result);
            }
            Class::Fatal(diagnostic) => {
                self.progress[id.0].state = State::Failed;
                let address = self.steps[id.0].address.to_string();
                self.stop(diagnostic.about(address));
            }
        }
    }

    /// Whether an earlier step of this run made what this one is about.
    fn creates_before(&self, step: &Step) -> bool {
        self.steps[..step.id.0].iter().any(|other| {
            other.lane == step.lane
                && other.phase == Phase::Provide
                && self.progress[other.id.0].state == State::Done
        })
    }

    /// Waits are capped: what does not come about within the deadline fails.
    fn pause(&mut self, id: StepId, after_ms: u64, result: &Result<Reply, Lost>) {
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
            let diagnostic =
                crate::cloud::explain::exhausted(result, &step.request, deadline / 60_000);
            let diagnostic = diagnostic.about(&step.address);
            self.stop(diagnostic);
            return;
        }
        progress.state = State::Paused {
            until: now + i64::try_from(after_ms).unwrap_or(verify::DEADLINE_MS),
        };
    }

    fn took_effect(&mut self, id: StepId, result: &Result<Reply, Lost>) {
        let body = result
            .as_ref()
            .ok()
            .filter(|reply| reply.ok())
            .map(|reply| &reply.body);
        if self.fill(id, body) {
            self.progress[id.0].state = State::Done;
        } else {
            self.progress[id.0].state = State::ReadingBack { from: self.now };
            self.progress[id.0].since = Some(self.now);
        }
    }

    /// Takes a step's outputs from a body; whether all of them were there.
    fn fill(&mut self, id: StepId, body: Option<&serde_json::Value>) -> bool {
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
            found.push((reference, text.to_owned()));
        }
        self.outputs.extend(found);
        true
    }

    fn read(&mut self, request: &Request, result: Result<Reply, Diagnostic>) {
        self.reading.remove(request);
        let reply = match result {
            Ok(reply) => reply,
            Err(diagnostic) => return self.stop(diagnostic),
        };
        if let Stage::Verifying(window) = &mut self.stage {
            window.answer(request, &reply);
            return;
        }
        for id in self.in_state(|state| matches!(state, State::ReadingBack { .. })) {
            if self.read_back(id).as_ref() != Some(request) {
                continue;
            }
            if reply.ok() && self.fill(id, Some(&reply.body)) {
                self.progress[id.0].state = State::Done;
            } else if self.now - self.progress[id.0].since.unwrap_or(self.now) > verify::DEADLINE_MS
            {
                self.progress[id.0].state = State::Failed;
                let address = self.steps[id.0].address.to_string();
                self.stop(
                    Diagnostic::error(
                        "not-readable",
                        "it was written, and no read has found it since",
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

    fn read_back(&self, id: StepId) -> Option<Request> {
        self.steps[id.0]
            .read_back
            .as_ref()
            .map(|request| self.filled(request))
    }

    fn in_state(&self, fits: impl Fn(State) -> bool) -> Vec<StepId> {
        let steps = self.progress.iter().enumerate();
        steps
            .filter(|(_, progress)| fits(progress.state))
            .map(|(index, _)| StepId(index))
            .collect()
    }

    /// Everything that can go on now.
    fn advance(&mut self) -> Vec<Effect> {
        loop {
            let busy = !self.in_state(|state| state == State::InFlight).is_empty()
                || !self.reading.is_empty();
            if self.stopping {
                if busy {
                    return Vec::new();
                }
                return self.finish();
            }
            match &mut self.stage {
                Stage::Finished => return Vec::new(),
                Stage::Writing => {
                    let effects = self.write_on();
                    if !effects.is_empty() || self.open_steps() {
                        return effects;
                    }
                    self.begin_window();
                }
                Stage::Verifying(window) => {
                    if busy {
                        return Vec::new();
                    }
                    if window.agreed() {
                        if self.next_writes() {
                            self.stage = Stage::Writing;
                            continue;
                        }
                        return self.finish();
                    }
                    if self.now - window.started > verify::DEADLINE_MS {
                        let disagreements = window.disagreements();
                        self.disagree(disagreements);
                        continue;
                    }
                    let doubtful = self.doubtful();
                    if !doubtful.is_empty() {
                        self.send_again(&doubtful);
                        continue;
                    }
                    let Stage::Verifying(window) = &mut self.stage else {
                        continue;
                    };
                    if self.now < window.next_round {
                        return vec![Effect::WakeAt(window.next_round)];
                    }
                    let reads = window.round(self.now);
                    self.reading = reads.iter().cloned().collect();
                    return reads
                        .into_iter()
                        .map(|request| Effect::Read { request })
                        .collect();
                }
            }
        }
    }

    /// Steps of the phases that may run are not through yet.
    fn open_steps(&self) -> bool {
        let runs = |step: &&Step| step.phase <= self.upto;
        self.steps
            .iter()
            .filter(runs)
            .any(|step| self.progress[step.id.0].state != State::Done)
    }

    fn write_on(&mut self) -> Vec<Effect> {
        let Some(phase) = self
            .steps
            .iter()
            .filter(|step| step.phase <= self.upto && self.progress[step.id.0].state != State::Done)
            .map(|step| step.phase)
            .min()
        else {
            return Vec::new();
        };
        let mut effects = Vec::new();
        let mut in_flight = self.in_state(|state| state == State::InFlight).len();
        let mut lanes: BTreeSet<String> = BTreeSet::new();
        let mut wake: Option<i64> = None;
        for index in 0..self.steps.len() {
            let step = &self.steps[index];
            if step.phase != phase || self.progress[index].state == State::Done {
                continue;
            }
            // The first open step of a lane holds it.
            if !lanes.insert(step.lane.clone()) {
                continue;
            }
            let ready = step
                .needs
                .iter()
                .all(|need| self.progress[need.0].state == State::Done);
            match self.progress[index].state {
                State::Paused { until } if until > self.now => {
                    wake = Some(wake.map_or(until, |wake| wake.min(until)));
                }
                State::Waiting | State::Paused { .. } if ready && in_flight < IN_FLIGHT => {
                    let request = self.filled(&step.request);
                    let id = step.id;
                    self.progress[index].state = State::InFlight;
                    self.progress[index].attempts += 1;
                    in_flight += 1;
                    effects.push(Effect::Write { step: id, request });
                }
                State::ReadingBack { from } if from > self.now => {
                    wake = Some(wake.map_or(from, |wake| wake.min(from)));
                }
                State::ReadingBack { .. } => {
                    if let Some(request) = self.read_back(StepId(index))
                        && self.reading.insert(request.clone())
                    {
                        effects.push(Effect::Read { request });
                    }
                }
                _ => {}
            }
        }
        if let (Some(wake), true) = (wake, in_flight == 0 && self.reading.is_empty()) {
            effects.push(Effect::WakeAt(wake));
        }
        effects
    }

    /// Reads back what was written: before anything is deleted, and at the end.
    fn begin_window(&mut self) {
        let destructive = |step: &Step| {
            matches!(
                step.phase,
                Phase::Withdraw | Phase::Retire | Phase::Unpublish
            )
        };
        let rest = self.steps.iter().any(|step| step.phase > self.upto);
        let deletes = self
            .steps
            .iter()
            .any(|step| step.phase > self.upto && destructive(step));
        if rest && !deletes {
            self.upto = Phase::Unpublish;
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
    fn next_writes(&mut self) -> bool {
        let more = self.steps.iter().any(|step| step.phase > self.upto);
        self.upto = Phase::Unpublish;
        more
    }

    fn disagree(&mut self, disagreements: Vec<(StepId, String)>) {
        for (id, objection) in disagreements {
            let minutes = verify::DEADLINE_MS / 60_000;
            let message = match std::mem::replace(&mut self.progress[id.0].state, State::Failed) {
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

    fn finish(&mut self) -> Vec<Effect> {
        self.stage = Stage::Finished;
        let fates = self.steps.iter().map(|step| {
            let progress = &self.progress[step.id.0];
            let fate = match progress.state {
                State::Done => Fate::Done,
                State::Failed => Fate::Failed,
                State::Waiting if !progress.replay => Fate::Waiting,
                State::Paused { .. } if !progress.replay => Fate::Waiting,
                _ => Fate::Unknown,
            };
            (step.id, fate)
        });
        vec![Effect::Done(Box::new(Outcome {
            fates: fates.collect(),
            outputs: std::mem::take(&mut self.outputs),
            diagnostics: std::mem::take(&mut self.diagnostics),
        }))]
    }

    fn tell(&self, reference: &Ref) -> Option<Part> {
        let text = self
            .outputs
            .get(reference)
            .or_else(|| self.known.get(reference))?;
        Some(Part::Literal(text.clone()))
    }

    fn filled(&self, request: &Request) -> Request {
        let tell = |reference: &Ref| self.tell(reference);
        Request {
            path: fill(&request.path, &tell),
            body: request.body.as_ref().map(|body| body.fill(&tell)),
            ..request.clone()
        }
    }

    fn filled_check(&self, check: &Check) -> Check {
        let tell = |reference: &Ref| self.tell(reference);
        verify::filled(check, &|value: &Value| value.fill(&tell), &|request| {
            self.filled(request)
        })
    }
}
