//! GitHub subjects, put together: the default `repo:…:context`, or a customised one (`include_claim_keys`).
//!
//! Source: GitHub, "Customizing the subject claims for an organization or repository": the keys are the whole subject, in
//! order; `context` is what follows the repository in the default one. A real one: microsoft/duroxide-pg#17.

use super::Block;
use crate::model::value::Value;

/// Whether names stand alone, with their ids, or either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Name,
    Immutable,
    Any,
}

/// The repository, as the block names it.
pub struct Repository<'a> {
    owner: &'a str,
    pub name: &'a str,
    owner_id: &'a str,
    id: Option<&'a str>,
}

/// The keys whose values the block itself says.
const KNOWN: [&str; 10] = [
    "repo",
    "context",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "job_workflow_ref",
    "environment",
    "ref",
    "ref_type",
];

impl<'a> Repository<'a> {
    pub fn of(block: &Block<'a>) -> Self {
        Self {
            owner: block.text("owner").unwrap_or_default(),
            name: block.text("repository").unwrap_or_default(),
            owner_id: block.text("owner_id").unwrap_or_default(),
            id: block.text("repository_id"),
        }
    }

    fn text(&self, form: Form) -> String {
        let Self {
            owner,
            name,
            owner_id,
            id,
        } = self;
        match (form, id) {
            (Form::Name, _) => format!("{owner}/{name}"),
            (Form::Immutable, Some(id)) => format!("{owner}@{owner_id}/{name}@{id}"),
            (Form::Immutable, None) if name.ends_with('*') => format!("{owner}@{owner_id}/{name}"),
            (Form::Immutable, None) => format!("{owner}@{owner_id}/{name}@*"),
            (Form::Any, _) => format!("{owner}*/{}*", name.trim_end_matches('*')),
        }
    }
}

/// The keys of a customised subject, if the block says that it is one. None once what is wrong is said.
pub fn keys<'a>(block: &mut Block<'a>) -> Option<Option<Vec<&'a str>>> {
    let path = "include_claim_keys";
    let Some(value) = block.value(path) else {
        return Some(None);
    };
    block.known(&[path]);
    let keys: Vec<&str> = value.items().filter_map(Value::as_str).collect();
    let before = block.complaints.len();
    for (at, key) in keys.iter().enumerate() {
        if keys[..at].contains(key) {
            block.complain(
                path,
                format!("`{key}` stands twice"),
                "list each claim once, in the order of the template",
            );
        } else if !KNOWN.contains(key) {
            block.complain(
                path,
                format!("the value of `{key}` does not follow from this block"),
                "write the whole `subject` beside an `issuer` instead of the builder",
            );
        } else if let Some(needed) = lacks(block, key) {
            block.complain(
                path,
                format!("the subject holds `{key}`, and `{needed}` is not given"),
                format!("add `{needed}`"),
            );
        }
    }
    context_counts(block, &keys);
    (block.complaints.len() == before).then_some(Some(keys))
}

/// The member that a key takes its value from, where that is missing.
fn lacks(block: &Block, key: &str) -> Option<&'static str> {
    let needed: &[&'static str] = match key {
        "repository_id" => &["repository_id"],
        "repository_owner_id" => &["owner_id"],
        "job_workflow_ref" => &["job_workflow_ref"],
        "environment" => &["environment"],
        "ref" | "ref_type" => &["branch", "tag", "ref"],
        _ => return None,
    };
    block.given(needed).is_empty().then_some(needed[0])
}

/// A subject without its context admits every run: that has to be said.
fn context_counts(block: &mut Block, keys: &[&str]) {
    if keys.contains(&"context") {
        return;
    }
    let carried = |name: &&'static str| match *name {
        "environment" => keys.contains(&"environment"),
        "branch" | "tag" | "ref" => keys.contains(&"ref"),
        _ => false,
    };
    let given = block.given(&["branch", "tag", "environment", "pull_request", "ref"]);
    if let Some(idle) = given.into_iter().find(|name| !carried(name)) {
        block.complain(
            idle,
            format!("the customised subject has no `context`, so `{idle}` would not be tested: every run of the repository would be admitted"),
            "add `context` to the repository's template and here; or write `any_context = true`",
        );
    }
}

/// The subject in one form, with the wildcards that form needs.
pub fn subject(
    block: &Block,
    template: Option<&[&str]>,
    repository: &Repository,
    form: Form,
    context: &str,
) -> String {
    let repo = repository.text(form);
    let Some(keys) = template else {
        return format!("repo:{repo}:{context}");
    };
    let text = |name: &str| block.text(name).unwrap_or_default();
    let reference = context.strip_prefix("ref:").unwrap_or_default();
    let parts = keys.iter().map(|key| match *key {
        "repo" => format!("repo:{repo}"),
        "context" => context.to_owned(),
        "repository" => format!("repository:{}/{}", repository.owner, repository.name),
        "repository_id" => format!("repository_id:{}", text("repository_id")),
        "repository_owner" => format!("repository_owner:{}", repository.owner),
        "repository_owner_id" => format!("repository_owner_id:{}", text("owner_id")),
        "job_workflow_ref" => format!("job_workflow_ref:{}", escaped(text("job_workflow_ref"))),
        "environment" => format!("environment:{}", escaped(text("environment"))),
        "ref" => format!("ref:{}", escaped(reference)),
        _ if reference.starts_with("refs/tags/") => "ref_type:tag".to_owned(),
        _ => "ref_type:branch".to_owned(),
    });
    parts.collect::<Vec<_>>().join(":")
}

/// GitHub escapes colons inside a value.
fn escaped(text: &str) -> String {
    text.replace(':', "%3A")
}
