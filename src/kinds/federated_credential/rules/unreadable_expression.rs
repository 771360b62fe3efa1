//! A claims-matching expression cannot be read.

use crate::exchange::expression::Expression;
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
        let text = held.credential.expression.as_deref();
        let Some(Err(errors)) = text.map(Expression::parse) else {
            continue;
        };
        let why = errors.first().map_or("", |error| &error.message);
        let message = format!("its expression cannot be read: {why}");
        found.push(identity.about(&RULE.doc, held, message));
    }
}
