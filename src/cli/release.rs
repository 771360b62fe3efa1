//! `release`: an application stays as it is, and is not the stack's any more.

use super::applying::carry_out;
use super::args::StackArgs;
use super::living::{self, Common};
use super::{Exit, Failure, World, connect, stack};
use crate::model::address::Address;
use crate::plan::{Options, Order};

/// Let an application go: it stays as it is, without this stack's marks.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application, declared or left over.
    pub address: Address,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub common: Common,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    living::application(&args.address)?;
    let stack = stack::load(world, &args.stack)?;
    let connection = connect::connect(world, &args.common.tenant, &stack)?;
    let options = Options {
        order: Some(Order::Release(args.address.clone())),
        ..Options::default()
    };
    let terms = args.common.terms("Let it go? Nothing is deleted.");
    let exit = carry_out(world, &stack, &connection, &options, &terms)?;
    if exit == Exit::Done
        && let Some(resource) = stack.desired.resources.get(&args.address)
    {
        let hint = format!(
            "`{}` is still declared at {}: remove its block. Until then every plan refuses, because the application is not this stack's.",
            args.address,
            living::line(&stack, resource.origin)
        );
        args.common.say(world, &hint);
    }
    Ok(exit)
}
