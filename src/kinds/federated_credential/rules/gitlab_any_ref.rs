//! Any branch or tag of a GitLab project is admitted.

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
    for held in &identity.trusts {
        if held.expression().is_none() || platform(&held.credential.issuer) != Platform::GitLab {
            continue;
        }
        for subject in held.subjects() {
            let open = match parse(&held.credential.issuer, subject) {
                Subject::GitLab {
                    reference: Some(reference),
                    ..
                } => reference == "*",
                _ => subject.ends_with('*'),
            };
            if open {
                found.push(identity.about(&RULE.doc, held, "any branch may act as it"));
            }
        }
    }
}
