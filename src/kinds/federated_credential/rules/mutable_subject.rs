//! A subject names a GitHub repository by its name only.

use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "mutable-subject",
        severity: Severity::Low,
        needs: &[],
        also: &[Need::Identities],
        what: "A subject names a GitHub repository by its name only.",
        why: "Names can be given up and taken by others; ids cannot.",
        source: "Microsoft, \"Mutable subjects in federated identity credentials\"",
        example: "`repo:contoso/api:environment:prod`",
        fix: "add `owner_id` and `repository_id`, `subject_format = \"immutable\"`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if held.pins("repository_id")
            || held.pins("repository_owner_id")
            || platform(&held.credential.issuer) != Platform::GitHub
        {
            continue;
        }
        for subject in held.subjects() {
            if let Subject::GitHub {
                owner, repository, ..
            } = parse(&held.credential.issuer, subject)
                && (owner.id.is_none() || repository.id.is_none())
            {
                found.push(identity.about(&RULE.doc, held, "its subject has names and no ids"));
            }
        }
    }
}
