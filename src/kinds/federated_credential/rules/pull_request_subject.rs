//! A pull request can act as the application.

use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Context, Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "pull-request-subject",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "A pull request can act as the application.",
        why: "Its code has not been reviewed by anyone yet.",
        source: "binarysecurity.no, \"A Cloudy Day for Security, part 2\"",
        example: "`repo:contoso/api:pull_request`",
        fix: "give pull requests an application of their own that can only read",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if !matches!(
            platform(&held.credential.issuer),
            Platform::GitHub | Platform::GitHubEnterprise
        ) {
            continue;
        }
        let subjects = held.subjects();
        if subjects.iter().any(|text| {
            matches!(
                parse(&held.credential.issuer, text),
                Subject::GitHub {
                    context: Context::PullRequest,
                    ..
                }
            )
        }) {
            found.push(identity.about(
                &RULE.doc,
                held,
                "whoever opens a pull request may act as it",
            ));
        }
    }
}
