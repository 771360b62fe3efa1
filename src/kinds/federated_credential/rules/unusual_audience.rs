//! The audience is not the token exchange's own.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::national_cloud::Cloud;
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "unusual-audience",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "The audience is not the token exchange's own.",
        why: "A token made for something else, or for everything, is good for this trust, too.",
        source: "Microsoft, \"Important considerations and restrictions for federated identity credentials\"",
        example: "audience `https://kubernetes.default.svc`",
        fix: "`audience = \"api://AzureADTokenExchange\"`",
    },
    check,
};

/// One for each of Azure's clouds.
const USUAL: [&str; 3] = [
    Cloud::Public.exchange_audience(),
    Cloud::UsGov.exchange_audience(),
    Cloud::China.exchange_audience(),
];

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let audience = held.credential.audiences.first().map_or("", String::as_str);
        // White space around it is another mistake, with a rule of its own.
        let usual = USUAL.contains(&audience.trim());
        if !usual {
            found.push(identity.about(&RULE.doc, held, format!("its audience is `{audience}`")));
        }
    }
}
