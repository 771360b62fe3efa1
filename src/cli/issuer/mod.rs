//! `issuer`: an issuer's documents as they are served, as files, and what a cluster needs to sign for it.

mod check;
pub mod findings;
mod manifests;
mod place;
pub mod served;
mod write;

use clap::Subcommand;

use super::stack::Stack;
use super::{Exit, Failure, World};
use crate::kinds::oidc_issuer;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;

pub use check::after_apply;
pub use write::IssuerArgs;

/// Check, write and use an issuer's documents.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Args),
    Write(write::Args),
    Manifests(manifests::Args),
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Command::Check(args) => check::run(world, args),
        Command::Write(args) => write::run(world, args),
        Command::Manifests(args) => manifests::run(world, args),
    }
}

/// The issuer that is meant: the named one, or the only one.
pub fn chosen<'a>(stack: &'a Stack, label: Option<&str>) -> Result<&'a Resource, Failure> {
    let all: Vec<&Resource> = stack.desired.of_kind(oidc_issuer::KIND).collect();
    let found = match label {
        None if all.len() == 1 => all.first(),
        None => None,
        Some(label) => all.iter().find(|issuer| {
            let address = issuer.address.to_string();
            address == label || address.strip_prefix("oidc_issuer.") == Some(label)
        }),
    };
    let names: Vec<String> = all
        .iter()
        .map(|issuer| format!("`{}`", issuer.address))
        .collect();
    found.copied().ok_or_else(|| {
        let message = match (label, all.is_empty()) {
            (_, true) => "the stack declares no `oidc_issuer`".to_owned(),
            (None, _) => format!("the stack declares {} issuers", all.len()),
            (Some(label), _) => format!("the stack declares no issuer `{label}`"),
        };
        let said = Diagnostic::error("which-issuer", message);
        match names.is_empty() {
            true => said.into(),
            false => said
                .help(format!("give `--issuer` one of {}", names.join(", ")))
                .into(),
        }
    })
}
