//! An agent identity blueprint has no principal.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "blueprint-without-principal",
        severity: Severity::Medium,
        needs: &[Need::Principals],
        also: &[],
        what: "An agent identity blueprint has no principal in the tenant.",
        why: "Nothing can log in through it and no agent identity can be made, while its trusts wait for whoever makes the principal.",
        source: "Microsoft, \"Agent identity blueprint principals\"",
        example: "the blueprint helpdesk was registered and never got a principal",
        fix: "declare it, whose principal comes with it, or delete it: `az rest --method delete --url https://graph.microsoft.com/v1.0/applications/<object id>/microsoft.graph.agentIdentityBlueprint`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let blueprint = identity.application.is_some_and(|it| it.blueprint);
    if blueprint && identity.principal.is_none() {
        found.push(identity.finding(
            &RULE.doc,
            "",
            "this agent identity blueprint has no principal",
        ));
    }
}
