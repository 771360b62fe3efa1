//! `destroy`: everything that the stack made goes, in the order in which nobody is left trusting nothing.

use super::applying::{Terms, carry_out};
use super::args::{Format, StackArgs, TenantArgs};
use super::{Exit, Failure, World, connect, stack};
use crate::plan::{Allow, Options};

/// Delete what the stack made.
///
/// Deletes what is provably this stack's: trusts before applications, issuers last. Applications stay in the
/// recycle bin for 30 days, and an apply restores them, unless `--purge` deletes them for good.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub auto_approve: bool,
    /// Wait so long for another run of this stack to end.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub lock_timeout: u64,
    /// Do it without a question if the plan has this digest, else not at all (exit code 3).
    #[arg(long, value_name = "DIGEST")]
    pub expect: Option<String>,
    /// Let the run delete what it logs in with.
    #[arg(long)]
    pub allow_self: bool,
    /// Delete for good: applications do not stay in the recycle bin for 30 days.
    #[arg(long)]
    pub purge: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    let connection = connect::connect(world, &args.tenant, &stack)?;
    let options = Options {
        destroy: true,
        purge: args.purge,
        allow: Allow {
            login: args.allow_self,
            ..Allow::default()
        },
        ..Options::default()
    };
    let terms = Terms {
        question: match args.purge {
            true => "Delete all of this for good?",
            false => "Delete all of this? Applications stay in the recycle bin for 30 days.",
        },
        approved: args.auto_approve,
        expect: args.expect.as_deref(),
        saved: None,
        lock_timeout: args.lock_timeout,
        format: args.format,
    };
    carry_out(world, &stack, &connection, &options, &terms)
}
