//! A password or certificate that works is over in 30 days or less.

use super::of_secret;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "expiring-secret",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A password or certificate that works is over in 30 days or less.",
        why: "What logs in with it stops then; renewing it under pressure is how long-lived ones are made.",
        source: "Microsoft Zero Trust Assessment 21773",
        example: "a password expires in 12 days",
        fix: "replace it by a federated credential before then, and remove it: `az ad app credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for (_, kind, secret) in identity.valid_secrets(scene.now) {
        let left = secret.end.map(|end| scene.days_until(end));
        if let Some(left) = left.filter(|left| *left <= 30) {
            found.push(of_secret(
                identity,
                &RULE.doc,
                secret,
                &match left {
                    0 => format!("a {kind} expires within a day"),
                    1 => format!("a {kind} expires in 1 day"),
                    _ => format!("a {kind} expires in {left} days"),
                },
            ));
        }
    }
}
