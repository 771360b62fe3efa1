//! `diff`: the stack's files against those of a commit or a directory. No tenant, no login, nothing is contacted.

use std::path::PathBuf;

use super::args::{ReportFormat, StackArgs};
use super::git::Tree;
use super::{Exit, Failure, World, stack};
use crate::model::desired::Desired;
use crate::plan::compare::compare;
use crate::render::{json, markdown, text};

/// Show what a change of the files means, with no tenant and no login.
///
/// Compares the stack's files with those of a git commit, or of another directory: what is declared, and who
/// may act as which application before and after. For pull requests, also those of forks: nothing is contacted.
/// Exits with 2 when there are changes.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    /// The commit to compare with.
    #[arg(
        long,
        value_name = "REF",
        default_value = "HEAD",
        conflicts_with = "base_dir"
    )]
    pub base: String,
    /// A directory to compare with, instead of a commit.
    #[arg(long, value_name = "DIR")]
    pub base_dir: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let stack = stack::load(world, &args.stack)?;
    stack.warn(world);
    let (before, base) = match &args.base_dir {
        Some(directory) => {
            let args = StackArgs {
                directory: directory.clone(),
                ..args.stack.clone()
            };
            (
                stack::load_base(world, &args)?.desired,
                directory.display().to_string(),
            )
        }
        None => (at_commit(world, args)?, args.base.clone()),
    };
    let comparison = compare(&before, &stack.desired, &base);
    match args.format {
        ReportFormat::Text => {
            let style = world.style();
            world.print(&text::comparison(&comparison, style));
        }
        ReportFormat::Json => world.print_json(&json::comparison(&comparison)),
        ReportFormat::Markdown => world.print(&markdown::comparison(&comparison)),
    }
    Ok(match comparison.changes.is_empty() {
        true => Exit::Done,
        false => Exit::Changes,
    })
}

/// What the stack declared at a commit; nothing, where it had no files then. Variable files are those of the commit,
/// too, where it has them.
fn at_commit(world: &World, args: &Args) -> Result<Desired, Failure> {
    let directory = world.directory.join(&args.stack.directory);
    let tree = Tree::of(world, &directory, &args.base)?;
    let Some(then) = tree.path(&directory).filter(|then| stack::is_there(then)) else {
        return Ok(Desired::default());
    };
    let mut files = Vec::new();
    for file in &args.stack.variable_files {
        let now = world.directory.join(file);
        let then = tree.path(&now).filter(|then| then.is_file());
        files.push(then.unwrap_or(now));
    }
    let arguments = StackArgs {
        directory: then,
        variables: args.stack.variables.clone(),
        variable_files: files,
        policy: args.stack.policy.clone(),
    };
    Ok(stack::load_base(world, &arguments)?.desired)
}
