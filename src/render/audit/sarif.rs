//! SARIF 2.1.0, as code scanning reads it: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{VERSION, moment, place};
use crate::model::report::Report;
use crate::model::rule::{Doc, Finding, Severity, Status};
use crate::render::escape::{markdown, terminal};
use crate::render::markdown::word;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What an address in the tenant is relative to, for findings that no file declares.
const TENANT: &str = "TENANT";

/// One run with every rule, those that found nothing too.
pub fn sarif(report: &Report) -> Json {
    let not_run = report.rules_not_run.iter().map(|(doc, _)| *doc);
    let docs: Vec<&Doc> = report.rules_run.iter().copied().chain(not_run).collect();
    let places: BTreeMap<&str, usize> = docs
        .iter()
        .enumerate()
        .map(|(at, doc)| (doc.name, at))
        .collect();
    let notes = report.notes.iter();
    let notes = notes.map(|note| json!({ "level": "note", "message": { "text": terminal(note) } }));
    let notifications: Vec<Json> = report
        .not_checked()
        .into_iter()
        .map(|it| {
            let said = format!("{}: {}: {}", it.title(), it.rules.join(", "), it.why);
            json!({ "level": "warning", "message": { "text": terminal(&said) } })
        })
        .chain(notes)
        .collect();
    let tenant = segment(&report.tenant_id);
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "trustform",
                "version": VERSION,
                "semanticVersion": VERSION,
                "rules": docs.iter().map(|doc| rule(doc)).collect::<Vec<_>>(),
            }},
            "automationDetails": { "id": format!("trustform-audit/{tenant}/") },
            "originalUriBaseIds": { TENANT: {
                "uri": format!("entra://{tenant}/"),
                "description": { "text": "The tenant that was audited." },
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "properties": {
                "tenantId": terminal(&report.tenant_id),
                "scope": terminal(&report.scope),
                "applications": report.applications,
                "managedIdentities": report.identities,
                "credentials": report.credentials,
                "rulesRun": report.rules_run.len(),
                "rulesNotRun": report.rules_not_run.len(),
                "rulesPartlyRun": report.rules_partly_run.len(),
                "fixed": report.fixed,
                "readAt": moment(report.read_at),
                "snapshotSha256": report.snapshot,
            },
            "results": report.findings.iter().map(|it| result(it, &places, report.fixed.is_some())).collect::<Vec<_>>(),
        }],
    })
}

fn rule(doc: &Doc) -> Json {
    let pascal: String = doc
        .name
        .split('-')
        .map(|part| part[..1].to_uppercase() + &part[1..])
        .collect();
    let help = format!(
        "{} {}\n\nFor example: {}\n\nFix: {}\n\nSource: {}",
        doc.what, doc.why, doc.example, doc.fix, doc.source
    );
    let help_markdown = format!(
        "**{}** {}\n\nFor example: {}\n\nFix: {}\n\nSource: {}",
        markdown(doc.what),
        word(doc.why),
        word(doc.example),
        word(doc.fix),
        markdown(doc.source)
    );
    json!({
        "id": doc.name,
        "name": pascal,
        "shortDescription": { "text": doc.what },
        "fullDescription": { "text": format!("{} {}", doc.what, doc.why) },
        "help": { "text": help, "markdown": help_markdown },
        "defaultConfiguration": { "level": level(doc.severity) },
        "properties": {
            "tags": ["security", "identity", "external/cwe/cwe-284"],
            "precision": "high",
            "problem.severity": match doc.severity {
                Severity::Critical | Severity::High => "error",
                Severity::Medium => "warning",
                Severity::Low | Severity::Info => "recommendation",
            },
            "security-severity": score(doc.severity),
        },
    })
}

fn result(finding: &Finding, places: &BTreeMap<&str, usize>, compared: bool) -> Json {
    let mut lines = vec![format!("{}: {}", finding.application, finding.message)];
    lines.extend(finding.evidence.iter().cloned());
    lines.push(format!("Fix: {}", finding.fix));
    let lines: Vec<String> = lines.iter().map(|line| terminal(line)).collect();
    let mut result = json!({
        "ruleId": finding.rule,
        "ruleIndex": places.get(finding.rule),
        "level": level(finding.severity),
        // A bracket could begin a link: SARIF 2.1.0, 3.11.6.
        "message": { "text": lines.join("\n").replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]") },
        "locations": [location(finding)],
        "partialFingerprints": { "trustform/v1": finding.fingerprint },
        "properties": {
            "security-severity": score(finding.severity),
            "clientId": terminal(&finding.client_id),
            "objectId": terminal(&finding.object_id),
            "part": terminal(&finding.part),
        },
    });
    let state = match finding.status {
        Status::Open => Some("new"),
        Status::Known => Some("unchanged"),
        Status::Waived(_) => None,
    };
    if let Some(state) = state.filter(|_| compared) {
        result["baselineState"] = json!(state);
    }
    if let Status::Waived(by) = &finding.status {
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": terminal(&format!("{} ({}, until {})", by.reason, by.owner, by.until)),
        }]);
    }
    result
}

/// The line that declares it, or its place in the tenant.
fn location(finding: &Finding) -> Json {
    let object = json!([{
        "name": terminal(&finding.application),
        "fullyQualifiedName": terminal(&format!("{}/{}", finding.object_id, finding.part)),
        "kind": "resource",
    }]);
    match finding.declared_at.as_deref().and_then(place) {
        Some((file, line)) => json!({
            "physicalLocation": {
                "artifactLocation": { "uri": path(file) },
                "region": { "startLine": line.max(1) },
            },
            "logicalLocations": object,
        }),
        None => json!({
            "physicalLocation": {
                "artifactLocation": {
                    "uri": match finding.object_id.starts_with('/') {
                        true => path(&finding.object_id),
                        false => format!("applications/{}", segment(&finding.object_id)),
                    },
                    "uriBaseId": TENANT,
                },
                "region": { "startLine": 1 },
            },
            "logicalLocations": object,
        }),
    }
}

/// A file's path as a relative reference: never one that leads elsewhere.
fn path(file: &str) -> String {
    let steps = file.split(['/', '\\']);
    let steps = steps.filter(|step| !matches!(*step, "" | "."));
    steps.map(segment).collect::<Vec<_>>().join("/")
}

/// One step of a path, percent-encoded.
fn segment(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

/// What code scanning sorts by: from 9.0 on critical, from 7.0 high, from 4.0 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "3.0",
        Severity::Info => "0.0",
    }
}
