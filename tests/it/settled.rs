//! What an apply that ended well leaves: nothing to do.

use serde_json::Value as Json;

use crate::play::Stage;
use crate::scenario::Command;

/// The same command line as a plan, where it is an apply.
fn plan_after(line: &str) -> Option<String> {
    let mut plan = "trustform plan".to_owned();
    let mut words = line.strip_prefix("trustform apply")?.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--auto-approve" | "-auto-approve" | "--allow-gap" => {}
            "--expect" | "--format" | "--allow-deletes" | "--lock-timeout" => {
                words.next();
            }
            // A saved plan stands where the directory does.
            word if word.ends_with(".plan") => {}
            word => plan.push_str(&format!(" {word}")),
        }
    }
    Some(format!("{plan} --format json"))
}

/// After an apply that ended well the next plan is empty.
pub fn leaves_something(stage: &mut Stage, command: &Command) -> Option<String> {
    if command.exit != 0 {
        return None;
    }
    let line = plan_after(&command.line)?;
    let run = stage.run(&line, None);
    let plan: Json = serde_json::from_str(&run.out).unwrap_or_default();
    let empty = |name: &str| plan[name].as_array().is_some_and(Vec::is_empty);
    if run.exit == 0 && empty("changes") && empty("requests") {
        return None;
    }
    Some(format!(
        "after `{}` there is still something to do:\n{}{}",
        command.line, run.out, run.err
    ))
}
