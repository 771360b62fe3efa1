//! A person owns an application that can take over the tenant.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "owned-administrator",
        severity: Severity::Medium,
        needs: &[Need::Owners, Need::Grants],
        also: &[Need::Azure],
        what: "A person owns an application that can take over the tenant.",
        why: "Whoever gets that person's session adds a credential and has the application's rights, past every role policy.",
        source: "Microsoft Zero Trust Assessment 21868",
        example: "a user owns an application with RoleManagement.ReadWrite.Directory",
        fix: "remove personal owners: `az ad app owner list --id <client id>`, then `az ad app owner remove --id <client id> --owner-object-id OWNER`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    if identity.powers().is_empty() {
        return;
    }
    let owners = identity.application.and_then(|it| it.owners.as_ref());
    for owner in owners
        .into_iter()
        .flatten()
        .filter(|owner| owner.kind == "user")
    {
        found.push(identity.finding(
            &RULE.doc,
            &owner.id,
            format!(
                "`{}` owns an application that can take over the tenant",
                owner.name
            ),
        ));
    }
}
