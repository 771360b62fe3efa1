//! Nobody answers for an agent identity blueprint.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unsponsored-blueprint",
        severity: Severity::Medium,
        needs: &[Need::Sponsors],
        also: &[],
        what: "An agent identity blueprint has no sponsor.",
        why: "A sponsor answers for what the agents do and decides whether they are still needed. Without one nobody does.",
        source: "Microsoft, \"Administrative relationships for agent IDs\"",
        example: "the only sponsor of helpdesk left and was deleted",
        fix: "add a sponsor: `az rest --method post --url 'https://graph.microsoft.com/v1.0/applications/<object id>/microsoft.graph.agentIdentityBlueprint/sponsors/$ref'` with the sponsor's `@odata.id`, or declare `sponsors`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let Some(blueprint) = identity.application.filter(|it| it.blueprint) else {
        return;
    };
    if blueprint.sponsors.as_ref().is_some_and(Vec::is_empty) {
        found.push(identity.finding(
            &RULE.doc,
            "",
            "nobody is a sponsor of this agent identity blueprint",
        ));
    }
}
