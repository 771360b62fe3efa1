//! `handover`: an application moves from one stack to another; what it trusts does not change.

use super::adopt::{Taking, take_over};
use super::args::{AllowArgs, StackArgs};
use super::living::Common;
use super::{Exit, Failure, World};
use crate::model::address::Address;
use crate::model::value::{Map, Value};

/// Take over an application from another stack.
///
/// Run it in the stack that takes it, after its block was moved there with `unique_name` set to the name that it has.
/// The marks change and nothing else: what is trusted stays trusted all the while.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's block in the stack that takes it.
    pub address: Address,
    #[command(flatten)]
    pub stack: StackArgs,
    /// The name of the stack that gives it up, and does not declare it any more.
    #[arg(long, value_name = "STACK")]
    pub from: String,
    #[command(flatten)]
    pub allow: AllowArgs,
    #[command(flatten)]
    pub common: Common,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let adopt = Map::from([("from".to_owned(), Value::text(args.from.as_str()))]);
    let taking = Taking {
        address: &args.address,
        adopt,
        stack: &args.stack,
        allow: &args.allow,
        common: &args.common,
    };
    take_over(world, &taking)
}
