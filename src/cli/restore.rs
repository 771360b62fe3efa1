//! `restore`: an application comes back from the recycle bin, and is put right.

use super::applying::carry_out;
use super::args::{AllowArgs, StackArgs};
use super::living::{self, Common};
use super::{Exit, Failure, World, connect, planning, stack};
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::plan::Action;
use crate::plan::Options;

/// Take an application out of the recycle bin, and put it right.
///
/// Trusts that it brings back and that nobody declares go as the block says.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's block.
    pub address: Address,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
    #[command(flatten)]
    pub common: Common,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    living::application(&args.address)?;
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let connection = connect::connect(world, &args.common.tenant, &stack)?;
    let options = Options {
        only: Some(args.address.clone()),
        allow: super::plan::allow(&args.allow),
        ..Options::default()
    };
    let (plan, _) = super::block_on(planning::plan(&stack, &connection, &options))??;
    if plan.count(Action::Restore) == 0 {
        let nothing = Diagnostic::error(
            "nothing-to-restore",
            format!("`{}` is not in the recycle bin", args.address),
        );
        return Err(nothing
            .help("a deleted application stays there for 30 days; `trustform list` shows what is there")
            .into());
    }
    let terms = args.common.terms("Restore it and put it right?");
    carry_out(world, &stack, &connection, &options, &terms)
}
