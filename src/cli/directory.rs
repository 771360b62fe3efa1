//! What a stack's directory holds, and what its functions may read there: nothing outside of the root.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::{Failure, World};
use crate::config::{Entry, FileError, files};
use crate::model::diagnostic::Diagnostic;
use crate::model::source::{SourceId, Sources};

/// Bytes that `file()` reads.
const FUNCTION_LIMIT: usize = 1024 * 1024;
/// Entries that are looked at in one directory.
const DIRECTORY_LIMIT: usize = 20_000;

/// The names of a directory's files, in order.
pub fn names(directory: &Path, shown: &Path) -> Result<Vec<String>, Failure> {
    let unreadable = |error: std::io::Error| {
        let why = match error.kind() {
            std::io::ErrorKind::NotFound => "there is no such directory".to_owned(),
            std::io::ErrorKind::NotADirectory => {
                "it is a file, and a stack is a directory".to_owned()
            }
            _ => error.to_string(),
        };
        let message = format!("`{}` cannot be read: {why}", shown.display());
        let help = match shown.parent().filter(|_| directory.is_file()) {
            Some(above) if above != Path::new("") => format!("give `{}`", above.display()),
            Some(_) => "leave it out: the directory that you are in is read".to_owned(),
            None => {
                "give the stack's directory, as in `trustform plan environments/prod`".to_owned()
            }
        };
        Failure::from(Diagnostic::error("unreadable", message).help(help))
    };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        // A link that leads nowhere is a file that cannot be read, and not one that is not there.
        if path.is_file() || !path.exists() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

pub fn read_source(sources: &mut Sources, path: &Path, shown: &Path) -> Result<SourceId, Failure> {
    let text = read_text(path, shown, files::FILE_LIMIT)?;
    Ok(sources.add(shown.display().to_string(), text))
}

/// As [`read_source`], of a file that the directory's name alone makes part of the stack: whoever proposes a change may
/// have put a link there, so it has to lie inside the root.
pub fn read_own(
    sources: &mut Sources,
    (directory, root): (&Path, &Path),
    name: &str,
    shown: &Path,
) -> Result<SourceId, Failure> {
    let path = inside(directory, root, name).map_err(|error| {
        let error = error.of_listed();
        let message = format!("`{}` cannot be read: {}", shown.display(), error.why());
        let mut diagnostic = Diagnostic::error("unreadable", message);
        diagnostic.help.extend(error.help());
        Failure::from(diagnostic)
    })?;
    read_source(sources, &path, shown)
}

/// A file's text, of at most `limit` bytes.
pub fn read_text(path: &Path, shown: &Path, limit: usize) -> Result<String, Failure> {
    let failed = |why: String| {
        Failure::plain(
            "unreadable",
            format!("`{}` cannot be read: {why}", shown.display()),
        )
    };
    let bytes = limited(path, limit).map_err(|error| match error {
        FileError::NotFound => failed("there is no such file".to_owned()),
        FileError::TooLarge(_) => failed(error.why()),
        FileError::Unreadable(why) => failed(why),
        FileError::Outside(_) | FileError::NotText => failed("it is not text".to_owned()),
    })?;
    text(bytes).map_err(failed)
}

/// The standard input's text, of at most `limit` bytes.
pub fn read_input(world: &mut World, limit: usize) -> Result<String, Failure> {
    let failed = |why: String| {
        let message = format!("standard input cannot be read: {why}");
        Failure::plain("unreadable", message)
    };
    let mut bytes = Vec::new();
    let read = (&mut *world.input)
        .take(limit as u64 + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| failed(error.to_string()))?;
    if bytes.len() > limit {
        return Err(failed(FileError::TooLarge(limit).why()));
    }
    text(bytes).map_err(failed)
}

/// What is no text is told by its line.
fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .split(|byte| *byte == b'\n')
            .count();
        format!("line {line} is not UTF-8")
    })
}

/// At most `limit` bytes of a file.
fn limited(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => FileError::NotFound,
        _ => FileError::Unreadable(error.to_string()),
    };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(FileError::Unreadable("it is not a file".to_owned()));
    }
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > limit {
        Err(FileError::TooLarge(limit))
    } else {
        Ok(bytes)
    }
}

/// What a stack may read from: the nearest directory above it with `.git`, else its own.
pub fn root(directory: &Path) -> PathBuf {
    let directory = directory
        .canonicalize()
        .unwrap_or_else(|_| directory.to_path_buf());
    let repository = directory
        .ancestors()
        .find(|above| above.join(".git").exists());
    repository.unwrap_or(&directory).to_path_buf()
}

/// `file()`: links are resolved before it is decided whether the file lies inside.
pub fn read_file(directory: &Path, root: &Path, path: &str) -> Result<String, FileError> {
    let path = inside(directory, root, path)?;
    String::from_utf8(limited(&path, FUNCTION_LIMIT)?).map_err(|_| FileError::NotText)
}

/// What a directory of the repository holds, in the order of names. Links that lead out of it are left out; one that
/// leads nowhere is a file that cannot be read.
pub fn list_files(directory: &Path, root: &Path, path: &str) -> Result<Vec<Entry>, FileError> {
    let path = inside(directory, root, path)?;
    let unreadable = |error: std::io::Error| FileError::Unreadable(error.to_string());
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(&path).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let directory = match entry.path().canonicalize() {
            Ok(target) if target.starts_with(root) => target.is_dir(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            _ => continue,
        };
        if entries.len() < DIRECTORY_LIMIT {
            entries.push(Entry { name, directory });
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The file or directory itself, if it lies inside.
fn inside(directory: &Path, root: &Path, path: &str) -> Result<PathBuf, FileError> {
    let outside = || FileError::Outside(root.display().to_string());
    let wanted = directory.join(path);
    let path = wanted.canonicalize().map_err(|error| {
        // Whether something is there is nobody's to learn.
        match (leads_outside(directory, root, path), error.kind()) {
            (true, _) => outside(),
            (false, std::io::ErrorKind::NotFound) => FileError::NotFound,
            (false, _) => FileError::Unreadable(error.to_string()),
        }
    })?;
    match path.starts_with(root) {
        true => Ok(path),
        false => Err(outside()),
    }
}

/// Whether a path leaves the root where there is nothing to resolve: by its own words, or through a link.
fn leads_outside(directory: &Path, root: &Path, path: &str) -> bool {
    let wanted = directory.join(path);
    let mut above = wanted.ancestors().skip(1);
    if let Some(there) = above.find_map(|above| above.canonicalize().ok())
        && !there.starts_with(root)
    {
        return true;
    }
    let Ok(mut at) = directory.canonicalize() else {
        return false;
    };
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                at.pop();
            }
            Component::CurDir => {}
            part => at.push(part),
        }
    }
    !at.starts_with(root)
}
