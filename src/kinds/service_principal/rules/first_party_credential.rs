//! A password or certificate was added to one of Microsoft's own service principals.

use crate::kinds::application::rules::of_secret;
use crate::kinds::rule::Place;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "first-party-credential",
        severity: Severity::Critical,
        needs: &[Need::Principals],
        also: &[],
        what: "A password or certificate was added to one of Microsoft's own service principals.",
        why: "It logs in with Microsoft's permissions; no tenant has a reason to do so.",
        source: "Microsoft Zero Trust Assessment 21774",
        example: "a password on Microsoft Graph's service principal",
        fix: "remove it, and treat it as an incident: `az ad sp credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if !identity.is_first_party() {
        return;
    }
    for (place, kind, secret) in identity.valid_secrets(scene.now) {
        if place == Place::Principal {
            found.push(of_secret(
                identity,
                &RULE.doc,
                secret,
                &format!("a {kind} was added to one of Microsoft's own service principals"),
            ));
        }
    }
}
