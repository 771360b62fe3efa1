//! An apply dies, and the file is put back: the next apply comes to what it would be if the new file had never been.
//!
//! Every apply and destroy of every scenario that follows another one dies at each of its writes, before it has taken
//! effect and after it. Then what the earlier one declared is applied again. Where going all the way and back ends as
//! staying does, so has every half of the way; where it does not (a description that stays, a secret that is gone),
//! nothing is said.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use trustform::emulator::fault::Faults;

use crate::converge::{
    Break, PAUSE_MS, RERUNS, Transitions, breakable, in_every_scenario, reviewed, taken_over,
    undisturbed, ways,
};
use crate::play::{Run, Stage};
use crate::scenario::Step;

/// What an apply said, and the files that it read.
struct Declared {
    line: String,
    files: Arc<tempfile::TempDir>,
}

#[test]
fn a_file_that_is_put_back_ends_as_it_began() {
    let seen = Mutex::new(BTreeSet::new());
    let passed_over = AtomicUsize::new(0);
    let (broken, failures) = in_every_scenario(|name, scenario| {
        let mut stage = Stage::new();
        let mut before: Option<Declared> = None;
        let (mut broken, mut failures) = (0, Vec::new());
        for step in &scenario.steps {
            let line = match step {
                Step::Command(command) => breakable(command, &stage),
                _ => None,
            };
            if let (Some(line), Some(before)) = (&line, &before) {
                match break_all(&stage, line, before, &seen) {
                    Some((count, said)) => {
                        broken += count;
                        failures.extend(said.iter().map(|said| format!("{name}: {said}")));
                    }
                    None => {
                        passed_over.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
            stage.step(step);
            if let Some(line) = line.filter(|line| line.starts_with("trustform apply")) {
                let files = Arc::new(tempfile::tempdir().expect("a temporary directory"));
                copy(stage.directory.path(), files.path());
                before = Some(Declared { line, files });
            }
        }
        (broken, failures)
    });
    assert!(
        failures.is_empty(),
        "{} of {broken} came to another end:\n\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n\n")
    );
    println!(
        "{broken} runs that died were undone; {} changes cannot be, or were seen before",
        passed_over.into_inner()
    );
}

/// Lets one apply die everywhere and puts the earlier files back; how many ways, and what went wrong. None where the way
/// back ends elsewhere even when nothing dies.
fn break_all(
    stage: &Stage,
    line: &str,
    before: &Declared,
    seen: &Transitions,
) -> Option<(usize, Vec<String>)> {
    let stayed = put_back(stage.fork(), before).ok()?;
    let transition = (stage.emulator.dump(), stayed.clone());
    if !seen.lock().expect("transitions").insert(transition) {
        return None;
    }
    let (_, methods) = undisturbed(stage, line);
    let first = methods.iter().position(|method| method != "GET")?;
    let mut there = stage.fork();
    there.wait(PAUSE_MS);
    there.run(line, None);
    if put_back(there, before).ok()? != stayed {
        return None;
    }
    let ways: Vec<Break> = ways(&methods, first)
        .into_iter()
        .filter(|way| way.name.contains(" dies "))
        .collect();
    let failures = ways
        .iter()
        .filter_map(|way| {
            let mut fork = stage.fork();
            fork.wait(PAUSE_MS);
            fork.emulator
                .with_store(|store, _| store.faults = way.faults.clone());
            let died = fork.run(line, None);
            fork.emulator
                .with_store(|store, _| store.faults = Faults::default());
            let why = match put_back(fork, before) {
                Ok(end) if end == stayed => return None,
                Ok(end) => {
                    let diff = similar::TextDiff::from_lines(&stayed, &end);
                    diff.unified_diff().context_radius(2).to_string()
                }
                Err(runs) => runs,
            };
            Some(format!("`{line}`, {}:\n{}\n{why}", way.name, said(&died)))
        })
        .collect();
    Some((ways.len(), failures))
}

/// Applies the earlier files again, whatever guards say; what is there then, without what is in the recycle bin.
///
/// # Errors
/// What the runs said, where they do not come to an end.
fn put_back(mut fork: Stage, before: &Declared) -> Result<String, String> {
    const LIFTED: [&str; 6] = [
        "--allow-deletes 999",
        "--allow-gap",
        "--allow-self",
        "--allow-enforcement",
        "--allow-foreign-owners",
        "--allow-key-retirement",
    ];
    fork.directory = Arc::clone(&before.files);
    let mut line = before.line.clone();
    for word in LIFTED {
        let flag = word.split(' ').next().unwrap_or(word);
        if !line.contains(flag) {
            line = format!("{line} {word}");
        }
    }
    let mut runs: Vec<Run> = Vec::new();
    while runs.last().is_none_or(|run| run.exit != 0) && runs.len() <= RERUNS {
        fork.wait(PAUSE_MS);
        if let Some(last) = runs.last() {
            line = reviewed(&line, last);
        }
        runs.push(fork.run(&line, None));
    }
    match runs.last().is_some_and(|run| run.exit == 0) {
        true => Ok(living(&taken_over(&fork.emulator.dump()))),
        false => Err(runs.iter().map(said).collect::<Vec<_>>().join("\n")),
    }
}

/// A dump without what is deleted.
fn living(dump: &str) -> String {
    let mut lines = Vec::new();
    let mut gone: Option<usize> = None;
    for line in dump.lines() {
        let deep = line.len() - line.trim_start().len();
        if gone.is_some_and(|gone| deep <= gone) {
            gone = None;
        }
        if gone.is_none() && line.ends_with(" (deleted)") {
            gone = Some(deep);
        }
        if gone.is_none() {
            lines.push(line);
        }
    }
    lines.join("\n")
}

fn said(run: &Run) -> String {
    format!("--- exit {}\n{}{}", run.exit, run.out, run.err)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a directory") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&to).expect("a directory");
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), &to).expect("a file");
        }
    }
}
