//! One identity's two sides: who is admitted on one of them only, and what those who are admitted on both hold.

use std::collections::{BTreeMap, BTreeSet};

use super::cover::{Cover, cover};
use super::{Held, Identity, Side, danger};
use crate::exchange::claims::{ClaimValue, Claims};
use crate::exchange::language::Language;
use crate::exchange::subject::describe;
use crate::exchange::trust::{Matcher, Trust};
use crate::model::national_cloud::Cloud;
use crate::model::plan::{Grantee, Permission, Right};

/// Who is admitted, or holds more, on the second side than on the first.
pub(super) fn more(identity: &Identity, one: &Side, two: &Side) -> Vec<Grantee> {
    let permissions: BTreeSet<Permission> = two.holding.difference(&one.holding).cloned().collect();
    let others: Vec<&Held> = one.trusts.iter().collect();
    let mut seen: Vec<&Trust> = Vec::new();
    let mut grantees = Vec::new();
    for held in &two.trusts {
        if seen.contains(&&held.trust) {
            continue;
        }
        seen.push(&held.trust);
        match admitted(identity, held, &others, &two.holding) {
            Some(grantee) => grantees.push(grantee),
            None if !permissions.is_empty() => grantees.push(Grantee {
                right: Right::Permissions,
                ..grantee(identity, held, &permissions)
            }),
            None => {}
        }
    }
    grantees
}

/// What a trust admits and none of the others does.
fn admitted(
    identity: &Identity,
    held: &Held,
    others: &[&Held],
    holding: &BTreeSet<Permission>,
) -> Option<Grantee> {
    if others.iter().any(|other| other.trust == held.trust) {
        return None;
    }
    let language = Language::of(&held.trust);
    let languages: Vec<Language> = others
        .iter()
        .map(|other| Language::of(&other.trust))
        .collect();
    let difference = language.minus(&languages);
    let whole = grantee(identity, held, holding);
    let witness = match difference.witness() {
        Ok(witness) => witness?,
        Err(_) => {
            return Some(Grantee {
                undecided: true,
                ..whole
            });
        }
    };
    let partly = languages
        .iter()
        .any(|other| other.overlaps(&language).unwrap_or(false));
    let condition = match cover(&language, others) {
        Cover::If(condition, _) => Some(condition),
        _ => None,
    };
    Some(Grantee {
        example: example(&held.trust, &witness),
        token: texts(&witness),
        dangers: danger::dangers(&held.trust, &difference),
        partly: partly && condition.is_none(),
        condition,
        ..whole
    })
}

fn grantee(identity: &Identity, held: &Held, holding: &BTreeSet<Permission>) -> Grantee {
    Grantee {
        who: who(&held.trust),
        right: Right::Act,
        identity: identity.name.clone(),
        address: Some(identity.address.clone()),
        credential: held.credential.clone(),
        holding: holding.iter().cloned().collect(),
        example: None,
        token: BTreeMap::new(),
        dangers: Vec::new(),
        partly: false,
        condition: None,
        undecided: false,
    }
}

/// The witness in words: its subject, and each other claim that the sentence leaves open.
fn example(trust: &Trust, witness: &Claims) -> Option<String> {
    let Matcher::Expression(expression) = &trust.matcher else {
        return None;
    };
    let mut example = witness.text("sub")?.into_owned();
    for (claim, value) in texts(witness) {
        let clauses = expression.clauses();
        let said = clauses
            .iter()
            .any(|clause| clause.claim == claim && clause.comparand == value);
        if !said && !matches!(claim.as_str(), "iss" | "aud" | "sub") {
            example.push_str(&format!(" with `{claim}` {value}"));
        }
    }
    Some(example)
}

fn texts(claims: &Claims) -> BTreeMap<String, String> {
    claims
        .iter()
        .filter_map(|(name, value)| match value {
            ClaimValue::Text(text) => Some((name.to_owned(), text.clone())),
            _ => None,
        })
        .collect()
}

/// Whom a trust admits; the audience is said where it is another than a cloud's own.
fn who(trust: &Trust) -> String {
    let usual = Cloud::ALL.map(Cloud::exchange_audience);
    match usual.contains(&trust.audience.as_str()) {
        true => describe(trust),
        false => format!("{}, with tokens for `{}`", describe(trust), trust.audience),
    }
}
