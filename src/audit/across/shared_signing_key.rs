//! Two issuers publish the same key.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "shared-signing-key",
        severity: Severity::High,
        needs: &[Need::Issuers],
        also: &[Need::Identities],
        what: "Two issuers publish the same key.",
        why: "Whoever signs for one can sign for the other.",
        source: "Kubernetes, \"Service account issuer discovery\"",
        example: "dev and prod publish one modulus",
        fix: "make a key for each issuer",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if let Some(other) = scene.doubles.get(held.credential.issuer.as_str()) {
            let message = format!("`{other}` publishes the same key");
            found.push(identity.about(&RULE.doc, held, message));
        }
    }
}
