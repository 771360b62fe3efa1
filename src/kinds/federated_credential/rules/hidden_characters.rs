//! An issuer, subject or expression has characters that cannot be seen or look like others.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "hidden-characters",
        severity: Severity::Low,
        needs: &[],
        what: "An issuer, subject or expression has characters that cannot be seen or look like others.",
        why: "It reads like one name and admits another, or nobody.",
        source: "Unicode Technical Standard 39",
        example: "`repo:cоntoso/api` with a Cyrillic o",
        fix: "write it anew, in plain letters",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let strange = |text: &str| text.chars().any(|c| !c.is_ascii() || c.is_ascii_control());
        if strange(&held.credential.issuer) || strange(held.admits()) {
            found.push(identity.about(&RULE.doc, held, "it has characters outside of ASCII"));
        }
    }
}
