//! An owner is a guest, a disabled account or another workload.

use crate::kinds::rule::{Identity, Rule, Scene, filled};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "risky-owner",
        severity: Severity::High,
        needs: &[Need::Owners],
        also: &[],
        what: "An owner is a guest, a disabled account or another workload.",
        why: "An owner can add a credential, and so become the application.",
        source: "Microsoft Zero Trust Assessment 21868",
        example: "the guest ext_bob owns it",
        fix: "remove the owner: `az ad app owner remove --id <client id> --owner-object-id <owner id>`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let owners = identity.application.and_then(|it| it.owners.as_ref());
    for owner in owners.into_iter().flatten() {
        let why = if owner.guest {
            "a guest"
        } else if owner.enabled == Some(false) {
            "a disabled account"
        } else if owner.kind == "servicePrincipal" {
            "another workload"
        } else {
            continue;
        };
        let message = format!("{why} owns it: `{}`", owner.name);
        let mut finding = identity.finding(&RULE.doc, &owner.id, message);
        finding.fix = filled(&finding.fix, "<owner id>", &owner.id);
        found.push(finding);
    }
}
