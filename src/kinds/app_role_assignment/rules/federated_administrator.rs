//! An identity that a federated token opens can take over the tenant.

use super::tiers::Power;
use crate::exchange::subject::describe;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "federated-administrator",
        severity: Severity::Critical,
        needs: &[Need::Grants],
        also: &[Need::Identities, Need::Azure],
        what: "An identity that a federated token opens can take over the tenant.",
        why: "Whoever controls the issuer, the repository or the pipeline is an administrator.",
        source: "emiliensocchi/azure-tiering; prowler-cloud/prowler#12747",
        example: "a GitHub branch holds RoleManagement.ReadWrite.Directory",
        fix: "grant less: `Application.ReadWrite.OwnedBy` instead of `Application.ReadWrite.All`, an Azure role over one resource group instead of a subscription; keep the rest behind an environment with reviewers",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    if identity.trusts.is_empty() || identity.is_first_party() {
        return;
    }
    for power in identity.powers() {
        let Power {
            name,
            path,
            severity,
        } = power;
        let mut finding = identity.finding(
            &RULE.doc,
            &name,
            format!("it holds `{name}`, and a federated token is enough to use it"),
        );
        finding.severity = severity;
        let trusts = identity
            .trusts
            .iter()
            .filter_map(|held| held.trust.as_ref());
        finding.evidence = trusts.take(3).map(describe).collect();
        finding.evidence.push(format!("path: {path}"));
        found.push(finding);
    }
}
