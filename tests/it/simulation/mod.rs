//! The seeded simulation: the production planner and engine on the emulator's `handle`, in virtual time, with
//! replicas that lag, faults, crashes, other people, changing declarations and two applies at once.
//!
//! Nothing here sleeps or opens a socket. The tests and `benches/simulate.rs` share it.

pub mod counts;
pub mod declared;
pub mod deeds;
mod edits;
pub mod further;
pub mod history;
pub mod history_file;
pub mod invariants;
pub mod mutants;
pub mod protocol;
pub mod run;
pub mod secrets;
pub mod shrink;
pub mod stack;
pub mod state;
pub mod world;

use std::collections::BTreeSet;

use trustform::model::live::Live;
use trustform::model::step::Service;

use counts::Counts;
use history::{Act, History, Want};
use invariants::{Bounds, Foreign, Violation, after_commit, violation};
use mutants::Mutant;
use run::{End, Run};
use state::State;
use world::World;

/// What came of a history.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub counts: Counts,
    pub violations: Vec<Violation>,
}

/// A history being played.
struct Stage {
    world: World,
    state: State,
    foreign: Foreign,
    memory: Option<Live>,
    mutant: Option<Mutant>,
    violations: Vec<Violation>,
    lags: bool,
    rivals: bool,
    /// When somebody else did something last.
    edited: Option<u64>,
    /// When an application went into the recycle bin last.
    binned: Option<u64>,
    /// When two applies at once, which no lock kept apart, ended last: what the one undid of the other's is found out as
    /// late as what anybody else did.
    contested: Option<u64>,
    /// Identities, and the groups whose marks an upsert took from them.
    unmarked: BTreeSet<(String, String)>,
}

/// Milliseconds after which every replica shows what somebody else did.
const SEEN_MS: u64 = 190_000;

/// Milliseconds after which the list of the recycle bin shows what went there: the longest lag, and its index's.
const BIN_MS: u64 = SEEN_MS;

/// Plays a history to its end and checks everything on the way; stops at the first violation.
pub fn play(history: &History, mutant: Option<Mutant>) -> Report {
    let mut world = World::new(history);
    let state = State::of(&mut world);
    let mut stage = Stage {
        world,
        // What was there before us is somebody else's.
        foreign: Foreign {
            applications: state.applications.keys().cloned().collect(),
            credentials: edits::theirs(&state),
            unmarked: BTreeSet::new(),
        },
        state,
        memory: None,
        mutant,
        violations: Vec::new(),
        lags: !history.lags.is_empty(),
        rivals: false,
        edited: None,
        binned: None,
        contested: None,
        unmarked: BTreeSet::new(),
    };
    let mut last: Option<Want> = None;
    for act in &history.acts {
        match act {
            Act::Wait(ms) => stage.world.now += ms,
            Act::Foreign(edit) => stage.edit(*edit),
            Act::Apply { want, rival } => {
                last = Some(*want);
                stage.rivals = rival.is_some();
                stage.apply(want, rival.as_ref());
            }
        }
        if !stage.violations.is_empty() {
            break;
        }
    }
    if let (true, Some(want)) = (stage.violations.is_empty(), last) {
        stage.settle(&want);
    }
    Report {
        counts: stage.world.counts,
        violations: stage.violations,
    }
}

impl Stage {
    fn apply(&mut self, want: &Want, rival: Option<&Want>) -> Vec<End> {
        let wants: Vec<&Want> = std::iter::once(want).chain(rival).collect();
        let mut runs: Vec<Run> = wants
            .iter()
            .map(|want| {
                let desired = stack::declared(want);
                let mut bounds = Bounds::new(self.state.clone(), &desired);
                bounds.remember(&self.state);
                bounds.lags = self.lags;
                bounds.raced = self.lags && self.raced();
                let mut run = Run::new(desired, bounds, &self.world, self.mutant);
                let within = |at: Option<u64>, ms| at.is_some_and(|at| self.world.now < at + ms);
                let unseen =
                    self.raced() || within(self.binned, BIN_MS) || within(self.contested, SEEN_MS);
                run.passing &= !(self.lags && unseen);
                run
            })
            .collect();
        self.world.counts.applies += runs.len() as u64;
        self.world.left.clear();
        let mut turn = 0;
        while runs.iter().any(|run| run.end().is_none()) && self.violations.is_empty() {
            turn += 1;
            let open: Vec<usize> = (0..runs.len())
                .filter(|index| runs[*index].end().is_none())
                .collect();
            let draw = trustform::emulator::fault::draw(self.world.seed, 50_000 + turn);
            let chosen = open[draw as usize % open.len()];
            let (found, committed) = runs[chosen].step(&mut self.world, &mut self.memory);
            self.violations.extend(found);
            if let Some(service) = committed {
                let now = match service {
                    Service::Blob => State::of(&mut self.world),
                    _ => State::after(&self.state, &self.world),
                };
                let bounds: Vec<&Bounds> = runs.iter().map(|run| &run.bounds).collect();
                let found = after_commit(&self.state, &now, &bounds, &self.foreign);
                self.violations.extend(found);
                if bounds.iter().any(|one| one.raced) {
                    self.taken_over(&now);
                }
                self.marks(&now);
                let gone = |state: &State| {
                    state
                        .applications
                        .values()
                        .filter(|one| one.deleted)
                        .count()
                };
                if gone(&now) > gone(&self.state) {
                    self.binned = Some(self.world.now);
                }
                for run in &mut runs {
                    run.bounds.remember(&now);
                }
                self.state = now;
            }
        }
        if self.rivals {
            self.contested = Some(self.world.now);
        }
        for (run, want) in runs.iter().zip(&wants) {
            self.judge(run, want);
        }
        runs.into_iter()
            .filter_map(|run| run.end().cloned())
            .collect()
    }

    /// Whether some replica may not show yet what somebody else did: Graph has no conditional writes, so nothing helps.
    fn raced(&self) -> bool {
        self.edited.is_some_and(|at| self.world.now < at + SEEN_MS)
    }

    /// What somebody else made moments ago under our name, and an upsert met before any read could show it, is ours
    /// from then on: it carries our mark, and the next apply cannot know better.
    fn taken_over(&mut self, now: &State) {
        let taken: Vec<String> = self
            .foreign
            .applications
            .iter()
            .filter(|id| now.applications.get(*id).is_some_and(|one| one.is_marked()))
            .cloned()
            .collect();
        for id in taken {
            self.foreign.applications.remove(&id);
            self.world.counts.taken_over += 1;
        }
    }

    /// An upsert of an identity that no read shows, since a killed run made it a moment ago, takes the marks of memberships
    /// with it; so does, beside another apply without a lock, one that ended a membership that the other has just begun:
    /// those are anybody's from then on, until a mark is written again.
    fn marks(&mut self, now: &State) {
        let upserted = (self.lags || self.rivals) && self.world.upserted;
        for (id, new) in &now.applications {
            let (old, new_marks) = (self.state.applications.get(id), new.marked());
            let old_marks = old.map_or_else(BTreeSet::new, state::Application::marked);
            let taken = old_marks.difference(&new_marks);
            let taken =
                taken.filter(|group| upserted || self.rivals && self.world.left.contains(*group));
            self.unmarked
                .extend(taken.map(|group| (id.clone(), group.clone())));
            for held in new.holds.keys().filter(|held| state::is_membership(held)) {
                let group = held.split('/').next().unwrap_or_default().to_owned();
                if new_marks.contains(&group) && !old_marks.contains(&group) {
                    self.foreign.credentials.remove(held);
                    self.foreign.unmarked.remove(held);
                } else if self.unmarked.contains(&(id.clone(), group)) {
                    let new = self.foreign.credentials.insert(held.clone());
                    self.world.counts.unmarked += u64::from(new);
                    self.foreign.unmarked.insert(held.clone());
                }
            }
            self.unmarked
                .retain(|(other, group)| other != id || !new_marks.contains(group));
        }
    }

    fn judge(&mut self, run: &Run, want: &Want) {
        match run.end() {
            Some(End::Done { .. }) => {
                self.world.counts.successes += 1;
                let desired = stack::declared(want);
                let unlike = declared::unlike(&self.state, &desired, &self.foreign);
                if let Some(unlike) = unlike
                    && !self.rivals
                {
                    self.world.counts.untrue += 1;
                    if !self.lags && !run.leaves_some() {
                        self.violations
                            .push(violation("I12", format!("success, and {unlike}")));
                    }
                }
            }
            Some(End::Stopped(said)) if run.passing && !self.rivals => {
                let said = said
                    .iter()
                    .map(|one| one.message.as_str())
                    .collect::<Vec<_>>();
                self.violations.push(violation(
                    "I1",
                    format!("faults that pass failed an apply: {}", said.join("; ")),
                ));
            }
            _ => {}
        }
    }

    /// After all faults: two applies are enough, and the next one writes nothing.
    fn settle(&mut self, want: &Want) {
        self.world.calm();
        self.rivals = false;
        self.world.now += 600_000;
        let mut ends = Vec::new();
        for _ in 0..2 {
            ends = self.apply(want, None);
            if !self.violations.is_empty() {
                return;
            }
            self.world.now += 600_000;
        }
        if let [End::Refused(_)] = ends.as_slice() {
            // Somebody else holds the name: nothing can be done, and nothing was.
            return;
        }
        let desired = stack::declared(want);
        if let Some(unlike) = declared::unlike(&self.state, &desired, &self.foreign) {
            self.violations
                .push(violation("I1", format!("two applies later {unlike}")));
            return;
        }
        let ends = self.apply(want, None);
        if self.violations.is_empty() && ends != [End::Done { wrote: false }] {
            self.violations
                .push(violation("I2", format!("a third apply: {ends:?}")));
        }
    }
}
