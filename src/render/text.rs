//! A plan, an outcome and outputs, for people.

mod change;

use std::fmt::Write;

use super::access::{holding, sentence};
use super::escape::terminal;
use super::style::Style;
use super::value::inline;
use crate::model::diagnostic::{Diagnostic, Level};
use crate::model::outcome::{Fate, Outcome};
use crate::model::plan::{Access, Action, Change, Comparison, Grantee, Plan};
use crate::model::value::Value;
pub(super) use change::known_of;
use change::one_change;

/// Characters of the digest that are shown; `--expect` takes as many.
pub const DIGEST: usize = 16;

/// A whole plan.
pub fn plan(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", style.strong(heading(plan)));
    for change in &plan.changes {
        let _ = write!(out, "\n{}", one_change(change, style));
    }
    out.push_str(&access(&plan.access, style));
    pending(&mut out, plan, style);
    notes(&mut out, &plan.notes, style);
    let _ = writeln!(out, "\n{}", summary(plan));
    out
}

fn heading(plan: &Plan) -> String {
    let counted = [
        ("application", "application", "applications"),
        (
            "agent_identity_blueprint",
            "agent identity blueprint",
            "agent identity blueprints",
        ),
        ("managed_identity", "managed identity", "managed identities"),
        ("federated_credential", "trust", "trusts"),
        ("oidc_issuer", "issuer", "issuers"),
    ];
    let counts = counted.iter().filter_map(|(kind, one, many)| {
        let count = *plan.counts.get(*kind)?;
        let noun = if count == 1 { one } else { many };
        Some(format!(", {count} {noun}"))
    });
    format!(
        "{} (tenant {}{})",
        terminal(plan.stack.title()),
        terminal(&plan.stack.tenant_id),
        counts.collect::<String>()
    )
}

/// Who gains and who loses access, after an empty line; nothing where nobody does.
pub fn access(access: &Access, style: Style) -> String {
    if access.gained.is_empty() && access.lost.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{}\n", style.strong("Access"));
    for grantee in &access.gained {
        out.push_str(&one_grantee(grantee, true, style));
    }
    for grantee in &access.lost {
        out.push_str(&one_grantee(grantee, false, style));
    }
    out
}

fn one_grantee(grantee: &Grantee, gained: bool, style: Style) -> String {
    let sign = if gained {
        style.added("+")
    } else {
        style.removed("-")
    };
    let mut out = format!("  {sign} {}\n", sentence(grantee, gained, &terminal));
    if let Some(holding) = holding(grantee, &terminal) {
        let _ = writeln!(out, "      {holding}");
    }
    if let Some(example) = &grantee.example {
        let _ = writeln!(out, "      for example: {}", terminal(example));
    }
    for danger in grantee.dangers.iter().filter(|_| gained) {
        let _ = writeln!(
            out,
            "      {} {} may act as {}: {}",
            style.changed("!"),
            terminal(&danger.who),
            terminal(&grantee.identity),
            terminal(&danger.example)
        );
    }
    out
}

fn pending(out: &mut String, plan: &Plan, style: Style) {
    if !plan.pending.is_empty() {
        let _ = writeln!(out, "\n{}", style.strong("Pending"));
        for pending in &plan.pending {
            let _ = writeln!(
                out,
                "  {} (needs: {})",
                terminal(&pending.address.to_string()),
                pending.needs.join(", ")
            );
        }
    }
}

fn notes(out: &mut String, notes: &[Diagnostic], style: Style) {
    if !notes.is_empty() {
        let _ = writeln!(out, "\n{}", style.strong("Notes"));
        for note in notes {
            out.push_str(&one_note(note, style));
        }
    }
}

fn one_note(note: &Diagnostic, style: Style) -> String {
    let sign = if note.level == Level::Note {
        "·".to_owned()
    } else {
        style.changed("!")
    };
    let subject = note
        .subject
        .as_ref()
        .map(|subject| format!("{}: ", terminal(subject)))
        .unwrap_or_default();
    let mut out = format!("  {sign} {subject}{}\n", terminal(&note.message));
    for help in &note.help {
        let _ = writeln!(out, "      {}", style.faint(terminal(help)));
    }
    out
}

/// The last line of a plan.
fn summary(plan: &Plan) -> String {
    if plan.changes.is_empty() {
        return match plan.pending.len() {
            _ if plan.destroy => "Nothing to destroy: nothing of this stack is there.".to_owned(),
            0 => "No changes: the tenant is as declared.".to_owned(),
            pending => format!("No changes. {pending} pending."),
        };
    }
    let digest = &plan.digest[..DIGEST.min(plan.digest.len())];
    let counts = counts(&plan.changes);
    let wait = super::wait::wait(plan).map_or_else(String::new, |wait| format!("\n{wait}"));
    format!("Plan: {counts}. Digest {digest} (apply exactly this with --expect {digest}){wait}")
}

/// `1 to create, 2 to delete`.
pub fn counts(changes: &[Change]) -> String {
    let counted = [
        (Action::Create, "create"),
        (Action::Update, "update"),
        (Action::Restore, "restore"),
        (Action::Delete, "delete"),
    ];
    let count = |action| {
        changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    };
    let parts: Vec<String> = counted
        .iter()
        .map(|(action, verb)| (count(*action), verb))
        .filter(|(count, _)| *count > 0)
        .map(|(count, verb)| format!("{count} to {verb}"))
        .collect();
    parts.join(", ")
}

/// Two desired states, compared.
pub fn comparison(comparison: &Comparison, style: Style) -> String {
    let mut out = String::new();
    let (stack, base) = (terminal(&comparison.stack.name), terminal(&comparison.base));
    let _ = writeln!(
        out,
        "{}",
        style.strong(format!("{stack} compared with {base}"))
    );
    for change in &comparison.changes {
        let _ = write!(out, "\n{}", one_change(change, style));
    }
    out.push_str(&access(&comparison.access, style));
    notes(&mut out, &comparison.notes, style);
    if let Some(widening) = &comparison.access.widening {
        let _ = writeln!(out, "\n{}", style.strong("Widening"));
        for change in &widening.changes {
            let _ = writeln!(out, "  {} {}", style.changed("!"), terminal(change));
        }
        let digest = &widening.digest[..DIGEST.min(widening.digest.len())];
        let _ = writeln!(
            out,
            "      an apply refuses it without an `approve` block: digest {digest}"
        );
    }
    match comparison.changes.is_empty() {
        true => out.push_str("\nNo changes.\n"),
        false => {
            let _ = writeln!(out, "\nChanges: {}.", counts(&comparison.changes));
        }
    }
    out
}

/// The requests that an apply would send.
pub fn requests(plan: &Plan) -> String {
    let mut out = String::new();
    for step in &plan.steps {
        let _ = writeln!(out, "{}", terminal(&step.request.to_string()));
        for (name, value) in &step.request.headers {
            let _ = writeln!(out, "  {name}: {}", terminal(value));
        }
        if let Some(body) = &step.request.body {
            let _ = writeln!(out, "  {}", terminal(&body.to_json().to_string()));
        }
    }
    out
}

/// Guards that refuse, and what lifts each.
pub fn refusals(plan: &Plan, style: Style) -> String {
    let mut out = String::new();
    for refusal in &plan.refusals {
        let _ = writeln!(
            out,
            "{}: {}",
            style.removed(format!("refused ({})", refusal.guard)),
            terminal(&refusal.message)
        );
        let _ = writeln!(out, "  lifted by {}", terminal(&refusal.lift));
    }
    out
}

/// Requests that were not sent, of which each is named; of the rest only the number is told.
const WAITING: usize = 20;

/// How an apply ended; its errors are shown separately.
pub fn outcome(plan: &Plan, outcome: &Outcome) -> String {
    let total = plan.steps.len();
    if outcome.complete() {
        let noun = if total == 1 { "request" } else { "requests" };
        return format!("Applied and verified: {total} {noun}.\n");
    }
    let verified = match outcome.done() == total {
        true => ", and that was not verified to the end",
        false => "",
    };
    let mut out = format!(
        "Stopped: {} of {total} requests took effect{verified}.\n",
        outcome.done()
    );
    let mut waiting = 0;
    for step in &plan.steps {
        let word = match outcome.fates.get(&step.id) {
            Some(Fate::Done) | None => continue,
            Some(Fate::Failed) => "failed",
            Some(Fate::Unknown) => "unknown",
            Some(Fate::Waiting) => {
                waiting += 1;
                if waiting > WAITING {
                    continue;
                }
                "not sent"
            }
        };
        let _ = writeln!(
            out,
            "  {word:9}{} {}",
            terminal(&step.address.to_string()),
            terminal(&step.request.to_string())
        );
    }
    if waiting > WAITING {
        let _ = writeln!(out, "  not sent and {} more", waiting - WAITING);
    }
    out
}

/// Outputs as `name = value` lines.
pub fn outputs<'a>(outputs: impl IntoIterator<Item = (&'a String, &'a Value)>) -> String {
    outputs
        .into_iter()
        .map(|(name, value)| format!("{name} = {}\n", output(value)))
        .collect()
}

/// One output's value.
fn output(value: &Value) -> String {
    match value.is_known() {
        true => inline(value),
        false => "(known after apply)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::step::{Method, Phase, Request, Service, Step, StepId};

    #[test]
    fn what_was_sent_and_not_verified_is_no_success() {
        let request = Request::new(Service::Graph, Method::Patch, "/applications/1");
        let address = "application.deployer".parse().expect("an address");
        let step = Step::new(address, Phase::Provide, request);
        let plan = Plan {
            steps: vec![step],
            ..Plan::default()
        };
        let ended = Outcome {
            fates: [(StepId(0), Fate::Done)].into(),
            diagnostics: vec![crate::model::diagnostic::Diagnostic::error(
                "interrupted",
                "interrupted",
            )],
            ..Outcome::default()
        };
        assert_eq!(
            outcome(&plan, &ended),
            "Stopped: 1 of 1 requests took effect, and that was not verified to the end.\n"
        );
    }
}
