//! Ways in which an issuer, a subject or an audience is commonly written so that no token can ever match it.

use super::elsewhere::elsewhere;
use super::parts::{Context, Subject, parse};
use crate::exchange::issuers::takes_expressions;
use crate::exchange::platform::{GITHUB, Platform, platform};
use crate::exchange::trust::{Matcher, Trust};

/// The part of a credential that a trap is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    Issuer,
    Audience,
    Subject,
    Expression,
}

/// One likely mistake, and its repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    pub field: Field,
    pub message: String,
    pub help: String,
    /// The field's text as it was probably meant, where that is certain enough to offer.
    pub replacement: Option<String>,
}

/// Everything in a trust that looks like one of the known mistakes.
pub fn traps(trust: &Trust) -> Vec<Trap> {
    let mut traps = traps_around(trust);
    traps.extend(traps_inside(trust));
    traps
}

/// Those in its issuer and audience.
pub fn traps_around(trust: &Trust) -> Vec<Trap> {
    let mut traps = issuer(&trust.issuer);
    if trust.audience.trim() != trust.audience {
        traps.push(replace(
            Field::Audience,
            "the audience begins or ends with white space",
            trust.audience.trim(),
        ));
    }
    traps
}

/// Those in its subject or expression.
fn traps_inside(trust: &Trust) -> Vec<Trap> {
    let mut traps = Vec::new();
    match &trust.matcher {
        Matcher::Subject(text) => {
            traps.extend(exact_subject(&trust.issuer, text));
            traps.extend(texts(&trust.issuer, Field::Subject, text));
        }
        Matcher::Expression(expression) => {
            let subjects = expression
                .clauses()
                .iter()
                .filter(|clause| clause.claim == "sub");
            // Only the clause is known here: no replacement of the whole expression is offered.
            let about = subjects
                .flat_map(|clause| texts(&trust.issuer, Field::Expression, &clause.comparand));
            traps.extend(about.map(|trap| Trap {
                replacement: None,
                ..trap
            }));
        }
    }
    traps
}

fn issuer(text: &str) -> Vec<Trap> {
    let mut traps = Vec::new();
    let trimmed = text.trim();
    if trimmed != text {
        // entra-docs workload-identity-federation-considerations.md: white space around the issuer blocks the exchange.
        traps.push(replace(
            Field::Issuer,
            "the issuer begins or ends with white space",
            trimmed,
        ));
    }
    if let Some(rest) = trimmed.strip_prefix("http://") {
        let message = "the issuer is not https: Entra fetches its documents over https only";
        traps.push(replace(Field::Issuer, message, &format!("https://{rest}")));
    }
    if let Some(base) = trimmed.strip_suffix(".well-known/openid-configuration") {
        let message = "the issuer is the address of the discovery document: it has to be the `issuer` inside that document";
        traps.push(replace(Field::Issuer, message, base.trim_end_matches('/')));
    }
    // The discovery documents of AKS name the issuer with a slash at its end: Azure/AKS#3364.
    if trimmed.contains("oic.prod-aks.azure.com/") && !trimmed.ends_with('/') {
        let message = "the issuer of an AKS cluster ends with a slash";
        traps.push(replace(Field::Issuer, message, &format!("{trimmed}/")));
    }
    if platform(trimmed) == Platform::TerraformCloud && trimmed.ends_with('/') {
        let message = "HCP Terraform's tokens carry the issuer without a slash at its end";
        traps.push(replace(
            Field::Issuer,
            message,
            trimmed.trim_end_matches('/'),
        ));
    }
    if let Some(organization) = trimmed.strip_prefix("https://vstoken.dev.azure.com/")
        && uuid::Uuid::try_parse(organization).is_err()
    {
        traps.push(Trap {
            field: Field::Issuer,
            message: "the issuer of Azure DevOps ends with the organization's id, a GUID"
                .to_owned(),
            help: "take the issuer from the service connection's page".to_owned(),
            replacement: None,
        });
    }
    // Azure/login#175
    if trimmed.trim_end_matches('/').eq_ignore_ascii_case(GITHUB) && trimmed != GITHUB {
        let message =
            "GitHub's tokens carry the issuer in lower case and without a slash at its end";
        traps.push(replace(Field::Issuer, message, GITHUB));
    }
    traps
}

fn exact_subject(issuer: &str, text: &str) -> Option<Trap> {
    // entra-docs workload-identity-federation-considerations.md: a wildcard has no meaning in a subject.
    text.contains(['*', '?']).then(|| {
        let help = if takes_expressions(issuer) {
            "use a `claims_matching_expression`, or list the subjects"
        } else {
            "list the subjects: Entra takes expressions for GitHub, GitLab and Terraform Cloud only"
        };
        let message = format!(
            "`*` and `?` are ordinary characters in a subject: no token has the subject `{text}`"
        );
        Trap {
            field: Field::Subject,
            message,
            help: help.to_owned(),
            replacement: None,
        }
    })
}

/// What holds for exact subjects and for patterns alike.
fn texts(issuer: &str, field: Field, text: &str) -> Vec<Trap> {
    let mut traps = Vec::new();
    if text.trim() != text {
        traps.push(replace(
            field,
            "the subject begins or ends with white space",
            text.trim(),
        ));
    }
    traps.extend(elsewhere(issuer, field, text));
    match platform(issuer) {
        Platform::GitHub | Platform::GitHubEnterprise => traps.extend(github(issuer, field, text)),
        Platform::GitLab if text.contains(":ref:refs/") => {
            let fixed = text
                .replace(":ref:refs/heads/", ":ref:")
                .replace(":ref:refs/tags/", ":ref:");
            traps.push(replace(
                field,
                "GitLab's subjects name the ref without `refs/heads/`",
                &fixed,
            ));
        }
        _ => {}
    }
    traps
}

fn github(issuer: &str, field: Field, text: &str) -> Vec<Trap> {
    let mut traps = Vec::new();
    if let Some(rest) = text.strip_prefix("repository:") {
        traps.push(replace(
            field,
            "GitHub's subjects begin with `repo:`, not `repository:`",
            &format!("repo:{rest}"),
        ));
    }
    // One page of Microsoft's prints it with a hyphen (Azure/login#178).
    if let Some(start) = text.strip_suffix(":pull-request") {
        traps.push(replace(
            field,
            "GitHub writes `pull_request`, with an underscore",
            &format!("{start}:pull_request"),
        ));
    }
    for twice in ["refs/heads/refs/heads/", "refs/tags/refs/tags/"] {
        if text.contains(twice) {
            let once = &twice[..twice.len() / 2];
            traps.push(replace(
                field,
                &format!("`{once}` stands twice"),
                &text.replace(twice, once),
            ));
        }
    }
    for (wrong, right) in [
        (":branch:", ":ref:refs/heads/"),
        (":tag:", ":ref:refs/tags/"),
        (":env:", ":environment:"),
    ] {
        if text.contains(wrong) {
            traps.push(replace(
                field,
                &format!("GitHub's subjects have `{right}`, not `{wrong}`"),
                &text.replacen(wrong, right, 1),
            ));
        }
    }
    match parse(issuer, text) {
        Subject::GitHub {
            context: Context::Other(context),
            ..
        } => {
            // Azure/login#515: everything is compared with its case.
            let word = context.split(':').next().unwrap_or_default();
            let lower = word.to_ascii_lowercase();
            if word != lower && ["environment", "pull_request", "ref"].contains(&lower.as_str()) {
                let fixed = text.replacen(&format!(":{word}"), &format!(":{lower}"), 1);
                let message = format!("GitHub writes `{lower}` in lower case, and case counts");
                traps.push(replace(field, &message, &fixed));
            } else if context.starts_with("refs/") {
                let fixed = text.replacen(&format!(":{context}"), &format!(":ref:{context}"), 1);
                let message = "GitHub's subjects have `ref:` before the ref";
                traps.push(replace(field, message, &fixed));
            } else if traps.is_empty() && text.trim() == text && !context.contains([':', '*', '?'])
            {
                // No claim without a value is a context but `pull_request`.
                traps.push(Trap {
                    field,
                    message: format!("`{context}` is no context of a GitHub workflow"),
                    help: "write `ref:refs/heads/BRANCH`, `ref:refs/tags/TAG`, `environment:NAME` or `pull_request`".to_owned(),
                    replacement: None,
                });
            }
            if let Some(name) = context
                .strip_prefix("ref:")
                .filter(|name| !name.starts_with("refs/") && !name.starts_with('*'))
            {
                let fixed =
                    text.replacen(&format!("ref:{name}"), &format!("ref:refs/heads/{name}"), 1);
                traps.push(replace(
                    field,
                    "the ref is not complete: GitHub's subjects have `ref:refs/heads/BRANCH`",
                    &fixed,
                ));
            }
        }
        // GitHub's OIDC reference: a `:` inside a value becomes `%3A`.
        Subject::GitHub {
            context: Context::Environment(name),
            ..
        } if name.contains(':') => {
            let fixed = text.replacen(
                &format!("environment:{name}"),
                &format!("environment:{}", name.replace(':', "%3A")),
                1,
            );
            traps.push(replace(
                field,
                "GitHub writes a `:` in an environment's name as `%3A`",
                &fixed,
            ));
        }
        _ => {}
    }
    traps
}

fn replace(field: Field, message: &str, replacement: &str) -> Trap {
    let replacement = replacement.to_owned();
    Trap {
        field,
        message: message.to_owned(),
        help: format!("write `{replacement}`"),
        replacement: Some(replacement),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::expression::Expression;

    fn of(issuer: &str, subject: &str) -> Vec<Option<String>> {
        let trust = Trust {
            issuer: issuer.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher: Matcher::Subject(subject.to_owned()),
        };
        traps(&trust)
            .into_iter()
            .map(|trap| trap.replacement)
            .collect()
    }

    #[test]
    fn each_trap_offers_its_repair() {
        for (issuer, subject, repair) in [
            (GITHUB, "repo:o/r:pull-request", "repo:o/r:pull_request"),
            (
                GITHUB,
                "repository:o/r:pull_request",
                "repo:o/r:pull_request",
            ),
            (
                GITHUB,
                "repo:o/r:ref:refs/heads/refs/heads/main",
                "repo:o/r:ref:refs/heads/main",
            ),
            (GITHUB, "repo:o/r:ref:main", "repo:o/r:ref:refs/heads/main"),
            (
                GITHUB,
                "repo:o/r:branch:main",
                "repo:o/r:ref:refs/heads/main",
            ),
            (
                GITHUB,
                "repo:o/r:environment:a:b",
                "repo:o/r:environment:a%3Ab",
            ),
            (GITHUB, "repo:o/r:pull_request ", "repo:o/r:pull_request"),
            (
                "https://token.actions.githubusercontent.com/",
                "repo:o/r:pull_request",
                GITHUB,
            ),
            ("http://issuer.example", "x", "https://issuer.example"),
            (
                "https://i.example/.well-known/openid-configuration",
                "x",
                "https://i.example",
            ),
            (" https://i.example", "x", "https://i.example"),
            (
                "https://gitlab.com",
                "project_path:g/p:ref_type:branch:ref:refs/heads/main",
                "project_path:g/p:ref_type:branch:ref:main",
            ),
        ] {
            assert_eq!(
                of(issuer, subject),
                [Some(repair.to_owned())],
                "{issuer} {subject}"
            );
        }
    }

    #[test]
    fn what_is_right_is_left_alone() {
        for (issuer, subject) in [
            (
                GITHUB,
                "repo:contoso@5544123/payments@821093847:environment:prod",
            ),
            (GITHUB, "repo:o/r:ref:refs/heads/main"),
            (
                "https://eastus.oic.prod-aks.azure.com/t/c/",
                "system:serviceaccount:a:b",
            ),
            (
                "https://gitlab.com",
                "project_path:g/p:ref_type:branch:ref:main",
            ),
        ] {
            assert_eq!(of(issuer, subject), [], "{subject}");
        }
        assert_eq!(of(GITHUB, "repo:o/*:pull_request"), [None]);
    }

    #[test]
    fn patterns_have_the_same_traps_but_for_the_star() {
        let text = "claims['sub'] matches 'repository:o/*:pull-request'";
        let trust = Trust {
            issuer: GITHUB.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher: Matcher::Expression(Expression::parse(text).unwrap()),
        };
        let found: Vec<Field> = traps(&trust).into_iter().map(|trap| trap.field).collect();
        assert_eq!(found, [Field::Expression, Field::Expression]);
    }
}
