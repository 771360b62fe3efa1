//! `convert`: a stack from what another tool knows.

mod stack;
mod state;

use std::io::Read;
use std::path::PathBuf;

use super::args::StackArgs;
use super::stack::Text;
use super::{Exit, Failure, World, init};
use crate::config::format;
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Sources;

/// Bytes of a state.
const LIMIT: u64 = 64 * 1024 * 1024;

/// Write a stack from what another tool knows.
///
/// Reads a Terraform state and prints the stack that adopts its applications, with their permissions and federated
/// credentials, and the federated credentials of its managed identities. Secrets are left out and counted; the
/// state is not changed.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What the file is.
    #[arg(long, value_enum)]
    pub from: From,
    /// A state, as `terraform state pull` or `terraform show -json` prints it.
    pub file: PathBuf,
    /// The stack's name.
    #[arg(long, default_value = "converted")]
    pub name: String,
    /// The tenant's id. Default: the one that the state names.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenant_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum From {
    /// A state of Terraform or OpenTofu.
    TerraformState,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let From::TerraformState = args.from;
    let shown = args.file.display().to_string();
    let unreadable =
        |why: String| Failure::plain("unreadable", format!("`{shown}` cannot be read: {why}"));
    let file = std::fs::File::open(world.directory.join(&args.file));
    let mut bytes = Vec::new();
    let read = file.and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(error.to_string()))?;
    if bytes.len() as u64 > LIMIT {
        return Err(unreadable(format!("it has more than {LIMIT} bytes")));
    }
    let not_a_state = || {
        let error = Diagnostic::error("not-a-state", format!("`{shown}` is no Terraform state"));
        Failure::from(
            error
                .help("`terraform state pull > state.json` writes one, `terraform show -json` too"),
        )
    };
    let json: serde_json::Value = serde_json::from_slice(&bytes).map_err(|_| not_a_state())?;
    let instances = state::instances(&json).ok_or_else(not_a_state)?;
    let tenant = args.tenant_id.as_deref();
    let converted = stack::convert(&instances, &args.name, tenant, init::NO_TENANT);
    let mut sources = Sources::default();
    let id = sources.add("converted.trust.hcl", converted.text.as_str());
    let text = format::format(id, &converted.text).map_err(|said| Failure::new(said, &sources))?;
    world.print(&text);
    let mut said = format!(
        "{}{} and {}; {} left out{}.\n",
        counted(converted.applications, "application"),
        match converted.identities {
            0 => String::new(),
            1 => ", 1 managed identity".to_owned(),
            many => format!(", {many} managed identities"),
        },
        counted(converted.credentials, "federated credential"),
        counted(converted.secrets, "secret"),
        match converted.secrets {
            0 => "",
            _ => ": let the workloads log in with their own tokens",
        },
    );
    for (kind, count) in &converted.left {
        said.push_str(&format!("not converted: {count} {kind}\n"));
    }
    let _ = world.err.write_all(said.as_bytes());
    let text = Text { name: None, text };
    let here = StackArgs {
        directory: PathBuf::from("."),
        ..StackArgs::default()
    };
    super::stack::load_text(world, &here, text).map(|_| Exit::Done)
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    }
}
