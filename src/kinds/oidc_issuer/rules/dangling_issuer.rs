//! The name of an issuer does not exist any more.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "dangling-issuer",
        severity: Severity::Critical,
        needs: &[Need::Issuers],
        also: &[Need::Identities],
        what: "The name of an issuer does not exist any more.",
        why: "Whoever registers the name, or the storage account, publishes keys and is let in.",
        source: "Microsoft, \"Prevent dangling DNS entries and avoid subdomain takeover\"; WithSecure, \"Delete and ReSAStore\"",
        example: "https://oidc1a2b.blob.core.windows.net/oidc does not resolve",
        fix: "delete the trust now: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let Some(published) = scene.published(&held.credential.issuer) else {
            continue;
        };
        if published.unresolved {
            found.push(identity.about(
                &RULE.doc,
                held,
                "its issuer's name does not exist: whoever registers it is let in",
            ));
        }
    }
}
