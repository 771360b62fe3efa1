//! An identity that a password or certificate opens can take over the tenant.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "administrator-with-secret",
        severity: Severity::Critical,
        needs: &[Need::Grants, Need::Secrets],
        also: Need::ROLES,
        what: "An identity that a password or certificate opens can take over the tenant.",
        why: "One leaked text is enough to become an administrator.",
        source: "emiliensocchi/azure-tiering (Microsoft Graph permissions, Entra roles, Azure roles); Maester, MtHighRiskAppPermissions",
        example: "a password holds AppRoleAssignment.ReadWrite.All",
        fix: "take the permission or the role away, or the application out of the group, then remove every secret: `az ad app credential list --id <client id>`, `az ad app credential delete --id <client id> --key-id KEY`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if identity.valid_secrets(scene.now).is_empty() || identity.is_first_party() {
        return;
    }
    for power in scene.powers(identity) {
        let message = format!(
            "it holds {}, and a password or certificate is enough to use it",
            power.words()
        );
        let mut finding = identity.finding(&RULE.doc, &power.title(), message);
        finding.severity = power.severity;
        finding.evidence.push(format!("path: {}", power.path));
        found.push(finding);
    }
}
