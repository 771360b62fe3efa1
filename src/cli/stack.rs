//! Reads a stack's directory.

use std::path::{Path, PathBuf};

use super::args::StackArgs;
use super::directory::{list_files, names, read_file, read_own, read_source, root};
use super::{Failure, World, private_keys};
use crate::config::{self, Given, Input, files};
use crate::model::desired::Desired;
use crate::model::diagnostic::{Diagnostic, first};
use crate::model::policy::Waiver;
use crate::model::source::{SourceId, Sources};
use crate::model::words::nearest;
use crate::render::diagnostic;
use crate::{audit, kinds};

/// A stack that is sound as far as its files can tell.
pub struct Stack {
    pub directory: PathBuf,
    pub desired: Desired,
    pub sources: Sources,
    /// Warnings; shown by `validate`, and before a plan.
    pub warnings: Vec<Diagnostic>,
}

/// Loads, checks and lowers everything. All errors are reported together.
pub fn load(world: &World, args: &StackArgs) -> Result<Stack, Failure> {
    loaded(world, args, None, &mut |_| Ok(()), |_| true)
}

/// As [`load`], with something added to what the files say.
pub fn load_with(
    world: &World,
    args: &StackArgs,
    add: &mut dyn FnMut(&mut Desired) -> Result<(), Diagnostic>,
) -> Result<Stack, Failure> {
    loaded(world, args, None, add, |_| true)
}

/// A text that is in no file yet: what an editor holds, or what is about to be written.
pub struct Text {
    /// The file of the stack's directory whose place it takes; none for a stack of its own.
    pub name: Option<String>,
    pub text: String,
}

/// As [`load`], with a text in the place of one file, or of all.
pub fn load_text(world: &World, args: &StackArgs, text: Text) -> Result<Stack, Failure> {
    loaded(world, args, Some(text), &mut |_| Ok(()), |_| true)
}

/// As [`load`], for what is compared with: a policy of today does not refuse what was there before.
pub fn load_base(world: &World, args: &StackArgs) -> Result<Stack, Failure> {
    let counts = |said: &Diagnostic| said.code != "policy";
    loaded(world, args, None, &mut |_| Ok(()), counts)
}

fn loaded(
    world: &World,
    args: &StackArgs,
    given_text: Option<Text>,
    add: &mut dyn FnMut(&mut Desired) -> Result<(), Diagnostic>,
    counts: impl Fn(&Diagnostic) -> bool,
) -> Result<Stack, Failure> {
    let directory = world.directory.join(&args.directory);
    let mut sources = Sources::default();
    let mut names = names(&directory, &args.directory)?;
    let given_text = given_text.map(|given| match given.name {
        Some(name) => (name, given.text),
        None => {
            names.clear();
            let name = match files::looks_like_yaml(&given.text) {
                true => "stdin.trust.yaml",
                false => "stdin.trust.hcl",
            };
            (name.to_owned(), given.text)
        }
    });
    if let Some((name, _)) = &given_text
        && !names.contains(name)
    {
        names.push(name.clone());
    }
    let chosen = files::choose(names.iter().map(String::as_str));
    if chosen.stack.is_empty() {
        let shown = args.directory.display().to_string();
        return Err(files::nothing_here(&shown, names.iter().map(String::as_str)).into());
    }
    if let Some((name, _)) = &given_text
        && !chosen.stack.contains(name)
    {
        return Err(Failure::plain(
            "usage",
            format!(
                "`{name}` is no stack file: those are `trust.hcl`, `trust.yaml`, `*.trust.hcl` and `*.trust.yaml`"
            ),
        ));
    }
    let shown = |name: &str| match args.directory.as_path() {
        here if here == Path::new(".") => PathBuf::from(name),
        there => there.join(name),
    };
    let root = root(&directory);
    let mut read_all = |names: &[String]| -> Result<Vec<SourceId>, Failure> {
        names
            .iter()
            .map(|name| match &given_text {
                Some((given, text)) if given == name => {
                    Ok(sources.add(shown(name).display().to_string(), text.clone()))
                }
                _ => read_own(&mut sources, (&directory, &root), name, &shown(name)),
            })
            .collect()
    };
    let files = read_all(&chosen.stack)?;
    let automatic = read_all(&chosen.variables)?;
    let mut given: Vec<Given> = Vec::new();
    for file in &args.variable_files {
        given.push(Given::File(read_source(
            &mut sources,
            &world.directory.join(file),
            file,
        )?));
    }
    for text in &args.variables {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::plain(
                "usage",
                format!("`-var {text}` gives no value: write `-var name=value`"),
            ));
        };
        given.push(Given::Text {
            name: name.trim().to_owned(),
            value: value.to_owned(),
        });
    }
    let mut central = Vec::new();
    for directory in &args.policy {
        central.push(policies(world, directory, &mut sources)?);
    }
    let environment: Vec<(String, String)> = world
        .env
        .iter()
        .filter_map(|(name, value)| {
            Some((
                name.strip_prefix("TRUSTFORM_VAR_")?.to_owned(),
                value.clone(),
            ))
        })
        .collect();
    let file = |path: &str| read_file(&directory, &root, path);
    let list = |path: &str| list_files(&directory, &root, path);
    let loaded = config::load(
        Input {
            sources: &mut sources,
            files: &files,
            environment: &environment,
            automatic: &automatic,
            central: &central,
            given: &given,
            access: config::Access {
                read: &file,
                list: &list,
            },
        },
        &kinds::shapes(),
    );
    let (mut diagnostics, mut desired) = (loaded.diagnostics, loaded.desired);
    // What the files do not say right, the kinds are not asked about.
    let (desired, mut said) = match diagnostics.iter().any(Diagnostic::is_error) {
        true => (desired, Vec::new()),
        false => {
            diagnostics.extend(add(&mut desired).err());
            kinds::lower::lower(desired)
        }
    };
    said.retain(counts);
    diagnostics.extend(said);
    diagnostics.extend(unknown_rules(&desired.waivers));
    // In the order of the files; what has no place in one comes first.
    diagnostics.sort_by_key(|diagnostic| {
        let place = diagnostic.labels.iter().find(|label| label.primary);
        place.map(|label| (label.span.source, label.span.start))
    });
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Failure::new(diagnostics, &sources));
    }
    diagnostics.extend(private_keys::found(&directory));
    Ok(Stack {
        directory,
        desired,
        sources,
        warnings: first(diagnostics),
    })
}

/// Loads a central policy by itself: what it says of every application of a tenant.
pub fn load_policy(world: &World, shown: &Path) -> Result<Stack, Failure> {
    let mut sources = Sources::default();
    let files = policies(world, shown, &mut sources)?;
    let loaded = config::load_central(&files, &mut sources, &kinds::shapes());
    let mut diagnostics = loaded.diagnostics;
    diagnostics.extend(unknown_rules(&loaded.desired.waivers));
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(Failure::new(diagnostics, &sources));
    }
    Ok(Stack {
        directory: world.directory.join(shown),
        desired: loaded.desired,
        sources,
        warnings: first(diagnostics),
    })
}

/// The files of a central policy.
fn policies(world: &World, shown: &Path, sources: &mut Sources) -> Result<Vec<SourceId>, Failure> {
    let directory = world.directory.join(shown);
    let names = names(&directory, shown)?;
    let chosen = files::choose_policy(names.iter().map(String::as_str));
    if chosen.is_empty() {
        let none = Diagnostic::error(
            "no-policy",
            format!("no policy file in `{}`", shown.display()),
        );
        return Err(none
            .help("a central policy is a directory with `policy.hcl`, `policy.yaml`, `*.policy.hcl` or `*.policy.yaml`, or a stack's directory")
            .into());
    }
    let root = root(&directory);
    chosen
        .iter()
        .map(|name| read_own(sources, (&directory, &root), name, &shown.join(name)))
        .collect()
}

/// Waivers of rules that there are not.
fn unknown_rules(waivers: &[Waiver]) -> Vec<Diagnostic> {
    let rules: Vec<&str> = audit::rules().iter().map(|rule| rule.doc.name).collect();
    let unknown = waivers
        .iter()
        .filter(|waiver| !rules.contains(&waiver.rule.as_str()));
    unknown
        .map(|waiver| {
            let error = Diagnostic::error(
                "unknown-rule",
                format!("there is no rule `{}`", waiver.rule),
            )
            .at(waiver.origin, "waives nothing");
            match nearest(&waiver.rule, rules.iter().copied()) {
                Some(near) => error.help(format!("did you mean `{near}`?")),
                None => error.help("an audit prints the name of the rule before each finding"),
            }
        })
        .collect()
}

/// Whether a directory holds a stack's files.
pub fn is_there(directory: &Path) -> bool {
    let names = names(directory, directory).unwrap_or_default();
    !files::choose(names.iter().map(String::as_str))
        .stack
        .is_empty()
}

impl Stack {
    /// Shows the warnings.
    pub fn warn(&self, world: &mut World) {
        let text = diagnostic::text(&self.warnings, &self.sources, world.style());
        let _ = world.err.write_all(text.as_bytes());
    }

    pub fn failure(&self, diagnostics: Vec<Diagnostic>) -> Failure {
        Failure::new(diagnostics, &self.sources)
    }
}
