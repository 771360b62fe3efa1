//! `destroy`: everything that the stack made goes, in the order in which nobody is left trusting nothing.

use super::apply::{Terms, carry_out};
use super::args::Destroy;
use super::{Exit, Failure, World, connect, stack};
use crate::plan::{Allow, Options};

pub fn run(world: &mut World, args: &Destroy) -> Result<Exit, Failure> {
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
        expect: None,
        saved: None,
        lock_timeout: args.lock_timeout,
        format: args.format,
    };
    carry_out(world, &stack, &connection, &options, &terms)
}
