//! GitHub Actions. Repositories created, renamed or transferred after 15 July 2026 send subjects with ids
//! (`repo:contoso@5544123/payments@821093847:…`); older ones send names until they opt in.
//!
//! Sources: GitHub, "OpenID Connect reference"; GitHub changelog of 2026-04-23; Microsoft, "Immutable subjects for
//! GitHub" and "Set up a Flexible Federated identity credential" (an expression pins an id, since July 2026).

use super::github_template::{self, Form, Repository};
use super::{Block, Builder, Match, Trusts, clause, wild};
use crate::exchange::platform::GITHUB;
use crate::model::schema::{Field, Type};
use crate::model::value::Value;

pub const BUILDER: Builder = Builder {
    name: "github",
    doc: "A workflow of GitHub Actions.",
    fields: FIELDS,
    build,
};

static FIELDS: &[Field] = &[
    Field::string("owner", "The organisation or user that owns the repository.").required(),
    Field::string("repository", "The repository's name, without its owner. A wildcard makes an expression, which needs `owner_id`.").required(),
    Field::string("owner_id", "The owner's numeric id: `gh api users/OWNER --jq .id`."),
    Field::string("repository_id", "The repository's numeric id: `gh api repos/OWNER/NAME --jq .id`."),
    Field::string("branch", "Runs on this branch, in no environment."),
    Field::string("tag", "Runs on this tag, in no environment."),
    Field::string("environment", "Runs in this environment, whatever branch they are on."),
    Field::new("pull_request", Type::Bool, "Runs for pull requests: whoever can open one."),
    Field::string("ref", "Runs on this full ref, as in `refs/heads/main`."),
    Field::new("any_context", Type::Bool, "Runs on any branch, tag or pull request and in any environment: an expression, which needs an id."),
    Field::string("job_workflow_ref", "Jobs of this reusable workflow, as in `contoso/workflows/.github/workflows/deploy.yml@refs/heads/main`: an expression, which needs an id."),
    Field::string("subject_format", "Which form the tokens have. `both` makes two credentials, `any` one expression over both forms, pinned by an id.")
        .words(&["name", "immutable", "both", "any"]),
    Field::new("include_claim_keys", Type::List(&Type::String), "The claims of a customised subject, in order: `gh api repos/OWNER/NAME/actions/oidc/customization/sub` prints them."),
    Field::string("enterprise", "The enterprise's slug, where it has an issuer of its own."),
    Field::string("host", "A data-residency host (`contoso.ghe.com`) or a GitHub Enterprise Server."),
];

/// The ways to say when a run qualifies: exactly one of them.
const CONTEXTS: &[&str] = &[
    "branch",
    "tag",
    "environment",
    "pull_request",
    "ref",
    "any_context",
];

const TEXTS: &[&str] = &[
    "owner",
    "repository",
    "owner_id",
    "repository_id",
    "branch",
    "tag",
    "environment",
    "ref",
    "job_workflow_ref",
    "enterprise",
    "host",
];

const IDS: &str = "read it with `gh api repos/OWNER/NAME --jq '.owner.id, .id'`";

fn build(block: &mut Block) -> Option<Trusts> {
    block.known(TEXTS);
    block.quotes(TEXTS);
    block.digits("owner_id", IDS);
    block.digits("repository_id", IDS);
    names(block);
    refs(block);
    let issuer = issuer(block);
    let context = context(block)?;
    let template = github_template::keys(block)?;
    let repository = Repository::of(block);
    let form = match template.as_ref().is_none_or(|keys| keys.contains(&"repo")) {
        true => form(block, &repository)?,
        false => "name",
    };
    let subject =
        |form| github_template::subject(block, template.as_deref(), &repository, form, &context);
    let subjects: Vec<(&'static str, String)> = match form {
        "immutable" => vec![("immutable", subject(Form::Immutable))],
        "both" => vec![
            ("name", subject(Form::Name)),
            ("immutable", subject(Form::Immutable)),
        ],
        "any" => vec![("any", subject(Form::Any))],
        _ => vec![("name", subject(Form::Name))],
    };
    // A workflow that the customised subject holds need not be tested again.
    let workflow = block
        .text("job_workflow_ref")
        .filter(|_| !template.is_some_and(|keys| keys.contains(&"job_workflow_ref")));
    let flexible = workflow.is_some() || subjects.iter().any(|(_, text)| wild(text));
    if !flexible {
        let exact = subjects.into_iter();
        return Some(Trusts {
            issuer,
            matches: exact
                .map(|(key, text)| Match::subject(text).keyed(key))
                .collect(),
        });
    }
    demands(block, &issuer, form, workflow.is_some());
    let mut tests: Vec<String> = workflow
        .iter()
        .map(|workflow| clause("job_workflow_ref", workflow))
        .collect();
    for (claim, name) in [
        ("repository_id", "repository_id"),
        ("repository_owner_id", "owner_id"),
    ] {
        tests.extend(block.text(name).map(|id| clause(claim, id)));
    }
    let matches = subjects.into_iter().map(|(key, text)| {
        let all: Vec<String> = std::iter::once(clause("sub", &text))
            .chain(tests.clone())
            .collect();
        Match::expression(all.join(" and ")).keyed(key)
    });
    Some(Trusts {
        issuer,
        matches: matches.collect(),
    })
}

fn names(block: &mut Block) {
    if block
        .text("repository")
        .is_some_and(|name| name.contains('/'))
    {
        block.complain(
            "repository",
            "the repository is given with its owner",
            "give the name alone: the owner stands in `owner`",
        );
    }
    if block.text("owner").is_some_and(wild) {
        block.complain(
            "owner",
            "everybody may make an organisation, and all of them share one issuer: a pattern would admit strangers",
            "name the owner; `repository` may have wildcards when `owner_id` is given",
        );
    }
    for name in ["owner", "repository"] {
        if let Some(text) = block.text(name)
            && text.contains(['@', ':'])
        {
            block.complain(
                name,
                format!("`{text}` is not a name on GitHub"),
                "give the name alone; the ids stand in `owner_id` and `repository_id`",
            );
        }
    }
    if let Some(workflow) = block.text("job_workflow_ref") {
        if !workflow.contains("/.github/workflows/") {
            block.complain(
                "job_workflow_ref",
                format!("`{workflow}` is not a workflow's ref"),
                "write `OWNER/REPOSITORY/.github/workflows/FILE.yml@refs/heads/main`",
            );
        } else if !workflow.contains('@') {
            block.complain(
                "job_workflow_ref",
                "the workflow is named without its ref, which the claim always holds",
                format!("write `{workflow}@refs/heads/main`: a wildcard there lets every branch of that repository change the workflow"),
            );
        }
    }
}

fn refs(block: &mut Block) {
    for (name, prefix) in [("branch", "refs/heads/"), ("tag", "refs/tags/")] {
        if let Some(text) = block.text(name)
            && text.starts_with("refs/")
        {
            block.complain(
                name,
                format!("`{text}` is a full ref"),
                format!(
                    "give the {name}'s name alone, `{}`, or use `ref`",
                    text.trim_start_matches(prefix)
                ),
            );
        }
    }
    if let Some(text) = block.text("ref") {
        if text.starts_with("refs/pull/") {
            block.complain(
                "ref",
                "runs for pull requests have the subject `pull_request`, not their ref",
                "write `pull_request = true`",
            );
        } else if !text.starts_with("refs/") {
            block.complain(
                "ref",
                format!("`{text}` is not a full ref"),
                format!("write `branch = \"{text}\"`, or `ref = \"refs/heads/{text}\"`"),
            );
        }
    }
}

fn issuer(block: &mut Block) -> Value {
    let (enterprise, host) = (block.text("enterprise"), block.text("host"));
    block.host("host", "contoso.ghe.com");
    if enterprise.is_some() && host.is_some() {
        block.complain(
            "enterprise",
            "a slug is part of github.com's issuer only, and `host` names another",
            "keep one of the two",
        );
    }
    if let Some(slug) = enterprise.filter(|slug| slug.contains(['/', ':', '*', '.'])) {
        block.complain(
            "enterprise",
            format!("`{slug}` is not an enterprise's slug"),
            "it is the last part of `https://github.com/enterprises/SLUG`",
        );
    }
    let default = match (enterprise, host) {
        (Some(slug), _) => format!("{GITHUB}/{slug}"),
        (None, Some("github.com") | None) => GITHUB.to_owned(),
        (None, Some(host)) if host.ends_with(".ghe.com") => format!("https://token.actions.{host}"),
        (None, Some(host)) => format!("https://{host}/_services/token"),
    };
    let issuer = block.issuer(&default);
    let server = issuer
        .as_str()
        .is_some_and(|issuer| issuer.ends_with("/_services/token"));
    if server
        && matches!(
            block.text("subject_format"),
            Some("immutable" | "both" | "any")
        )
    {
        block.complain(
            "subject_format",
            "a GitHub Enterprise Server sends names only: immutable subjects are github.com's",
            "write `subject_format = \"name\"`",
        );
    }
    issuer
}

/// What follows the repository in the subject.
fn context(block: &mut Block) -> Option<String> {
    let given = block.given(CONTEXTS);
    let workflow = block.text("job_workflow_ref").is_some();
    let name = match given.as_slice() {
        [one] => *one,
        // The workflow itself says which jobs are meant.
        [] if workflow => "any_context",
        _ => {
            let (found, help) = match given.as_slice() {
                [] => (
                    "none is given".to_owned(),
                    "add which runs are meant, as in `branch = \"main\"` or `environment = \"prod\"`",
                ),
                given => (
                    format!("given are `{}`", given.join("`, `")),
                    "a run in an environment has a subject without its branch, so they cannot be combined: write one credential for each",
                ),
            };
            block.complain(
                "",
                format!("a run qualifies by exactly one of `branch`, `tag`, `environment`, `pull_request`, `ref` and `any_context`: {found}"),
                help,
            );
            return None;
        }
    };
    let text = block.text(name).unwrap_or_default();
    Some(match name {
        "branch" => format!("ref:refs/heads/{text}"),
        "tag" => format!("ref:refs/tags/{text}"),
        // GitHub escapes colons inside a value.
        "environment" => format!("environment:{}", text.replace(':', "%3A")),
        "ref" => format!("ref:{text}"),
        "pull_request" => "pull_request".to_owned(),
        _ => "*".to_owned(),
    })
}

/// Which form the subject has; complains where the form needs an id, or ids were given and no form.
fn form<'a>(block: &mut Block<'a>, repository: &Repository) -> Option<&'a str> {
    let owner_id = block.text("owner_id");
    let repository_id = block.text("repository_id");
    let ids = owner_id.is_some() || repository_id.is_some();
    let form = match block.text("subject_format") {
        None if ids => {
            block.complain("", "ids are given, and no `subject_format` says which form the repository's tokens have", "add `subject_format = \"immutable\"` for a repository created, renamed or transferred after 15 July 2026 or opted in, `\"name\"` for another, `\"both\"` while you move; `gh api repos/OWNER/NAME/actions/oidc/customization/sub` tells");
            "name"
        }
        None => "name",
        Some(form) => form,
    };
    // A pattern of repositories has no repository's id.
    let many = wild(repository.name);
    let lacks = owner_id.is_none() || (repository_id.is_none() && !many);
    if matches!(form, "immutable" | "both") && lacks {
        block.complain(
            "subject_format",
            match many {
                true => format!("`{form}` needs `owner_id`"),
                false => format!("`{form}` needs `owner_id` and `repository_id`"),
            },
            "read them with `gh api repos/OWNER/NAME --jq '.owner.id, .id'`",
        );
        return None;
    }
    if form == "any" && repository_id.is_none() && !many {
        block.complain("subject_format", "`any` needs `repository_id`: its wildcards would admit other repositories whose names begin alike", "read it with `gh api repos/OWNER/NAME --jq .id`");
    }
    if many && form == "name" && block.text("subject_format").is_some() | !ids {
        block.note(
            "repository",
            "a pattern of names does not match repositories created, renamed or transferred after 15 July 2026: their subjects hold ids",
            "`subject_format = \"any\"` matches both forms",
        );
    }
    Some(form)
}

/// What Entra demands of an expression for GitHub.
fn demands(block: &mut Block, issuer: &Value, form: &str, workflow: bool) {
    if block.text("owner").is_some_and(wild) {
        return;
    }
    let many = block.text("repository").is_some_and(wild);
    let (path, why) = match (
        form,
        many,
        workflow,
        block.given(&["any_context"]).is_empty(),
    ) {
        ("any", ..) => ("subject_format", "`any`"),
        (_, true, ..) => ("repository", "a wildcard in `repository`"),
        (_, _, true, _) => ("job_workflow_ref", "`job_workflow_ref`"),
        (_, _, _, false) => ("any_context", "`any_context`"),
        _ => ("", "a wildcard"),
    };
    if issuer.as_str() != Some(GITHUB) {
        block.complain(
            path,
            format!("{why} makes an expression, and Entra takes none for this issuer"),
            "only the shared issuer of github.com is allowed: name repository and context exactly",
        );
        return;
    }
    let (owner_id, repository_id) = (block.text("owner_id"), block.text("repository_id"));
    if many && repository_id.is_some() {
        block.complain(
            "repository_id",
            "an id names one repository, and `repository` is a pattern",
            "remove `repository_id`: `owner_id` pins the pattern",
        );
    }
    if many && owner_id.is_none() {
        block.complain(path, format!("{why} makes an expression, and Entra takes one for GitHub only with an id pinned (since July 2026): `owner_id` is missing"), "add `owner_id`: `gh api users/OWNER --jq .id` prints it");
    } else if owner_id.is_none() && repository_id.is_none() && form != "any" {
        block.complain(path, format!("{why} makes an expression, and Entra takes one for GitHub only with an id pinned (since July 2026): `repository_id` or `owner_id` is missing"), "add `repository_id`: `gh api repos/OWNER/NAME --jq .id` prints it");
    }
}
