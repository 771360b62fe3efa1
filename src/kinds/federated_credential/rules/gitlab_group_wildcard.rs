//! Any project of a GitLab group is admitted.

use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "gitlab-group-wildcard",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "Any project of a GitLab group is admitted.",
        why: "Whoever may make a project in the group has the identity.",
        source: "GitLab, \"OpenID Connect (OIDC) authentication using ID tokens\"",
        example: "`project_path:acme/*:ref_type:branch:ref:main`",
        fix: "name the project, or pin `project_id`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if held.pins("project_id") {
            continue;
        }
        for subject in held.subjects() {
            if let Subject::GitLab { project, .. } = parse(&held.credential.issuer, subject)
                && project.contains('*')
                && held.expression().is_some()
            {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    format!("any project `{project}` may act as it"),
                ));
            }
        }
    }
}
