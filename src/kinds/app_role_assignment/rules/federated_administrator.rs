//! An identity that a federated token opens can take over the tenant.

use crate::exchange::subject::describe;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "federated-administrator",
        severity: Severity::Critical,
        needs: &[Need::Grants],
        also: &[
            Need::Identities,
            Need::Directory,
            Need::Azure,
            Need::CustomRoles,
            Need::Groups,
        ],
        what: "An identity that a federated token opens can take over the tenant.",
        why: "Whoever controls the issuer, the repository or the pipeline is an administrator.",
        source: "emiliensocchi/azure-tiering (Microsoft Graph permissions, Entra roles, Azure roles); prowler-cloud/prowler#12747",
        example: "a GitHub branch holds RoleManagement.ReadWrite.Directory",
        fix: "grant less: `Application.ReadWrite.OwnedBy` instead of `Application.ReadWrite.All`, a role over one application or resource group instead of all of them, no membership in a group that holds such a role; keep the rest behind an environment with reviewers",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if identity.trusts.is_empty() || identity.is_first_party() {
        return;
    }
    for power in scene.powers(identity) {
        let message = format!(
            "it holds {}, and a federated token is enough to use it",
            power.words()
        );
        let mut finding = identity.finding(&RULE.doc, &power.title(), message);
        finding.severity = power.severity;
        let trusts = identity
            .trusts
            .iter()
            .filter_map(|held| held.trust.as_ref());
        finding.evidence = trusts.take(3).map(describe).collect();
        finding.evidence.push(format!("path: {}", power.path));
        found.push(finding);
    }
}
