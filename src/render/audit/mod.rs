//! An audit's report for people and for machines, one file for each form. Whatever came from the tenant is made
//! harmless first.

pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod permission;
pub mod privileges;
pub mod repairs;
pub mod rules;
pub mod sarif;
pub mod text;

mod graph;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::model::report::Report;
use crate::model::rule::{Finding, Status};

/// This program's version, which every report names.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a report is about, by name: scope, counts, version and the snapshot's hash.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let not_run = report.rules_not_run.len();
    vec![
        ("Tenant", report.tenant_id.clone()),
        ("Scope", report.scope.clone()),
        ("Judged", judged(report)),
        (
            "Rules",
            format!("{} run, {not_run} not", report.rules_run.len()),
        ),
        ("Read", moment(report.read_at)),
        ("Snapshot", format!("SHA-256 {}", report.snapshot)),
        ("Version", format!("trustform {VERSION}")),
    ]
}

/// `1 finding`, `2 findings`.
fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

/// `no findings`, `1 high finding`, `1 high, 2 low findings`.
fn headline(report: &Report, noun: &str) -> String {
    let open: usize = report.counts().iter().map(|(_, count)| count).sum();
    match (open, report.summary()) {
        (0, _) => format!("no {noun}s"),
        (1, words) => format!("{words} {noun}"),
        (_, words) => format!("{words} {noun}s"),
    }
}

/// `1 application, 5 federated credentials`.
fn judged(report: &Report) -> String {
    let mut words = vec![count(report.applications, "application")];
    match report.identities {
        0 => {}
        1 => words.push("1 managed identity".to_owned()),
        many => words.push(format!("{many} managed identities")),
    }
    if report.principals > 0 {
        words.push(count(report.principals, "other service principal"));
    }
    words.push(count(report.credentials, "federated credential"));
    words.join(", ")
}

/// A time as RFC 3339 has it.
fn moment(seconds: i64) -> String {
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    time.and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| "beyond the calendar".to_owned())
}

/// How a finding stands that does not count: `was there before`; empty for one that counts.
fn standing(finding: &Finding) -> String {
    match &finding.status {
        Status::Open => String::new(),
        Status::Known => "was there before".to_owned(),
        Status::Waived(waived) => format!(
            "waived by {} until {}: {}",
            waived.owner, waived.until, waived.reason
        ),
    }
}

/// `trust.hcl:12` as file and line.
fn place(declared_at: &str) -> Option<(&str, u32)> {
    let (file, line) = declared_at.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}
