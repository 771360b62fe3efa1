//! The apply engine: a state machine without sockets, clock or chance.
//!
//! `handle(event) -> effects`. Writes go one by one within a lane and side by side across lanes; a phase begins
//! once all earlier ones are through; nothing is deleted before what was created has been read back, and success
//! is said only after everything has been. See the table of [`Phase`] for the order.

mod answers;
mod checks;
mod holes;
mod operation;
mod pace;
mod seek;

use std::collections::{BTreeMap, BTreeSet};

use super::bucket::Bucket;
use super::verify::Window;
use crate::cloud::reply::Lost;
use crate::model::diagnostic::Diagnostic;
use crate::model::outcome::{Fate, Outcome};
use crate::model::plan::Plan;
use crate::model::quota::{self, Quota};
use crate::model::step::{Check, Phase, Reply, Request, Step, StepId};
use crate::model::value::Ref;

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

/// Milliseconds between two looks for what a create may have made.
const SEEK_MS: i64 = 10_000;

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
    /// Its answer was lost: what it may have made is looked for until the first time, not before the second. After that
    /// nobody has made it.
    Seeking {
        until: i64,
        from: i64,
    },
    Done,
    /// Refused: it had no effect.
    Failed,
    /// Answered with success, and no read has shown it.
    Unverified,
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
    /// Of each step: the first one of its lane.
    lanes: Vec<usize>,
    /// Of each step: what it counts for.
    quotas: Vec<Vec<Quota>>,
    buckets: BTreeMap<String, Bucket>,
    premises: Vec<(StepId, Check)>,
    progress: Vec<Progress>,
    outputs: BTreeMap<Ref, String>,
    known: BTreeMap<Ref, String>,
    stage: Stage,
    /// Phases up to this one may run.
    upto: Phase,
    verified: BTreeSet<StepId>,
    reading: BTreeSet<Request>,
    /// What tells how a write goes on that the service only took on.
    operations: BTreeMap<StepId, Request>,
    diagnostics: Vec<Diagnostic>,
    stopping: bool,
    /// It stops only because what the plan relies on is gone.
    stale: bool,
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
        let mut firsts: BTreeMap<&str, usize> = BTreeMap::new();
        let steps = plan.steps.iter().enumerate();
        let lanes = steps.map(|(at, step)| *firsts.entry(&step.lane).or_insert(at));
        Self {
            lanes: lanes.collect(),
            progress: vec![idle; plan.steps.len()],
            steps: plan.steps.clone(),
            quotas: plan
                .steps
                .iter()
                .map(|step| quota::quotas(&step.request))
                .collect(),
            buckets: BTreeMap::new(),
            premises: plan.premises.clone(),
            outputs: BTreeMap::new(),
            known: plan.known.clone(),
            stage: Stage::Writing,
            upto: Phase::Provide,
            verified: BTreeSet::new(),
            reading: BTreeSet::new(),
            operations: BTreeMap::new(),
            diagnostics: Vec::new(),
            stopping: false,
            stale: false,
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
                        .help("run the command again: it goes on from here"));
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
        // What several in flight are told for one reason is said once.
        let said = |other: &Diagnostic| {
            other.code == diagnostic.code && other.message == diagnostic.message
        };
        if !self.diagnostics.iter().any(said) {
            self.diagnostics.push(diagnostic);
        }
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
                    if self.gives_up() || self.doubts() {
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
        let mut lanes: BTreeSet<usize> = BTreeSet::new();
        let mut wake: Option<i64> = None;
        for index in 0..self.steps.len() {
            let step = &self.steps[index];
            if step.phase != phase || self.progress[index].state == State::Done {
                continue;
            }
            // The first open step of a lane holds it.
            if !lanes.insert(self.lanes[index]) {
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
                    let from = self.room(index);
                    if from > self.now {
                        wake = Some(wake.map_or(from, |wake| wake.min(from)));
                        continue;
                    }
                    self.spend(index);
                    let step = &self.steps[index];
                    let request = self.filled(&step.request);
                    let id = step.id;
                    self.progress[index].state = State::InFlight;
                    self.progress[index].attempts += 1;
                    in_flight += 1;
                    effects.push(Effect::Write { step: id, request });
                }
                State::ReadingBack { from } | State::Seeking { from, .. } if from > self.now => {
                    wake = Some(wake.map_or(from, |wake| wake.min(from)));
                }
                State::ReadingBack { .. } | State::Seeking { .. } => {
                    if let Some(request) = self.asked(StepId(index))
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
            stale: self.stale,
        }))]
    }
}
