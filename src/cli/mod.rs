//! One file per command, and what they share. The only place that prints, reads the environment or exits.

mod applying;
mod args;
mod ask;
mod connect;
mod directory;
mod exit;
mod explain;
mod hcl_text;
mod interrupt;
mod local;
mod lock;
mod owners;
mod planning;
mod private_keys;
mod progress;
mod redact;
mod rehearsal;
mod repairs;
mod saved_plan;
mod single_dash;
mod stack;
mod web;

mod adopt;
mod apply;
mod audit;
mod completions;
mod convert;
mod destroy;
mod diff;
mod doctor;
mod emulator;
mod export;
mod fmt;
mod git;
mod handover;
mod init;
mod issuer;
mod jwks;
mod list;
mod living;
mod man;
mod migrate;
mod mint;
mod output;
mod plan;
mod release;
mod restore;
mod revoke;
mod schema;
mod test;
mod token;
mod topics;
mod validate;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::FromArgMatches;

use crate::cloud::Clock;
use crate::emulator::inprocess;
use crate::render::style::Style;
use args::{Cli, Command};
pub use exit::{Exit, Failure};
use mint::EmulatorCommand;

/// Everything outside that a command may touch: tests bring their own.
pub struct World<'a> {
    pub args: Vec<OsString>,
    pub env: BTreeMap<String, String>,
    pub directory: PathBuf,
    pub input: &'a mut dyn BufRead,
    pub out: &'a mut dyn Write,
    pub err: &'a mut dyn Write,
    /// Whether a person sees what is printed, and may be asked.
    pub terminal: bool,
    /// The tenant that `--local` stands for, instead of the one in the stack's directory.
    pub tenant: Option<Arc<inprocess::Emulator>>,
    pub clock: Clock,
    /// How long a service may say nothing before its connection counts as broken.
    pub silence: Duration,
}

/// Runs a command line and says how the process should end.
pub fn run(mut world: World) -> Exit {
    let args = single_dash::normalised(std::mem::take(&mut world.args));
    let parsed = args::command()
        .try_get_matches_from(args)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => return usage(&mut world, &error),
    };
    let mut out = redact::Redacted::new(world.out, cli.redact);
    let mut err = redact::Redacted::new(world.err, cli.redact);
    let world = World {
        args: world.args,
        env: world.env,
        directory: world.directory,
        input: world.input,
        out: &mut out,
        err: &mut err,
        terminal: world.terminal,
        tenant: world.tenant,
        clock: world.clock,
        silence: world.silence,
    };
    command(world, cli.command)
}

fn command(mut world: World, command: Command) -> Exit {
    let result = match command {
        Command::Init(args) => init::run(&mut world, &args),
        Command::Convert(args) => convert::run(&mut world, &args),
        Command::Validate(args) => validate::run(&mut world, &args),
        Command::Fmt(args) => fmt::run(&mut world, &args),
        Command::Test(args) => test::run(&mut world, &args),
        Command::Plan(args) => plan::run(&mut world, &args),
        Command::Diff(args) => diff::run(&mut world, &args),
        Command::Apply(args) => apply::run(&mut world, &args),
        Command::Destroy(args) => destroy::run(&mut world, &args),
        Command::Adopt(args) => adopt::run(&mut world, &args),
        Command::Handover(args) => handover::run(&mut world, &args),
        Command::Restore(args) => restore::run(&mut world, &args),
        Command::Release(args) => release::run(&mut world, &args),
        Command::Revoke(args) => revoke::run(&mut world, &args),
        Command::Migrate(args) => migrate::run(&mut world, &args),
        Command::Export(args) => export::run(&mut world, &args),
        Command::Output(args) => output::run(&mut world, &args),
        Command::List(args) => list::run(&mut world, &args),
        Command::Emulator(args) => match &args.command {
            Some(EmulatorCommand::Mint(mint)) => mint::run(&mut world, mint),
            None => emulator::run(&mut world, &args),
        },
        Command::Token(args) => token::run(&mut world, &args),
        Command::Explain(args) => explain::run(&mut world, &args),
        Command::Jwks(args) => jwks::run(&mut world, &args),
        Command::Issuer(args) => issuer::run(&mut world, &args),
        Command::Audit(args) => audit::run(&mut world, &args),
        Command::Doctor(args) => doctor::run(&mut world, &args),
        Command::Schema(args) => schema::run(&mut world, &args),
        Command::Man(args) => man::run(&mut world, &args),
        Command::Completions(args) => completions::run(&mut world, &args),
    };
    match result {
        Ok(exit) => exit,
        Err(failure) => failure.report(&mut world),
    }
}

/// Help goes to the output and is a success; anything else is an error.
fn usage(world: &mut World, error: &clap::Error) -> Exit {
    let rendered = error.render();
    let text = if world.style().color {
        rendered.ansi().to_string()
    } else {
        rendered.to_string()
    };
    if error.use_stderr() {
        let _ = write!(world.err, "{text}");
        Exit::Error
    } else {
        let _ = write!(world.out, "{text}");
        Exit::Done
    }
}

impl World<'_> {
    /// Colours only where a person sees them and does not mind (<https://no-color.org>).
    pub fn style(&self) -> Style {
        let refused = self
            .env
            .get("NO_COLOR")
            .is_some_and(|value| !value.is_empty());
        Style {
            color: self.terminal && !refused,
        }
    }

    /// Prints to the output. A closed pipe is nobody's error.
    pub fn print(&mut self, text: &str) {
        let _ = self.out.write_all(text.as_bytes());
    }

    pub fn print_json(&mut self, json: &serde_json::Value) {
        self.print(&crate::render::json::printable(json));
    }
}

/// Runs what talks to services: it waits more than it works, so one thread does.
fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    run_on(tokio::runtime::Builder::new_current_thread(), work)
}

/// Runs what answers many.
fn block_on_many<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    run_on(tokio::runtime::Builder::new_multi_thread(), work)
}

fn run_on<T>(
    mut builder: tokio::runtime::Builder,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    let runtime = builder.enable_all().build().map_err(|error| {
        Failure::plain(
            "no-runtime",
            format!("the system gives no event loop: {error}"),
        )
    })?;
    Ok(runtime.block_on(work))
}
