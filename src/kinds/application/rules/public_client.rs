//! A workload's application is also a public client.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "public-client",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A workload's application is also a public client.",
        why: "Anyone can start a device-code login in its name and phish a user.",
        source: "Microsoft, \"Public client and confidential client applications\"",
        example: "fallback_public_client_enabled is true",
        fix: "`fallback_public_client_enabled = false`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let Some(application) = identity.application.filter(|_| !identity.trusts.is_empty()) else {
        return;
    };
    if application.public_client_fallback {
        found.push(identity.finding(&RULE.doc, "", "it is a public client, too"));
    }
}
