//! An issuer has a name that the internet does not know.

use super::host;
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
        let private = [
            ".local",
            ".internal",
            ".lan",
            ".corp",
            ".home.arpa",
            ".localhost",
            ".svc",
        ];
        let host = host(&held.credential.issuer);
        if host.is_some_and(|host| {
            host == "localhost" || private.iter().any(|end| host.ends_with(end))
        }) {
            found.push(identity.about(&RULE.doc, held, "Entra cannot reach its issuer"));
        }
    }
}
