//! `validate`: everything that can be known without contacting anything.

use std::path::PathBuf;

use super::args::StackArgs;
use super::directory::read_input;
use super::stack::{Stack, Text};
use super::{Exit, Failure, World, stack};
use crate::config::files::FILE_LIMIT;
use crate::render::{diagnostic, sarif};

/// Check a stack's files without contacting anything.
///
/// Reads the files, evaluates them and checks them against what Entra takes. All errors are shown
/// together, up to 1,000, each with its place and what to do. No login is needed. With `-` instead of a directory, the
/// text comes from standard input, as an editor gives it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub stack: StackArgs,
    /// With `-`: the file that the text is, or will be. The other files of its directory are read. Default: the text is
    /// a stack of its own.
    #[arg(long = "as", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub format: ReportFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
    /// For editors and code scanning.
    Sarif,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let loaded = load(world, args);
    let (valid, diagnostics, sources) = match &loaded {
        Ok(stack) => (true, &stack.warnings, &stack.sources),
        Err(failure) => (false, &failure.diagnostics, &failure.sources),
    };
    let json = match args.format {
        ReportFormat::Json => {
            let said = diagnostics.iter().map(|one| diagnostic::json(one, sources));
            let said: Vec<_> = said.collect();
            serde_json::json!({ "format": "trustform-validate/1", "valid": valid, "diagnostics": said })
        }
        ReportFormat::Sarif => sarif::sarif(diagnostics, sources),
        ReportFormat::Text => return text(world, loaded?),
    };
    world.print_json(&json);
    Ok(if valid { Exit::Done } else { Exit::Error })
}

/// The stack's files, or a text on the input.
fn load(world: &mut World, args: &Args) -> Result<Stack, Failure> {
    if args.stack.directory.as_os_str() != "-" {
        if args.file.is_some() {
            let message = "`--as` names the file that standard input stands for: write `-` instead of a directory";
            return Err(Failure::plain("usage", message));
        }
        return stack::load(world, &args.stack);
    }
    let text = read_input(world, FILE_LIMIT)?;
    let name = args.file.as_ref().and_then(|file| file.file_name());
    let parent = args.file.as_ref().and_then(|file| file.parent());
    let directory = match parent {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let text = Text {
        name: name.map(|name| name.to_string_lossy().into_owned()),
        text,
    };
    let args = StackArgs {
        directory,
        ..args.stack.clone()
    };
    stack::load_text(world, &args, text)
}

fn text(world: &mut World, stack: Stack) -> Result<Exit, Failure> {
    stack.warn(world);
    let count = stack.desired.resources.len();
    let pending = stack.desired.pending.len();
    let mut text = format!(
        "Valid: {count} {}",
        if count == 1 { "resource" } else { "resources" }
    );
    if pending > 0 {
        text.push_str(&format!(", {pending} pending"));
    }
    world.print(&format!("{text}.\n"));
    Ok(Exit::Done)
}
