//! `issuer check`, and the same look at every issuer whose documents an apply wrote.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::super::args::{Format, StackArgs, TenantArgs};
use super::super::connect::Connection;
use super::super::stack::Stack;
use super::super::web::Web;
use super::super::{Exit, Failure, World, block_on, connect, stack};
use super::{findings, place, served};
use crate::kinds::{container, document, oidc_issuer, storage_account};
use crate::model::desired::Resource;
use crate::model::plan::{Action, Plan};
use crate::model::source::Sources;
use crate::model::value::{Part, Ref, Value};
use crate::render::diagnostic;

/// Fetch an issuer's documents as Microsoft Entra does, and say what an exchange would fail with.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The issuer, as tokens and credentials have it. Default: every issuer that the stack declares.
    #[arg(value_name = "URL")]
    url: Option<String>,
    /// A key that tokens are signed with, by its `kid`. May be repeated.
    #[arg(long = "kid", value_name = "KID", requires = "url")]
    kids: Vec<String>,
    /// The stack's directory.
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    stack: PathBuf,
    #[command(flatten)]
    tenant: TenantArgs,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let emulated = args.tenant.local || args.tenant.emulator.is_some();
    let stack = match args.url.is_none() || emulated {
        true => Some(stack::load(
            world,
            &StackArgs {
                directory: args.stack.clone(),
                ..StackArgs::default()
            },
        )?),
        false => None,
    };
    let web = match &stack {
        Some(stack) if emulated => connect::connect(world, &args.tenant, stack)?.web,
        _ => Web::Internet,
    };
    let mut wanted: Vec<(String, Vec<String>)> = Vec::new();
    match (&args.url, &stack) {
        (Some(url), _) => wanted.push((url.clone(), args.kids.clone())),
        (None, Some(stack)) => {
            for resource in stack.desired.of_kind(oidc_issuer::KIND) {
                let url = place::live(world, stack, resource, &args.tenant)?;
                wanted.push((url, kids(resource)));
            }
        }
        (None, None) => {}
    }
    if wanted.is_empty() {
        let message = "the stack declares no `oidc_issuer`: give an issuer's URL";
        return Err(Failure::plain("which-issuer", message));
    }
    let mut exit = Exit::Done;
    for (url, kids) in wanted {
        let served = block_on(served::check(&web, &url, &kids))?;
        let mut text = String::new();
        if let Some(keys) = &served.jwks_uri {
            text.push_str(&format!("  keys at {keys}\n"));
        }
        for key in &served.jwks.keys {
            text.push_str(&format!("  {}\n", findings::name(key.kid.as_deref())));
        }
        let this = findings::show(world, args.format, &url, &text, &served.said);
        exit = if this == Exit::Done { exit } else { this };
    }
    Ok(exit)
}

/// A declared issuer's URL and keys; none where the URL is not known yet.
fn issuer(
    stack: &Stack,
    resource: &Resource,
    outputs: &BTreeMap<Ref, String>,
) -> Option<(String, Vec<String>)> {
    let tell = |reference: &Ref| outputs.get(reference).cloned().map(Part::Literal);
    let url = oidc_issuer::url_with(resource, &stack.desired.stack, &tell)?;
    Some((url, kids(resource)))
}

/// The keys that a declared issuer publishes.
fn kids(resource: &Resource) -> Vec<String> {
    let kids = resource.at("kids").into_iter().flat_map(Value::items);
    let kids = kids.filter_map(Value::as_str).map(str::to_owned);
    kids.collect()
}

/// Looks at every issuer whose documents a plan wrote, or what they stand in: a document that nobody can fetch is no success.
pub fn after_apply(
    world: &mut World,
    stack: &Stack,
    connection: &Connection,
    plan: &Plan,
    outputs: &BTreeMap<Ref, String>,
    quiet: bool,
) -> Result<bool, Failure> {
    let wrote = |resource: &&Resource| {
        plan.changes.iter().any(|change| {
            let kinds = [document::KIND, container::KIND, storage_account::KIND];
            kinds.contains(&change.address.kind())
                && change.action != Action::Delete
                && change.address.within(&resource.address)
        })
    };
    let issuers = stack.desired.of_kind(oidc_issuer::KIND).filter(wrote);
    let mut sound = true;
    for (url, kids) in issuers.filter_map(|resource| issuer(stack, resource, outputs)) {
        let served = block_on(served::check(&connection.web, &url, &kids))?;
        let said = diagnostic::text(&served.said, &Sources::default(), world.style());
        let _ = write!(world.err, "{said}");
        let this = !served.said.iter().any(|one| one.is_error());
        if this && !quiet {
            let count = served.jwks.keys.len();
            let plural = if count == 1 { "" } else { "s" };
            world.print(&format!(
                "Served to everyone: {url} with {count} key{plural}.\n"
            ));
        }
        sound &= this;
    }
    Ok(sound)
}
