//! An application permission was granted that the application does not ask for.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "granted-not-requested",
        severity: Severity::Medium,
        needs: &[Need::Grants],
        also: &[],
        what: "An application permission was granted that the application does not ask for.",
        why: "It is invisible where people look, on the application, and works.",
        source: "Microsoft, \"Review permissions granted to applications\"",
        example: "Mail.Send is granted, not requested",
        fix: "add it to `permissions`, or revoke the grant: `az rest --url https://graph.microsoft.com/v1.0/servicePrincipals/<principal id>/appRoleAssignments` shows its id, and `az rest --method delete --url https://graph.microsoft.com/v1.0/servicePrincipals/<principal id>/appRoleAssignments/ID` deletes it",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let (Some(application), Some(principal)) = (identity.application, identity.principal) else {
        return;
    };
    for role in &principal.roles {
        let asked = application.requested.iter().any(|wanted| {
            wanted.application && role.id.eq_ignore_ascii_case(&wanted.id) && role.api == wanted.api
        });
        if !asked {
            found.push(identity.finding(
                &RULE.doc,
                &role.id,
                format!("`{}` is granted and not requested", role.name),
            ));
        }
    }
}
