//! A trust names a service account in `kube-system`.

use crate::exchange::subject::{Subject, parse};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "system-namespace",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "A trust names a service account in `kube-system`.",
        why: "What runs there often can make tokens for others.",
        source: "Kubernetes, \"RBAC good practices\"",
        example: "`system:serviceaccount:kube-system:x`",
        fix: "run the workload in a namespace of its own",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        for subject in held.subjects() {
            if let Subject::Kubernetes { namespace, .. } = parse(&held.credential.issuer, subject)
                && namespace == "kube-system"
            {
                found.push(identity.about(
                    &RULE.doc,
                    held,
                    "it trusts a service account of `kube-system`",
                ));
            }
        }
    }
}
