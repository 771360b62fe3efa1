//! An issuer does not answer as it should.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unreachable-issuer",
        severity: Severity::Low,
        needs: &[Need::Issuers],
        also: &[Need::Identities],
        what: "An issuer does not answer as it should.",
        why: "Entra cannot fetch its keys, and the login fails.",
        source: "Microsoft, \"Important considerations and restrictions for federated identity credentials\"",
        example: "404 at /.well-known/openid-configuration",
        fix: "repair what it serves, or delete the trust: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let Some(published) = scene.published(&held.credential.issuer) else {
            continue;
        };
        if let Some(failure) = published.failure.as_ref().filter(|_| !published.unresolved) {
            found.push(identity.about(&RULE.doc, held, failure));
        }
    }
}
