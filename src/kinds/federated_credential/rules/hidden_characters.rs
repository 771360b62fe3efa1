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
        let strange = strange(&held.credential.issuer).or_else(|| strange(held.admits()));
        if let Some((before, c, what)) = strange {
            let mut finding =
                identity.about(&RULE.doc, held, format!("it has a character that {what}"));
            let place = match before {
                "" => "at the beginning".to_owned(),
                before => format!("after `{before}`"),
            };
            finding
                .evidence
                .push(format!("U+{:04X} {place}", u32::from(c)));
            found.push(finding);
        }
    }
}

/// The first Cyrillic, Greek or full-width letter beside Latin ones, or character that is not shown: what stands before
/// it, and what is strange about it.
fn strange(text: &str) -> Option<(&str, char, &'static str)> {
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    text.char_indices().find_map(|(at, c)| {
        let what = match u32::from(c) {
            0x370..=0x52F | 0xFF01..=0xFF5E if latin => "looks like another",
            0xAD | 0x200B..=0x200F | 0x202A..=0x202E | 0x2060..=0x206F | 0xFEFF => "nobody sees",
            _ if c.is_control() => "nobody sees",
            _ => return None,
        };
        Some((&text[..at], c, what))
    })
}
