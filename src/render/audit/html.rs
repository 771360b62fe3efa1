//! One page that stands alone: nothing is loaded, and no script runs but its own. It can be read without any.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{count, facts, graph, headline, standing};
use crate::model::report::{Flow, Report};
use crate::model::rule::{Doc, Finding, Severity};
use crate::render::escape::html as plain;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Findings that one page lists, the worst first.
const ROWS: usize = 5_000;
const COLUMNS: [(&str, &str); 5] = [
    ("severity", "Severity"),
    ("application", "Application"),
    ("rule", "Rule"),
    ("finding", "Finding"),
    ("status", "Status"),
];

/// The page. `flows` are drawn; how many there are in all is said where some were left out.
pub fn html(report: &Report, flows: &[Flow]) -> String {
    let mut out = head(report);
    summary(&mut out, report);
    if report.findings.is_empty() {
        out.push_str("<p>No findings.</p>\n");
    }
    filter(&mut out);
    table(&mut out, report);
    picture(&mut out, report, flows);
    not_checked(&mut out, report);
    notes(&mut out, report);
    rules(&mut out, report);
    let _ = write!(
        out,
        "</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    out
}

fn head(report: &Report) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>Audit of {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n",
        hash(STYLE),
        hash(SCRIPT),
        plain(&report.tenant_id)
    )
}

fn summary(out: &mut String, report: &Report) {
    let aside = match report.aside() {
        words if words.is_empty() => words,
        words => format!(" ({words})"),
    };
    let _ = writeln!(
        out,
        "<h1>Audit: {}{aside}</h1>\n<dl class=\"facts\">",
        headline(report, "open finding")
    );
    for (name, value) in facts(report) {
        let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", plain(&value));
    }
    out.push_str("</dl>\n");
}

fn filter(out: &mut String) {
    out.push_str(
        "<h2 id=\"list\">Findings</h2>\n<form name=\"filter\" role=\"search\" aria-label=\"Filter findings\" hidden>\n\
         <input type=\"search\" name=\"search\" placeholder=\"Search\" aria-label=\"Search\">\n\
         <fieldset><legend>Severity</legend>\n",
    );
    for severity in Severity::ALL {
        let word = severity.word();
        let _ = writeln!(
            out,
            "<label><input type=\"checkbox\" name=\"severity\" value=\"{word}\" checked> {word}</label>"
        );
    }
    out.push_str(
        "</fieldset>\n<label>Status <select name=\"status\"><option value=\"\">all</option><option>open</option>\
         <option>known</option><option>waived</option></select></label>\n\
         <button type=\"reset\">Show all</button>\n<output id=\"shown\" aria-live=\"polite\"></output>\n</form>\n",
    );
}

fn table(out: &mut String, report: &Report) {
    if report.findings.is_empty() {
        return;
    }
    out.push_str("<table id=\"findings\">\n<thead><tr>");
    for (name, title) in COLUMNS {
        let _ = write!(
            out,
            "<th scope=\"col\" data-column=\"{name}\"><button type=\"button\" disabled>{title}</button></th>"
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for finding in report.findings.iter().take(ROWS) {
        row(out, finding);
    }
    out.push_str("</tbody>\n</table>\n");
    if let Some(more) = report.findings.len().checked_sub(ROWS).filter(|it| *it > 0) {
        let _ = writeln!(
            out,
            "<p>No room here for {}: <code>--report json=FILE</code> has them all.</p>",
            count(more, "more finding")
        );
    }
}

fn row(out: &mut String, finding: &Finding) {
    let (severity, status) = (finding.severity.word(), finding.status.word());
    let aside = if finding.counts() {
        ""
    } else {
        " class=\"aside\""
    };
    let _ = writeln!(
        out,
        "<tr{aside} data-severity=\"{severity}\" data-status=\"{status}\" id=\"f-{}\">\n\
         <td data-key=\"{}\"><span class=\"badge {severity}\">{severity}</span></td>\n\
         <td>{}<small>{}</small></td>\n<td><a href=\"#rule-{rule}\"><code>{rule}</code></a></td>\n<td class=\"evidence\">",
        plain(&finding.fingerprint),
        finding.severity as usize,
        plain(&finding.application),
        plain(&finding.client_id),
        rule = finding.rule
    );
    if !finding.part.is_empty() {
        let _ = write!(out, "<code>{}</code> ", plain(&finding.part));
    }
    let _ = writeln!(out, "{}\n<ul>", words(&finding.message));
    for line in &finding.evidence {
        let _ = writeln!(out, "<li>{}</li>", words(line));
    }
    if let Some(place) = &finding.declared_at {
        let _ = writeln!(out, "<li>file <code>{}</code></li>", plain(place));
    }
    let _ = writeln!(
        out,
        "</ul>Fix: {}</td>\n<td>{status}<small>{}</small></td>\n</tr>",
        words(&finding.fix),
        plain(&standing(finding))
    );
}

fn picture(out: &mut String, report: &Report, flows: &[Flow]) {
    let svg = graph::svg(flows);
    if svg.is_empty() {
        return;
    }
    out.push_str("<h2 id=\"picture\">Who reaches what</h2>\n");
    if flows.len() < report.credentials {
        let _ = writeln!(
            out,
            "<p>The {} worst of {} trusts.</p>",
            flows.len(),
            report.credentials
        );
    }
    let _ = writeln!(
        out,
        "<p>Choose a node to follow its ways and to see only its findings.</p>\n<div class=\"picture\">\n{svg}</div>"
    );
}

fn not_checked(out: &mut String, report: &Report) {
    let unchecked = report.not_checked();
    if unchecked.is_empty() {
        return;
    }
    out.push_str("<h2 id=\"not-checked\">Not checked</h2>\n<ul>\n");
    for it in unchecked {
        let of = match it.what {
            None => String::new(),
            Some(_) => format!("{}: ", it.title()),
        };
        let _ = writeln!(
            out,
            "<li>{of}{}: {}</li>",
            words(it.why),
            it.rules.join(", ")
        );
    }
    out.push_str("</ul>\n");
}

fn notes(out: &mut String, report: &Report) {
    if report.notes.is_empty() {
        return;
    }
    out.push_str("<h2 id=\"notes\">Notes</h2>\n<ul>\n");
    for note in &report.notes {
        let _ = writeln!(out, "<li>{}</li>", words(note));
    }
    out.push_str("</ul>\n");
}

/// What the rules are that found something.
fn rules(out: &mut String, report: &Report) {
    let found = |doc: &&&Doc| report.findings.iter().any(|it| it.rule == doc.name);
    let docs: Vec<&&Doc> = report.rules_run.iter().filter(found).collect();
    if docs.is_empty() {
        return;
    }
    out.push_str("<h2>Rules</h2>\n");
    for doc in docs {
        let _ = writeln!(
            out,
            "<details id=\"rule-{name}\"><summary><code>{name}</code>: {}</summary><p>{}</p><p>For example: {}</p><p>Fix: {}</p><p>Source: {}</p></details>",
            words(doc.what),
            words(doc.why),
            words(doc.example),
            words(doc.fix),
            plain(doc.source),
            name = doc.name
        );
    }
}

/// Words with code between backticks, as messages have it.
fn words(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return plain(text);
    }
    let shown = parts.iter().enumerate().map(|(at, part)| match at % 2 {
        0 => plain(part),
        _ => format!("<code>{}</code>", plain(part)),
    });
    shown.collect()
}
