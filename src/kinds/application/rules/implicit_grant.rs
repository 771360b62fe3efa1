//! A workload's application gives out tokens in URLs.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "implicit-grant",
        severity: Severity::Medium,
        needs: &[Need::Secrets],
        also: &[],
        what: "A workload's application gives out tokens in URLs.",
        why: "The implicit grant puts tokens into browser histories and logs; a workload needs none.",
        source: "RFC 9700 section 2.1.2; Microsoft, \"OAuth 2.0 implicit grant flow\"",
        example: "access_token_issuance_enabled is true",
        fix: "remove `implicit_grant` from the block `web`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    let Some(application) = identity.application.filter(|_| !identity.trusts.is_empty()) else {
        return;
    };
    if application.access_token_issuance || application.id_token_issuance {
        found.push(identity.finding(&RULE.doc, "", "it gives out tokens by the implicit grant"));
    }
}
