//! An owner is a guest, a disabled account or another workload.

use super::owners::owners;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "risky-owner",
        severity: Severity::High,
        needs: &[Need::Owners],
        also: &[Need::PrincipalOwners, Need::Users],
        what: "An owner is a guest, a disabled account or another workload.",
        why: "An owner of an application or of its service principal can add a credential, and so become it.",
        source: "Microsoft Zero Trust Assessment 21868",
        example: "the guest ext_bob owns it",
        fix: "remove the owner: `az ad app owner remove --id <client id> --owner-object-id <owner id>`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for owned in owners(identity) {
        let owner = owned.owner;
        let why = if owner.guest {
            "a guest"
        } else if owner.enabled == Some(false) {
            "a disabled account"
        } else if owner.kind == "servicePrincipal" {
            "another workload"
        } else {
            continue;
        };
        let message = format!("{why} owns {}: `{}`", owned.what(), owner.title());
        let mut finding = identity.finding(&RULE.doc, &owner.id, message);
        finding.fix = owned.removal(identity);
        found.push(finding);
    }
}
