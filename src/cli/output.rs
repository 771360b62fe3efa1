//! `output`: the stack's outputs, with what the tenant knows.

use std::collections::BTreeMap;
use std::path::Path;

use super::args::{StackArgs, TenantArgs};
use super::{Exit, Failure, World, connect, planning, stack};
use crate::model::diagnostic::Diagnostic;
use crate::model::value::Value;
use crate::model::words::nearest;
use crate::plan::Options;
use crate::render::{json, text};

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Text,
    Json,
    /// One output's text alone, for scripts.
    Raw,
}

/// Print the stack's outputs, with the tenant's values.
///
/// For example `trustform output`, `trustform output client_id --format raw` or `trustform output client_id
/// environments/prod`. Where every output is known from the files alone, nothing is contacted.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One output alone; a name that is a directory is the stack's.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let (name, place) = arguments(world, args);
    let stack = stack::load(world, &place)?;
    let declared = &stack.desired.outputs;
    if let Some(name) = &name
        && !declared.contains_key(name)
    {
        let diagnostic = Diagnostic::error(
            "unknown-output",
            format!("the stack has no output `{name}`"),
        );
        let help = match nearest(name, declared.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if declared.is_empty() => {
                "it declares none: write an `output` block first".to_owned()
            }
            None => format!(
                "it has: {}",
                declared.keys().cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        return Err(diagnostic.help(help).into());
    }
    let known: BTreeMap<&String, Value> = declared
        .iter()
        .map(|(name, output)| (name, output.value.clone()))
        .collect();
    let values: BTreeMap<String, Value> = if known.values().all(Value::is_known) {
        known
            .into_iter()
            .map(|(name, value)| (name.clone(), value))
            .collect()
    } else {
        let connection = connect::connect(world, &args.tenant, &stack)?;
        let (plan, _) = super::block_on(planning::plan(&stack, &connection, &Options::default()))??;
        plan.outputs
            .into_iter()
            .map(|(name, output)| (name, output.value))
            .collect()
    };
    let wanted = || {
        values
            .iter()
            .filter(|(at, _)| name.as_ref().is_none_or(|wanted| wanted == *at))
    };
    match args.format {
        Format::Text => world.print(&text::outputs(wanted())),
        Format::Json => world.print_json(&json::outputs(wanted())),
        Format::Raw => world.print(&raw(name.as_deref(), &values)?),
    }
    Ok(Exit::Done)
}

/// A single argument that is a directory names the stack, not an output.
fn arguments(world: &World, args: &Args) -> (Option<String>, StackArgs) {
    let alone = args.stack.directory == Path::new(".");
    let mut place = args.stack.clone();
    match &args.name {
        Some(name) if alone && world.directory.join(name).is_dir() => {
            place.directory = name.into();
            (None, place)
        }
        name => (name.clone(), place),
    }
}

/// The text alone, to the byte.
fn raw(name: Option<&str>, values: &BTreeMap<String, Value>) -> Result<String, Failure> {
    let value = name.and_then(|name| values.get(name));
    let Some(value) = value else {
        return Err(Failure::plain(
            "usage",
            "`--format raw` prints one output: add its name",
        ));
    };
    match value {
        value if !value.is_known() => Err(Diagnostic::error(
            "not-known",
            "the output is not known yet",
        )
        .help("run `apply` first")
        .into()),
        Value::Text(_) => Ok(value.as_str().unwrap_or_default().to_owned()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_json().to_string()),
        _ => Err(Diagnostic::error("not-text", "the output is not a text")
            .help("use `--format json`")
            .into()),
    }
}
