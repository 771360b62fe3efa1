//! One token opens several applications.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "shared-trust",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "One token opens several applications.",
        why: "What was given to one job is given to all of them.",
        source: "Microsoft, \"Important considerations and restrictions for federated identity credentials\"",
        example: "4 applications trust `repo:o/r:ref:refs/heads/main`",
        fix: "give each application an environment of its own",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let key = (held.credential.issuer.as_str(), held.admits());
        let holders = scene.holders.get(&key).map_or(&[][..], Vec::as_slice);
        let others: Vec<&str> = holders
            .iter()
            .map(|at| &scene.identities[*at])
            .filter(|other| other.object_id() != identity.object_id())
            .map(|other| other.name())
            .collect();
        if !others.is_empty() {
            let mut finding = identity.about(
                &RULE.doc,
                held,
                match others.len() {
                    1 => "the same token opens 1 more application".to_owned(),
                    many => format!("the same token opens {many} more applications"),
                },
            );
            finding
                .evidence
                .extend(others.iter().take(5).map(|name| format!("also `{name}`")));
            if others.len() > 5 {
                finding
                    .evidence
                    .push(format!("and {} more", others.len() - 5));
            }
            found.push(finding);
        }
    }
}
