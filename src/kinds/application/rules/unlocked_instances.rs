//! A multi-tenant application has no instance property lock.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unlocked-instances",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A multi-tenant application has no instance property lock.",
        why: "An administrator of another tenant can add a credential to its service principal there.",
        source: "Microsoft Zero Trust Assessment 21777",
        example: "servicePrincipalLockConfiguration.isEnabled is false",
        fix: "enable the app instance property lock: `az rest --method PATCH --url https://graph.microsoft.com/v1.0/applications/<object id> --headers Content-Type=application/json --body '{\"servicePrincipalLockConfiguration\":{\"isEnabled\":true,\"allProperties\":true}}'`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let Some(application) = identity.application else {
        return;
    };
    if application.sign_in_audience.starts_with("AzureADMultiple")
        && application.instance_lock == Some(false)
    {
        found.push(identity.finding(
            &RULE.doc,
            "",
            "its instances in other tenants can be given credentials",
        ));
    }
}
