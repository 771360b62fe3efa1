//! A commit's files, through the `git` program, in a directory that goes away again. Nothing is fetched, and no
//! filter or hook of the repository runs.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Failure, World};
use crate::model::diagnostic::Diagnostic;

/// A commit's tree on disk.
pub struct Tree {
    root: tempfile::TempDir,
    /// The repository that it is from.
    repository: PathBuf,
}

impl Tree {
    /// Writes the tree of `commit`, of the repository that holds `directory`.
    pub fn of(world: &World, directory: &Path, commit: &str) -> Result<Self, Failure> {
        let failed = |message: String| {
            Failure::from(Diagnostic::error("git", message).help(
                "give another commit with `--base REF`, or a directory with `--base-dir DIR`",
            ))
        };
        if commit.is_empty() {
            return Err(failed("no commit is named".to_owned()));
        }
        if commit.starts_with('-') {
            return Err(failed(format!("`{commit}` cannot name a commit")));
        }
        let ask = |arguments: &[&str], index: Option<&Path>| {
            git(world, directory, arguments, index).map_err(|why| failed(why.to_string()))
        };
        let top = ask(&["rev-parse", "--show-toplevel"], None)?;
        if !top.status.success() {
            let plain: PathBuf = directory.components().collect();
            let shown = plain.display();
            return Err(failed(format!("`{shown}` is in no git repository")));
        }
        let top = String::from_utf8_lossy(&top.stdout);
        let repository = PathBuf::from(top.trim_end_matches(['\n', '\r']));
        let root = tempfile::tempdir().map_err(|error| {
            failed(format!(
                "there is no room for the files of `{commit}`: {error}"
            ))
        })?;
        let index = root.path().join("index");
        let tree = format!("{commit}^{{tree}}");
        let read = ask(&["read-tree", &tree], Some(&index))?;
        if !read.status.success() {
            return Err(failed(format!("git knows no commit `{commit}` here")));
        }
        let files = root.path().join("files");
        // What a stack may read from ends where its repository ends.
        let made = std::fs::create_dir_all(files.join(".git"));
        made.map_err(|error| failed(format!("the files cannot be written: {error}")))?;
        let prefix = format!("--prefix={}/", files.display());
        let written = ask(
            &["checkout-index", "--all", "--quiet", &prefix],
            Some(&index),
        )?;
        if !written.status.success() {
            let why = String::from_utf8_lossy(&written.stderr);
            let line = why.lines().next().unwrap_or("git does not say why");
            return Err(failed(format!(
                "the files of `{commit}` cannot be written: {line}"
            )));
        }
        Ok(Self { root, repository })
    }

    /// Where a file or directory of the repository stands in the tree, be it there or not; none for one outside.
    pub fn path(&self, of: &Path) -> Option<PathBuf> {
        let real = of.canonicalize().unwrap_or_else(|_| of.to_path_buf());
        let top = self.repository.canonicalize().ok()?;
        let within = real.strip_prefix(top).ok()?;
        Some(self.root.path().join("files").join(within))
    }
}

fn git(
    world: &World,
    directory: &Path,
    arguments: &[&str],
    index: Option<&Path>,
) -> std::io::Result<Output> {
    let mut command = Command::new("git");
    command.current_dir(directory).args([
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "filter.lfs.smudge=",
        "-c",
        "filter.lfs.process=",
        "-c",
        "filter.lfs.required=false",
    ]);
    command.args(arguments);
    command.env("GIT_NO_LAZY_FETCH", "1");
    command.env("GIT_TERMINAL_PROMPT", "0");
    if let Some(path) = world.env.get("PATH") {
        command.env("PATH", path);
    }
    if let Some(index) = index {
        command.env("GIT_INDEX_FILE", index);
    }
    command
        .output()
        .map_err(|error| std::io::Error::new(error.kind(), format!("`git` cannot be run: {error}")))
}
