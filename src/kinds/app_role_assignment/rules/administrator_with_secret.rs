//! An identity that a password or certificate opens can take over the tenant.

use super::tiers::Power;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "administrator-with-secret",
        severity: Severity::Critical,
        needs: &[Need::Grants, Need::Secrets],
        also: &[Need::Azure],
        what: "An identity that a password or certificate opens can take over the tenant.",
        why: "One leaked text is enough to become an administrator.",
        source: "emiliensocchi/azure-tiering; Maester, MtHighRiskAppPermissions",
        example: "a password holds AppRoleAssignment.ReadWrite.All",
        fix: "remove the permission, then every secret: `az ad app credential list --id <client id>`, `az ad app credential delete --id <client id> --key-id KEY`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if identity.valid_secrets(scene.now).is_empty() || identity.is_first_party() {
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
            format!("it holds `{name}`, and a password or certificate is enough to use it"),
        );
        finding.severity = severity;
        finding.evidence.push(format!("path: {path}"));
        found.push(finding);
    }
}
