//! A password or certificate is over and was left behind.

use super::of_secret;
use crate::kinds::rule::is_valid;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "expired-secret",
        severity: Severity::Low,
        needs: &[Need::Secrets],
        also: &[],
        what: "A password or certificate is over and was left behind.",
        why: "It clutters the list in which a planted one has to be noticed.",
        source: "Microsoft Zero Trust Assessment 21773",
        example: "a password expired on 2024-05-01",
        fix: "remove it: `az ad app credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for (_, kind, secret) in identity.secrets() {
        if !is_valid(secret, scene.now) {
            found.push(of_secret(
                identity,
                &RULE.doc,
                secret,
                &format!("an expired {kind} was left behind"),
            ));
        }
    }
}
