//! `init`: a new stack, that validates.

mod pipelines;
mod platforms;
mod text;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::args::StackArgs;
use super::stack::{self, Text};
use super::{Exit, Failure, World};
use crate::model::diagnostic::Diagnostic;
use crate::model::words::nearest;
use pipelines::Pipeline;
use platforms::{ALL, Attribute, Platform};
use text::Answers;
pub use text::NO_TENANT;

/// Write a new stack.
///
/// Asks which platform's tokens are to be trusted, and writes a stack that validates, and a `.gitignore`. Nothing is
/// overwritten. Without a terminal `--platform` chooses, and the stack has names to replace.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The stack's directory; it is made where there is none.
    #[arg(default_value = ".")]
    pub directory: PathBuf,
    /// Whose tokens are to be trusted, as in `github` or `kubernetes`. Without it a terminal is asked.
    #[arg(long, value_name = "NAME")]
    pub platform: Option<String>,
    /// The tenant's id.
    #[arg(long = "tenant", value_name = "ID")]
    pub tenant_id: Option<String>,
    /// The stack's name. Default: the directory's.
    #[arg(long)]
    pub name: Option<String>,
    /// Also write the identities that a pipeline plans and applies with, and the pipeline: for `github`, `gitlab` and
    /// `azure_devops`.
    #[arg(long)]
    pub bootstrap: bool,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let directory = world.directory.join(&args.directory);
    if stack::is_there(&directory) {
        return Err(there(&args.directory.display().to_string()));
    }
    let platform = match &args.platform {
        Some(name) => named(name)?,
        None if world.terminal => chosen(world)?,
        None => {
            let error = Diagnostic::error("usage", "nobody is there to ask which platform it is");
            return Err(error.help(known()).into());
        }
    };
    let pipeline = match args.bootstrap {
        true => Some(pipeline(platform)?),
        false => None,
    };
    let workflow = pipeline.map(|pipeline| place(&directory, pipeline.file));
    if let Some((path, _)) = &workflow
        && path.exists()
    {
        return Err(there(&path.display().to_string()));
    }
    let answers = answers(world, args, platform, pipeline, &directory);
    let text = text::stack(&answers);
    check(world, &args.directory, &directory, &text)?;
    let mut made = vec![(directory.join("trust.hcl"), text)];
    let ignored = directory.join(".gitignore");
    if !ignored.exists() {
        made.push((ignored, text::GITIGNORE.to_owned()));
    }
    if let (Some((path, below)), Some(pipeline)) = (workflow, pipeline) {
        made.push((path, (pipeline.text)(&answers, &below)));
    }
    for (path, text) in &made {
        write(path, text)?;
        let shown = path.strip_prefix(&world.directory).unwrap_or(path);
        let line = format!("wrote {}\n", shown.display());
        world.print(&line);
    }
    let place = match args.directory.as_path() {
        here if here == Path::new(".") => String::new(),
        there => format!(" {}", there.display()),
    };
    if let Some(pipeline) = pipeline {
        world.print(pipeline.next);
    }
    let next = match &answers.tenant_id {
        Some(_) => "Next",
        None => "Write the tenant's id and your own names into trust.hcl. Next",
    };
    world.print(&format!(
        "{next}: `trustform apply{place} --local` tries it without a tenant, `trustform plan{place}` shows what it means in yours.\n"
    ));
    Ok(Exit::Done)
}

fn there(what: &str) -> Failure {
    let error = Diagnostic::error("exists", format!("there is a stack in `{what}` already"));
    error
        .help("nothing is overwritten: choose another directory")
        .into()
}

fn named(name: &str) -> Result<&'static Platform, Failure> {
    ALL.iter().find(|one| one.name == name).ok_or_else(|| {
        let error = Diagnostic::error("usage", format!("there is no platform `{name}`"));
        let called = name.to_lowercase().replace('-', "_");
        let other = platforms::OTHERS
            .iter()
            .find(|(theirs, _)| *theirs == called);
        let near = || nearest(&called, ALL.iter().map(|one| one.name));
        match other.map(|(_, ours)| *ours).or_else(near) {
            Some(near) => error.help(format!("did you mean `--platform {near}`?")),
            None => error.help(known()),
        }
        .into()
    })
}

fn known() -> String {
    let names: Vec<String> = ALL.iter().map(|one| format!("`{}`", one.name)).collect();
    format!("give one with `--platform`: {}", names.join(", "))
}

fn chosen(world: &mut World) -> Result<&'static Platform, Failure> {
    let list: String = ALL
        .iter()
        .map(|one| format!("  {:17} {}\n", one.name, one.title))
        .collect();
    let _ = write!(world.err, "Whose tokens are to be trusted?\n{list}");
    let name = ask(world, "platform", ALL[0].name);
    named(&name)
}

/// What a person answers, or the example; without a person the examples.
fn answers<'a>(
    world: &mut World,
    args: &Args,
    platform: &'a Platform,
    pipeline: Option<&'static Pipeline>,
    directory: &Path,
) -> Answers<'a> {
    let asked = world.terminal && args.platform.is_none();
    let get = |world: &mut World, what: &str, example: &str| match asked {
        true => ask(world, what, example),
        false => example.to_owned(),
    };
    let called = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_owned());
    let called = called
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let stack = match &args.name {
        Some(name) => name.clone(),
        None => get(
            world,
            "stack",
            &stack_name(called.as_deref().unwrap_or_default()),
        ),
    };
    let tenant_id = match &args.tenant_id {
        Some(id) => Some(id.clone()),
        None => Some(get(world, "tenant id", NO_TENANT)).filter(|id| id != NO_TENANT),
    };
    let application = get(world, "application", &format!("{stack}-deployer"));
    let mut values = |asks: &[Attribute]| -> Vec<String> {
        let one = |one: &Attribute| {
            let what = format!("{}.{}", platform.name, one.name);
            get(world, &what, one.example)
        };
        asks.iter().map(one).collect()
    };
    let own = values(platform.attributes);
    let pipeline = pipeline.map(|pipeline| (pipeline, values(pipeline.asks)));
    Answers {
        stack,
        tenant_id,
        application,
        platform,
        values: own,
        pipeline,
    }
}

/// A directory's name as a stack's.
fn stack_name(text: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || "._-".contains(*c);
    let name: String = text.chars().filter(fits).take(60).collect();
    match name.trim_start_matches(['.', '_', '-']) {
        "" => "stack".to_owned(),
        name => name.to_owned(),
    }
}

/// One line; an empty one takes the example.
fn ask(world: &mut World, what: &str, example: &str) -> String {
    let _ = write!(world.err, "{what} [{example}]: ");
    let _ = world.err.flush();
    let mut answer = String::new();
    let _ = world.input.read_line(&mut answer);
    match answer.trim() {
        "" => example.to_owned(),
        answer => answer.to_owned(),
    }
}

/// Nothing is written that does not validate.
fn check(world: &World, shown: &Path, directory: &Path, text: &str) -> Result<(), Failure> {
    let args = StackArgs {
        directory: match directory.is_dir() {
            true => shown.to_owned(),
            false => PathBuf::from("."),
        },
        ..StackArgs::default()
    };
    let text = Text {
        name: directory.is_dir().then(|| "trust.hcl".to_owned()),
        text: text.to_owned(),
    };
    stack::load_text(world, &args, text).map(drop)
}

/// The platform's pipeline.
fn pipeline(platform: &Platform) -> Result<&'static Pipeline, Failure> {
    let mut known = pipelines::ALL.iter();
    known.find(|one| one.platform == platform.name).ok_or_else(|| {
        let names: Vec<String> = pipelines::ALL
            .iter()
            .map(|one| format!("`{}`", one.platform))
            .collect();
        let message = format!("`--bootstrap` knows no pipeline of `{}`: it writes those of {}", platform.name, names.join(", "));
        Diagnostic::error("usage", message)
            .help("write the stack without it, and give your pipeline's identities credentials like the one in it")
            .into()
    })
}

/// Where the pipeline belongs: below the nearest directory with `.git`; and the way from there to the stack.
fn place(directory: &Path, file: &str) -> (PathBuf, String) {
    let root = directory
        .ancestors()
        .find(|above| above.join(".git").exists())
        .unwrap_or(directory);
    let below = directory.strip_prefix(root).unwrap_or(Path::new(""));
    let below = match below.as_os_str().is_empty() {
        true => ".".to_owned(),
        false => below.display().to_string(),
    };
    (root.join(file), below)
}

/// A new file: one that is there stays as it is.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        let message = format!("`{}` cannot be written: {error}", path.display());
        Failure::plain("unwritable", message)
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    let mut file = std::fs::File::create_new(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}
