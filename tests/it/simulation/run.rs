//! One apply: the real observing, planning and engine, driven one request at a time on the simulated wire.

mod reading;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use trustform::apply::engine::{Effect, Engine, Event};
use trustform::emulator::fault::draw;
use trustform::model::address::Address;
use trustform::model::desired::Desired;
use trustform::model::diagnostic::Diagnostic;
use trustform::model::live::{Live, Read};
use trustform::model::outcome::Outcome;
use trustform::model::plan::{Action, Plan};
use trustform::model::step::{Phase, Reply, Request, Service};

use super::history::Trouble;
use super::invariants::{Bounds, Violation, violation};
use super::mutants::Mutant;
use super::protocol::Protocol;
use super::world::{Sent, World};

/// How an apply ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Success was said; whether anything was written.
    Done {
        wrote: bool,
    },
    /// Refused before the first write.
    Refused(Vec<Diagnostic>),
    Stopped(Vec<Diagnostic>),
    Crashed,
}

enum Stage {
    Reading {
        left: Vec<Read>,
        round: usize,
    },
    Applying {
        engine: Box<Engine>,
        effects: Vec<Effect>,
        wake: Option<i64>,
    },
    Ended(End),
}

/// An apply under way.
pub struct Run {
    desired: Arc<Desired>,
    live: Live,
    stage: Stage,
    plan: Plan,
    pub bounds: Bounds,
    protocol: Protocol,
    wrote: bool,
    requests: u64,
    began: u64,
    passes: usize,
    /// What came out of the recycle bin, and the last plan since and how often it came out the same.
    restored: BTreeSet<Address>,
    agreed: (String, usize),
    /// Since when they are waited for.
    settling: u64,
    /// Whether only faults struck that pass by themselves.
    pub passing: bool,
    /// Whether the login was refused a read that a plan can do without.
    spared: bool,
    mutant: Option<Mutant>,
    /// What reads said first, for the mutant that never asks twice.
    answers: BTreeMap<Request, Reply>,
}

/// More requests, or more milliseconds, than any apply of such a small stack needs.
const REQUESTS: u64 = 6_000;
const TIME_MS: u64 = 90 * 60_000;
/// Rounds of confirming, as the commands have.
const ROUNDS: usize = 4;
/// Plans of one run that rest on old reads, as the command has.
const PLANS: usize = 3;
/// Notes that say what a success leaves as it is.
const TOLD: [&str; 3] = ["roles-not-shown", "last-way-in", "goes-after-adoption"];
/// Plans that must agree after a restore, the milliseconds between them, and until they are given up, as the commands have.
const AGREEING: usize = 5;
const BETWEEN_MS: u64 = 1_000;
const PATIENCE_MS: u64 = 10 * 60 * 1000;

impl Run {
    pub fn new(
        desired: Arc<Desired>,
        bounds: Bounds,
        world: &World,
        mutant: Option<Mutant>,
    ) -> Self {
        let desired = match mutant {
            Some(mutant) => Arc::new(mutant.desired((*desired).clone())),
            None => desired,
        };
        Self {
            desired,
            live: Live::default(),
            stage: Stage::Reading {
                left: Vec::new(),
                round: 0,
            },
            plan: Plan::default(),
            bounds,
            protocol: Protocol::default(),
            wrote: false,
            requests: 0,
            began: world.now,
            passes: 0,
            restored: BTreeSet::new(),
            agreed: (String::new(), 0),
            settling: 0,
            passing: true,
            spared: false,
            mutant,
            answers: BTreeMap::new(),
        }
    }

    pub fn end(&self) -> Option<&End> {
        match &self.stage {
            Stage::Ended(end) => Some(end),
            _ => None,
        }
    }

    /// Whether something was not shown to the login, or stays for now: success is said of the rest then.
    pub fn leaves_some(&self) -> bool {
        let mut notes = self.plan.notes.iter();
        self.spared || notes.any(|note| TOLD.contains(&note.code))
    }

    /// Makes one request, or waits. What was violated, and the service whose state may have changed.
    pub fn step(
        &mut self,
        world: &mut World,
        memory: &mut Option<Live>,
    ) -> (Vec<Violation>, Option<Service>) {
        let mut found = Vec::new();
        if self.requests > REQUESTS || world.now > self.began + TIME_MS {
            found.push(violation("I9", "an apply without an end"));
            self.stage = Stage::Ended(End::Crashed);
            return (found, None);
        }
        let stage = std::mem::replace(&mut self.stage, Stage::Ended(End::Crashed));
        let mut committed = None;
        self.stage = match stage {
            Stage::Reading { left, round } => self.reading(left, round, world, memory, &mut found),
            Stage::Applying {
                engine,
                effects,
                wake,
            } => self.applying(engine, effects, wake, world, &mut found, &mut committed),
            ended => ended,
        };
        (found, committed)
    }

    fn applying(
        &mut self,
        mut engine: Box<Engine>,
        mut effects: Vec<Effect>,
        wake: Option<i64>,
        world: &mut World,
        found: &mut Vec<Violation>,
        committed: &mut Option<Service>,
    ) -> Stage {
        if effects.is_empty() {
            let Some(at) = wake else {
                found.push(violation("I9", "the engine waits for nothing"));
                return Stage::Ended(End::Crashed);
            };
            world.now = world.now.max(at.cast_unsigned());
            let more = engine.handle(Event::Tick {
                now: world.now.cast_signed(),
            });
            return self.went_on(engine, more, effects, world, found);
        }
        let at = draw(world.seed, 70_000 + self.requests) as usize % effects.len();
        let more = match effects.swap_remove(at) {
            Effect::Write { step, request } => {
                self.requests += 1;
                self.wrote = true;
                let sent = world.send(&request);
                *committed = Some(request.service);
                let Sent::Answer(mut result, trouble) = sent else {
                    return Stage::Ended(End::Crashed);
                };
                self.struck(trouble);
                self.protocol.fatal |= trouble == Some(Trouble::Denied);
                let wait = result.as_ref().ok().and_then(|reply| reply.retry_after);
                if let Some(mutant) = self.mutant {
                    result = mutant.written(&request, result);
                }
                let planned = self.plan.steps.get(step.0);
                let success = match &result {
                    Ok(reply) => {
                        let known = planned.into_iter().flat_map(|step| &step.done_if);
                        reply.ok()
                            || reply.status == 404
                            || known.into_iter().any(|one| one.matches(reply))
                    }
                    Err(_) => false,
                };
                if planned.is_some() {
                    self.protocol
                        .answered(&self.plan, step, world.now, success, wait);
                }
                engine.handle(Event::Written {
                    step,
                    result,
                    now: world.now.cast_signed(),
                })
            }
            Effect::Read { request } => {
                let result = match self.get(&request, world) {
                    Ok(Some(reply)) => Ok(reply),
                    Ok(None) => return Stage::Ended(End::Crashed),
                    Err(diagnostic) => Err(diagnostic),
                };
                self.protocol
                    .read(request.known_path().unwrap_or_default(), world.now);
                if let Ok(reply) = &result {
                    self.protocol.found(&self.plan, &request, reply, world.now);
                }
                engine.handle(Event::Read {
                    request,
                    result,
                    now: world.now.cast_signed(),
                })
            }
            Effect::WakeAt(_) | Effect::Done(_) => Vec::new(),
        };
        self.went_on(engine, more, effects, world, found)
    }

    /// Takes the engine's new wishes in.
    fn went_on(
        &mut self,
        mut engine: Box<Engine>,
        mut new: Vec<Effect>,
        mut effects: Vec<Effect>,
        world: &mut World,
        found: &mut Vec<Violation>,
    ) -> Stage {
        let mut wake = None;
        loop {
            // A mutant may answer by itself what it does not let through.
            let mut again = Vec::new();
            for effect in new {
                match effect {
                    Effect::Read { request }
                        if self.mutant.is_some_and(|one| one.remembers())
                            && self.answers.contains_key(&request) =>
                    {
                        let result = Ok(self.answers[&request].clone());
                        again.extend(engine.handle(Event::Read {
                            request,
                            result,
                            now: world.now.cast_signed(),
                        }));
                    }
                    Effect::Write { step, request } => {
                        if self.plan.steps.get(step.0).is_some() {
                            found.extend(self.protocol.asked(&self.plan, step, world.now));
                        }
                        effects.push(Effect::Write { step, request });
                    }
                    Effect::Read { request } => effects.push(Effect::Read { request }),
                    Effect::WakeAt(at) => wake = Some(at),
                    Effect::Done(outcome) => return self.done(*outcome, world, found),
                }
            }
            if again.is_empty() {
                return Stage::Applying {
                    engine,
                    effects,
                    wake,
                };
            }
            new = again;
        }
    }

    fn done(
        &mut self,
        mut outcome: Outcome,
        world: &mut World,
        found: &mut Vec<Violation>,
    ) -> Stage {
        if let Some(mutant) = self.mutant {
            mutant.outcome(&mut outcome, world);
        }
        self.silent(&outcome, world, found);
        self.passes += 1;
        if outcome.stale && self.passes < PLANS {
            self.live = Live::default();
            return Stage::Reading {
                left: Vec::new(),
                round: 0,
            };
        }
        if !outcome.complete() {
            return Stage::Ended(End::Stopped(outcome.diagnostics));
        }
        if let Some(unseen) = self
            .protocol
            .unseen(&self.plan, |phase| phase <= Phase::Unpublish)
        {
            found.push(violation(
                "I12",
                format!("success before `{unseen}` was seen"),
            ));
        }
        if self.plan.count(Action::Restore) > 0 && self.passes < 4 {
            let changes = self.plan.changes.iter();
            let restored = changes.filter(|change| change.action == Action::Restore);
            self.restored
                .extend(restored.map(|change| change.address.clone()));
            self.agreed = Default::default();
            self.settling = world.now;
            self.live = Live::default();
            return Stage::Reading {
                left: Vec::new(),
                round: 0,
            };
        }
        self.ended(End::Done { wrote: self.wrote })
    }

    fn ended(&self, end: End) -> Stage {
        Stage::Ended(end)
    }

    fn stopped(&self, said: Vec<Diagnostic>, world: &World, found: &mut Vec<Violation>) -> Stage {
        self.silent(&said, world, found);
        Stage::Ended(End::Stopped(said))
    }

    /// Nothing that is said holds a token.
    fn silent(&self, said: &impl std::fmt::Debug, world: &World, found: &mut Vec<Violation>) {
        let said = format!("{said:?} {:?}", self.plan.notes);
        if world.secrets().any(|secret| said.contains(secret)) {
            found.push(violation("I10", "a token was said"));
        }
    }

    fn struck(&mut self, trouble: Option<Trouble>) {
        self.passing &= !matches!(trouble, Some(Trouble::Denied | Trouble::Crash { .. }));
    }
}
