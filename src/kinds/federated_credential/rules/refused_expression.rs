//! Entra does not take this expression for this issuer.

use crate::exchange::issuers;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "refused-expression",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "Entra does not take this expression for this issuer.",
        why: "The exchange fails with AADSTS7002241, or the credential cannot be written again.",
        source: "Microsoft, \"Set up a flexible federated identity credential\"; hashicorp/terraform-provider-azuread#1901",
        example: "an expression for a custom issuer",
        fix: "use exact subjects, or test the claims that the issuer allows",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if let Some(expression) = held.expression() {
            for problem in issuers::check(&held.credential.issuer, expression) {
                if problem.weight == issuers::Weight::Refused {
                    let mut finding = identity.about(&RULE.doc, held, problem.message);
                    finding.fix = problem.help;
                    found.push(finding);
                }
            }
        }
    }
}
