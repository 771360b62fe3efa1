//! `adopt`: what `adopt = { … }` in an application's block does, from the command line.

use super::applying::carry_out;
use super::args::{AllowArgs, StackArgs};
use super::living::{self, Common};
use super::{Exit, Failure, World, connect, stack};
use crate::kinds::application;
use crate::model::address::Address;
use crate::model::diagnostic::Diagnostic;
use crate::model::value::{Map, Value};
use crate::plan::Options;

/// Take over an application that is there already, without a line in the files.
///
/// Does what `adopt = { client_id = "…" }` in its block does: the application gets the stack's unique name and mark,
/// credentials that are declared are found by what they say and marked, and nothing is deleted. What the file
/// does not mention is listed. For example: `trustform adopt application.billing 5f0c…`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The application's block.
    pub address: Address,
    /// The application (client) id of what is there.
    pub client_id: String,
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub allow: AllowArgs,
    #[command(flatten)]
    pub common: Common,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let adopt = Map::from([("client_id".to_owned(), Value::text(args.client_id.as_str()))]);
    let taking = Taking {
        address: &args.address,
        adopt,
        stack: &args.stack,
        allow: &args.allow,
        common: &args.common,
    };
    let exit = take_over(world, &taking)?;
    if exit == Exit::Done {
        let hint = format!(
            "What is not declared goes back to its default with the next apply, as the plan will say. To leave it as it is, add\n  adopt = {{ client_id = \"{}\" }}",
            args.client_id
        );
        args.common.say(world, &hint);
    }
    Ok(exit)
}

/// What is taken over, and how it is found.
pub struct Taking<'a> {
    pub address: &'a Address,
    pub adopt: Map,
    pub stack: &'a StackArgs,
    pub allow: &'a AllowArgs,
    pub common: &'a Common,
}

/// Applies one application with an `adopt` that its block does not have.
pub fn take_over(world: &mut World, taking: &Taking) -> Result<Exit, Failure> {
    living::application(taking.address)?;
    let stack = stack::load_with(world, taking.stack, &mut |desired| {
        let Some(resource) = desired.resources.get_mut(taking.address) else {
            let all = application::declared(desired);
            return Err(living::undeclared(
                taking.address,
                all.map(|it| &it.address),
            ));
        };
        if application::is_existing(resource) {
            return Err(Diagnostic::error(
                "not-ours",
                format!(
                    "`{}` says `existing`: someone else manages it",
                    taking.address
                ),
            )
            .about(&resource.address)
            .at(resource.span("existing"), "")
            .help("remove `existing` to manage the whole application"));
        }
        let adopt = Value::Map(taking.adopt.clone());
        if resource
            .body
            .get("adopt")
            .is_some_and(|there| *there != adopt)
        {
            return Err(Diagnostic::error(
                "adopted-otherwise",
                format!(
                    "the block of `{}` has an `adopt` of its own",
                    taking.address
                ),
            )
            .about(&resource.address)
            .at(resource.span("adopt"), "names another application")
            .help("run `trustform apply`, or remove the line"));
        }
        resource.body.insert("adopt".to_owned(), adopt);
        Ok(())
    })?;
    stack.warn(world);
    let connection = connect::connect(world, &taking.common.tenant, &stack)?;
    let options = Options {
        only: Some(taking.address.clone()),
        allow: super::plan::allow(taking.allow),
        ..Options::default()
    };
    let terms = taking.common.terms("Take this over?");
    carry_out(world, &stack, &connection, &options, &terms)
}
