//! An issuer publishes keys that are weak or unusable.

use crate::keys::Jwks;
use crate::keys::check;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::diagnostic::Level;
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unsound-keys",
        severity: Severity::High,
        needs: &[Need::Issuers],
        also: &[Need::Identities],
        what: "An issuer publishes keys that are weak or unusable.",
        why: "A weak key can be computed; an unusable one makes logins fail.",
        source: "NIST SP 800-131A; Microsoft, AADSTS5002738",
        example: "an RSA key of 1024 bits",
        fix: "sign with RSA keys of at least 2048 bits and publish them with `alg` and `kid`",
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
        for problem in keys
            .iter()
            .flat_map(check::check)
            .filter(|it| it.level == Level::Error && !it.code.contains("private"))
        {
            let mut finding = identity.about(&RULE.doc, held, problem.message);
            finding.fix = problem.help;
            found.push(finding);
        }
    }
}
