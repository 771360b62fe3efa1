//! An application with federated credentials still has a password that works.

use super::of_secret;
use crate::kinds::rule::Place;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "leftover-secret",
        severity: Severity::High,
        needs: &[Need::Secrets],
        also: &[],
        what: "An application with federated credentials still has a password that works.",
        why: "Whoever holds the password needs no trust: federation has replaced nothing.",
        source: "Microsoft, \"Migrate applications away from secret-based authentication\"",
        example: "application `payments` has a federated credential and a password until 2027-03-01",
        fix: "remove the password once sign-ins use the federated credential: `az ad app credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if identity.trusts.is_empty() {
        return;
    }
    for (place, kind, secret) in identity.valid_secrets(scene.now) {
        if place == Place::Application && kind == "password" {
            found.push(of_secret(
                identity,
                &RULE.doc,
                secret,
                "a password works beside its federated credentials",
            ));
        }
    }
}
