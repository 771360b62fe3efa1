//! Who a trust admits, in a sentence.

use super::parts::{Context, GitHubName, Subject, not_there_yet, parse};
use crate::exchange::expression::{Expression, Operator};
use crate::exchange::platform::{GITHUB, Platform, platform};
use crate::exchange::trust::{Matcher, Trust};

/// Who may act through a trust: "any workflow of contoso/payments on branch `main`", "service account `checkout-sa` in namespace
/// `payments` of the cluster `https://oidc.example/`", "whoever holds the subject `x` from issuer `y`".
pub fn describe(trust: &Trust) -> String {
    match &trust.matcher {
        Matcher::Subject(subject) => exact(&trust.issuer, subject),
        Matcher::Expression(expression) => by_expression(&trust.issuer, expression, None),
    }
}

/// The same of its pull requests alone; none for a trust that is not an expression over GitHub's tokens.
pub fn describe_pull_requests(trust: &Trust) -> Option<String> {
    match &trust.matcher {
        Matcher::Expression(expression) if platform(&trust.issuer) == Platform::GitHub => {
            let place = Some(Context::PullRequest);
            Some(by_expression(&trust.issuer, expression, place))
        }
        _ => None,
    }
}

/// The issuers that everybody means by the platform's name; another one has to be named.
const USUAL: [&str; 3] = [GITHUB, "https://gitlab.com", "https://app.terraform.io"];

fn exact(issuer: &str, text: &str) -> String {
    let subject = parse(issuer, text);
    let shared = matches!(
        subject,
        Subject::GitHub { .. }
            | Subject::GitLab { .. }
            | Subject::TerraformCloud { .. }
            | Subject::Spiffe { .. }
    );
    let sentence = of_subject(issuer, subject);
    match shared && !USUAL.contains(&issuer) {
        true => format!("{sentence} (issuer `{issuer}`)"),
        false => sentence,
    }
}

/// A thing by its name, or any of them.
fn any(what: &str, name: &str) -> String {
    match name {
        "*" => format!("any {what}"),
        name => format!("{what} `{name}`"),
    }
}

fn of_subject(issuer: &str, subject: Subject) -> String {
    match subject {
        Subject::GitHub {
            owner,
            repository,
            context,
        } => {
            let ids = match (&owner.id, &repository.id) {
                (Some(owner), Some(repository)) => {
                    format!(" (repository {repository} of owner {owner})")
                }
                _ => String::new(),
            };
            let repository = format!("{}/{}{ids}", owner.name, repository.name);
            match where_it_runs(&context) {
                Place::PullRequest => format!("anyone who can open a pull request in {repository}"),
                Place::Known(place) => format!("any workflow of {repository} {place}"),
                Place::Anywhere => format!("any workflow of {repository}"),
            }
        }
        Subject::GitLab {
            project,
            by_id,
            ref_type,
            reference,
        } => {
            let project = if by_id {
                format!("project {project}")
            } else {
                format!("project `{project}`")
            };
            match (ref_type, reference) {
                (Some(kind), Some(name)) => format!("any pipeline of {project} on {kind} `{name}`"),
                _ => format!("any pipeline of {project}"),
            }
        }
        Subject::Kubernetes {
            namespace,
            service_account,
        } => {
            // Every cluster has such a name; only its issuer tells which one is meant.
            format!(
                "service account `{service_account}` in namespace `{namespace}` of the cluster `{issuer}`"
            )
        }
        Subject::Spiffe { trust_domain, path } => {
            format!("workload `{path}` of trust domain `{trust_domain}`")
        }
        Subject::TerraformCloud {
            organization,
            project,
            workspace,
            run_phase,
        } => {
            // A workspace of HCP Terraform has these two phases.
            let runs = match run_phase.as_str() {
                "*" => "plan and apply".to_owned(),
                phase => phase.to_owned(),
            };
            format!(
                "{runs} runs of {} in {} of organization `{organization}`",
                any("workspace", &workspace),
                any("project", &project)
            )
        }
        Subject::AzureDevOps {
            organization,
            project,
            connection,
        } => {
            format!(
                "pipelines with service connection `{connection}` of project `{project}` in organization `{organization}`"
            )
        }
        Subject::ServiceConnection {
            organization,
            connection,
        } => {
            format!(
                "pipelines with service connection `{connection}` of the Azure DevOps organization `{organization}`"
            )
        }
        Subject::ManagedIdentity(id) => match not_there_yet(&id) {
            Some(address) => format!("the managed identity `{address}`"),
            None => format!("the managed identity with object id `{id}`"),
        },
        Subject::Opaque(text) => {
            format!("whoever holds the subject `{text}` from issuer `{issuer}`")
        }
    }
}

/// `place` is where those run who are described, instead of wherever the expression lets them.
fn by_expression(issuer: &str, expression: &Expression, place: Option<Context>) -> String {
    let equal = |claim: &str| {
        let mut clauses = expression.clauses().iter();
        let clause =
            clauses.find(|clause| clause.claim == claim && clause.operator == Operator::Eq)?;
        Some(clause.comparand.clone())
    };
    let mut subjects = expression
        .clauses()
        .iter()
        .filter(|clause| clause.claim == "sub");
    let (first, others) = (subjects.next(), subjects.next());
    let known = match first.map(|clause| parse(issuer, &clause.comparand)) {
        Some(Subject::GitHub {
            owner,
            repository,
            context,
        }) if others.is_none() && platform(issuer) == Platform::GitHub => {
            let pinned = (equal("repository_owner_id"), equal("repository_id"));
            let context = place.unwrap_or(context);
            Some(github(&owner, &repository, &context, pinned))
        }
        Some(Subject::Opaque(_)) => None,
        Some(_) if others.is_none() => first.map(|clause| exact(issuer, &clause.comparand)),
        None if platform(issuer) == Platform::GitHub => {
            let anything = GitHubName {
                name: "*".to_owned(),
                id: None,
            };
            let pinned = (equal("repository_owner_id"), equal("repository_id"));
            let context = place.unwrap_or(Context::Anywhere);
            Some(github(&anything, &anything, &context, pinned))
        }
        _ => None,
    };
    let Some(mut sentence) = known else {
        return format!("whoever holds a token from issuer `{issuer}` with `{expression}`");
    };
    // What the sentence has not said yet.
    for clause in expression.clauses() {
        match clause.claim.as_str() {
            "sub" | "repository_owner_id" | "repository_id" => {}
            "job_workflow_ref" => {
                sentence.push_str(&format!(", running the workflow `{}`", clause.comparand))
            }
            claim => sentence.push_str(&format!(
                ", with `{claim}` {} `{}`",
                clause.operator, clause.comparand
            )),
        }
    }
    sentence
}

/// `pinned` are the ids of owner and repository, where the expression tests them.
fn github(
    owner: &GitHubName,
    repository: &GitHubName,
    context: &Context,
    pinned: (Option<String>, Option<String>),
) -> String {
    let owner_id = pinned.0.or_else(|| owner.id.clone());
    let repository_id = pinned.1.or_else(|| repository.id.clone());
    let open = |text: &str| text.contains(['*', '?']);
    let (owner_plain, repository_plain) = (plain(&owner.name), plain(&repository.name));
    let of_owner = match &owner_id {
        Some(id) if owner_plain.is_empty() => format!("owner {id}"),
        Some(id) => format!("owner {id} ({owner_plain})"),
        None if owner.name == "*" => "any owner".to_owned(),
        None if open(&owner.name) => format!("any owner whose name matches `{}`", owner.name),
        None => format!("owner {}", owner.name),
    };
    let which = match &repository_id {
        Some(id) if owner_plain.is_empty() || repository_plain.is_empty() => {
            format!("repository {id}")
        }
        Some(id) => format!("repository {id} ({owner_plain}/{repository_plain})"),
        None if repository.name == "*" => format!("any repository of {of_owner}"),
        None if open(&repository.name) => format!(
            "any repository of {of_owner} whose name matches `{}`",
            repository.name
        ),
        None => format!("repository {} of {of_owner}", repository.name),
    };
    match where_it_runs(context) {
        Place::PullRequest => format!("anyone who can open a pull request in {which}"),
        Place::Known(place) => format!("{which}, {place}"),
        Place::Anywhere => format!("{which}, from any branch, environment or pull request"),
    }
}

/// A name without the `*` that lets an id follow it; empty if it has other wildcards.
fn plain(name: &str) -> &str {
    let trimmed = name.trim_end_matches('*');
    // `contoso-*` is the beginning of names.
    let begins = trimmed.len() < name.len() && trimmed.ends_with('-');
    match begins || trimmed.contains(['*', '?']) {
        true => "",
        false => trimmed.trim_end_matches('@'),
    }
}

enum Place {
    Anywhere,
    PullRequest,
    Known(String),
}

fn where_it_runs(context: &Context) -> Place {
    Place::Known(match context {
        Context::Anywhere => return Place::Anywhere,
        Context::PullRequest => return Place::PullRequest,
        Context::Environment(name) if name == "*" => "in any environment".to_owned(),
        Context::Environment(name) => format!("in environment `{name}`"),
        Context::Branch(name) if name == "*" => "on any branch".to_owned(),
        Context::Branch(name) => format!("on branch `{name}`"),
        Context::Tag(name) if name == "*" => "on any tag".to_owned(),
        Context::Tag(name) => format!("on tag `{name}`"),
        Context::Other(text) => format!("in the context `{text}`"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(issuer: &str, matcher: Matcher) -> String {
        describe(&Trust {
            issuer: issuer.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher,
        })
    }

    #[test]
    fn exact_subjects() {
        for (issuer, subject, sentence) in [
            (
                GITHUB,
                "repo:contoso/payments:ref:refs/heads/main",
                "any workflow of contoso/payments on branch `main`",
            ),
            (
                GITHUB,
                "repo:contoso@55/payments@82:environment:prod",
                "any workflow of contoso/payments (repository 82 of owner 55) in environment `prod`",
            ),
            (
                GITHUB,
                "repo:contoso/payments:pull_request",
                "anyone who can open a pull request in contoso/payments",
            ),
            (
                "https://oidc.example/",
                "system:serviceaccount:payments:checkout-sa",
                "service account `checkout-sa` in namespace `payments` of the cluster `https://oidc.example/`",
            ),
            (
                "https://y",
                "x",
                "whoever holds the subject `x` from issuer `https://y`",
            ),
            (
                "https://gitlab.com",
                "project_path:g/p:ref_type:branch:ref:main",
                "any pipeline of project `g/p` on branch `main`",
            ),
            (
                "https://app.terraform.io",
                "organization:o:project:p:workspace:w:run_phase:apply",
                "apply runs of workspace `w` in project `p` of organization `o`",
            ),
            (
                "https://login.microsoftonline.com/t/v2.0",
                "/eid1/c/pub/t/v4j5/a/9Ex/sc/44444444/55555555",
                "pipelines with service connection `55555555` of the Azure DevOps organization `44444444`",
            ),
            (
                "https://login.microsoftonline.com/t/v2.0",
                "${managed_identity.runner.principal_id}",
                "the managed identity `managed_identity.runner`",
            ),
            (
                "https://login.microsoftonline.com/t/v2.0",
                "/eid1/c/pub/t/v4j5/a/9Ex/x",
                "whoever holds the subject `/eid1/c/pub/t/v4j5/a/9Ex/x` from issuer `https://login.microsoftonline.com/t/v2.0`",
            ),
            (
                "https://spire.example",
                "spiffe://td.example/ns/a",
                "workload `/ns/a` of trust domain `td.example` (issuer `https://spire.example`)",
            ),
        ] {
            assert_eq!(says(issuer, Matcher::Subject(subject.to_owned())), sentence);
        }
    }

    #[test]
    fn expressions() {
        for (text, sentence) in [
            (
                "claims['sub'] matches 'repo:contoso*/*:environment:prod' and claims['repository_owner_id'] eq '5544123'",
                "any repository of owner 5544123 (contoso), in environment `prod`",
            ),
            (
                "claims['sub'] matches 'repo:contoso*/*' and claims['repository_owner_id'] eq '5544123'",
                "any repository of owner 5544123 (contoso), from any branch, environment or pull request",
            ),
            (
                "claims['sub'] matches 'repo:contoso/*:pull_request'",
                "anyone who can open a pull request in any repository of owner contoso",
            ),
            (
                "claims['sub'] matches 'repo:contoso*/payments*:ref:refs/heads/*' and claims['repository_id'] eq '82'",
                "repository 82 (contoso/payments), on any branch",
            ),
            (
                "claims['repository_id'] eq '82'",
                "repository 82, from any branch, environment or pull request",
            ),
            (
                "claims['sub'] matches 'repo:con*so/*:environment:prod' and claims['job_workflow_ref'] eq 'o/r/w.yml@refs/heads/main'",
                "any repository of any owner whose name matches `con*so`, in environment `prod`, running the workflow `o/r/w.yml@refs/heads/main`",
            ),
        ] {
            assert_eq!(
                says(
                    GITHUB,
                    Matcher::Expression(Expression::parse(text).unwrap())
                ),
                sentence
            );
        }
    }
}
