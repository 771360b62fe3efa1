//! `fmt`: HCL files in their canonical layout. YAML is left alone.

use std::path::{Path, PathBuf};

use similar::TextDiff;

use super::directory::{read_input, read_text};
use super::{Exit, Failure, World};
use crate::config::{files, format};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::Sources;

/// Put HCL files into their canonical layout.
///
/// Two spaces a level, `=` and comments of neighbouring lines aligned, as `terraform fmt` does it, and in templates too.
/// Labels get their quotes, and `"${var.name}"` becomes `var.name`. Names the files that it changes. Comments, blank
/// lines and line ends stay; YAML is left alone.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Files, directories with a stack's files, or `-` for standard input.
    #[arg(default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// Change nothing; exit with 2 if something would change.
    #[arg(long)]
    pub check: bool,
    /// Show what changes.
    #[arg(long)]
    pub diff: bool,
    /// Also the directories below, modules for example.
    #[arg(long)]
    pub recursive: bool,
}

pub fn run(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    if args.paths.iter().any(|path| path == Path::new("-")) {
        return from_input(world, args);
    }
    let mut sources = Sources::default();
    let mut wrong: Vec<Diagnostic> = Vec::new();
    let mut changed = false;
    for path in hcl_files(world, args)? {
        let place = world.directory.join(&path);
        let shown = path.display().to_string();
        let text = read_text(&place, &path, files::FILE_LIMIT)?;
        let id = sources.add(shown.clone(), text.clone());
        let made = match format::format(id, &text) {
            Ok(made) if made == text => continue,
            Ok(made) => made,
            Err(said) => {
                wrong.extend(said);
                continue;
            }
        };
        changed = true;
        world.print(&format!("{shown}\n"));
        if args.diff {
            let text = diff(&shown, &text, &made);
            world.print(&text);
        }
        if !args.check {
            std::fs::write(&place, made).map_err(|error| {
                let message = format!("`{shown}` cannot be written: {error}");
                Failure::plain("unwritable", message)
            })?;
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::new(wrong, &sources));
    }
    Ok(match changed && args.check {
        true => Exit::Changes,
        false => Exit::Done,
    })
}

/// Standard input, formatted, to the output.
fn from_input(world: &mut World, args: &Args) -> Result<Exit, Failure> {
    let text = read_input(world, files::FILE_LIMIT)?;
    let mut sources = Sources::default();
    let id = sources.add("standard input", text.clone());
    let made = format::format(id, &text).map_err(|said| Failure::new(said, &sources))?;
    if args.diff {
        let text = diff("standard input", &text, &made);
        world.print(&text);
    } else if !args.check {
        world.print(&made);
    }
    Ok(match made != text && args.check {
        true => Exit::Changes,
        false => Exit::Done,
    })
}

/// The files that are named, and those of the directories that are.
fn hcl_files(world: &World, args: &Args) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in &args.paths {
        let place = world.directory.join(path);
        if !place.is_dir() {
            found.push(path.clone());
            continue;
        }
        directory(&place, path, args.recursive, &mut found).map_err(|error| {
            Failure::plain(
                "unreadable",
                format!("`{}` cannot be read: {error}", path.display()),
            )
        })?;
    }
    Ok(found)
}

fn directory(
    place: &Path,
    shown: &Path,
    recursive: bool,
    found: &mut Vec<PathBuf>,
) -> std::io::Result<()> {
    let mut names: Vec<(String, bool)> = Vec::new();
    for entry in std::fs::read_dir(place)? {
        let entry = entry?;
        // Links are not followed: they may lead in circles.
        let kind = entry.file_type()?;
        if let Ok(name) = entry.file_name().into_string()
            && !kind.is_symlink()
        {
            names.push((name, kind.is_dir()));
        }
    }
    names.sort();
    let plain = names.iter().filter(|(_, inner)| !inner);
    let chosen = files::choose(plain.map(|(name, _)| name.as_str()));
    let hcl = chosen.stack.iter().filter(|name| !files::is_yaml(name));
    let shown_name = |name: &str| match shown {
        here if here == Path::new(".") => PathBuf::from(name),
        there => there.join(name),
    };
    found.extend(hcl.chain(&chosen.variables).map(|name| shown_name(name)));
    let inner = names
        .iter()
        .filter(|(name, inner)| *inner && recursive && !name.starts_with('.'));
    for (name, _) in inner {
        directory(&place.join(name), &shown_name(name), recursive, found)?;
    }
    Ok(())
}

fn diff(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(name, name)
        .to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_diff_can_be_applied() {
        assert_eq!(
            super::diff("trust.hcl", "a=1\nb = 2\n", "a = 1\nb = 2\n"),
            "--- trust.hcl\n+++ trust.hcl\n@@ -1,2 +1,2 @@\n-a=1\n+a = 1\n b = 2\n"
        );
    }
}
