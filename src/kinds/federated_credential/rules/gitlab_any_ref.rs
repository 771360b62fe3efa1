//! Any branch or tag of a GitLab project is admitted.

use super::open;
use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "gitlab-any-ref",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "Any branch or tag of a GitLab project is admitted.",
        why: "Pipelines of merge requests run code that nobody reviewed.",
        source: "GitLab work item 563038",
        example: "`project_path:acme/api:ref_type:branch:ref:*`",
        fix: "name the protected branch",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    open::check(&RULE.doc, identity, found, |issuer, subject| {
        if platform(issuer) != Platform::GitLab {
            return None;
        }
        let open = match parse(issuer, subject) {
            Subject::GitLab {
                reference: Some(reference),
                ..
            } => reference == "*",
            _ => subject.ends_with('*'),
        };
        open.then(|| "any branch may act as it".to_owned())
    });
}
