//! What a fix plan repairs and what it leaves to people.

use std::fmt::Write;

use crate::model::repair::{Part, Repairs};
use crate::render::escape::terminal;

/// What is planned, what is left, and what to do about it. `file` is where the plan is kept.
pub fn text(repairs: &Repairs, file: &str) -> String {
    let file = terminal(file);
    let mut out = match repairs.repairs.len() {
        0 => format!("\nFix plan: nothing that a plan repairs, so `{file}` was not written.\n"),
        count => format!(
            "\nFix plan: {count} repair{} in `{file}`; carry it out with `trustform apply {file}`.\n",
            if count == 1 { "" } else { "s" }
        ),
    };
    for repair in &repairs.repairs {
        let what = match &repair.part {
            Part::Secret(id) => format!("secret {}", terminal(id)),
            Part::PrincipalSecret(id) => format!("service principal's secret {}", terminal(id)),
            Part::Trust(name) => format!("federated credential {}", terminal(name)),
        };
        let client_id = terminal(&repair.client_id);
        let _ = writeln!(out, "  - {what} of {client_id}  ({})", repair.rule);
    }
    for proof in &repairs.proofs {
        let _ = writeln!(out, "  Proof: {}", terminal(proof));
    }
    if !repairs.manual.is_empty() {
        out.push_str("Not in it:\n");
    }
    for manual in &repairs.manual {
        let name = match manual.application.is_empty() {
            true => "(no name)".to_owned(),
            false => terminal(&manual.application),
        };
        let _ = writeln!(
            out,
            "  {}  {name} ({}) [{}]: {}",
            manual.rule,
            terminal(&manual.client_id),
            terminal(&manual.part),
            terminal(&manual.why)
        );
        let _ = writeln!(out, "      by hand: {}", terminal(&manual.fix));
    }
    if !repairs.others.is_empty() {
        let rules: Vec<String> = repairs
            .others
            .iter()
            .map(|(rule, count)| format!("{rule} ({count})"))
            .collect();
        let _ = writeln!(
            out,
            "Needs judgement, so no plan repairs it; the report says how: {}",
            rules.join(", ")
        );
    }
    out
}
