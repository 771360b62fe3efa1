//! An issuer has a name that the internet does not know.

use crate::exchange::issuers::is_private;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "private-issuer",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "An issuer has a name that the internet does not know.",
        why: "Entra fetches keys from the internet: the trust cannot work (AADSTS90061).",
        source: "HashiCorp, \"Dynamic provider credentials\"; azure-workload-identity, troubleshooting",
        example: "https://vault.corp.local",
        fix: "publish discovery document and keys at a public https name",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if is_private(&held.credential.issuer) {
            found.push(identity.about(&RULE.doc, held, "Entra cannot reach its issuer"));
        }
    }
}
