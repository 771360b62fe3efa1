//! An audit's report for people and for machines. Whatever came from the tenant is made harmless first.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::escape::terminal;
use super::style::Style;
use crate::model::rule::{Finding, Severity, Status};

/// A report's parts, as they are shown.
pub struct View<'a> {
    pub tenant_id: &'a str,
    pub findings: &'a [Finding],
    pub applications: usize,
    pub credentials: usize,
    pub rules_run: &'a [&'static str],
    pub rules_not_run: &'a [(&'static str, String)],
    pub fixed: Option<usize>,
}

/// Grouped by application, worst first.
pub fn text(view: &View, style: Style) -> String {
    let mut out = String::new();
    let mut names: Vec<&str> = Vec::new();
    for finding in view.findings {
        if !names.contains(&finding.object_id.as_str()) {
            names.push(&finding.object_id);
        }
    }
    for id in names {
        let mut mine = view
            .findings
            .iter()
            .filter(|it| it.object_id == id)
            .peekable();
        if let Some(first) = mine.peek() {
            let name = terminal(&first.application);
            let _ = writeln!(out, "{name} ({})", terminal(&first.client_id));
        }
        for finding in mine {
            one(&mut out, finding, style);
        }
        out.push('\n');
    }
    for (rule, why) in view.rules_not_run {
        let _ = writeln!(out, "Not checked: {rule}: {}", terminal(why));
    }
    let _ = writeln!(
        out,
        "Audit of tenant {}: {} applications, {} federated credentials; {} rules run, {} not.",
        terminal(view.tenant_id),
        view.applications,
        view.credentials,
        view.rules_run.len(),
        view.rules_not_run.len()
    );
    let _ = writeln!(out, "{}", sum(view));
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
    let _ = writeln!(
        out,
        "  {word}  {}{part}: {}{}",
        finding.rule,
        terminal(&finding.message),
        status(finding)
    );
    for line in &finding.evidence {
        let _ = writeln!(out, "      {}", terminal(line));
    }
    let _ = writeln!(out, "      fix: {}", terminal(&finding.fix));
}

fn status(finding: &Finding) -> &'static str {
    match finding.status {
        Status::Open => "",
        Status::Known => " (was there before)",
    }
}

fn sum(view: &View) -> String {
    let counted: Vec<String> = Severity::ALL
        .iter()
        .filter_map(|severity| {
            let of = |it: &&Finding| it.counts() && it.severity == *severity;
            let count = view.findings.iter().filter(of).count();
            (count > 0).then(|| format!("{count} {}", severity.word()))
        })
        .collect();
    let mut text = match counted.is_empty() {
        true => "No findings".to_owned(),
        false => format!("Findings: {}", counted.join(", ")),
    };
    let quiet = view.findings.iter().filter(|it| !it.counts()).count();
    if let Some(fixed) = view.fixed {
        let _ = write!(text, "; {quiet} known, {fixed} fixed since the baseline");
    }
    text + "."
}

/// The same for machines: `trustform-audit/1`.
pub fn json(view: &View) -> Json {
    json!({
        "format": "trustform-audit/1",
        "version": env!("CARGO_PKG_VERSION"),
        "tenant_id": view.tenant_id,
        "applications": view.applications,
        "credentials": view.credentials,
        "rules_run": view.rules_run,
        "rules_not_run": view.rules_not_run.iter().map(|(rule, why)| json!({ "rule": rule, "why": why })).collect::<Vec<_>>(),
        "fixed": view.fixed,
        "findings": view.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(it: &Finding) -> Json {
    let status = match it.status {
        Status::Open => "open",
        Status::Known => "known",
    };
    json!({
        "rule": it.rule, "severity": it.severity, "status": status,
        "application": it.application, "client_id": it.client_id, "object_id": it.object_id,
        "part": it.part, "message": it.message, "evidence": it.evidence, "fix": it.fix,
        "fingerprint": it.fingerprint, "declared_at": it.declared_at,
    })
}
