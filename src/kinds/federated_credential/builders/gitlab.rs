//! GitLab CI/CD: `project_path:GROUP/PROJECT:ref_type:TYPE:ref:NAME`, or `project_id:NUMBER:…` where the instance's
//! subject components say so.
//!
//! Sources: GitLab, "OpenID Connect (OIDC) Authentication Using ID Tokens"; Microsoft, "Mutable subjects in federated
//! identity credentials" (2026-07-28) for the id that an expression must pin.

use super::{Block, Builder, Match, Trusts, clause, wild};
use crate::exchange::issuers::takes_expressions;
use crate::kinds::federated_credential::check;
use crate::model::schema::Field;
use crate::model::value::Value;

pub const BUILDER: Builder = Builder {
    name: "gitlab",
    doc: "A pipeline of GitLab CI/CD.",
    fields: FIELDS,
    build,
};

const ISSUER: &str = "https://gitlab.com";

static FIELDS: &[Field] = &[
    Field::string(
        "project_path",
        "The project with its groups, as in `contoso/platform/payments`.",
    ),
    Field::string(
        "project_id",
        "The project's number. Alone: the subjects begin with `project_id:`, which the project must be configured for (`ci_id_token_sub_claim_components`). Beside `project_path`: pins an expression.",
    ),
    Field::string("ref_type", "Whether `ref` is a branch or a tag.").words(&["branch", "tag"]),
    Field::string(
        "ref",
        "The branch or tag, without `refs/heads/`. A wildcard makes an expression.",
    )
    .required(),
    Field::string(
        "issuer",
        "A self-managed instance's URL, without a slash at its end.",
    )
    .check(check::issuer),
];

fn build(block: &mut Block) -> Option<Trusts> {
    let texts = ["project_path", "project_id", "ref_type", "ref"];
    block.known(&texts);
    block.quotes(&texts);
    block.digits(
        "project_id",
        "the project's page shows it, and `glab api projects/GROUP%2FPROJECT` prints it as `id`",
    );
    path(block);
    reference(block);
    let issuer = block.issuer(ISSUER);
    if let Some(text) = issuer.as_str().filter(|text| text.ends_with('/')) {
        block.complain(
            "issuer",
            "GitLab's tokens carry the issuer without a slash at its end",
            format!("write `{}`", text.trim_end_matches('/')),
        );
    }
    if issuer.as_str().is_some_and(|issuer| issuer != ISSUER) {
        // gitlab-org/gitlab, work item 563038
        block.note(
            "issuer",
            "an instance that is behind on updates gives merge requests from forks the claims of the project that they are for",
            "keep the instance up to date, or trust a protected branch or tag only",
        );
    }
    let id = block.text("project_id");
    let start = match (block.text("project_path"), id) {
        (Some(path), _) => format!("project_path:{path}"),
        (None, Some(id)) => format!("project_id:{id}"),
        (None, None) => {
            block.complain(
                "",
                "neither `project_path` nor `project_id` says which project",
                "add `project_path = \"group/project\"`",
            );
            return None;
        }
    };
    let kind = block.text("ref_type").unwrap_or("branch");
    let name = block.text("ref").unwrap_or_default();
    let subject = format!("{start}:ref_type:{kind}:ref:{name}");
    if !wild(&subject) {
        if block.text("project_path").is_some() && id.is_some() {
            block.note(
                "project_id",
                "the subject is exact, so the id is not tested: a project of the same path made later by somebody else would match",
                "with `project_id` alone the subject itself holds the id, if the project is configured for it",
            );
        }
        return Some(Trusts {
            issuer,
            matches: vec![Match::subject(subject)],
        });
    }
    expression(block, &issuer);
    let pin = id.unwrap_or_default();
    Some(Trusts {
        issuer,
        matches: vec![Match::expression(format!(
            "{} and claims['project_id'] eq '{pin}'",
            clause("sub", &subject)
        ))],
    })
}

fn path(block: &mut Block) {
    let Some(path) = block.text("project_path") else {
        return;
    };
    if path.contains("://") || path.starts_with('/') || path.ends_with('/') || !path.contains('/') {
        block.complain(
            "project_path",
            format!("`{path}` is not a project's path"),
            "give it with its groups and without the host, as in `contoso/platform/payments`",
        );
    } else if wild(path) {
        block.complain(
            "project_path",
            "an expression for GitLab has to pin `project_id`, so it is about one project",
            "name the project; `for_each` makes a credential for each of several",
        );
    }
}

fn reference(block: &mut Block) {
    if let Some(name) = block.text("ref")
        && name.starts_with("refs/")
    {
        let plain = name
            .trim_start_matches("refs/heads/")
            .trim_start_matches("refs/tags/");
        block.complain(
            "ref",
            format!("GitLab's subjects name the ref without `refs/heads/`: `{name}` never matches"),
            format!("write `{plain}`, and `ref_type = \"tag\"` for a tag"),
        );
    }
}

/// What Entra demands of an expression for GitLab.
fn expression(block: &mut Block, issuer: &Value) {
    if block.text("project_id").is_none() {
        block.complain(
            "ref",
            "a wildcard makes an expression, and Entra takes one for GitLab only with `project_id` pinned (since July 2026): `project_id` is missing",
            "add `project_id`: the project's page shows the number",
        );
    }
    if issuer
        .as_str()
        .is_some_and(|issuer| !takes_expressions(issuer))
    {
        block.complain(
            "issuer",
            "a wildcard makes an expression, and Entra takes none for this issuer",
            "of GitLab, only `https://gitlab.com`, `https://gitlab.<x>.com` and `https://gitlab.<x>.ca` are allowed: name the ref exactly",
        );
    }
}
