//! `validate`: everything that can be known without contacting anything.

use super::args::{Format, Validate};
use super::{Exit, Failure, World, stack};
use crate::render::diagnostic;

pub fn run(world: &mut World, args: &Validate) -> Result<Exit, Failure> {
    let loaded = stack::load(world, &args.stack);
    if args.format == Format::Json {
        let (valid, diagnostics, sources) = match &loaded {
            Ok(stack) => (true, &stack.warnings, &stack.sources),
            Err(failure) => (false, &failure.diagnostics, &failure.sources),
        };
        let said: Vec<_> = diagnostics
            .iter()
            .map(|one| diagnostic::json(one, sources))
            .collect();
        world.print_json(&serde_json::json!({ "format": "trustform-validate/1", "valid": valid, "diagnostics": said }));
        return Ok(if valid { Exit::Done } else { Exit::Error });
    }
    let stack = loaded?;
    stack.warn(world);
    let count = stack.desired.resources.len();
    let pending = stack.desired.pending.len();
    let mut text = format!(
        "Valid: {count} {}",
        if count == 1 { "resource" } else { "resources" }
    );
    if pending > 0 {
        text.push_str(&format!(", {pending} pending"));
    }
    world.print(&format!("{text}.\n"));
    Ok(Exit::Done)
}
