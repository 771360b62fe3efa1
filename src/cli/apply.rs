//! `apply`: load → observe → plan → apply → render.

use super::args::{Apply, Format};
use super::connect::Connection;
use super::progress::Bar;
use super::stack::Stack;
use super::{Exit, Failure, World, ask, connect, planning, stack};
use crate::apply::driver;
use crate::model::diagnostic::Diagnostic;
use crate::model::outcome::Outcome;
use crate::model::plan::{Action, Plan};
use crate::model::value::{Part, Value};
use crate::plan::Options;
use crate::render::{diagnostic, json, text};

pub fn run(world: &mut World, args: &Apply) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let options = Options {
        only: args.only.clone(),
        allow: super::plan::allow(&args.allow),
        ..Options::default()
    };
    let terms = Terms {
        question: "Make these changes?",
        approved: args.auto_approve,
        expect: args.expect.as_deref(),
        format: args.format,
    };
    carry_out(world, &stack, &connection, &options, &terms)
}

/// On which terms a plan is carried out.
pub struct Terms<'a> {
    pub question: &'a str,
    pub approved: bool,
    /// The digest that the plan has to have.
    pub expect: Option<&'a str>,
    pub format: Format,
}

/// Plans, asks, applies. What comes out of the recycle bin is compared and put right in a second pass.
pub fn carry_out(
    world: &mut World,
    stack: &Stack,
    connection: &Connection,
    options: &Options,
    terms: &Terms,
) -> Result<Exit, Failure> {
    let mut first = true;
    loop {
        let (plan, _) = world.block_on(planning::plan(stack, connection, options))??;
        show(world, &plan, terms.format);
        if first {
            expected(&plan, terms.expect)?;
        }
        if !plan.refusals.is_empty() {
            let refusals = text::refusals(&plan, world.style());
            let _ = write!(world.err, "{refusals}");
            connection.save()?;
            return Ok(Exit::Refused);
        }
        if !plan.has_changes() {
            connection.save()?;
            finish(world, &plan, None, terms.format);
            return Ok(Exit::Done);
        }
        if first && !terms.approved && terms.expect.is_none() {
            ask::confirm(world, terms.question)?;
        }
        first = false;
        let outcome = send(world, &plan, connection)?;
        connection.save()?;
        let complete = outcome.complete();
        finish(world, &plan, Some(&outcome), terms.format);
        if !complete {
            let said = diagnostic::text(&outcome.diagnostics, &stack.sources, world.style());
            let _ = write!(world.err, "{said}");
            return Ok(if outcome.done() == 0 && !outcome.uncertain() {
                Exit::Error
            } else {
                Exit::Partial
            });
        }
        if plan.count(Action::Restore) == 0 {
            return Ok(Exit::Done);
        }
    }
}

fn send(world: &mut World, plan: &Plan, connection: &Connection) -> Result<Outcome, Failure> {
    let bar = Bar::new(world, plan.steps.len());
    let seed = connection.client.clock().now_ms().unsigned_abs();
    world.block_on(driver::apply(
        plan,
        &connection.client,
        &connection.reader,
        seed,
        &mut |progress| bar.show(progress),
        interrupted(),
    ))
}

/// Ctrl-C and a runner's SIGTERM: finish what is in flight, then stop.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut int), Ok(mut term)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
        ) {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn show(world: &mut World, plan: &Plan, format: Format) {
    let style = world.style();
    match format {
        Format::Text => world.print(&text::plan(plan, style)),
        Format::Json => world.print_json(&json::plan(plan)),
    }
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

/// What came of it, and the outputs.
fn finish(world: &mut World, plan: &Plan, outcome: Option<&Outcome>, format: Format) {
    let values: Vec<(&String, Value)> = plan
        .outputs
        .iter()
        .map(|(name, output)| {
            let tell = |reference: &crate::model::value::Ref| {
                outcome?.outputs.get(reference).cloned().map(Part::Literal)
            };
            (name, output.value.fill(&tell))
        })
        .collect();
    let outputs = || values.iter().map(|(name, value)| (*name, value));
    match format {
        Format::Text => {
            if let Some(outcome) = outcome {
                world.print(&format!("\n{}", text::outcome(plan, outcome)));
            }
            if !values.is_empty() && outcome.is_none_or(Outcome::complete) {
                world.print(&format!("\nOutputs\n{}", text::outputs(outputs())));
            }
        }
        Format::Json => {
            if let Some(outcome) = outcome {
                let mut json = json::outcome(plan, outcome);
                json["outputs"] = json::outputs(outputs());
                world.print_json(&json);
            }
        }
    }
}
