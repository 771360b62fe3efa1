//! An application permission is asked for and was not granted.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "requested-not-granted",
        severity: Severity::Low,
        needs: &[Need::Grants],
        also: &[],
        what: "An application permission is asked for and was not granted.",
        why: "Calls with it fail with 403; a request that nobody needs is an invitation to grant it.",
        source: "Microsoft, \"Overview of permissions and consent\"",
        example: "Mail.Read is requested, not granted",
        fix: "grant it (`admin_consent = true`), or remove it from `permissions`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let (Some(application), Some(principal)) = (identity.application, identity.principal) else {
        return;
    };
    for wanted in application
        .requested
        .iter()
        .filter(|wanted| wanted.application)
    {
        let held = principal
            .roles
            .iter()
            .any(|role| role.id.eq_ignore_ascii_case(&wanted.id) && role.api == wanted.api);
        if !held {
            found.push(identity.finding(
                &RULE.doc,
                &wanted.id,
                format!("`{}` is requested and not granted", wanted.name),
            ));
        }
    }
}
