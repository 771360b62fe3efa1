//! An issuer, subject or expression has characters that cannot be seen or look like others.

use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "hidden-characters",
        severity: Severity::Low,
        needs: &[],
        also: &[Need::Identities],
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
        if strange(&held.credential.issuer) || strange(held.admits()) {
            found.push(identity.about(
                &RULE.doc,
                held,
                "it has letters that look like others, or characters that nobody sees",
            ));
        }
    }
}

/// Latin letters beside Cyrillic, Greek or full-width ones, or anything that is not shown.
fn strange(text: &str) -> bool {
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    text.chars().any(|c| match u32::from(c) {
        0x370..=0x52F | 0xFF01..=0xFF5E => latin,
        0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF => true,
        _ => c.is_control(),
    })
}
