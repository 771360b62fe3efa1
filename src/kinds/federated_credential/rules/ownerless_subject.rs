//! A GitHub subject names no owner and no repository.

use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::is_github;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "ownerless-subject",
        severity: Severity::Critical,
        needs: &[],
        also: &[Need::Identities],
        what: "A GitHub subject names no owner and no repository.",
        why: "Every repository in the world has the same issuer and may choose such a subject.",
        source: "Palo Alto Unit 42, \"OH-MY-DC\"; GitHub, \"Customizing the token claims\"",
        example: "`environment:prod`",
        fix: "put the repository into the subject: `repo:contoso/api:environment:prod`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if platform(&held.credential.issuer) != Platform::GitHub || held.expression().is_some() {
            continue;
        }
        for subject in held.subjects() {
            let owned = [
                "repo:",
                "repository:",
                "repository_id:",
                "repository_owner:",
                "repository_owner_id:",
                "job_workflow_ref:",
                "enterprise",
            ];
            if is_github(subject) && !owned.iter().any(|word| subject.contains(word)) {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    "any repository on GitHub can send this subject",
                ));
            }
        }
    }
}
