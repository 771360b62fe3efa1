//! An application with federated credentials still has a certificate that works.

use super::of_secret;
use crate::kinds::rule::Place;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "leftover-certificate",
        severity: Severity::High,
        needs: &[Need::Secrets],
        also: &[],
        what: "An application with federated credentials still has a certificate that works.",
        why: "The private key of the certificate is a secret like any other.",
        source: "Microsoft, \"Migrate applications away from secret-based authentication\"",
        example: "application `payments` has a federated credential and a certificate until 2027-03-01",
        fix: "remove the certificate once sign-ins use the federated credential: `az ad app credential delete --id <client id> --key-id <key id> --cert`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if identity.trusts.is_empty() {
        return;
    }
    for (place, kind, secret) in identity.valid_secrets(scene.now) {
        if place == Place::Application && kind == "certificate" {
            found.push(of_secret(
                identity,
                &RULE.doc,
                secret,
                "a certificate works beside its federated credentials",
            ));
        }
    }
}
