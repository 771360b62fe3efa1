//! Any tag that fits a pattern is admitted.

use super::open;
use crate::exchange::subject::{Context, Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "tag-wildcard",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "Any tag that fits a pattern is admitted.",
        why: "Whoever may push can push such a tag.",
        source: "Palo Alto Unit 42, \"OH-MY-DC\"",
        example: "`repo:o/r:ref:refs/tags/v*`",
        fix: "use an environment that only protected tags may deploy to",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    open::check(&RULE.doc, identity, found, |issuer, subject| {
        let Subject::GitHub {
            context: Context::Tag(tag),
            ..
        } = parse(issuer, subject)
        else {
            return None;
        };
        let open = tag.contains(['*', '?']);
        open.then(|| format!("any tag `{tag}` may act as it"))
    });
}
