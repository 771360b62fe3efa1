//! A trust is covered by a wider one of the same application.

use crate::exchange::language::Language;
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "shadowed-trust",
        severity: Severity::High,
        needs: &[],
        also: &[Need::Identities],
        what: "A trust is covered by a wider one of the same application.",
        why: "The narrow one reads like the boundary; the wide one is.",
        source: "Palo Alto Unit 42, \"OH-MY-DC\"",
        example: "`repo:o/r:environment:prod` beside an expression for `repo:o/r:*`",
        fix: "remove the wider one; or this one, if the wider is meant: `az ad app federated-credential delete --id <object id> --federated-credential-id <credential id>`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    if identity.trusts.len() < 2
        || identity
            .trusts
            .iter()
            .all(|held| held.expression().is_none())
    {
        return;
    }
    let languages: Vec<_> = identity
        .trusts
        .iter()
        .map(|held| Some(Language::of(held.trust.as_ref()?)))
        .collect();
    for (at, held) in identity.trusts.iter().enumerate() {
        let Some(narrow) = &languages[at] else {
            continue;
        };
        let wider = languages.iter().enumerate().find(|(other, wide)| {
            let Some(wide) = wide
                .as_ref()
                .filter(|_| *other != at && identity.trusts[*other].expression().is_some())
            else {
                return false;
            };
            let covered = wide.includes(narrow) == Ok(true);
            covered && (narrow.includes(wide) != Ok(true) || *other < at)
        });
        if let Some((other, _)) = wider {
            let wide = &identity.trusts[other].credential.name;
            found.push(identity.about(
                &RULE.doc,
                held,
                format!("`{wide}` admits everyone whom this one admits"),
            ));
        }
    }
}
