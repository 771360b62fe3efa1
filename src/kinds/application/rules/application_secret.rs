//! An application logs in with a password and has no federated credential.

use super::of_secret;
use crate::kinds::rule::Place;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "application-secret",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "An application logs in with a password and has no federated credential.",
        why: "A password can be copied, logged and forgotten; a federated credential cannot.",
        source: "Microsoft Zero Trust Assessment 21772, \"Applications don't have client secrets configured\"",
        example: "application `nightly-report` has a password until 2027-03-01",
        fix: "declare a federated credential for the workload, then remove the password: `az ad app credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    if !identity.trusts.is_empty() {
        return;
    }
    for (place, kind, secret) in identity.valid_secrets(scene.now) {
        if place == Place::Application && kind == "password" {
            found.push(of_secret(
                identity,
                &RULE.doc,
                secret,
                "it logs in with a password",
            ));
        }
    }
}
