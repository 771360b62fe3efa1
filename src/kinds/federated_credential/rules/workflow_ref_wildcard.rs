//! A reusable workflow is admitted at any branch or tag.

use crate::exchange::expression::Operator;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "workflow-ref-wildcard",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "A reusable workflow is admitted at any branch or tag.",
        why: "Whoever may push a branch to its repository changes what runs.",
        source: "GitHub, \"Using OpenID Connect with reusable workflows\"",
        example: "`…/deploy.yml@refs/heads/*`",
        fix: "pin a commit or a protected branch",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let clauses = held.expression().map_or(&[][..], |it| it.clauses());
        for clause in clauses
            .iter()
            .filter(|clause| clause.operator == Operator::Matches)
        {
            // Some owners put the workflow into the subject.
            let workflow = match clause.claim.as_str() {
                "job_workflow_ref" => Some(clause.comparand.as_str()),
                "sub" => clause.comparand.split("job_workflow_ref:").nth(1),
                _ => None,
            };
            let Some(workflow) = workflow else {
                continue;
            };
            let reference = workflow
                .rsplit_once('@')
                .map_or("*", |(_, reference)| reference);
            if reference.contains(['*', '?']) {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    format!("the workflow `{workflow}` is admitted at any fitting ref"),
                ));
            }
        }
    }
}
