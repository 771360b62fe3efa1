//! Which trusts take another one's place: exactly, or if something holds that the tokens do not say.

use super::{Held, Side};
use crate::exchange::expression::Operator;
use crate::exchange::language::Language;
use crate::exchange::pattern::Pattern;
use crate::exchange::trust::{Matcher, Trust};
use crate::model::diagnostic::Diagnostic;

/// How far other trusts admit what one admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Cover {
    /// One of them admits all of it.
    By(String),
    /// All of them together do.
    Together,
    /// One of them does, if a fact holds that the subject does not prove: a name proves no owner.
    If(String, String),
    No,
    Undecided,
}

/// Whether other trusts admit everything that a language holds.
pub(in crate::plan) fn cover(language: &Language, others: &[&Held]) -> Cover {
    let languages: Vec<Language> = others
        .iter()
        .map(|held| Language::of(&held.trust))
        .collect();
    let mut undecided = false;
    for (held, other) in others.iter().zip(&languages) {
        match other.includes(language) {
            Ok(true) => return Cover::By(held.credential.clone()),
            Ok(false) => {}
            Err(_) => undecided = true,
        }
    }
    match language.minus(&languages).is_empty() {
        Ok(true) => return Cover::Together,
        Ok(false) => {}
        Err(_) => undecided = true,
    }
    for (held, other) in others.iter().zip(&languages) {
        let pins = pins(&held.trust);
        let narrower = pins.iter().fold(language.clone(), |narrower, (claim, id)| {
            narrower.within(claim, Pattern::literal(id))
        });
        let possible = !pins.is_empty() && narrower.is_empty() == Ok(false);
        if possible && other.includes(&narrower) == Ok(true) {
            let conditions: Vec<String> = pins
                .iter()
                .filter(|(claim, id)| !is_pinned(language, claim, id))
                .map(|(claim, id)| condition(claim, id))
                .collect();
            return Cover::If(conditions.join(" and "), held.credential.clone());
        }
    }
    if undecided {
        Cover::Undecided
    } else {
        Cover::No
    }
}

/// The ids that an expression demands.
fn pins(trust: &Trust) -> Vec<(String, String)> {
    let Matcher::Expression(expression) = &trust.matcher else {
        return Vec::new();
    };
    let clauses = expression.clauses().iter();
    clauses
        .filter(|clause| clause.operator == Operator::Eq && clause.claim.ends_with("_id"))
        .map(|clause| (clause.claim.clone(), clause.comparand.clone()))
        .collect()
}

/// Whether the language holds no token with another value there.
fn is_pinned(language: &Language, claim: &str, id: &str) -> bool {
    let others = language.minus([&language.within(claim, Pattern::literal(id))]);
    others.is_empty() == Ok(true)
}

fn condition(claim: &str, id: &str) -> String {
    match claim {
        "repository_owner_id" => format!("the repository belongs to owner {id}"),
        "repository_id" => format!("the repository is the one with id {id}"),
        "project_id" => format!("the project is the one with id {id}"),
        _ => format!("the token's `{claim}` is `{id}`"),
    }
}

/// Trusts that others make superfluous since the change: each has to do with a new one.
pub(super) fn redundant(before: &Side, after: &Side) -> Vec<Diagnostic> {
    let is_new = |held: &Held| !before.trusts.iter().any(|old| old.trust == held.trust);
    let languages: Vec<Language> = after
        .trusts
        .iter()
        .map(|held| Language::of(&held.trust))
        .collect();
    let mut notes = Vec::new();
    for (index, held) in after.trusts.iter().enumerate() {
        let others = after.trusts.iter().zip(&languages).enumerate();
        let covering = others
            .filter(|(at, (other, _))| *at != index && (is_new(held) || is_new(other)))
            .find(|(at, (_, wider))| {
                let covers = wider.includes(&languages[index]) == Ok(true);
                // Of two that admit the same, the second is the superfluous one.
                covers && (*at < index || languages[index].includes(wider) != Ok(true))
            });
        if let Some((_, (other, wider))) = covering {
            let same = languages[index].includes(wider) == Ok(true);
            let message = match same {
                true => format!("it admits the same tokens as `{}`", other.credential),
                false => format!(
                    "every token that it admits is covered by `{}`",
                    other.credential
                ),
            };
            notes.push(
                Diagnostic::note("redundant-trust", message)
                    .about(&held.credential)
                    .help(
                        "remove it: one trust fewer to look after, and one of twenty is free again",
                    ),
            );
        }
    }
    notes
}
