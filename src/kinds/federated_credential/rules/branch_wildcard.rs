//! Any branch that fits a pattern is admitted.

use super::open;
use crate::exchange::subject::{Context, Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "branch-wildcard",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "Any branch that fits a pattern is admitted.",
        why: "Whoever may push can push such a branch, past the protection of the main one.",
        source: "Palo Alto Unit 42, \"OH-MY-DC\"",
        example: "`repo:o/r:ref:refs/heads/release*`",
        fix: "name the branch, or use an environment",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    open::check(&RULE.doc, identity, found, |issuer, subject| {
        let Subject::GitHub {
            context: Context::Branch(branch),
            ..
        } = parse(issuer, subject)
        else {
            return None;
        };
        let open = branch.contains(['*', '?']);
        open.then(|| format!("any branch `{branch}` may act as it"))
    });
}
