//! What `explain` knows by its name: kinds, blocks and functions, the rules of audits, guards, privileges, and the
//! permissions of Microsoft Graph.

use super::schema;
use crate::audit;
use crate::config::language;
use crate::kinds::api::{self, Class, MICROSOFT_GRAPH};
use crate::kinds::app_role_assignment::rules::tiers;
use crate::model::words::nearest;
use crate::plan::guards::{self, GUARDS};
use crate::render::audit::{permission, privileges, rules};

/// The page of a name.
pub fn page(word: &str) -> Option<String> {
    schema::page(word)
        .or_else(|| rule(word))
        .or_else(|| guard(word))
        .or_else(|| graph_permission(word))
        .or_else(|| privilege(word))
}

/// The name that somebody may have meant.
pub fn near(word: &str) -> Option<String> {
    let rules = audit::rules().into_iter().map(|rule| rule.doc.name);
    let guards = GUARDS.iter().map(|guard| guard.name);
    let mut names: Vec<&str> = schema::topics().chain(language::functions()).collect();
    let privileges = tiers::known();
    names.extend(rules.chain(guards).chain(["privileges"]));
    names.extend(privileges.iter().map(|it| it.name.as_str()));
    names.extend(api::graph_permissions().map(|(_, _, name)| name));
    nearest(word, names).map(str::to_owned)
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

/// A permission of Microsoft Graph: its ids, and what it lets its holder do to a tenant.
fn graph_permission(word: &str) -> Option<String> {
    let (_, _, name) =
        api::graph_permissions().find(|(_, _, name)| name.eq_ignore_ascii_case(word))?;
    let all = tiers::known();
    Some(permission::page(&permission::Permission {
        name,
        application: api::graph_permission(Class::Application, name),
        delegated: api::graph_permission(Class::Delegated, name),
        tier: api::tier(MICROSOFT_GRAPH, name),
        privilege: all.iter().find(|it| it.name == name),
    }))
}

/// What a role leads to, or what all permissions and roles do.
fn privilege(word: &str) -> Option<String> {
    let all = tiers::known();
    match word {
        "privileges" => Some(privileges::page(&all)),
        _ => all
            .iter()
            .find(|it| it.name.eq_ignore_ascii_case(word))
            .map(privileges::one),
    }
}
