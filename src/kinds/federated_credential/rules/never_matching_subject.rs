//! An issuer, subject or audience is written so that no token can match.

use crate::exchange::subject::traps;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "never-matching-subject",
        severity: Severity::Medium,
        needs: &[],
        also: &[Need::Identities],
        what: "An issuer, subject or audience is written so that no token can match.",
        why: "The login fails; a second, wider trust is often added instead of repairing the first.",
        source: "Azure/login#175, #178, #515",
        example: "subject `repo:o/r:pull-request`",
        fix: "write it as the platform sends it, or delete it: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        for trap in held.trust.iter().flat_map(traps) {
            let mut finding = identity.about(&RULE.doc, held, trap.message);
            finding.fix = match trap.replacement {
                Some(text) => format!("write `{text}`"),
                None => trap.help,
            };
            found.push(finding);
        }
    }
}
