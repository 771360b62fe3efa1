//! Nobody answers for an agent identity.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};
use crate::model::tenant::AGENT;

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unsponsored-agent",
        severity: Severity::Low,
        needs: &[Need::Sponsors],
        also: &[],
        what: "An agent identity has no sponsor.",
        why: "A sponsor answers for what the agent does and decides whether it is still needed. An agent that nobody sponsors runs on when its task is over.",
        source: "Microsoft, \"Administrative relationships for agent IDs\"",
        example: "the team that made the agent helpdesk-1 was dissolved",
        fix: "add a sponsor: `az rest --method post --url 'https://graph.microsoft.com/v1.0/servicePrincipals/<principal id>/microsoft.graph.agentIdentity/sponsors/$ref'` with the sponsor's `@odata.id`, or disable the agent",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let Some(agent) = identity.principal.filter(|it| it.kind == AGENT) else {
        return;
    };
    if agent.sponsors.as_ref().is_some_and(Vec::is_empty) {
        found.push(identity.finding(&RULE.doc, "", "nobody is a sponsor of this agent identity"));
    }
}
