//! Any branch or tag of a GitLab project is admitted.

use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "gitlab-any-ref",
        severity: Severity::Medium,
        needs: &[],
        what: "Any branch or tag of a GitLab project is admitted.",
        why: "Pipelines of merge requests run code that nobody reviewed.",
        source: "GitLab work item 563038",
        example: "`project_path:acme/api:ref_type:branch:ref:*`",
        fix: "name the protected branch",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        for subject in held.subjects() {
            if let Subject::GitLab {
                reference: Some(reference),
                ..
            } = parse(&held.credential.issuer, subject)
                && reference == "*"
                && held.expression().is_some()
            {
                found.push(identity.about(&RULE.doc, held, "any branch may act as it"));
            }
        }
    }
}
