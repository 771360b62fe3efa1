//! 17 or more of 20 federated credentials are used.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "credential-room",
        severity: Severity::Low,
        needs: &[],
        also: &[Need::Identities],
        what: "17 or more of 20 federated credentials are used.",
        why: "A changed trust is made before the old one goes; without room there is a gap.",
        source: "Microsoft, \"Important considerations and restrictions for federated identity credentials\"",
        example: "19 of 20 are used",
        fix: "replace exact subjects by one expression, or split the application",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let used = identity.trusts.len();
    if used >= 17 {
        found.push(identity.finding(
            &RULE.doc,
            "",
            format!("{used} of 20 federated credentials are used"),
        ));
    }
}
