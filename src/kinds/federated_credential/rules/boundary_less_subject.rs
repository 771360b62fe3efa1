//! A wildcard begins in the middle of the owner's name.

use crate::exchange::platform::{Platform, platform};
use crate::kinds::rule::{Identity, Rule, Scene};
use crate::model::rule::{Doc, Finding, Need, Severity};

pub static RULE: Rule = Rule {
    doc: Doc {
        name: "boundary-less-subject",
        severity: Severity::Critical,
        needs: &[],
        also: &[Need::Identities],
        what: "A wildcard begins in the middle of the owner's name.",
        why: "Anyone can register a longer name and is let in.",
        source: "MITRE CWE-625, \"Permissive Regular Expression\"; Palo Alto Unit 42, \"OH-MY-DC\"",
        example: "`repo:contoso*` accepts `repo:contoso-evil/x`",
        fix: "pin the owner: `and claims['repository_owner_id'] eq '…'`",
    },
    check,
};

fn check(identity: &Identity, _scene: &Scene, found: &mut Vec<Finding>) {
    for held in &identity.trusts {
        let (which, pins) = match platform(&held.credential.issuer) {
            Platform::GitHub => (
                github as fn(&str) -> Option<&str>,
                &["repository_owner_id", "repository_id"][..],
            ),
            Platform::GitLab => (
                gitlab as fn(&str) -> Option<&str>,
                &["project_id", "namespace_id"][..],
            ),
            Platform::TerraformCloud => (terraform as fn(&str) -> Option<&str>, &[][..]),
            _ => continue,
        };
        if held.expression().is_none() || pins.iter().any(|claim| held.pins(claim)) {
            continue;
        }
        for owner in held.subjects().into_iter().filter_map(which) {
            let mut finding = identity.about(
                &RULE.doc,
                held,
                "its owner's name has no end: others can register a name that fits",
            );
            let begin = owner.split(['*', '?']).next().unwrap_or_default();
            if !begin.is_empty() {
                finding.evidence.push(format!("admits owner {begin}-evil"));
            }
            found.push(finding);
        }
    }
}

/// What stands for the owner of a GitHub repository, where that leaves the owner open.
fn github(subject: &str) -> Option<&str> {
    let customised = [
        "repository_owner_id:",
        "repository_id:",
        "repository_owner:",
    ];
    if let Some(rest) = customised
        .iter()
        .find_map(|word| subject.strip_prefix(word))
    {
        return open(rest, ':');
    }
    let Some(rest) = subject.strip_prefix("repo:") else {
        return Some("");
    };
    // An `@` is part of no name: the id follows, and ids belong to one owner each.
    match rest.find(['@', '*', '?', '/']).map(|at| rest.split_at(at)) {
        Some((_, end)) if end.starts_with(['@', '/']) => None,
        _ => open(rest, '/'),
    }
}

fn gitlab(subject: &str) -> Option<&str> {
    open(subject.strip_prefix("project_path:")?, '/')
}

fn terraform(subject: &str) -> Option<&str> {
    match subject.strip_prefix("organization:") {
        Some(rest) => open(rest, ':'),
        None => Some(""),
    }
}

/// The text up to its end, if a wildcard comes first or there is no end.
fn open(text: &str, end: char) -> Option<&str> {
    let owner = text.split(end).next().unwrap_or_default();
    (owner.len() == text.len() || owner.contains(['*', '?'])).then_some(owner)
}
