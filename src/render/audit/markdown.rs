//! For a job summary or a comment.

use std::fmt::Write;

use super::{count, facts, headline, standing};
use crate::model::report::Report;
use crate::model::rule::{Finding, Severity};
use crate::render::escape::markdown as plain;
use crate::render::markdown::{code, word};

/// GitHub shows at most 1 MiB of a job summary, and 65,536 characters of a comment: what is longer is cut off whole.
const ROOM: usize = 60_000;

/// The whole report, or its worst part and how much is left.
pub fn markdown(report: &Report) -> String {
    let aside = match report.aside() {
        words if words.is_empty() => words,
        words => format!(" ({words})"),
    };
    let mut out = format!(
        "### trustform audit: {}{aside}\n\n",
        headline(report, "finding")
    );
    out.push_str("| | |\n|---|---|\n");
    for (name, value) in facts(report) {
        // A bar ends the cell, in code too.
        let value = word(&value).replace('|', "\\|");
        let _ = writeln!(out, "| {name} | {value} |");
    }
    out.push('\n');
    for it in report.not_checked() {
        let rules: Vec<String> = it.rules.iter().map(|rule| format!("`{rule}`")).collect();
        let (title, why) = (it.title(), word(it.why));
        let _ = writeln!(out, "- {title}: {why}: {}", rules.join(", "));
    }
    for note in &report.notes {
        let _ = writeln!(out, "- Note: {}", word(note));
    }
    let mut left = report.findings.len();
    for (first, group) in report.by_application() {
        let mut section = format!(
            "\n#### {} ({})\n\n",
            plain(&first.application),
            code(&first.client_id)
        );
        for finding in &group {
            section.push_str(&one(finding));
        }
        if out.len() + section.len() > ROOM {
            let _ = writeln!(
                out,
                "\nNo room here for {}: write all with `--report html=FILE`.",
                count(left, "more finding")
            );
            return out;
        }
        left -= group.len();
        out.push_str(&section);
    }
    out
}

fn one(finding: &Finding) -> String {
    let sign = match (finding.counts(), finding.severity) {
        (false, _) => "⚪",
        (true, Severity::Critical | Severity::High) => "🔴",
        (true, Severity::Medium) => "🟠",
        (true, Severity::Low | Severity::Info) => "🟡",
    };
    let mut out = format!(
        "- {sign} **{}** `{}`",
        finding.severity.word(),
        finding.rule
    );
    if !finding.part.is_empty() {
        let _ = write!(out, " {}", code(&finding.part));
    }
    let _ = write!(out, ": {}", word(&finding.message));
    let standing = standing(finding);
    if !standing.is_empty() {
        let _ = write!(out, " ({})", plain(&standing));
    }
    out.push('\n');
    for line in &finding.evidence {
        let _ = writeln!(out, "  - {}", code(line));
    }
    if let Some(place) = &finding.declared_at {
        let _ = writeln!(out, "  - file {}", code(place));
    }
    let _ = writeln!(out, "  - fix: {}", word(&finding.fix));
    out
}
