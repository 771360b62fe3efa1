//! A trust names the issuer of Azure DevOps that retires on 1 July 2027.

use crate::exchange::platform::{Platform, platform};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "azure-devops-issuer",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "A trust names the issuer of Azure DevOps that retires on 1 July 2027.",
        why: "Pipelines stop logging in on that day.",
        source: "Microsoft, \"Convert service connections\"",
        example: "https://vstoken.dev.azure.com/…",
        fix: "convert the service connection to the Entra issuer, and declare the new issuer and subject",
    },
    check,
};

/// 1 July 2027, and half a year before it; seconds since 1970.
const RETIRED: i64 = 1_814_400_000;
const SOON: i64 = 1_798_761_600;

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    let (severity, message) = said(scene.now);
    for held in &identity.trusts {
        if platform(&held.credential.issuer) == Platform::AzureDevOps {
            found.push(Finding {
                severity,
                ..identity.about(&RULE.doc, held, message)
            });
        }
    }
}

/// The nearer the day, the worse.
fn said(now: i64) -> (Severity, &'static str) {
    match now {
        RETIRED.. => (Severity::High, "its issuer was retired on 2027-07-01"),
        SOON.. => (
            Severity::High,
            "its issuer retires on 2027-07-01, in less than half a year",
        ),
        _ => (RULE.doc.severity, "its issuer retires on 2027-07-01"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_worse() {
        assert_eq!(said(SOON - 1).0, Severity::Medium);
        assert_eq!(said(SOON).0, Severity::High);
        assert!(said(RETIRED).1.contains("was retired"));
    }
}
