//! For the test reports of pipelines: JUnit's XML, as Jenkins, GitLab and Azure Pipelines read it.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{facts, standing};
use crate::model::report::Report;
use crate::model::rule::{Finding, Severity};
use crate::render::escape::html as plain;

/// One suite for each rule, one case for each application that it speaks of. What does not count, or is milder than
/// `fail_on`, is no failure.
pub fn junit(report: &Report, fail_on: Option<Severity>) -> String {
    let mut by_rule: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        by_rule.entry(finding.rule).or_default().push(finding);
    }
    let fails = |it: &&Finding| it.counts() && fail_on.is_some_and(|at| it.severity >= at);
    let failures = report.findings.iter().filter(fails).count();
    let found = report.findings.len();
    let silent = report.rules_run.iter();
    let clean = silent.filter(|doc| !by_rule.contains_key(doc.name)).count();
    let skipped = report.rules_not_run.len() + report.rules_partly_run.len();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"trustform audit\" tests=\"{}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\">",
        found + clean + skipped,
    );
    for doc in &report.rules_run {
        let mine = by_rule.remove(doc.name).unwrap_or_default();
        let failed = mine.iter().copied().filter(|it| fails(it)).count();
        let parts = report.rules_partly_run.iter();
        let parts: Vec<_> = parts.filter(|(it, ..)| it.name == doc.name).collect();
        let _ = writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{}\">",
            doc.name,
            mine.len().max(1) + parts.len(),
            parts.len(),
        );
        properties(&mut out, report);
        if mine.is_empty() {
            let (name, what) = (doc.name, plain(doc.what));
            let _ = writeln!(
                out,
                "    <testcase classname=\"{name}\" name=\"nothing found: {what}\"/>"
            );
        }
        for finding in mine {
            case(&mut out, finding, fails(&finding));
        }
        for (_, need, why) in parts {
            let (name, what, why) = (doc.name, need.objects(), plain(why));
            let _ = writeln!(
                out,
                "    <testcase classname=\"{name}\" name=\"{what}\"><skipped message=\"{why}\"/></testcase>"
            );
        }
        out.push_str("  </testsuite>\n");
    }
    for (doc, why) in &report.rules_not_run {
        let (name, what, why) = (doc.name, plain(doc.what), plain(why));
        let _ = writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\">\n    \
             <testcase classname=\"{name}\" name=\"{what}\"><skipped message=\"{why}\"/></testcase>\n  </testsuite>"
        );
    }
    out.push_str("</testsuites>\n");
    out
}

fn properties(out: &mut String, report: &Report) {
    out.push_str("    <properties>\n");
    for (name, value) in facts(report) {
        let (name, value) = (name.to_lowercase(), plain(&value));
        let _ = writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>");
    }
    for note in &report.notes {
        let note = plain(note);
        let _ = writeln!(out, "      <property name=\"note\" value=\"{note}\"/>");
    }
    out.push_str("    </properties>\n");
}

fn case(out: &mut String, finding: &Finding, fails: bool) {
    let part = match finding.part.is_empty() {
        true => String::new(),
        false => format!(" [{}]", plain(&finding.part)),
    };
    let place = finding.declared_at.as_deref().and_then(super::place);
    let place = place.map(|(file, line)| format!(" file=\"{}\" line=\"{line}\"", plain(file)));
    let _ = writeln!(
        out,
        "    <testcase classname=\"{}\" name=\"{} ({}){part}\"{}>",
        finding.rule,
        plain(&finding.application),
        plain(&finding.client_id),
        place.unwrap_or_default()
    );
    let mut said: Vec<String> = finding.evidence.iter().map(|line| plain(line)).collect();
    said.push(format!("fix: {}", plain(&finding.fix)));
    let standing = standing(finding);
    if !standing.is_empty() {
        said.push(plain(&standing));
    }
    let said = said.join("\n");
    let (message, severity) = (plain(&finding.message), finding.severity.word());
    let _ = match fails {
        true => writeln!(
            out,
            "      <failure message=\"{message}\" type=\"{severity}\">{said}</failure>"
        ),
        false => writeln!(
            out,
            "      <system-out>{severity}: {message}\n{said}</system-out>"
        ),
    };
    out.push_str("    </testcase>\n");
}
