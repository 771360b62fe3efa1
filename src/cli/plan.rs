//! `plan`: what an apply would do, and nothing is done.

use super::args::{AllowArgs, Format, Plan};
use super::{Exit, Failure, World, connect, planning, stack};
use crate::model::diagnostic::Level;
use crate::plan::{Allow, Options};
use crate::render::{json, text};

pub fn run(world: &mut World, args: &Plan) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let options = Options {
        only: args.only.clone(),
        allow: allow(&args.allow),
        ..Options::default()
    };
    let (plan, _) = world.block_on(planning::plan(&stack, &connection, &options))??;
    connection.save()?;
    let style = world.style();
    if args.format == Format::Json {
        world.print_json(&json::plan(&plan));
    } else {
        world.print(&text::plan(&plan, style));
        if args.requests && !plan.steps.is_empty() {
            world.print(&format!("\nRequests\n{}", text::requests(&plan)));
        }
        let _ = write!(world.err, "{}", text::refusals(&plan, style));
    }
    // A credential that nobody declared is a difference, too.
    let differs = plan.has_changes() || plan.notes.iter().any(|note| note.level == Level::Warning);
    Ok(if args.detailed_exitcode && differs {
        Exit::Changes
    } else {
        Exit::Done
    })
}

pub fn allow(args: &AllowArgs) -> Allow {
    Allow {
        deletes: args.allow_deletes,
        gap: args.allow_gap,
    }
}
