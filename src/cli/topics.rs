//! What `explain` knows by its name: kinds, blocks and functions, the rules of audits, guards, privileges.

use super::schema;
use crate::audit;
use crate::config::language;
use crate::kinds::app_role_assignment::rules::tiers;
use crate::model::words::nearest;
use crate::plan::guards::{self, GUARDS};
use crate::render::audit::{privileges, rules};

/// The page of a name.
pub fn page(word: &str) -> Option<String> {
    schema::page(word)
        .or_else(|| rule(word))
        .or_else(|| guard(word))
        .or_else(|| privilege(word))
}

/// The name that somebody may have meant.
pub fn near(word: &str) -> Option<&'static str> {
    let rules = audit::rules().into_iter().map(|rule| rule.doc.name);
    let guards = GUARDS.iter().map(|guard| guard.name);
    let names = schema::topics().chain(language::functions());
    nearest(word, names.chain(rules).chain(guards).chain(["privileges"]))
}

/// What an audit rule finds, or all of them do.
fn rule(word: &str) -> Option<String> {
    let docs: Vec<_> = audit::rules().into_iter().map(|rule| &rule.doc).collect();
    match word {
        "rules" => Some(rules::page(&docs)),
        _ => docs
            .into_iter()
            .find(|doc| doc.name == word)
            .map(rules::one),
    }
}

/// What a guard refuses, or all of them do.
fn guard(word: &str) -> Option<String> {
    match word {
        "guards" => Some(guards::page()),
        _ => guards::one(word),
    }
}

/// What a permission or role leads to, or what all of them do.
fn privilege(word: &str) -> Option<String> {
    let all = tiers::known();
    match word {
        "privileges" => Some(privileges::page(&all)),
        _ => all.iter().find(|it| it.name == word).map(privileges::one),
    }
}
