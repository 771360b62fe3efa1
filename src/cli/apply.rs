//! `apply`: the files, or the plan that a file holds, carried out.

use super::applying::{Terms, carry_out};
use super::args::{AllowArgs, ConsentArgs, Format, StackArgs, TenantArgs};
use super::{Exit, Failure, World, connect, saved_plan, stack};
use crate::model::address::Address;
use crate::plan::Options;

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
    /// With an emulator that keeps no quota: write as fast as it answers. Else 3,000 writes go to Graph in 150 seconds.
    #[arg(long, requires = "emulator")]
    pub no_pacing: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let place = world.directory.join(&args.stack.directory);
    let named = args
        .stack
        .directory
        .extension()
        .is_some_and(|it| it == "json");
    // A plan that is not there is missed as a file, not as a directory.
    if place.is_file() || named && !place.exists() {
        return saved_plan::run(world, args);
    }
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let mut connection = connect::connect(world, &args.tenant, &stack)?;
    connection.paced = !args.no_pacing;
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
