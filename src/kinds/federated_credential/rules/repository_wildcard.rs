//! Any repository of an owner is admitted.

use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "repository-wildcard",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "Any repository of an owner is admitted.",
        why: "Whoever may make a repository, or an environment in one, has the identity: an environment's name proves nothing.",
        source: "GitHub, \"Using environments for deployment\": a missing environment is created without protection",
        example: "`repo:contoso/*:environment:prod`",
        fix: "list the repositories, or pin `job_workflow_ref` too",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if held.expression().is_none() || held.pins("repository_id") {
            continue;
        }
        for subject in held.subjects() {
            if let Subject::GitHub { repository, .. } = parse(&held.credential.issuer, subject)
                && repository
                    .name
                    .split('@')
                    .next()
                    .is_some_and(|name| name.contains('*'))
                && !held.expression().is_some_and(|it| {
                    it.clauses()
                        .iter()
                        .any(|clause| clause.claim == "job_workflow_ref")
                })
            {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    "any repository that fits may act as it",
                ));
            }
        }
    }
}
