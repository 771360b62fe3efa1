//! Nobody has signed in as an application for a long time, and somebody still can.

use super::UNUSED_DAYS;
use crate::kinds::rule::{Identity, Rule, Scene, day};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unused-application",
        severity: Severity::Low,
        needs: &[Need::Activity],
        also: Need::ROLES,
        what: "Nobody has signed in as an application for 90 days or more, and somebody still can.",
        why: "What nobody uses nobody watches: its permissions are there for whoever finds a credential. With permissions that make it an administrator it is a high finding.",
        source: "Microsoft Zero Trust Assessments 21770, 21771, \"Inactive applications\"; Microsoft Graph (beta), \"List servicePrincipalSignInActivities\"",
        example: "the last sign-in as `nightly-report` was on 2026-03-01",
        fix: "ask its owner; then disable it for a while, `az ad sp update --id <client id> --set accountEnabled=false`, and delete it: `az ad app delete --id <client id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    let Some(application) = identity.application else {
        return;
    };
    let can = !identity.trusts.is_empty() || !identity.valid_secrets(scene.now).is_empty();
    let Some(principal) = identity.principal.filter(|it| can && it.enabled) else {
        return;
    };
    let days = |time: i64| -scene.days_until(time);
    let message = match (principal.last_sign_in, application.created) {
        (Some(last), _) if days(last) >= UNUSED_DAYS => {
            format!(
                "the last sign-in as it was on {}, {} days ago",
                day(last),
                days(last)
            )
        }
        // A report that names nobody proves nothing.
        (None, Some(created)) if days(created) >= UNUSED_DAYS && scene.active > 0 => {
            format!(
                "no sign-in as it is known, and it was made on {}, {} days ago",
                day(created),
                days(created)
            )
        }
        _ => return,
    };
    let mut finding = identity.finding(&RULE.doc, "", message);
    for power in scene.powers(identity) {
        finding.severity = Severity::High;
        finding.evidence.push(format!("holds {}", power.words()));
    }
    if principal.last_sign_in.is_none() {
        let others = match scene.active {
            1 => "1 other".to_owned(),
            many => format!("{many} others"),
        };
        let line = format!("Microsoft Graph's report of last sign-ins names {others}");
        finding.evidence.push(line);
    }
    found.push(finding);
}
