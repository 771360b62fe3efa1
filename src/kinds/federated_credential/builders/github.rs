//! GitHub Actions. Repositories created, renamed or transferred after 15 July 2026 send subjects with ids
//! (`repo:contoso@5544123/payments@821093847:…`); older ones send names until they opt in.
//!
//! Sources: GitHub, "OpenID Connect reference"; GitHub changelog of 2026-04-23; Microsoft, "Immutable subjects for
//! GitHub".

use super::{Complaints, Trusts, member};
use crate::model::schema::{Complaint, Field, Type};
use crate::model::value::Value;

const ISSUER: &str = "https://token.actions.githubusercontent.com";

pub static FIELDS: &[Field] = &[
    Field::string("owner", "The organisation or user that owns the repository.").required(),
    Field::string("repository", "The repository's name, without its owner.").required(),
    Field::string("owner_id", "The owner's numeric id: `gh api users/OWNER --jq .id`."),
    Field::string("repository_id", "The repository's numeric id: `gh api repos/OWNER/NAME --jq .id`."),
    Field::string("branch", "Runs on this branch, in no environment."),
    Field::string("tag", "Runs on this tag, in no environment."),
    Field::string("environment", "Runs in this environment, whatever branch they are on."),
    Field::new("pull_request", Type::Bool, "Runs for pull requests: whoever can open one."),
    Field::string("ref", "Runs on this full ref, as in `refs/heads/main`."),
    Field::string("subject_format", "Which form the tokens have. `both` makes two credentials, `any` one expression over both forms, pinned by `repository_id`.")
        .words(&["name", "immutable", "both", "any"]),
];

/// The ways to say when a run qualifies: exactly one of them.
const CONTEXTS: &[&str] = &["branch", "tag", "environment", "pull_request", "ref"];

pub fn build(block: &Value, issuer: Option<&str>) -> Result<Trusts, Complaints> {
    let mut complaints = Complaints::new();
    let mut complain = |path, message: String, help: &str| {
        complaints.push((path, Complaint::new(message).help(help)))
    };
    let text = |name: &str| member(block, name).and_then(Value::as_str);

    for name in FIELDS.iter().map(|field| field.name) {
        if member(block, name).is_some_and(|value| !value.is_known()) {
            complain(
                name,
                format!(
                    "`{name}` is known only after an apply, and a GitHub subject cannot wait for it"
                ),
                "give it as a literal or a variable",
            );
        }
    }
    for name in ["owner_id", "repository_id"] {
        if let Some(id) = text(name)
            && !id.chars().all(|c| c.is_ascii_digit())
        {
            complain(
                if name == "owner_id" {
                    "owner_id"
                } else {
                    "repository_id"
                },
                format!("`{id}` is not a numeric id"),
                "read it with `gh api repos/OWNER/NAME --jq '.owner.id, .id'`",
            );
        }
    }
    if text("repository").is_some_and(|name| name.contains('/')) {
        complain(
            "repository",
            "the repository is given with its owner".into(),
            "give the name alone: the owner stands in `owner`",
        );
    }
    for name in ["owner", "repository"] {
        if text(name).is_some_and(|name| name.contains('*')) {
            complain(
                if name == "owner" {
                    "owner"
                } else {
                    "repository"
                },
                "a builder names one repository".into(),
                "for several, write `claims_matching_expression` with `repository_owner_id eq`",
            );
        }
    }
    if let Some(branch) = text("branch")
        && branch.starts_with("refs/")
    {
        complain(
            "branch",
            format!("`{branch}` is a full ref"),
            "give the branch's name alone, or use `ref`",
        );
    }
    let contexts: Vec<&str> = CONTEXTS
        .iter()
        .copied()
        .filter(|name| member(block, name).is_some_and(|value| *value != Value::Bool(false)))
        .collect();
    if contexts.len() != 1 {
        let found = if contexts.is_empty() {
            "none is given".to_owned()
        } else {
            format!("given are `{}`", contexts.join("`, `"))
        };
        complain(
            "",
            format!(
                "a run qualifies by exactly one of `branch`, `tag`, `environment`, `pull_request` and `ref`: {found}"
            ),
            "a run in an environment has a subject without its branch, so they cannot be combined: write one credential for each",
        );
    }
    let ids = text("owner_id").zip(text("repository_id"));
    let some_id = text("owner_id").or(text("repository_id"));
    let format = match (text("subject_format"), some_id) {
        (None, Some(_)) => {
            complain("", "ids are given, and no `subject_format` says which form the repository's tokens have".into(), "add `subject_format = \"immutable\"` for a repository created, renamed or transferred after 15 July 2026 or opted in, `\"name\"` for another, `\"both\"` while you move; `gh api repos/OWNER/NAME/actions/oidc/customization/sub` tells");
            "name"
        }
        (None, None) => "name",
        (Some(format), _) => format,
    };
    if matches!(format, "immutable" | "both") && ids.is_none() {
        complain(
            "subject_format",
            format!("`{format}` needs `owner_id` and `repository_id`"),
            "read them with `gh api repos/OWNER/NAME --jq '.owner.id, .id'`",
        );
    }
    if format == "any" && text("repository_id").is_none() {
        complain("subject_format", "`any` needs `repository_id`: its wildcards would admit other repositories whose names begin alike".into(), "read it with `gh api repos/OWNER/NAME --jq .id`");
    }
    if !complaints.is_empty() {
        return Err(complaints);
    }

    let (owner, repository) = (
        text("owner").unwrap_or_default(),
        text("repository").unwrap_or_default(),
    );
    let context = match contexts[0] {
        "branch" => format!("ref:refs/heads/{}", text("branch").unwrap_or_default()),
        "tag" => format!("ref:refs/tags/{}", text("tag").unwrap_or_default()),
        // GitHub escapes colons inside a value.
        "environment" => format!(
            "environment:{}",
            text("environment").unwrap_or_default().replace(':', "%3A")
        ),
        "ref" => format!("ref:{}", text("ref").unwrap_or_default()),
        _ => "pull_request".to_owned(),
    };
    let name = || {
        (
            "name",
            "subject",
            Value::text(format!("repo:{owner}/{repository}:{context}")),
        )
    };
    let immutable = || {
        let (owner_id, repository_id) = ids.unwrap_or_default();
        (
            "immutable",
            "subject",
            Value::text(format!(
                "repo:{owner}@{owner_id}/{repository}@{repository_id}:{context}"
            )),
        )
    };
    let matches = match format {
        "immutable" => vec![immutable()],
        "both" => vec![name(), immutable()],
        "any" => {
            let pins = [
                ("repository_id", text("repository_id")),
                ("repository_owner_id", text("owner_id")),
            ];
            let pins = pins
                .iter()
                .filter_map(|(claim, id)| Some(format!(" and claims['{claim}'] eq '{}'", (*id)?)));
            let expression = format!(
                "claims['sub'] matches 'repo:{owner}*/{repository}*:{context}'{}",
                pins.collect::<String>()
            );
            vec![("any", "claims_matching_expression", expression.into())]
        }
        _ => vec![name()],
    };
    Ok(Trusts {
        issuer: issuer.unwrap_or(ISSUER).into(),
        matches,
    })
}
