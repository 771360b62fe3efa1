//! For machines: `trustform-audit/1`. Member names are stable; new ones may be added.

use serde_json::{Value as Json, json};

use super::{VERSION, moment};
use crate::model::report::Report;
use crate::model::rule::{Finding, Status};

/// The whole report.
pub fn json(report: &Report) -> Json {
    let rules: Vec<&str> = report.rules_run.iter().map(|doc| doc.name).collect();
    let not_run: Vec<Json> = report
        .rules_not_run
        .iter()
        .map(|(doc, why)| json!({ "rule": doc.name, "why": why }))
        .collect();
    let partly: Vec<Json> = report
        .rules_partly_run
        .iter()
        .map(|(doc, need, why)| json!({ "rule": doc.name, "without": need.objects(), "why": why }))
        .collect();
    json!({
        "format": "trustform-audit/1",
        "version": VERSION,
        "tenant_id": report.tenant_id,
        "scope": report.scope,
        "read_at": moment(report.read_at),
        "snapshot_sha256": report.snapshot,
        "applications": report.applications,
        "managed_identities": report.identities,
        "other_service_principals": report.principals,
        "credentials": report.credentials,
        "rules_run": rules,
        "rules_not_run": not_run,
        "rules_partly_run": partly,
        "notes": report.notes,
        "fixed": report.fixed,
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(it: &Finding) -> Json {
    let waiver = match &it.status {
        Status::Waived(by) => {
            json!({ "reason": by.reason, "owner": by.owner, "until": by.until })
        }
        Status::Open | Status::Known => Json::Null,
    };
    json!({
        "rule": it.rule, "severity": it.severity, "status": it.status.word(), "waiver": waiver,
        "application": it.application, "client_id": it.client_id, "object_id": it.object_id,
        "part": it.part, "message": it.message, "evidence": it.evidence, "fix": it.fix,
        "fingerprint": it.fingerprint, "declared_at": it.declared_at,
    })
}
