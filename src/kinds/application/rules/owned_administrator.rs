//! A person owns an application that can take over the tenant.

use super::owners::owners;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "owned-administrator",
        severity: Severity::Medium,
        needs: &[Need::Owners, Need::Grants],
        also: &[
            Need::PrincipalOwners,
            Need::Directory,
            Need::Azure,
            Need::CustomRoles,
            Need::Groups,
        ],
        what: "A person owns an application that can take over the tenant.",
        why: "Whoever gets that person's session adds a credential and has the application's rights, past every role policy.",
        source: "Microsoft Zero Trust Assessment 21868",
        example: "a user owns an application with RoleManagement.ReadWrite.Directory",
        fix: "remove personal owners: `az ad app owner list --id <client id>`, then `az ad app owner remove --id <client id> --owner-object-id OWNER`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    let mut powers = scene.powers(identity);
    powers.sort_by_key(|power| std::cmp::Reverse(power.severity));
    let Some(first) = powers.first() else {
        return;
    };
    let mut owners = owners(identity);
    owners.retain(|owned| owned.owner.kind == "user");
    for owned in owners {
        let owner = owned.owner;
        let message = format!(
            "`{}` owns {} that holds {}",
            owner.title(),
            owned.kind(),
            first.words()
        );
        let mut finding = identity.finding(&RULE.doc, &owner.id, message);
        finding.evidence.push(format!("path: {}", first.path));
        let others = powers[1..].iter();
        let others = others.map(|power| format!("holds {}, too", power.words()));
        finding.evidence.extend(others);
        finding.fix = owned.removal(identity);
        found.push(finding);
    }
}
