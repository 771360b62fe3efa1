//! Which issuers Entra lets a claims-matching expression name, which of their claims, and which claims it demands.
//!
//! Sources: Microsoft's "Set up a Flexible Federated identity credential" (2026-09-18) for the table; "Mutable subjects in federated
//! identity credentials" (2026-07-28) and hashicorp/terraform-provider-azuread#1901 for the demanded claims, which are new since about
//! July 2026; github.com/orgs/community/discussions/172176 (`gitlab.<x>.de` is refused).

use std::ops::Range;

use super::expression::{Clause, Expression, Operator};
use super::platform::{Platform, platform};

/// Ends of names that no public name server answers for (RFC 6761, RFC 6762, RFC 8375 and usage).
const PRIVATE: &[&str] = &[
    ".local",
    ".internal",
    ".lan",
    ".corp",
    ".home.arpa",
    ".localhost",
    ".svc",
];

/// Whether an issuer has a name that the internet does not know.
pub fn is_private(issuer: &str) -> bool {
    let url = url::Url::parse(issuer).ok();
    let host = url
        .as_ref()
        .and_then(url::Url::host_str)
        .map(str::to_ascii_lowercase);
    host.is_some_and(|host| host == "localhost" || PRIVATE.iter().any(|end| host.ends_with(end)))
}

/// How much a problem weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Microsoft's pages and reports agree that Graph refuses it.
    Refused,
    /// Sources disagree, or it is accepted and does not do what it seems to.
    Doubtful,
}

/// One thing that Entra has, or may have, against an expression for an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Bytes of the expression's text; all of them when it is about something that is missing.
    pub span: Range<usize>,
    pub weight: Weight,
    pub message: String,
    pub help: String,
}

/// A claim that expressions for an issuer may test, and with what.
struct Allowed {
    claim: &'static str,
    matches: bool,
}

const fn allowed(claim: &'static str, matches: bool) -> Allowed {
    Allowed { claim, matches }
}

const GITHUB_CLAIMS: &[Allowed] = &[
    allowed("sub", true),
    allowed("job_workflow_ref", true),
    allowed("repository_id", false),
    allowed("repository_owner_id", false),
];
const GITLAB_CLAIMS: &[Allowed] = &[
    allowed("sub", true),
    allowed("project_id", false),
    allowed("namespace_id", false),
    allowed("user_id", false),
];
const TERRAFORM_CLAIMS: &[Allowed] = &[allowed("sub", true)];

/// The claims that an issuer's expressions may test; `None` if Entra takes no expression for that issuer at all.
fn claims_of(issuer: &str) -> Option<&'static [Allowed]> {
    match platform(issuer) {
        Platform::GitHub => Some(GITHUB_CLAIMS),
        Platform::GitLab if gitlab_is_allowed(issuer) => Some(GITLAB_CLAIMS),
        Platform::TerraformCloud if issuer.matches('/').count() == 2 => Some(TERRAFORM_CLAIMS),
        _ => None,
    }
}

/// `https://gitlab.com`, `https://gitlab.<x>.com`, `https://gitlab.<x>.ca`, without a slash at the end.
fn gitlab_is_allowed(issuer: &str) -> bool {
    let host = issuer.strip_prefix("https://").unwrap_or_default();
    let named = |end: &str| {
        let middle = host
            .strip_prefix("gitlab.")
            .and_then(|rest| rest.strip_suffix(end));
        middle.is_some_and(|middle| !middle.is_empty() && !middle.contains('/'))
    };
    host == "gitlab.com" || named(".com") || named(".ca")
}

/// Whether Entra takes claims-matching expressions for this issuer.
pub fn takes_expressions(issuer: &str) -> bool {
    claims_of(issuer).is_some()
}

/// What Entra has against this expression for this issuer, in the order of the text, then what is missing.
pub fn check(issuer: &str, expression: &Expression) -> Vec<Problem> {
    let clauses = expression.clauses();
    let whole = 0..clauses.last().map_or(0, |clause| clause.span.end);
    let Some(allowed) = claims_of(issuer) else {
        return vec![Problem {
            span: whole,
            weight: Weight::Refused,
            message: refused_issuer(issuer),
            help: help_for_issuer(issuer),
        }];
    };
    let mut problems: Vec<Problem> = clauses
        .iter()
        .flat_map(|clause| check_clause(issuer, allowed, clause))
        .collect();
    problems.extend(
        missing_claims(issuer, clauses).map(|(weight, message, help)| Problem {
            span: whole.clone(),
            weight,
            message,
            help,
        }),
    );
    problems
}

fn refused_issuer(issuer: &str) -> String {
    format!(
        "Entra takes no claims-matching expression for the issuer `{issuer}`: AADSTS7002241 at the exchange"
    )
}

fn help_for_issuer(issuer: &str) -> String {
    let trimmed = issuer.trim().trim_end_matches('/').to_ascii_lowercase();
    if trimmed != issuer && takes_expressions(&trimmed) {
        return format!("write the issuer exactly as its tokens carry it: `{trimmed}`");
    }
    match platform(issuer) {
        Platform::GitHubEnterprise => "only the shared issuer of github.com is allowed: use exact subjects".to_owned(),
        Platform::GitLab => {
            "of GitLab, only `https://gitlab.com`, `https://gitlab.<x>.com` and `https://gitlab.<x>.ca` are allowed: use exact subjects".to_owned()
        }
        _ => "expressions exist for GitHub, GitLab and Terraform Cloud only: use exact subjects".to_owned(),
    }
}

fn check_clause(issuer: &str, allowed: &[Allowed], clause: &Clause) -> Option<Problem> {
    let refused = |span: &Range<usize>, message, help| {
        Some(Problem {
            span: span.clone(),
            weight: Weight::Refused,
            message,
            help,
        })
    };
    let Some(entry) = allowed.iter().find(|entry| entry.claim == clause.claim) else {
        let names: Vec<String> = allowed
            .iter()
            .map(|entry| format!("`{}`", entry.claim))
            .collect();
        let message = format!(
            "expressions for `{issuer}` may not test the claim `{}`",
            clause.claim
        );
        return refused(
            &clause.claim_span,
            message,
            format!("the claims are {}", names.join(", ")),
        );
    };
    if clause.operator == Operator::Matches && !entry.matches {
        let message = format!("the claim `{}` takes `eq` only", clause.claim);
        return refused(
            &clause.operator_span,
            message,
            format!(
                "write `claims['{}'] eq '…'`, with the whole id",
                clause.claim
            ),
        );
    }
    if clause.operator == Operator::Eq && clause.comparand.contains(['*', '?']) {
        return Some(Problem {
            span: clause.comparand_span.clone(),
            weight: Weight::Doubtful,
            message: format!(
                "`*` and `?` are ordinary characters under `eq`: `{}` is compared as it stands",
                clause.comparand
            ),
            help: if entry.matches {
                "write `matches`".to_owned()
            } else {
                "write the whole id".to_owned()
            },
        });
    }
    None
}

/// The gate of July 2026: which claims have to be there.
fn missing_claims(
    issuer: &str,
    clauses: &[Clause],
) -> impl Iterator<Item = (Weight, String, String)> {
    let pinned = |claim: &str| {
        clauses
            .iter()
            .any(|clause| clause.claim == claim && clause.operator == Operator::Eq)
    };
    let subject = clauses.iter().find(|clause| clause.claim == "sub");
    let mut missing = Vec::new();
    match platform(issuer) {
        Platform::GitHub if !pinned("repository_id") && !pinned("repository_owner_id") => missing.push((
            Weight::Refused,
            "an expression for GitHub has to pin `repository_id` or `repository_owner_id` (since July 2026)".to_owned(),
            "add ` and claims['repository_owner_id'] eq '…'`: `gh api users/OWNER --jq .id` prints it".to_owned(),
        )),
        Platform::GitLab if !["project_id", "namespace_id", "user_id"].iter().any(|claim| pinned(claim)) => {
            // One page demands it whatever the subject looks like, the newer one only beside a subject made of names.
            let by_id = subject.is_some_and(|clause| clause.comparand.starts_with("project_id:"));
            missing.push((
                if by_id { Weight::Doubtful } else { Weight::Refused },
                "an expression for GitLab has to pin `project_id` (since July 2026)".to_owned(),
                "add ` and claims['project_id'] eq '…'`: the project's page shows the number".to_owned(),
            ));
        }
        Platform::GitLab if !pinned("project_id") => missing.push((
            Weight::Doubtful,
            "Microsoft's newest page demands `project_id` beside a subject of GitLab, and may refuse other ids".to_owned(),
            "add ` and claims['project_id'] eq '…'`".to_owned(),
        )),
        _ => {}
    }
    if subject.is_none() {
        let weight = if platform(issuer) == Platform::GitHub {
            Weight::Doubtful
        } else {
            Weight::Refused
        };
        let message =
            "the expression does not test `sub`, which Microsoft's page demands".to_owned();
        missing.push((
            weight,
            message,
            "say which subjects are meant: `claims['sub'] matches '…'`".to_owned(),
        ));
    }
    missing.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::platform::GITHUB;

    fn problems(issuer: &str, text: &str) -> Vec<(Weight, String)> {
        let expression = Expression::parse(text).unwrap();
        check(issuer, &expression)
            .into_iter()
            .map(|problem| (problem.weight, problem.message))
            .collect()
    }

    #[test]
    fn the_expression_of_the_plan_is_fine() {
        let text = "claims['sub'] matches 'repo:contoso*/*:environment:prod' and claims['repository_owner_id'] eq '5544123'";
        assert_eq!(problems(GITHUB, text), []);
    }

    #[test]
    fn without_an_id_github_is_refused() {
        let found = problems(
            GITHUB,
            "claims['sub'] matches 'repo:contoso/*:environment:prod'",
        );
        assert!(
            matches!(&found[..], [(Weight::Refused, message)] if message.contains("repository_owner_id")),
            "{found:?}"
        );
        let found = problems(GITHUB, "claims['repository_id'] eq '1'");
        assert!(
            matches!(&found[..], [(Weight::Doubtful, message)] if message.contains("`sub`")),
            "{found:?}"
        );
    }

    #[test]
    fn claims_and_operators_are_per_issuer() {
        let found = problems(
            GITHUB,
            "claims['sub'] eq 'x' and claims['repository_id'] matches '1*' and claims['event_name'] eq 'push'",
        );
        assert!(found[0].1.contains("`repository_id` takes `eq` only"));
        assert!(found[1].1.contains("may not test the claim `event_name`"));
        assert_eq!(found.len(), 3, "the id is not pinned either: {found:?}");
        assert_eq!(
            problems(
                "https://app.terraform.io",
                "claims['sub'] matches 'organization:o:*'"
            ),
            []
        );
        assert!(
            problems(
                "https://gitlab.com",
                "claims['sub'] matches 'project_path:g/*'"
            )[0]
            .1
            .contains("project_id")
        );
        assert_eq!(
            problems(
                "https://gitlab.contoso.com",
                "claims['sub'] matches 'project_path:g/*' and claims['project_id'] eq '1'"
            ),
            []
        );
        let only_subject = problems(
            "https://gitlab.com",
            "claims['sub'] matches 'project_id:1:*'",
        );
        assert_eq!(only_subject[0].0, Weight::Doubtful);
    }

    #[test]
    fn other_issuers_take_none() {
        for issuer in [
            "https://token.actions.githubusercontent.com/",
            "https://token.actions.githubusercontent.com/contoso",
            "https://token.actions.contoso.ghe.com",
            "https://gitlab.contoso.de",
            "https://gitlab.com/",
            "https://app.terraform.io/",
            "http://gitlab.com",
            "https://oidc.contoso.com",
        ] {
            assert!(!takes_expressions(issuer), "{issuer}");
        }
        let expression = Expression::parse("claims['sub'] eq 'x'").unwrap();
        assert!(
            check("https://gitlab.com/", &expression)[0]
                .help
                .contains("`https://gitlab.com`")
        );
    }
}
