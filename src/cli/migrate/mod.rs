//! `migrate`: one way to be trusted takes another's place, and at no moment is neither there.
//!
//! Nothing is remembered between runs. What the files declare says how far a migration is: only the old trust (the new
//! one is added beside it), both (the old one goes, through the gate), or only the new one. `apply` does the rest.

mod azure_devops;
mod by_hand;
mod edit;
mod flexible;
mod gate;
mod github;
mod secret;

use std::collections::BTreeMap;
use std::path::Path;

use similar::TextDiff;

use super::args::{StackArgs, TenantArgs};
use super::stack::{self, Stack, Text};
use super::{Exit, Failure, World, ask, living};
use crate::exchange::trust::Trust;
use crate::kinds::{self, federated_credential};
use crate::model::address::Address;
use crate::model::desired::Resource;
use crate::model::diagnostic::Diagnostic;
use crate::model::plan::Right;
use crate::model::source::Span;
use crate::model::words::nearest_address;
use crate::plan::access;
use crate::render::text;
use edit::Edit;

/// Replace a trust by another without a gap.
///
/// The first run writes the new trust into the files, beside the old one, and an apply makes it. When it is in use, a run
/// with `--confirm` takes the old one out of the files, and an apply deletes it. Each run goes on from what
/// the files and the tenant say; nothing is written without a question. YAML is not rewritten: the change is
/// printed instead.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Migration,
}

#[derive(Debug, clap::Subcommand)]
enum Migration {
    /// GitHub: from subjects with names to those with ids.
    ///
    /// Ids come from the command line or the file; GitHub is never asked. For example: `trustform migrate github-immutable
    /// application.deployer --owner-id 5544123 --repository-id 821093847`
    GithubImmutable(github::Args),
    /// From many exact subjects to one expression.
    ///
    /// Says which credentials the expression takes the place of, which it leaves, and whom it admits beyond them: that is
    /// refused unless `--allow-wider` or an answer says that it is meant.
    Flexible(flexible::Args),
    /// Azure DevOps: from its own issuer, which ends on 1 July 2027, to Entra's.
    ///
    /// The new subject is what the converted service connection shows; it cannot be worked out.
    AdoIssuer(azure_devops::Args),
    /// From client secrets to a federated credential.
    ///
    /// Adds the trust; once it is there and confirmed, the application's secrets are deleted. What they are is
    /// never read or printed, only their names and ends.
    Secret(secret::Args),
}

/// What every migration takes.
#[derive(Debug, clap::Args)]
pub struct Common {
    #[command(flatten)]
    pub stack: StackArgs,
    #[command(flatten)]
    pub tenant: TenantArgs,
    /// Somebody was seen to sign in with the new trust: the old one may go.
    #[arg(long)]
    pub confirm: bool,
    /// Show the next step and write nothing. Exits with 2 if there is one.
    #[arg(long)]
    pub check: bool,
    /// Do not ask.
    #[arg(long)]
    pub auto_approve: bool,
}

/// A stack, and what its blocks said before builders were expanded.
pub struct Files {
    pub stack: Stack,
    pub written: BTreeMap<Address, Resource>,
}

/// The next step of a migration.
pub struct Proposal {
    /// Whose credentials they are.
    pub identity: Address,
    pub stage: Stage,
    /// Worth knowing before the change is looked at.
    pub remarks: Vec<String>,
}

pub enum Stage {
    /// The new trust comes.
    Add(Vec<Edit>),
    /// The old trust goes; these took its place.
    Remove(Vec<Edit>, Vec<Address>),
    /// The files declare the new one alone.
    Done,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    match &args.command {
        Migration::GithubImmutable(args) => {
            let files = Files::load(world, &args.common)?;
            let proposal = github::propose(&files, args)?;
            carry(world, &args.common, &files, proposal)
        }
        Migration::Flexible(args) => {
            let files = Files::load(world, &args.common)?;
            let proposal = flexible::propose(world, &files, args)?;
            carry(world, &args.common, &files, proposal)
        }
        Migration::AdoIssuer(args) => {
            let files = Files::load(world, &args.common)?;
            let proposal = azure_devops::propose(&files, args)?;
            carry(world, &args.common, &files, proposal)
        }
        Migration::Secret(args) => secret::run(world, args),
    }
}

/// Shows the step, asks, and writes it.
fn carry(
    world: &mut World,
    common: &Common,
    files: &Files,
    proposal: Proposal,
) -> Result<Exit, Failure> {
    for remark in &proposal.remarks {
        world.print(&format!("{remark}\n"));
    }
    let (edits, next) = match proposal.stage {
        Stage::Done => {
            return gate::finished(world, common, &files.stack, &proposal.identity);
        }
        Stage::Add(edits) => (
            edits,
            "Next: `trustform apply` makes the new trust beside the old one. Once a sign-in used it, run this again with `--confirm`.",
        ),
        Stage::Remove(edits, new) => {
            let gate = gate::Gate {
                identity: &proposal.identity,
                new: &new,
            };
            let tenant = gate::Tenant::read(world, common, &files.stack)?;
            gate.pass(world, common.confirm, &files.stack, &tenant)?;
            (edits, "Next: `trustform apply` deletes the old trust.")
        }
    };
    let (name, after) = match edited(common, files, &edits) {
        Ok(made) => made,
        Err(why) => {
            let place = |span| living::line(&files.stack, span);
            let yaml = edits
                .first()
                .is_some_and(|edit| is_yaml(files, edit.span()));
            let words = by_hand::words(&edits, yaml, place);
            world.print(&format!(
                "Not written here: {why}. To be done by hand:\n\n{words}\n{next}\n"
            ));
            return Ok(Exit::Changes);
        }
    };
    let source = edits.first().map(Edit::span).unwrap_or_default().source;
    let before = files.stack.sources.get(source);
    let given = Text {
        name: Some(name.clone()),
        text: after.clone(),
    };
    let then = stack::load_text(world, &common.stack, given)?;
    let diff = TextDiff::from_lines(&before.text, &after)
        .unified_diff()
        .to_string();
    let access = access::between(&files.stack.desired, &then.desired).access;
    world.print(&format!("{}\n{diff}", before.name));
    world.print(&text::access(&access, world.style()));
    let goes = access
        .lost
        .iter()
        .filter(|one| one.right == Right::Act)
        .count();
    let next = match (access.lost.is_empty(), goes) {
        (true, _) => {
            world.print("\nNobody loses access.\n");
            next.to_owned()
        }
        // The guard against lost trusts lets one through.
        (false, 0 | 1) => next.to_owned(),
        (false, many) => next.replacen("apply`", &format!("apply --allow-deletes {many}`"), 1),
    };
    if common.check {
        return Ok(Exit::Changes);
    }
    if !common.auto_approve {
        ask::confirm(
            world,
            &format!("Write this to `{}`?", before.name),
            "look at it with `--check`, then run this again with `--auto-approve`",
        )?;
    }
    let path = files.stack.directory.join(&name);
    std::fs::write(&path, after).map_err(|error| {
        Failure::plain(
            "unwritable",
            format!("`{}` cannot be written: {error}", before.name),
        )
    })?;
    world.print(&format!("\nWritten: `{}`. {next}\n", before.name));
    Ok(Exit::Done)
}

fn is_yaml(files: &Files, span: Span) -> bool {
    let name = &files.stack.sources.get(span.source).name;
    name.ends_with(".yaml") || name.ends_with(".yml")
}

/// The one file that changes, by its name in the stack's directory, and its new text; or why it is not written.
fn edited(common: &Common, files: &Files, edits: &[Edit]) -> Result<(String, String), String> {
    let span = edits.first().map(Edit::span).unwrap_or_default();
    let file = files.stack.sources.get(span.source);
    if edits.iter().any(|edit| edit.span().source != span.source) {
        return Err("the change is in more than one file".to_owned());
    }
    if is_yaml(files, span) {
        return Err(format!(
            "`{}` is YAML, and writing it anew would lose its comments",
            file.name
        ));
    }
    let path = Path::new(&file.name);
    let name = path.file_name().and_then(|name| name.to_str());
    let here = |name: &&str| match common.stack.directory.as_path() {
        dot if dot == Path::new(".") => path == Path::new(name),
        there => path == there.join(name),
    };
    let name = name
        .filter(here)
        .ok_or_else(|| format!("`{}` is a module's, which others may use", file.name))?;
    let text = edit::hcl(&file.text, edits).map_err(|why| format!("in `{}` {why}", file.name))?;
    Ok((name.to_owned(), text))
}

impl Files {
    fn load(world: &World, common: &Common) -> Result<Self, Failure> {
        let mut written = BTreeMap::new();
        let stack = stack::load_with(world, &common.stack, &mut |desired| {
            written.clone_from(&desired.resources);
            Ok(())
        })?;
        Ok(Self { stack, written })
    }

    /// The credentials that an address means, as they are written: of an identity all, else those of one block, by
    /// the place of their block.
    pub fn blocks(&self, address: &Address) -> Result<BTreeMap<Span, Vec<&Resource>>, Failure> {
        let identity = identity(address)?;
        if !self.written.contains_key(&identity) {
            let identities = self
                .written
                .values()
                .filter(|it| kinds::is_identity(it.kind()));
            return Err(living::undeclared(&identity, identities.map(|it| &it.address)).into());
        }
        let mut blocks: BTreeMap<Span, Vec<&Resource>> = BTreeMap::new();
        for resource in self.credentials(&identity) {
            if resource.address.within(address) || block(&resource.address) == *address {
                blocks.entry(resource.origin).or_default().push(resource);
            }
        }
        if blocks.is_empty() && *address != identity {
            let all: Vec<String> = self
                .credentials(&identity)
                .map(|it| block(&it.address).to_string())
                .collect();
            let missing = Diagnostic::error(
                "unknown-address",
                format!("no credential is declared at `{address}`"),
            );
            return Err(
                match nearest_address(&address.to_string(), all.iter().map(String::as_str)) {
                    Some(near) => missing.help(format!("did you mean `{near}`?")),
                    None => missing.help(format!("`{identity}` stands for all of its credentials")),
                }
                .into(),
            );
        }
        Ok(blocks)
    }

    /// An identity's credentials, as they are written.
    pub fn credentials<'a>(&'a self, identity: &Address) -> impl Iterator<Item = &'a Resource> {
        of(self.written.values(), identity.clone())
    }

    /// An identity's trusts, each with the credential that states it.
    pub fn trusts<'a>(&'a self, identity: &Address) -> Vec<(&'a Resource, Trust)> {
        of(self.stack.desired.resources.values(), identity.clone())
            .filter_map(|it| Some((it, federated_credential::trust(&it.body)?)))
            .collect()
    }

    /// A label that no credential of the identity has.
    pub fn label(&self, identity: &Address, wanted: &str) -> String {
        let taken = |label: &str| {
            self.credentials(identity)
                .any(|it| it.address.last().label == label)
        };
        let numbered = (2..).map(|number| format!("{wanted}_{number}"));
        std::iter::once(wanted.to_owned())
            .chain(numbered)
            .find(|label| !taken(label))
            .unwrap_or_default()
    }

    pub fn fail(&self, said: Diagnostic) -> Failure {
        self.stack.failure(vec![said])
    }
}

fn of<'a>(
    all: impl Iterator<Item = &'a Resource>,
    identity: Address,
) -> impl Iterator<Item = &'a Resource> {
    all.filter(move |it| {
        it.kind() == federated_credential::KIND && it.address.parent().as_ref() == Some(&identity)
    })
}

/// The identity that an address is, or lies in.
fn identity(address: &Address) -> Result<Address, Failure> {
    let mut identity = address.clone();
    identity.segments.truncate(1);
    let credential = address.segments.len() == 2 && address.kind() == federated_credential::KIND;
    if kinds::is_identity(identity.kind()) && (credential || address.segments.len() == 1) {
        return Ok(identity);
    }
    let wrong = Diagnostic::error(
        "usage",
        format!("`{address}` is no identity and no credential"),
    );
    Err(wrong
        .help("give an address as in `application.deployer` or `application.deployer/federated_credential.main`")
        .into())
}

/// The address of the block that a credential comes from.
fn block(address: &Address) -> Address {
    let mut block = address.clone();
    if let Some(last) = block.segments.last_mut() {
        last.key = None;
    }
    block
}
