//! The most dangerous tokens among those that are newly admitted: of a pull request, of somebody else's repository.

use crate::exchange::expression::Operator;
use crate::exchange::pattern::Pattern;
use crate::exchange::platform::{Platform, platform};
use crate::exchange::subject::{Context, Subject, describe_pull_requests, parse};
use crate::exchange::trust::{Matcher, Trust};
use crate::exchange::witness::Difference;
use crate::model::plan::Danger;

/// What is dangerous in what a trust newly admits, the worst first. An exact subject is what its sentence says.
pub(super) fn dangers(trust: &Trust, difference: &Difference) -> Vec<Danger> {
    let Matcher::Expression(_) = &trust.matcher else {
        return Vec::new();
    };
    strangers(trust, difference)
        .into_iter()
        .chain(pull_requests(trust, difference))
        .collect()
}

/// Anyone may open a pull request where he can push a branch or, with some settings, fork.
fn pull_requests(trust: &Trust, difference: &Difference) -> Option<Danger> {
    let who = describe_pull_requests(trust)?;
    // A trust in pull requests alone says so itself.
    if who == crate::exchange::subject::describe(trust) {
        return None;
    }
    // An environment or a branch may bear that name; GitHub escapes a colon within one.
    let among = difference
        .within("sub", Pattern::glob("*:pull_request"))
        .without("sub", Pattern::glob("*:environment:*"))
        .without("sub", Pattern::glob("*:ref:*"));
    let witness = among.witness().ok()??;
    Some(Danger {
        who,
        example: witness.text("sub")?.into_owned(),
    })
}

/// A pattern on a name lets in whoever registers a name that fits, unless an id is pinned.
fn strangers(trust: &Trust, difference: &Difference) -> Option<Danger> {
    let Matcher::Expression(expression) = &trust.matcher else {
        return None;
    };
    let clauses = expression.clauses();
    let pinned = clauses
        .iter()
        .any(|clause| clause.operator == Operator::Eq && clause.claim.ends_with("_id"));
    if platform(&trust.issuer) != Platform::GitHub || pinned {
        return None;
    }
    let subject = clauses.iter().find(|clause| clause.claim == "sub");
    let owner = match subject.map(|clause| parse(&trust.issuer, &clause.comparand)) {
        Some(Subject::GitHub { owner, .. }) if owner.id.is_none() => owner.name,
        Some(Subject::GitHub { .. }) => return None,
        _ => "*".to_owned(),
    };
    let name = owner.split(['*', '?']).next().unwrap_or_default();
    if name == owner {
        return None;
    }
    let mut others = difference.clone();
    if !name.is_empty() {
        for own in [format!("repo:{name}/*"), format!("repo:{name}@*")] {
            others = others.without("sub", Pattern::glob(&own));
        }
    }
    let witness = others.witness().ok()??;
    let who = match name {
        "" => "anyone with a repository on GitHub".to_owned(),
        name => format!("anyone who registers an owner on GitHub whose name begins with `{name}`"),
    };
    Some(Danger {
        who,
        example: witness.text("sub")?.into_owned(),
    })
}

/// Whether two trusts name one GitHub repository and one place in it, in the two forms of a subject.
///
/// GitHub sends a token with names and ids from the repository that has those names now: pinning the ids of the same
/// names admits nobody whom the names alone did not.
pub(super) fn same_repository(new: &Trust, old: &Trust) -> bool {
    let parts = |trust: &Trust| match &trust.matcher {
        Matcher::Subject(text) => match parse(&trust.issuer, text) {
            Subject::GitHub {
                owner,
                repository,
                context,
            } if !matches!(context, Context::Anywhere) => Some((owner, repository, context)),
            _ => None,
        },
        Matcher::Expression(_) => None,
    };
    if new.issuer != old.issuer || new.audience != old.audience {
        return false;
    }
    let (Some(new), Some(old)) = (parts(new), parts(old)) else {
        return false;
    };
    let same_id = |new: &Option<String>, old: &Option<String>| match old {
        Some(_) => new == old,
        None => true,
    };
    new.2 == old.2
        && new.0.name == old.0.name
        && new.1.name == old.1.name
        && same_id(&new.0.id, &old.0.id)
        && same_id(&new.1.id, &old.1.id)
}
