//! A claims-matching expression cannot be read.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unreadable-expression",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "A claims-matching expression cannot be read.",
        why: "Nobody can say whom it lets in.",
        source: "Microsoft, \"Flexible federated identity credentials\"",
        example: "claims[sub] = x",
        fix: "write it as `claims['sub'] matches '…'`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if held.trust.is_none() && held.credential.expression.is_some() {
            found.push(identity.about(&RULE.doc, held, "its expression cannot be read"));
        }
    }
}
