//! A password lives longer than 180 days, or has no end.

use super::of_secret;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "long-lived-secret",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A password lives longer than 180 days, or has no end.",
        why: "The longer it lives, the more places it has leaked to.",
        source: "Microsoft Zero Trust Assessment 21773; default of app management policies",
        example: "a password from 2020 until 2299-12-31",
        fix: "remove it, and restrict lifetimes with an app management policy: `az ad app credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for (_, kind, secret) in identity.valid_secrets(scene.now) {
        let long = match (secret.start, secret.end) {
            (_, None) => true,
            (Some(start), Some(end)) => end - start > 180 * 86_400,
            (None, Some(end)) => scene.days_until(end) > 180,
        };
        if long && kind == "password" {
            let message = match secret.end {
                Some(_) => "a password lives longer than 180 days",
                None => "a password never ends",
            };
            found.push(of_secret(identity, &RULE.doc, secret, message));
        }
    }
}
