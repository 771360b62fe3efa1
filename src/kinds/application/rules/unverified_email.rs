//! A multi-tenant application gets e-mail addresses that nobody verified.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unverified-email",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A multi-tenant application gets e-mail addresses that nobody verified.",
        why: "An administrator of any tenant can write a victim's address there and log in as that person (nOAuth).",
        source: "Semperis, \"nOAuth abuse alert\"; Microsoft, authenticationBehaviors",
        example: "email claim asked for, removeUnverifiedEmailClaim is false",
        fix: "know users by `oid` and `tid`, and take the claim away: `az rest --method PATCH --url https://graph.microsoft.com/beta/applications/<object id> --headers Content-Type=application/json --body '{\"authenticationBehaviors\":{\"removeUnverifiedEmailClaim\":true}}'`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let Some(application) = identity.application else {
        return;
    };
    let everyone = application.sign_in_audience.starts_with("AzureADMultiple")
        || application.sign_in_audience.starts_with("AzureADand");
    if everyone && application.email_claim && application.removes_unverified_email == Some(false) {
        found.push(identity.finding(
            &RULE.doc,
            "",
            "unverified e-mail addresses reach it from other tenants",
        ));
    }
}
