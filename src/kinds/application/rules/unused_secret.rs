//! A password or certificate works, and nobody has used it for a long time.

use super::{UNUSED_DAYS, of_secret};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unused-secret",
        severity: Severity::Medium,
        needs: &[Need::Secrets, Need::Uses],
        also: &[],
        what: "A password or certificate works, and its last use was 90 days ago or more.",
        why: "Nothing needs it any more, and whoever kept a copy can still use it. One whose use is not known is not found.",
        source: "Microsoft, \"Recommendation: Remove unused credentials from apps\"; Microsoft Graph (beta), \"List appCredentialSignInActivities\"",
        example: "a password until 2027-03-01 was last used on 2026-03-01",
        fix: "remove it: `az ad app credential delete --id <client id> --key-id <key id>`",
    },
    check,
};

fn check(identity: &Identity, scene: &Scene, found: &mut Vec<Finding>) {
    for (_, kind, secret) in identity.valid_secrets(scene.now) {
        let unused = secret.last_used.map(|last| -scene.days_until(last));
        if let Some(days) = unused.filter(|days| *days >= UNUSED_DAYS) {
            let message = format!("a {kind} that works was last used {days} days ago");
            found.push(of_secret(identity, &RULE.doc, secret, &message));
        }
    }
}
