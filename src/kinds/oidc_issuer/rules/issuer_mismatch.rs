//! The discovery document names another issuer.

use crate::keys::discovery::Discovery;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "issuer-mismatch",
        severity: Severity::High,
        needs: &[Need::Issuers],
        also: &[Need::Identities],
        what: "The discovery document names another issuer.",
        why: "The exchange fails, or the document belongs to somebody else.",
        source: "OpenID Connect Discovery 1.0, section 4.3; Azure/login#175",
        example: "the document says `https://x/oidc/`, the trust `https://x/oidc`",
        fix: "write the issuer exactly as the document has it",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let Some(published) = scene.published(&held.credential.issuer) else {
            continue;
        };
        let document = published
            .discovery
            .as_ref()
            .and_then(|text| Discovery::parse(text.as_bytes()).ok());
        if let Some(other) = document.filter(|document| document.issuer != held.credential.issuer) {
            found.push(identity.about(
                &RULE.doc,
                held,
                format!("its discovery document names `{}`", other.issuer),
            ));
        }
    }
}
