//! `list`: what the stack declares, and what is there of it.

use super::args::{Format, StackArgs, TenantArgs};
use super::{Exit, Failure, World, connect, planning, stack};
use crate::model::plan::{Action, Change, Plan};
use crate::model::value::Ref;
use crate::plan::Options;
use crate::render::escape::terminal;

/// List what the stack declares, and what is there of it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let (plan, _) = super::block_on(planning::plan(&stack, &connection, &Options::default()))??;
    let declared = stack.desired.resources.keys().map(ToString::to_string);
    let gone = plan
        .changes
        .iter()
        .filter(|change| change.action == Action::Delete)
        .map(|change| change.address.to_string());
    let mut rows: Vec<(String, &str, Option<String>)> = declared
        .chain(gone)
        .map(|address| {
            let id = id(&plan, &address);
            let state = state(&plan, &address);
            (address, state, id)
        })
        .collect();
    rows.sort();
    rows.dedup();
    if args.format == Format::Json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(address, state, id)| serde_json::json!({ "address": address, "state": state, "id": id }))
            .collect();
        world.print_json(&serde_json::json!({ "format": "trustform-list/1", "resources": rows }));
        return Ok(Exit::Done);
    }
    let width = rows
        .iter()
        .map(|(address, ..)| address.chars().count())
        .max()
        .unwrap_or(0);
    for (address, state, id) in rows {
        let line = format!(
            "{:width$}  {state:11}  {}",
            terminal(&address),
            terminal(&id.unwrap_or_default())
        );
        world.print(&format!("{}\n", line.trim_end()));
    }
    Ok(Exit::Done)
}

/// How a resource stands, in a word.
fn state(plan: &Plan, address: &str) -> &'static str {
    let change = plan
        .changes
        .iter()
        .find(|change| change.address.to_string() == address);
    let back = |change: &&Change| {
        change.action == Action::Restore && address.starts_with(&change.address.to_string())
    };
    match change.map(|change| change.action) {
        None if plan.changes.iter().any(|change| back(&change)) => "deleted",
        None => "as declared",
        Some(Action::Create) => "absent",
        Some(Action::Update) => "differs",
        Some(Action::Restore) => "deleted",
        Some(Action::Delete) => "undeclared",
    }
}

/// The client id, else the object's own.
fn id(plan: &Plan, address: &str) -> Option<String> {
    let address: crate::model::address::Address = address.parse().ok()?;
    ["client_id", "object_id", "id"].iter().find_map(|output| {
        let reference = Ref {
            address: address.clone(),
            output: (*output).to_owned(),
        };
        plan.known.get(&reference).cloned()
    })
}
