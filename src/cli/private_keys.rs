//! Private keys that lie in a stack's directory, where the next `git add` takes them along.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::model::diagnostic::Diagnostic;

/// Endings that key files have.
const ENDINGS: [&str; 6] = ["pem", "key", "pk8", "p8", "jwk", "json"];
/// Files that are looked into, and bytes of each.
const MAX_FILES: usize = 64;
const MAX_BYTES: u64 = 64 * 1024;
/// Entries of a directory that are looked at.
const MAX_ENTRIES: usize = 1000;

/// A warning for each private key in the directory and the directories in it.
pub fn found(directory: &Path) -> Vec<Diagnostic> {
    let mut files = Vec::new();
    for path in entries(directory) {
        match path.is_dir() {
            true => files.extend(entries(&path).into_iter().filter(|path| path.is_file())),
            false => files.push(path),
        }
    }
    files.retain(|path| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| ENDINGS.contains(&ending.to_ascii_lowercase().as_str()))
    });
    let private = files
        .iter()
        .take(MAX_FILES)
        .filter(|path| is_private(path).unwrap_or(false));
    private
        .map(|path| {
            let shown = path.strip_prefix(directory).unwrap_or(path).display();
            let message = format!(
                "`{shown}` holds a private key: whoever reads it can sign tokens that your trusts accept"
            );
            Diagnostic::warning("private-key", message)
                .help(format!("move it out of the stack's directory and keep its public half here: `openssl pkey -in {shown} -pubout`"))
        })
        .collect()
}

/// What is in a directory, in order, without hidden entries.
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .take(MAX_ENTRIES)
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    paths
}

fn is_private(path: &Path) -> std::io::Result<bool> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?
        .take(MAX_BYTES)
        .read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let pem = text.lines().any(|line| {
        let line = line.trim();
        line.starts_with("-----BEGIN ") && line.ends_with("PRIVATE KEY-----")
    });
    let json = || serde_json::from_slice::<serde_json::Value>(&bytes).ok();
    let jwk = |key: &serde_json::Value| key["kty"].is_string() && key["d"].is_string();
    Ok(pem
        || (text.trim_start().starts_with('{')
            && json().is_some_and(|json| {
                jwk(&json)
                    || json["keys"]
                        .as_array()
                        .is_some_and(|keys| keys.iter().any(jwk))
            })))
}
