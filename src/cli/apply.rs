//! `apply`: load → observe → plan → apply → render.

use std::collections::BTreeSet;

use super::args::{Apply, Format};
use super::connect::Connection;
use super::local::own_directory;
use super::progress::Bar;
use super::stack::Stack;
use super::{Exit, Failure, World, ask, block_on, connect, issuer, planning, stack};
use crate::apply::driver;
use crate::apply::lock::{self, Lock};
use crate::cloud::rights;
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::outcome::Outcome;
use crate::model::plan::{Action, Plan};
use crate::model::source::Sources;
use crate::model::value::{Part, Ref, Value};
use crate::plan::Options;
use crate::plan::saved::Saved;
use crate::render::{diagnostic, json, text};

pub fn run(world: &mut World, args: &Apply) -> Result<Exit, Failure> {
    if world.directory.join(&args.stack.directory).is_file() {
        return saved_plan(world, args);
    }
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let options = Options {
        only: args.only.clone(),
        allow: super::plan::allow(&args.allow),
        without_consent: args.consent.without_consent,
        ..Options::default()
    };
    let terms = Terms {
        question: "Make these changes?",
        approved: args.auto_approve,
        expect: args.expect.as_deref(),
        saved: None,
        lock_timeout: args.lock_timeout,
        format: args.format,
    };
    carry_out(world, &stack, &connection, &options, &terms)
}

/// Exactly the plan that a file holds, or nothing. Nobody is asked: the file is the approval.
fn saved_plan(world: &mut World, args: &Apply) -> Result<Exit, Failure> {
    let file = &args.stack.directory;
    let given = !args.stack.variables.is_empty()
        || !args.stack.variable_files.is_empty()
        || !args.stack.policy.is_empty()
        || args.allow.allow_widening.is_some();
    if given || args.only.is_some() || args.allow.allow_deletes.is_some() || args.allow.allow_gap {
        let message = format!(
            "`{}` is a saved plan: what it does was decided when it was made",
            file.display()
        );
        return Err(Diagnostic::error("usage", message)
            .help("give variables, `--only` and `--allow-…` to `plan --out`")
            .into());
    }
    let text = std::fs::read_to_string(world.directory.join(file)).map_err(|error| {
        Failure::plain(
            "unreadable",
            format!("`{}` cannot be read: {error}", file.display()),
        )
    })?;
    let saved = Saved::from_text(&text, world.clock.now_ms())?;
    let stack = Stack {
        directory: world.directory.join(&saved.directory),
        desired: saved.desired.clone(),
        sources: Sources::default(),
        warnings: Vec::new(),
    };
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let terms = Terms {
        question: "",
        approved: true,
        expect: args.expect.as_deref(),
        saved: Some(&saved),
        lock_timeout: args.lock_timeout,
        format: args.format,
    };
    let options = saved.options();
    carry_out(world, &stack, &connection, &options, &terms)
}

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

/// Plans, asks, applies. What comes out of the recycle bin is compared and put right in a second pass.
pub fn carry_out(
    world: &mut World,
    stack: &Stack,
    connection: &Connection,
    options: &Options,
    terms: &Terms,
) -> Result<Exit, Failure> {
    let _lock = locked(stack, connection, terms.lock_timeout)?;
    let mut passes: Vec<(Plan, Option<Outcome>)> = Vec::new();
    let exit = loop {
        let first = passes.is_empty();
        let restored = restored(&passes);
        let (plan, live) = match restored.is_empty() {
            true => block_on(planning::plan(stack, connection, options))??,
            false => block_on(planning::settled(stack, connection, options, &restored))??,
        };
        if terms.format == Format::Text {
            world.print(&text::plan(&plan, world.style()));
        }
        if first {
            expected(&plan, terms.expect)?;
            unchanged(&plan, &live, terms.saved)?;
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
            let help = match options.destroy {
                true => "add `--auto-approve`",
                false => {
                    "add `--auto-approve`, or `--expect DIGEST` with the digest of the plan that was reviewed"
                }
            };
            ask::confirm(world, terms.question, help)?;
        }
        let caller = block_on(connection.client.caller())??;
        let missing = rights::missing(&plan.steps, &caller);
        if !missing.is_empty() {
            return Err(stack.failure(missing));
        }
        let outcome = send(world, &plan, connection)?;
        connection.save()?;
        if terms.format == Format::Text {
            world.print(&format!("\n{}", text::outcome(&plan, &outcome)));
        }
        let (complete, started) = (
            outcome.complete(),
            outcome.done() > 0 || outcome.uncertain(),
        );
        let again = plan.count(Action::Restore) > 0;
        let said = diagnostic::text(&outcome.diagnostics, &stack.sources, world.style());
        let _ = write!(world.err, "{said}");
        let served = !complete
            || issuer::after_apply(
                world,
                stack,
                connection,
                &plan,
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
            (false, true) => break Exit::Partial,
            (false, false) => break Exit::Error,
        }
    };
    connection.save()?;
    finish(world, &passes, options, terms.format);
    Ok(exit)
}

/// What earlier passes took out of the recycle bin.
fn restored(passes: &[(Plan, Option<Outcome>)]) -> BTreeSet<Address> {
    let changes = passes.iter().flat_map(|(plan, _)| &plan.changes);
    changes
        .filter(|change| change.action == Action::Restore)
        .map(|change| change.address.clone())
        .collect()
}

/// Held while the stack is planned and applied.
fn locked(stack: &Stack, connection: &Connection, timeout: u64) -> Result<Lock, Failure> {
    let directory = own_directory(&stack.directory).map_err(|error| {
        let shown = stack.directory.display();
        Failure::plain(
            "unwritable",
            format!("nothing can be written in `{shown}`: {error}"),
        )
    })?;
    let file = directory.join("lock");
    let clock = connection.client.clock();
    let since = clock.now().time().to_string();
    let holder = format!(
        "process {} since {}",
        std::process::id(),
        since.split('.').next().unwrap_or(&since)
    );
    let lock = block_on(lock::acquire(
        &file,
        &holder,
        timeout.saturating_mul(1000),
        clock,
    ))?;
    lock.map_err(|diagnostic| {
        let exit = if diagnostic.code == "locked" {
            Exit::Locked
        } else {
            Exit::Error
        };
        Failure::from(diagnostic).exit(exit)
    })
}

fn send(world: &mut World, plan: &Plan, connection: &Connection) -> Result<Outcome, Failure> {
    let clock = connection.client.clock().clone();
    let seed = clock.now_ms().unsigned_abs();
    let mut bar = Bar::new(world, &clock, plan.steps.len());
    block_on(driver::apply(
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

/// A saved plan is applied in the world that it was made in.
fn unchanged(plan: &Plan, live: &Live, saved: Option<&Saved>) -> Result<(), Failure> {
    let Some(saved) = saved else { return Ok(()) };
    let drift = saved.drift(live);
    if drift.is_empty() && plan.digest == saved.digest {
        return Ok(());
    }
    let mut diagnostic = Diagnostic::error(
        "plan-stale",
        "the tenant is not as it was when the plan was saved",
    );
    for line in drift {
        diagnostic = diagnostic.help(line);
    }
    Err(
        Failure::from(diagnostic.help("make a new plan with `plan --out FILE` and review it"))
            .exit(Exit::Drift),
    )
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
