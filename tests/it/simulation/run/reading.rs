//! What a run reads until it has a plan, as the command does.

use std::collections::BTreeSet;

use trustform::apply::engine::{Engine, Event};
use trustform::cloud::explain;
use trustform::cloud::reply::{Class, Context, Lost, classify};
use trustform::kinds;
use trustform::model::diagnostic::Diagnostic;
use trustform::model::live::{Live, Read};
use trustform::model::plan::{Action, Plan};
use trustform::model::step::{Reply, Request, Service};
use trustform::observe;
use trustform::plan::{self, Allow, Options};

use super::{AGREEING, BETWEEN_MS, End, PATIENCE_MS, ROUNDS, Run, Stage};
use crate::simulation::history::Trouble;
use crate::simulation::invariants::Violation;
use crate::simulation::protocol::Protocol;
use crate::simulation::world::{Sent, World};

impl Run {
    pub(super) fn reading(
        &mut self,
        mut left: Vec<Read>,
        mut round: usize,
        world: &mut World,
        memory: &mut Option<Live>,
        found: &mut Vec<Violation>,
    ) -> Stage {
        if let Some(read) = left.pop() {
            return match self.get(&read.request, world) {
                Ok(Some(reply)) => {
                    observe::take(&read, &reply, &mut self.live);
                    Stage::Reading { left, round }
                }
                Ok(None) => Stage::Ended(End::Crashed),
                Err(_) if kinds::of(read.kind).is_some_and(|kind| kind.spares(&read)) => {
                    self.spared = true;
                    self.live.record(&read, 0);
                    Stage::Reading { left, round }
                }
                Err(diagnostic) => self.stopped(vec![diagnostic], world, found),
            };
        }
        let mut more = observe::wanted(&self.desired, &self.live);
        // The login of a history without further kinds sees no subscription.
        more.retain(|read| {
            let unseen = read.request.service == Service::Arm && !world.azure;
            if unseen {
                self.live.record(read, 0);
            }
            !unseen
        });
        if !more.is_empty() {
            return Stage::Reading {
                left: more.into_iter().collect(),
                round,
            };
        }
        let options = Options {
            allow: Allow {
                deletes: Some(1_000),
                gap: true,
                ..Allow::default()
            },
            ..Options::default()
        };
        let believed = self.mutant.map(|mutant| {
            let mut live = self.live.clone();
            mutant.live(&mut live, memory.as_ref());
            live
        });
        let live = believed.as_ref().unwrap_or(&self.live);
        let plan = match plan::plan(&self.desired, live, &options) {
            Ok(plan) => plan,
            Err(errors) => {
                self.silent(&errors, world, found);
                return Stage::Ended(End::Refused(errors));
            }
        };
        let unsure = plan::unconfirmed(&plan, live);
        if !unsure.is_empty() && round < ROUNDS {
            round += 1;
            let left: BTreeSet<Read> = observe::confirming(live, &unsure);
            return Stage::Reading {
                left: left.into_iter().collect(),
                round,
            };
        }
        if !self.restored.is_empty() && !self.settled(&plan) {
            if world.now > self.settling + PATIENCE_MS {
                let late = Diagnostic::error("not-readable", "reads do not agree on a restore");
                return self.stopped(vec![late], world, found);
            }
            world.now += BETWEEN_MS;
            self.live = Live::default();
            return Stage::Reading {
                left: Vec::new(),
                round: 0,
            };
        }
        if !plan.refusals.is_empty() {
            return Stage::Ended(End::Refused(Vec::new()));
        }
        if believed.is_some() {
            *memory = believed;
        }
        self.plan = plan;
        if let Some(mutant) = self.mutant {
            mutant.plan(&mut self.plan);
        }
        if self.plan.steps.is_empty() {
            return self.ended(End::Done { wrote: self.wrote });
        }
        self.protocol = Protocol::default();
        let mut given = self.plan.clone();
        if let Some(mutant) = self.mutant {
            mutant.engine(&mut given);
        }
        let mut engine = Box::new(Engine::new(&given, world.seed));
        let effects = engine.handle(Event::Start {
            now: world.now.cast_signed(),
        });
        self.went_on(engine, effects, Vec::new(), world, found)
    }

    /// Whether reads agree on what came out of the recycle bin, as the command demands.
    fn settled(&mut self, plan: &Plan) -> bool {
        let unseen = plan.changes.iter().any(|change| {
            matches!(change.action, Action::Create | Action::Restore)
                && self.restored.contains(&change.address)
        });
        let same = plan.digest == self.agreed.0;
        let agreed = match (unseen, same) {
            (true, _) => 0,
            (false, true) => self.agreed.1 + 1,
            (false, false) => 1,
        };
        self.agreed = (plan.digest.clone(), agreed);
        agreed >= AGREEING
    }

    /// Reads as the reader does: again while it helps. `None` when the process died.
    pub(super) fn get(
        &mut self,
        request: &Request,
        world: &mut World,
    ) -> Result<Option<Reply>, Diagnostic> {
        for attempt in 0.. {
            self.requests += 1;
            let Sent::Answer(mut result, trouble) = world.send(request) else {
                return Ok(None);
            };
            self.struck(trouble);
            if let Some(mutant) = self.mutant {
                result = mutant.read(request, result, world);
            }
            let context = Context {
                attempt,
                seed: world.seed,
                ..Context::new(request)
            };
            match classify(&result, &context) {
                Class::Done | Class::AlreadyDone => {
                    let reply = result.map_err(|lost: Lost| explain::lost(&lost, request))?;
                    if self.mutant.is_some_and(|one| one.remembers()) {
                        self.answers.insert(request.clone(), reply.clone());
                    }
                    return Ok(Some(reply));
                }
                Class::Fatal(diagnostic) => {
                    self.protocol.fatal |= trouble == Some(Trouble::Denied);
                    return Err(diagnostic);
                }
                Class::Again { after_ms }
                | Class::Replicating { after_ms }
                | Class::Lost { after_ms } => {
                    world.now += after_ms;
                }
            }
        }
        Ok(None)
    }
}
