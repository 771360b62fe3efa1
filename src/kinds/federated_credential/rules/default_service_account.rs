//! A trust names the `default` service account.

use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "default-service-account",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "A trust names the `default` service account.",
        why: "Every pod of the namespace that asks for none has it.",
        source: "Kubernetes, \"Configure service accounts for pods\"",
        example: "`system:serviceaccount:payments:default`",
        fix: "give the workload a service account of its own: `serviceAccountName` in the pod, and its name in the subject",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        for subject in held.subjects() {
            if let Subject::Kubernetes {
                service_account,
                namespace,
            } = parse(&held.credential.issuer, subject)
                && service_account == "default"
            {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    format!("every pod in `{namespace}` may act as it"),
                ));
            }
        }
    }
}
