//! Every example: both languages say the same, and it runs from nothing to nothing.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use trustform::config::{self, Access, Entry, FileError, Input, files};
use trustform::kinds;
use trustform::model::desired::Desired;
use trustform::model::source::Sources;

use crate::play::Stage;
use crate::project;

/// The examples' names.
pub fn examples() -> Vec<String> {
    let directory = std::fs::read_dir(project().join("examples")).expect("the examples");
    let mut names: Vec<String> = directory
        .map(|entry| entry.expect("an example"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().expect("a name"))
        .collect();
    names.sort();
    names
}

/// What the files of a directory declare. Everything that is said of them is wrong.
fn desired(directory: &Path) -> Desired {
    let names: Vec<String> = std::fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("a file").file_name().into_string())
        .map(|name| name.expect("a name"))
        .collect();
    let chosen = files::choose(names.iter().map(String::as_str));
    let mut sources = Sources::default();
    let files: Vec<_> = chosen
        .stack
        .iter()
        .map(|name| {
            let text = std::fs::read_to_string(directory.join(name)).expect("a file");
            sources.add(name.clone(), text)
        })
        .collect();
    let read =
        |path: &str| std::fs::read_to_string(directory.join(path)).map_err(|_| FileError::NotFound);
    let list = |path: &str| {
        let entries = std::fs::read_dir(directory.join(path)).map_err(|_| FileError::NotFound)?;
        let entries = entries.map(|entry| {
            let entry = entry.expect("a file");
            Entry {
                name: entry.file_name().into_string().expect("a name"),
                directory: entry.path().is_dir(),
            }
        });
        Ok(entries.collect())
    };
    let input = Input {
        sources: &mut sources,
        files: &files,
        environment: &[],
        automatic: &[],
        central: &[],
        given: &[],
        access: Access {
            read: &read,
            list: &list,
        },
    };
    let loaded = config::load(input, &kinds::shapes());
    assert_eq!(loaded.diagnostics, [], "{}", directory.display());
    let (mut desired, said) = kinds::lower::lower(loaded.desired);
    assert_eq!(said, [], "{}", directory.display());
    // Where something stands is not what it says.
    desired.stack.origin = None;
    desired
}

/// A stage with everything that the project shows to its users, at the places where it stands.
pub fn stage() -> Stage {
    let stage = Stage::new();
    for file in crate::files(&project().join("examples")) {
        let place = file.strip_prefix(project()).expect("inside the project");
        // What somebody tried by hand is not the example's.
        if place.iter().any(|part| part == ".trustform") {
            continue;
        }
        let target = stage.directory.path().join(place);
        std::fs::create_dir_all(target.parent().expect("a parent")).expect("a directory");
        std::fs::copy(&file, target).expect("a copy");
    }
    stage
}

#[test]
fn both_languages_say_the_same() {
    for name in examples() {
        let directory: PathBuf = project().join("examples").join(&name);
        let hcl = desired(&directory);
        let yaml = desired(&directory.join("yaml"));
        assert!(!hcl.resources.is_empty(), "{name}");
        assert_eq!(hcl, yaml, "{name}");
    }
}

#[test]
fn both_languages_are_planned_alike() {
    for name in examples() {
        let mut stage = stage();
        let mut plan = |directory: &str| {
            let line = format!("trustform plan {directory} --local --format json");
            let run = stage.run(&line, None);
            assert_eq!((run.err.as_str(), run.exit), ("", 0), "{name}");
            serde_json::from_str::<Json>(&run.out).expect("JSON")
        };
        let hcl = plan(&format!("examples/{name}"));
        let yaml = plan(&format!("examples/{name}/yaml"));
        assert_eq!(hcl, yaml, "{name}");
        assert_eq!(hcl["refusals"], serde_json::json!([]), "{name}");
    }
}

#[test]
fn runs_from_nothing_to_nothing() {
    for name in examples() {
        let mut stage = stage();
        let mut run = |command: &str| {
            let run = stage.run(&format!("trustform {command}"), None);
            let progress = |line: &&str| line.contains(" of ") && line.ends_with(" requests");
            let said: Vec<&str> = run.err.lines().filter(|line| !progress(line)).collect();
            assert_eq!((said, run.exit), (Vec::new(), 0), "{command}");
            run.out
        };
        let here = format!("examples/{name}");
        run(&format!("validate {here}"));
        let applied = run(&format!("apply {here} --local --auto-approve"));
        assert!(applied.contains("\nApplied and verified: "), "{applied}");
        let again = run(&format!("plan {here} --local --detailed-exitcode"));
        assert!(again.contains("\nNo changes"), "{again}");
        let destroyed = run(&format!("destroy {here} --local --auto-approve"));
        assert!(
            destroyed.contains("\nApplied and verified: "),
            "{destroyed}"
        );
        let left = run(&format!("list {here} --local --format json"));
        let left: Json = serde_json::from_str(&left).expect("JSON");
        let there = left["resources"].as_array().expect("rows").iter();
        let there: Vec<&Json> = there
            .filter(|row| row["state"] != "absent" && row["state"] != "deleted")
            // An issuer is no object: its documents are.
            .filter(|row| !row["address"].to_string().starts_with("\"oidc_issuer."))
            .collect();
        assert!(there.is_empty(), "{there:?}");
    }
}

/// The issuer arrives later, as with a provider that shows it only once it is set up.
#[test]
fn a_pending_credential_is_completed() {
    let mut stage = stage();
    let first = stage.run(
        "trustform apply examples/spiffe --local --auto-approve",
        None,
    );
    let pending = "application.entra_client/federated_credential.workload (needs: svid_issuer)";
    assert!(first.out.contains(pending), "{}", first.out);
    let line = "trustform apply examples/spiffe --local --auto-approve -var svid_issuer=https://a.id.useast2.aembit.io";
    let second = stage.run(line, None);
    assert_eq!(second.exit, 0, "{}", second.err);
    assert!(second.out.contains("Plan: 3 to create."), "{}", second.out);
}
