//! `apply FILE`: exactly the plan that was saved, in the world that it was made in.

use super::apply::Args;
use super::applying::{Terms, Work, carry_out};
use super::directory::read_text;
use super::stack::Stack;
use super::{Exit, Failure, World, block_on, connect};
use crate::model::diagnostic::Diagnostic;
use crate::model::live::Live;
use crate::model::plan::Plan;
use crate::model::source::Sources;
use crate::observe;
use crate::plan::Allow;
use crate::plan::saved::Saved;
use crate::render::diagnostic;

/// Bytes of a saved plan: that of a stack of a thousand applications has some twenty million.
const PLAN_LIMIT: usize = 256 * 1024 * 1024;

/// Exactly the plan that a file holds, or nothing. Nobody is asked: the file is the approval.
pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let file = &args.stack.directory;
    let given = !args.stack.variables.is_empty()
        || !args.stack.variable_files.is_empty()
        || !args.stack.policy.is_empty()
        || args.only.is_some()
        || args.consent.without_consent
        || super::plan::allow(&args.allow) != Allow::default();
    if given {
        let message = format!(
            "`{}` is a saved plan: what it does was decided when it was made",
            file.display()
        );
        return Err(Diagnostic::error("usage", message)
            .help("give variables, `--policy`, `--only`, `--without-consent` and `--allow-…` to `plan --out`")
            .into());
    }
    let text = read_text(&world.directory.join(file), file, PLAN_LIMIT)?;
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
    let exit = carry_out(world, &stack, &connection, &options, &terms)?;
    if exit == Exit::Partial {
        let said = Diagnostic::warning(
            "plan-used-up",
            "the saved plan was carried out in part, so the tenant is not as it was any more",
        );
        let said = said.help(format!("{}: it goes on from here", again(&saved)));
        let text = diagnostic::text(&[said], &stack.sources, world.style());
        let _ = write!(world.err, "{text}");
    }
    Ok(exit)
}

/// A saved plan is applied in the world that it was made in.
pub fn unchanged(plan: &Plan, live: &Live, saved: Option<&Saved>) -> Result<(), Failure> {
    let Some(saved) = saved else { return Ok(()) };
    let drift = saved.drift(live);
    match drift.is_empty() && plan.digest == saved.digest {
        true => Ok(()),
        false => Err(stale(saved, drift)),
    }
}

/// Where nothing can be planned any more because the world changed, that is what is wrong.
pub fn instead(work: Work, saved: Option<&Saved>, failure: Failure) -> Failure {
    let Some(saved) = saved.filter(|_| failure.exit == Exit::Error) else {
        return failure;
    };
    let read = observe::observe(&work.stack.desired, &work.connection.reader);
    match block_on(work.held.during(work.connection, read)) {
        Ok(Ok(live)) => match saved.drift(&live) {
            drift if drift.is_empty() => failure,
            drift => {
                let mut stale = stale(saved, drift);
                stale.diagnostics.extend(failure.diagnostics);
                stale
            }
        },
        _ => failure,
    }
}

fn stale(saved: &Saved, drift: Vec<String>) -> Failure {
    let other = "what would be sent now is not what was saved";
    let mut diagnostic = match drift.is_empty() {
        true => Diagnostic::error("plan-stale", other),
        false => Diagnostic::error(
            "plan-stale",
            "the tenant is not as it was when the plan was saved",
        ),
    };
    for line in drift {
        diagnostic = diagnostic.help(line);
    }
    Failure::from(diagnostic.help(again(saved))).exit(Exit::Drift)
}

/// How a plan is made that takes this one's place.
fn again(saved: &Saved) -> &'static str {
    match saved.order {
        Some(_) => "audit again with `--fix-plan FILE`, and review the plan",
        None => "make a new plan with `plan --out FILE`, and review it",
    }
}
