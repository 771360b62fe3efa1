//! Plan → ask → apply → render, under the lock: what every command does that changes a tenant.

use std::collections::BTreeSet;

use super::args::Format;
use super::connect::Connection;
use super::interrupt::{self, Interrupt};
use super::lock::Held;
use super::progress::Bar;
use super::stack::Stack;
use super::{Exit, Failure, World, ask, block_on, issuer, lock, owners, planning, saved_plan};
use crate::apply::driver;
use crate::apply::engine::Engine;
use crate::cloud::rights;
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::outcome::Outcome;
use crate::model::plan::{Action, Plan};
use crate::model::value::{Part, Ref, Value};
use crate::plan::Options;
use crate::plan::saved::Saved;
use crate::render::{diagnostic, json, text};

/// On which terms a plan is carried out.
pub struct Terms<'a> {
    pub question: &'a str,
    pub approved: bool,
    /// The digest that the plan has to have.
    pub expect: Option<&'a str>,
    /// The saved plan that it has to be, in the world that it was made in.
    pub saved: Option<&'a Saved>,
    /// Seconds to wait for another run.
    pub lock_timeout: u64,
    pub format: Format,
}

/// Plans of one run, where the one before was made from a read that turned out to be old.
const PLANS: usize = 3;

/// Plans, asks, applies. What comes out of the recycle bin is compared and put right in a second pass.
pub fn carry_out(
    world: &mut World,
    stack: &Stack,
    connection: &Connection,
    options: &Options,
    terms: &Terms,
) -> Result<Exit, Failure> {
    // While somebody may be asked, Ctrl-C has to end the process.
    let mut interrupt = match terms.approved || terms.expect.is_some() {
        true => Some(block_on(async { Interrupt::listen() })?),
        false => None,
    };
    let timeout = terms.lock_timeout;
    let held = lock::take(world, stack, connection, timeout, interrupt.as_mut())?;
    let work = Work {
        stack,
        connection,
        held: &held,
    };
    let ended = carried_out(world, &work, interrupt, options, terms);
    held.release(connection);
    let kept = connection.save();
    let (exit, passes) = ended?;
    // What cannot be kept of an emulated tenant is as if it had not been done.
    kept.map_err(|failure| failure.exit(Exit::Partial))?;
    finish(world, &passes, options, terms.format);
    Ok(exit)
}

type Passes = Vec<(Plan, Option<Outcome>)>;

/// What is worked on, and the lock over it.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    pub stack: &'a Stack,
    pub connection: &'a Connection,
    pub held: &'a Held,
}

fn carried_out(
    world: &mut World,
    work: &Work,
    mut interrupt: Option<Interrupt>,
    options: &Options,
    terms: &Terms,
) -> Result<(Exit, Passes), Failure> {
    let Work {
        stack,
        connection,
        held,
    } = *work;
    let mut passes: Passes = Vec::new();
    let exit = loop {
        let first = passes.is_empty();
        let restored = restored(&passes);
        let (plan, live) = match restored.is_empty() {
            true => planned(
                held,
                connection,
                interrupt.as_mut(),
                planning::plan(stack, connection, options),
            )
            .map_err(|failure| saved_plan::instead(*work, terms.saved, failure))?,
            false => planned(
                held,
                connection,
                interrupt.as_mut(),
                planning::settled(stack, connection, options, &restored),
            )?,
        };
        if terms.format == Format::Text {
            world.print(&text::plan(&plan, world.style()));
        }
        if first {
            expected(&plan, terms.expect)?;
            saved_plan::unchanged(&plan, &live, terms.saved)?;
        }
        if !plan.refusals.is_empty() {
            let refusals = text::refusals(&plan, world.style());
            let _ = write!(world.err, "{refusals}");
            passes.push((plan, None));
            break Exit::Refused;
        }
        if !plan.has_changes() {
            passes.push((plan, None));
            break Exit::Done;
        }
        if first && !terms.approved && terms.expect.is_none() {
            let help = "add `--auto-approve`, or `--expect DIGEST` with the digest of the plan that was reviewed";
            ask::confirm(world, terms.question, help)?;
        }
        let caller = block_on(connection.client.caller())??;
        let mut missing = rights::missing(&plan.steps, &caller);
        if missing.is_empty() {
            missing = owners::missing(connection, &plan, &caller)?;
        }
        if !missing.is_empty() {
            return Err(stack.failure(missing));
        }
        held.ensure(connection)?;
        let interrupt = match &mut interrupt {
            Some(interrupt) => interrupt,
            none => none.insert(block_on(async { Interrupt::listen() })?),
        };
        let mut outcome = send(world, &plan, connection, held, interrupt)?;
        // What was done is said also where this cannot be found out.
        let _ = owners::explained(connection, &plan, &caller, &mut outcome);
        let (complete, started) = (
            outcome.complete(),
            outcome.done() > 0 || outcome.uncertain(),
        );
        // What somebody looked at, at the question or before, is not replaced by another plan.
        let anew = outcome.stale
            && terms.approved
            && terms.expect.is_none()
            && terms.saved.is_none()
            && passes.len() + 1 < PLANS;
        if terms.format == Format::Text {
            let next = match complete || anew {
                true => "",
                false => resume(terms, started),
            };
            world.print(&format!("\n{}{next}", text::outcome(&plan, &outcome)));
        }
        let again = plan.count(Action::Restore) > 0;
        if !anew {
            let said = diagnostic::text(&outcome.diagnostics, &stack.sources, world.style());
            let _ = write!(world.err, "{said}");
        }
        let mut known = plan.known.clone();
        known.extend(outcome.outputs.clone());
        let served = !complete
            || issuer::after_apply(
                world,
                stack,
                connection,
                &plan,
                &known,
                terms.format == Format::Json,
            )?;
        passes.push((plan, Some(outcome)));
        match (complete, started) {
            (true, _) if !served => break Exit::Error,
            (true, _) if again => {
                if terms.format == Format::Text {
                    world.print("\n");
                }
            }
            (true, _) => break Exit::Done,
            (false, _) if anew => {
                if terms.format == Format::Text {
                    world.print(
                        "\nThe tenant is not as the plan was made for: a new plan follows.\n\n",
                    );
                }
            }
            (false, true) => break Exit::Partial,
            (false, false) => break without_effect(&passes),
        }
    };
    Ok((exit, passes))
}

/// What to do after a stop: a plan of which something was carried out is not the plan any more that was approved.
fn resume(terms: &Terms, started: bool) -> &'static str {
    match (terms.saved, terms.expect) {
        // A warning says what takes its place.
        (Some(_), _) if started => "",
        (None, Some(_)) if started => "Plan again and review what is left: it goes on from here.\n",
        _ => "Run the command again: it goes on from here.\n",
    }
}

/// How an apply ends that changed nothing.
fn without_effect(passes: &Passes) -> Exit {
    let outcomes = passes.iter().filter_map(|(_, outcome)| outcome.as_ref());
    let mut said = outcomes.flat_map(|outcome| &outcome.diagnostics);
    match said.find(|diagnostic| ["interrupted", "lock-lost"].contains(&diagnostic.code)) {
        Some(diagnostic) if diagnostic.code == "lock-lost" => Exit::Locked,
        Some(_) => Exit::Partial,
        None => Exit::Error,
    }
}

/// What earlier passes took out of the recycle bin.
fn restored(passes: &[(Plan, Option<Outcome>)]) -> BTreeSet<Address> {
    let changes = passes.iter().flat_map(|(plan, _)| &plan.changes);
    changes
        .filter(|change| change.action == Action::Restore)
        .map(|change| change.address.clone())
        .collect()
}

/// Reads and plans under the lock, until somebody wants it to end.
fn planned<T>(
    held: &Held,
    connection: &Connection,
    interrupt: Option<&mut Interrupt>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    block_on(held.during(connection, async {
        tokio::select! {
            biased;
            () = interrupt::raised(interrupt) => Err(interrupt::while_doing("planning")),
            planned = work => planned,
        }
    }))?
}

fn send(
    world: &mut World,
    plan: &Plan,
    connection: &Connection,
    held: &Held,
    interrupt: &mut Interrupt,
) -> Result<Outcome, Failure> {
    let client = &connection.client;
    let clock = client.clock().clone();
    let seed = clock.now_ms().unsigned_abs();
    let mut bar = Bar::new(world, &clock, plan.steps.len());
    let mut report = |progress| bar.show(progress);
    let engine = Engine::new(plan, seed);
    let applied = driver::apply(
        match connection.paced {
            true => engine,
            false => engine.unpaced(),
        },
        client,
        &connection.reader,
        held.lease.as_ref(),
        &mut report,
        interrupt.raised(),
    );
    block_on(held.during(connection, applied))
}

/// A plan that was reviewed is the one that is applied, or none is.
fn expected(plan: &Plan, expect: Option<&str>) -> Result<(), Failure> {
    let Some(expect) = expect else { return Ok(()) };
    let expect = expect.trim().to_ascii_lowercase();
    if expect.len() < text::DIGEST {
        return Err(Failure::plain(
            "usage",
            format!(
                "`--expect {expect}` is too short to tell plans apart: give the {} digits that `plan` prints",
                text::DIGEST
            ),
        ));
    }
    if plan.digest.starts_with(&expect) {
        return Ok(());
    }
    let diagnostic = Diagnostic::error("plan-changed", format!("the plan is another one than the one that was reviewed: its digest is {}", &plan.digest[..text::DIGEST]))
        .help("the files or the tenant changed since: review the plan above, and apply it with its own digest");
    Err(Failure::from(diagnostic).exit(Exit::Drift))
}

/// The outputs, as they are now; for machines everything at once.
fn finish(
    world: &mut World,
    passes: &[(Plan, Option<Outcome>)],
    options: &Options,
    format: Format,
) {
    let Some((plan, outcome)) = passes.last() else {
        return;
    };
    let tell = |reference: &Ref| {
        outcome
            .as_ref()?
            .outputs
            .get(reference)
            .cloned()
            .map(Part::Literal)
    };
    let values: Vec<(&String, Value)> = plan
        .outputs
        .iter()
        .map(|(name, output)| (name, output.value.fill(&tell)))
        .collect();
    let outputs = values.iter().map(|(name, value)| (*name, value));
    let complete = plan.refusals.is_empty() && outcome.as_ref().is_none_or(Outcome::complete);
    match format {
        Format::Text if complete && !options.destroy && !values.is_empty() => {
            world.print(&format!("\nOutputs\n{}", text::outputs(outputs)));
        }
        Format::Text => {}
        Format::Json => {
            let passes = passes.iter().map(|(plan, outcome)| {
                serde_json::json!({
                    "plan": json::plan(plan),
                    "outcome": outcome.as_ref().map(|outcome| json::outcome(plan, outcome)),
                })
            });
            world.print_json(&serde_json::json!({
                "format": "trustform-apply/1",
                "complete": complete,
                "passes": passes.collect::<Vec<_>>(),
                "outputs": json::outputs(outputs),
            }));
        }
    }
}
