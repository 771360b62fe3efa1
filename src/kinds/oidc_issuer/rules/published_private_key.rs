//! An issuer publishes a private key.

use crate::keys::Jwks;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "published-private-key",
        severity: Severity::Critical,
        needs: &[Need::Issuers],
        also: &[Need::Identities],
        what: "An issuer publishes a private key.",
        why: "Anyone can sign tokens that it would sign.",
        source: "RFC 7517 section 9.3",
        example: "the JWKS has the member `d`",
        fix: "make new keys at once, and purge the old document and its versions",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let Some(published) = scene.published(&held.credential.issuer) else {
            continue;
        };
        let keys = published
            .jwks
            .as_ref()
            .and_then(|text| Jwks::parse(text.as_bytes()).ok());
        if keys.is_some_and(|keys| keys.keys.iter().any(|key| !key.private_members.is_empty())) {
            found.push(identity.about(&RULE.doc, held, "its JWKS holds private members"));
        }
    }
}
