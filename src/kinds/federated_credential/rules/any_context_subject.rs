//! An expression for GitHub also admits pull requests.

use crate::exchange::language::Language;
use crate::exchange::pattern::Pattern;
use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Context, Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "any-context-subject",
        severity: Severity::Critical,
        needs: &[],
        also: &[Need::Identities],
        what: "An expression for GitHub also admits pull requests.",
        why: "Its wildcard leaves open where the workflow runs, so code that nobody reviewed gets in.",
        source: "Palo Alto Unit 42, \"OH-MY-DC\"",
        example: "`repo:o/r:*` accepts `repo:o/r:pull_request`",
        fix: "write out where the workflow has to run, at the end of the subject: `:environment:prod`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let (Some(trust), Some(_)) = (&held.trust, held.expression()) else {
            continue;
        };
        if platform(&trust.issuer) != Platform::GitHub {
            continue;
        }
        let named = held.subjects().iter().any(|text| {
            matches!(
                parse(&trust.issuer, text),
                Subject::GitHub {
                    context: Context::PullRequest,
                    ..
                }
            )
        });
        // One that says so in words is the business of `pull-request-subject`.
        if named {
            continue;
        }
        // GitHub writes a `:` within a name as `%3A`, so no name holds one.
        let nobody: [&Language; 0] = [];
        let requests = Language::of(trust)
            .minus(nobody)
            .without("sub", Pattern::glob("repo:*:*/*"))
            .without("sub", Pattern::glob("repo:*/*:*:*"))
            .within("sub", Pattern::glob("repo:*/*:pull_request"));
        if let Ok(Some(claims)) = requests.witness() {
            let mut finding =
                identity.about(&RULE.doc, held, "its expression also admits pull requests");
            finding.evidence.extend(
                claims
                    .text("sub")
                    .map(|subject| format!("admits {subject}")),
            );
            found.push(finding);
        }
    }
}
