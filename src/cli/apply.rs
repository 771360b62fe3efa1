//! `apply`: the files, or the plan that a file holds, carried out.

use super::applying::{Terms, carry_out};
use super::args::{AllowArgs, ConsentArgs, Format, StackArgs, TenantArgs};
use super::stack::Stack;
use super::{Exit, Failure, World, connect, stack};
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Sources;
use crate::plan::Options;
use crate::plan::saved::Saved;

/// Make the tenant as the files say.
///
/// Plans, shows the plan, asks, sends its requests and reads back what they made: success is said only
/// then. What stopped half-way goes on from there when it is run again. Instead of a directory a file may be
/// given that `plan --out` saved: then exactly that plan is applied, or nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
    #[command(flatten)]
    pub consent: ConsentArgs,
    /// Only this resource and what is in it, as in `application.deployer`.
    #[arg(long, value_name = "ADDRESS")]
    pub only: Option<Address>,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub auto_approve: bool,
    /// Wait so long for another run of this stack to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
    /// Apply exactly the plan that was reviewed: without a question if the plan still has this digest, else not at
    /// all (exit code 3). A plan prints its digest.
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
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
fn saved_plan(world: &mut World, args: &Args) -> Result<Exit, Failure> {
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
