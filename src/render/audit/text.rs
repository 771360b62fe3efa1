//! For people at a terminal: grouped by application, worst first.

use std::fmt::Write;

use super::{VERSION, count, judged, moment, standing};
use crate::model::report::Report;
use crate::model::rule::{Finding, Severity};
use crate::render::escape::terminal;
use crate::render::style::Style;

/// The whole report, in pieces: of a large tenant it is long.
pub fn text(report: &Report, style: Style) -> impl Iterator<Item = String> {
    let groups = report.by_application().into_iter();
    let groups = groups.map(move |(first, group)| application(first, &group, style));
    groups.chain(std::iter::once_with(|| end(report)))
}

fn application(first: &Finding, group: &[&Finding], style: Style) -> String {
    let mut out = String::new();
    let name = match first.application.is_empty() {
        true => "(no name)".to_owned(),
        false => terminal(&first.application),
    };
    let _ = writeln!(out, "{name} ({})", terminal(&first.client_id));
    for finding in group {
        one(&mut out, finding, style);
    }
    out.push('\n');
    out
}

/// What was checked, and how much of what was found.
fn end(report: &Report) -> String {
    let mut out = String::new();
    for it in report.not_checked() {
        let _ = writeln!(out, "{}: {}", it.title(), terminal(it.why));
        let _ = writeln!(out, "  {}", it.rules.join(", "));
    }
    for note in &report.notes {
        let _ = writeln!(out, "Note: {}", terminal(note));
    }
    let _ = writeln!(
        out,
        "Audit of tenant {}, {}: {}; {} run, {} not.",
        terminal(&report.tenant_id),
        terminal(&report.scope),
        judged(report),
        count(report.rules_run.len(), "rule"),
        report.rules_not_run.len()
    );
    let _ = writeln!(
        out,
        "Read {} by trustform {VERSION}; the snapshot's SHA-256 is {}.",
        moment(report.read_at),
        report.snapshot
    );
    let aside = match report.aside() {
        words if words.is_empty() => words,
        words => format!("; {words}"),
    };
    let _ = match report.findings.is_empty() && aside.is_empty() {
        true => writeln!(out, "No findings."),
        false => writeln!(out, "Findings: {}{aside}.", report.summary()),
    };
    out
}

fn one(out: &mut String, finding: &Finding, style: Style) {
    let word = finding.severity.word();
    let bad = style.color && finding.severity >= Severity::High;
    let word = if bad {
        format!("\u{1b}[31m{word}\u{1b}[0m")
    } else {
        word.to_owned()
    };
    let part = match finding.part.is_empty() {
        true => String::new(),
        false => format!(" [{}]", terminal(&finding.part)),
    };
    let standing = match standing(finding) {
        words if words.is_empty() => words,
        words => format!(" ({})", terminal(&words)),
    };
    let _ = writeln!(
        out,
        "  {word}  {}{part}: {}{standing}",
        finding.rule,
        terminal(&finding.message),
    );
    for line in &finding.evidence {
        let _ = writeln!(out, "      {}", terminal(line));
    }
    if let Some(place) = &finding.declared_at {
        let _ = writeln!(out, "      file {}", terminal(place));
    }
    let _ = writeln!(out, "      fix: {}", terminal(&finding.fix));
}
