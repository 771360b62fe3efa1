//! Several passwords work at once.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "several-secrets",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "Several passwords work at once.",
        why: "One of them is used; nobody knows who holds the others.",
        source: "AzADServicePrincipalInsights, warnings on multiple secrets",
        example: "3 passwords work",
        fix: "find out which is used from the sign-in log, and remove the others: `az ad app credential delete --id <client id> --key-id KEY`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    let secrets = identity.valid_secrets(scene.now);
    let count = secrets
        .iter()
        .filter(|(_, kind, _)| *kind == "password")
        .count();
    if count > 1 {
        found.push(identity.finding(&RULE.doc, "", format!("{count} passwords work at once")));
    }
}
