//! A wildcard begins in the middle of the owner's name.

use crate::exchange::platform::{Platform, platform};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "boundary-less-subject",
        severity: Severity::Critical,
        needs: &[],
        what: "A wildcard begins in the middle of the owner's name.",
        why: "Anyone can register a longer name and is let in.",
        source: "MITRE CWE-625, \"Permissive Regular Expression\"; Palo Alto Unit 42, \"OH-MY-DC\"",
        example: "`repo:contoso*` accepts `repo:contoso-evil/x`",
        fix: "pin the owner: `and claims['repository_owner_id'] eq '…'`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if held.expression().is_none()
            || platform(&held.credential.issuer) != Platform::GitHub
            || held.pins("repository_owner_id")
            || held.pins("repository_id")
        {
            continue;
        }
        for subject in held.subjects() {
            let owner = subject
                .strip_prefix("repo:")
                .map(|rest| rest.split('/').next().unwrap_or_default());
            let pinned = owner.is_some_and(|owner| {
                owner.contains('@') && !owner.contains(['*', '?'])
                    || !owner.contains(['*', '?']) && subject.contains('/')
            });
            if !pinned {
                let mut finding = identity.about(
                    &RULE.doc,
                    held,
                    "its owner's name has no end: others can register a name that fits",
                );
                if let Some(owner) = owner.filter(|owner| !owner.trim_end_matches('*').is_empty()) {
                    finding
                        .evidence
                        .push(format!("admits owner {}-evil", owner.trim_end_matches('*')));
                }
                found.push(finding);
            }
        }
    }
}
