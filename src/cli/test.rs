//! `test`: asks the declared credentials whom they let in. No tenant is contacted.

use super::args::{Format, StackArgs};
use super::{Exit, Failure, World, stack};
use crate::kinds::expect;
use crate::model::diagnostic::Diagnostic;
use crate::render::diagnostic;

/// Ask the declared credentials whom they let in.
///
/// Checks every `expect` block without contacting anything, and says of each failure which credential did or
/// did not admit the token, why, and what to change.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    let outcomes = expect::outcomes(&stack.desired);
    let tokens: usize = outcomes.iter().map(|outcome| outcome.tokens).sum();
    let failures: Vec<Diagnostic> = outcomes
        .iter()
        .flat_map(|outcome| outcome.failures.clone())
        .collect();
    let exit = match failures.is_empty() {
        true => Exit::Done,
        false => Exit::Error,
    };
    if args.format == Format::Json {
        let said: Vec<_> = failures
            .iter()
            .map(|one| diagnostic::json(one, &stack.sources))
            .collect();
        let names: Vec<_> = outcomes
            .iter()
            .map(|outcome| serde_json::json!({ "name": outcome.name, "tokens": outcome.tokens, "failures": outcome.failures.len() }))
            .collect();
        world.print_json(&serde_json::json!({ "format": "trustform-test/1", "expectations": names, "diagnostics": said }));
        return Ok(exit);
    }
    stack.warn(world);
    if outcomes.is_empty() {
        world.print("No expectations: write `expect \"name\" { application = …, accept { … }, refuse { … } }`.\n");
        return Ok(exit);
    }
    for outcome in &outcomes {
        let verdict = match outcome.failures.len() {
            0 => "ok".to_owned(),
            failed => format!("{failed} of {} not as expected", outcome.tokens),
        };
        let line = format!("expect.{}: {verdict}\n", outcome.name);
        world.print(&line);
    }
    let text = diagnostic::text(&failures, &stack.sources, world.style());
    if !failures.is_empty() {
        world.print(&format!("\n{text}"));
    }
    world.print(&format!(
        "\nAsked about {tokens} {}, {} not as expected.\n",
        if tokens == 1 { "token" } else { "tokens" },
        failures.len()
    ));
    Ok(exit)
}
