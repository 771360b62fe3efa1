//! A workload's application can be used from other tenants.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "multi-tenant-audience",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A workload's application can be used from other tenants.",
        why: "Another tenant can add it and send tokens for it; a workload needs its own tenant only.",
        source: "Microsoft, \"Supported account types\"; Zero Trust Assessment 21777",
        example: "sign_in_audience is `AzureADandPersonalMicrosoftAccount`",
        fix: "`sign_in_audience = \"AzureADMyOrg\"`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let Some(application) = identity.application.filter(|_| !identity.trusts.is_empty()) else {
        return;
    };
    if !application.sign_in_audience.is_empty() && application.sign_in_audience != "AzureADMyOrg" {
        let message = format!("its sign-in audience is `{}`", application.sign_in_audience);
        found.push(identity.finding(&RULE.doc, "", message));
    }
}
