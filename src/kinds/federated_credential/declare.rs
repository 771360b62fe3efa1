//! From a live credential back to the block that declares it: with a builder where one makes exactly that.

use super::builders::{self, Block};
use super::{check, mark};
use crate::exchange::expression::Expression;
use crate::exchange::issuers;
use crate::exchange::subject::{self, Context, Subject};
use crate::model::desired::Stack;
use crate::model::live::Object;
use crate::model::value::{Map, Value};

/// The attributes of a credential's block.
///
/// # Errors
/// Why no file can say it.
pub fn declare(object: &Object, stack: &Stack) -> Result<Map, String> {
    let text = |name: &str| {
        let value = object.body.get(name).and_then(Value::as_str);
        value.filter(|text| !text.is_empty())
    };
    let issuer = text("issuer").ok_or("it has no issuer")?;
    let said = |verdict: Result<(), crate::model::schema::Complaint>| {
        verdict.map_err(|complaint| complaint.message)
    };
    said(check::issuer(&issuer.into()))?;
    let mut body = match (text("subject"), text("claims_matching_expression")) {
        (Some(subject), _) => {
            said(check::subject(&subject.into()))?;
            exact(issuer, subject, stack)
        }
        (None, Some(expression)) => {
            let parsed = Expression::parse(expression);
            let parsed = parsed.map_err(|_| "its expression cannot be read".to_owned())?;
            let refused = issuers::check(issuer, &parsed)
                .into_iter()
                .find(|problem| problem.weight == issuers::Weight::Refused);
            if let Some(problem) = refused {
                return Err(problem.message);
            }
            raw(issuer, "claims_matching_expression", expression)
        }
        (None, None) => return Err("it has neither subject nor expression".to_owned()),
    };
    let audience = text("audience").filter(|text| *text != stack.cloud.exchange_audience());
    let description = text("description")
        .map(mark::unmarked)
        .filter(|text| !text.is_empty());
    for (name, text) in [("audience", audience), ("description", description)] {
        body.extend(text.map(|text| (name.to_owned(), text.into())));
    }
    Ok(body)
}

fn raw(issuer: &str, member: &str, text: &str) -> Map {
    [("issuer", issuer), (member, text)]
        .map(|(name, text)| (name.to_owned(), text.into()))
        .into()
}

/// The attributes of a block that trusts one subject.
pub fn exact(issuer: &str, subject: &str, stack: &Stack) -> Map {
    let Some((name, members)) = candidate(issuer, subject) else {
        return raw(issuer, "subject", subject);
    };
    let own = issuer_of(name);
    let mut block = Map::from_iter(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    if own {
        block.insert("issuer".to_owned(), issuer.into());
    }
    let value = Value::Map(block);
    let Some(builder) = builders::ALL.iter().find(|builder| builder.name == name) else {
        return raw(issuer, "subject", subject);
    };
    let mut reading = Block::new(&value, None, stack);
    let trusts = (builder.build)(&mut reading);
    let same = reading.complaints.is_empty()
        && trusts.is_some_and(|trusts| {
            trusts.issuer.as_str() == Some(issuer)
                && trusts.matches.len() == 1
                && trusts.matches[0].member == "subject"
                && trusts.matches[0].text.as_str() == Some(subject)
        });
    match same {
        true => [(name.to_owned(), value)].into(),
        false => raw(issuer, "subject", subject),
    }
}

/// Whether the builder wants its issuer named.
fn issuer_of(name: &str) -> bool {
    name == "kubernetes" || name == "spiffe"
}

/// The builder that a subject looks like, and what would stand in it. Whether it makes the same is tried out.
fn candidate(issuer: &str, text: &str) -> Option<(&'static str, Vec<(&'static str, Value)>)> {
    let some = |name, value: &str| (name, Value::text(value));
    Some(match subject::parse(issuer, text) {
        Subject::GitHub {
            owner,
            repository,
            context,
        } => {
            let mut members = vec![
                some("owner", &owner.name),
                some("repository", &repository.name),
            ];
            if let (Some(owner), Some(repository)) = (&owner.id, &repository.id) {
                members.push(some("owner_id", owner));
                members.push(some("repository_id", repository));
                members.push(some("subject_format", "immutable"));
            }
            members.push(match &context {
                Context::Environment(name) => some("environment", &name.replace("%3A", ":")),
                Context::Branch(name) => some("branch", name),
                Context::Tag(name) => some("tag", name),
                Context::PullRequest => ("pull_request", Value::Bool(true)),
                Context::Other(text) => some("ref", text.strip_prefix("ref:")?),
                Context::Anywhere => return None,
            });
            ("github", members)
        }
        Subject::GitLab {
            project,
            by_id,
            ref_type,
            reference,
        } => {
            let project = some(if by_id { "project_id" } else { "project_path" }, &project);
            let mut members = vec![project, some("ref", &reference?)];
            members.extend(
                ref_type
                    .filter(|word| word != "branch")
                    .map(|word| some("ref_type", &word)),
            );
            if issuer != "https://gitlab.com" {
                members.push(some("issuer", issuer));
            }
            ("gitlab", members)
        }
        Subject::Kubernetes {
            namespace,
            service_account,
        } => {
            let members = [
                ("namespace", namespace),
                ("service_account", service_account),
            ];
            (
                "kubernetes",
                members.map(|(name, text)| some(name, &text)).into(),
            )
        }
        Subject::Spiffe { trust_domain, path } => {
            let path = path.trim_start_matches('/');
            (
                "spiffe",
                vec![some("trust_domain", &trust_domain), some("path", path)],
            )
        }
        Subject::TerraformCloud {
            organization,
            project,
            workspace,
            run_phase,
        } => {
            let members = [
                ("organization", organization),
                ("project", project),
                ("workspace", workspace),
                ("run_phase", run_phase),
            ];
            (
                "terraform_cloud",
                members.map(|(name, text)| some(name, &text)).into(),
            )
        }
        _ => return None,
    })
}
