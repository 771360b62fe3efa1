//! `release`: an application, or everything of a stack, stays as it is and is not the stack's any more.

use super::applying::carry_out;
use super::args::StackArgs;
use super::living::{self, Common};
use super::stack::Stack;
use super::{Exit, Failure, World, connect, stack};
use crate::kinds::{container, managed_identity, storage_account};
use crate::model::address::Address;
use crate::plan::{Options, Order};

/// Let an application go, or the whole stack: it stays as it is, without this stack's marks.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application, declared or left over. With `--all`: the stack's directory.
    #[arg(value_name = "ADDRESS", required_unless_present = "all")]
    pub what: Option<String>,
    /// Everything of the stack: applications, managed identities, credentials and documents.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub common: Common,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let (address, stack) = match (&args.what, args.all) {
        (Some(directory), true) => {
            let mut there = args.stack.clone();
            there.directory = directory.into();
            (None, stack::load(world, &there)?)
        }
        (Some(address), false) => {
            let address = living::parsed(address)?;
            (Some(address), stack::load(world, &args.stack)?)
        }
        (None, _) => (None, stack::load(world, &args.stack)?),
    };
    let connection = connect::connect(world, &args.common.tenant, &stack)?;
    let options = Options {
        order: Some(Order::Release(address.clone())),
        ..Options::default()
    };
    let terms = args.common.terms(match args.all {
        true => "Let everything of this stack go? Nothing is deleted.",
        false => "Let it go? Nothing is deleted.",
    });
    let exit = carry_out(world, &stack, &connection, &options, &terms)?;
    if exit == Exit::Done {
        let hint = match &address {
            Some(address) => still_declared(&stack, address),
            None => Some(whole(&stack)),
        };
        if let Some(hint) = hint {
            args.common.say(world, &hint);
        }
    }
    Ok(exit)
}

fn still_declared(stack: &Stack, address: &Address) -> Option<String> {
    let resource = stack.desired.resources.get(address)?;
    Some(format!(
        "`{address}` is still declared at {}: remove its block. Until then every plan refuses, because the application is not this stack's.",
        living::line(stack, resource.origin)
    ))
}

/// What is to be known once nothing is the stack's any more.
fn whole(stack: &Stack) -> String {
    let mut said = "The files still declare what was let go: remove them. Unique names stay for ever, and names of credentials too; they mean nothing without the files.".to_owned();
    let azure = [storage_account::KIND, container::KIND];
    let made = azure.iter().flat_map(|kind| stack.desired.of_kind(kind));
    for resource in made.filter(|it| !crate::kinds::is_existing(it)) {
        if let Some(id) = resource.text("id") {
            said.push_str(&format!(
                "\n`{}` keeps the mark `{}` in Azure: {id}",
                resource.address,
                managed_identity::MARK
            ));
        }
    }
    said
}
