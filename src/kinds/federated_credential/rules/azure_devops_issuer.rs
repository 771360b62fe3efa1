//! A trust names the issuer of Azure DevOps that retires on 1 July 2027.

use crate::exchange::platform::{Platform, platform};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "azure-devops-issuer",
        severity: Severity::Medium,
        needs: &[],
        what: "A trust names the issuer of Azure DevOps that retires on 1 July 2027.",
        why: "Pipelines stop logging in on that day.",
        source: "Microsoft, \"Convert service connections\"",
        example: "https://vstoken.dev.azure.com/…",
        fix: "convert the service connection to the Entra issuer, and declare the new issuer and subject",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        if platform(&held.credential.issuer) == Platform::AzureDevOps {
            found.push(identity.about(&RULE.doc, held, "its issuer retires on 2027-07-01"));
        }
    }
}
