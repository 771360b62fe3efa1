//! A password or certificate sits on the service principal.

use crate::kinds::application::rules::of_secret;
use crate::kinds::rule::Place;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "principal-credential",
        severity: Severity::High,
        needs: &[Need::Principals],
        also: &[],
        what: "A password or certificate sits on the service principal.",
        why: "The application's page in the portal does not show it: a known back door.",
        source: "Microsoft Zero Trust Assessments 21774, 21896; kql.sh, \"Entra application abuse\"",
        example: "a password on the service principal of `payments`",
        fix: "remove it: `az ad sp credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if identity.is_first_party() {
        return;
    }
    for (place, kind, secret) in identity.valid_secrets(scene.now) {
        if place == Place::Principal {
            found.push(of_secret(
                identity,
                &RULE.doc,
                secret,
                &format!("a {kind} sits on its service principal"),
            ));
        }
    }
}
