//! Everything that is tested from outside, in one binary.

mod audit;
mod audit_roles;
mod azurite;
mod catalogue;
mod cluster;
mod converge;
mod corpus;
mod diff;
mod docs;
mod examples;
mod export;
mod fidelity;
mod interleave;
mod large;
mod layers;
mod lease;
mod local;
mod meanwhile;
mod pages;
mod play;
mod processes;
mod reports;
mod reverted;
mod rotation;
mod saved_plans;
mod scale;
mod scenario;
mod schemas;
mod sections;
mod settled;
mod simulate;
mod simulation;
mod tokens;
mod wire;
mod wire_fault;
mod wire_faults;
mod wire_proxy;

use std::path::{Path, PathBuf};

/// The project's directory.
fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below a directory, in order.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let path = entry.expect("a directory entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}
