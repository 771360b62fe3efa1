//! What became of an expectation: which credential admits a token, or what the nearest one has against it.

use crate::exchange::claims::Claims;
use crate::exchange::issuers::takes_expressions;
use crate::exchange::trust::{Matcher, Mismatch, Relation, Trust};
use crate::kinds::federated_credential;
use crate::model::desired::{Desired, Expectation, Resource, Token};
use crate::model::diagnostic::Diagnostic;

/// One expectation.
pub struct Outcome {
    pub name: String,
    /// How many tokens it asked about.
    pub tokens: usize,
    pub failures: Vec<Diagnostic>,
}

/// Every expectation, asked of the credentials that are declared.
pub fn outcomes(desired: &Desired) -> Vec<Outcome> {
    let each = desired.expectations.iter();
    each.map(|expectation| outcome(expectation, desired))
        .collect()
}

/// A credential and what it trusts.
type Asked<'a> = (&'a Resource, Trust);

fn outcome(expectation: &Expectation, desired: &Desired) -> Outcome {
    let asked: Vec<Asked> = desired
        .of_kind(federated_credential::KIND)
        .filter(|resource| resource.address.parent().as_ref() == Some(&expectation.subject))
        .filter_map(|resource| Some((resource, federated_credential::trust(&resource.body)?)))
        .collect();
    let audience = desired.stack.cloud.exchange_audience();
    let accept = expectation
        .accept
        .iter()
        .filter_map(|token| refused(expectation, token, &asked, audience));
    let refuse = expectation
        .refuse
        .iter()
        .filter_map(|token| admitted(expectation, token, &asked, audience));
    Outcome {
        name: expectation.name.clone(),
        tokens: expectation.accept.len() + expectation.refuse.len(),
        failures: accept.chain(refuse).collect(),
    }
}

/// The token's claims as one credential's issuer would send them.
fn claims(token: &Token, trust: &Trust, audience: &str) -> Claims {
    let given = token
        .claims
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let mut all = vec![("iss", trust.issuer.as_str()), ("aud", audience)];
    all.retain(|(name, _)| !token.claims.contains_key(*name));
    all.into_iter().chain(given).collect()
}

/// What a credential has against a token; none where it admits it.
fn difference(token: &Token, trust: &Trust, audience: &str) -> Option<Mismatch> {
    trust.first_difference(&claims(token, trust, audience))
}

/// Whether Entra would use the credential at all.
fn usable(trust: &Trust) -> bool {
    matches!(trust.matcher, Matcher::Subject(_)) || takes_expressions(&trust.issuer)
}

fn shown(token: &Token) -> String {
    match token.claims.get("sub") {
        Some(subject) => format!("`{subject}`"),
        None => {
            let claims = token
                .claims
                .iter()
                .map(|(name, value)| format!("{name} = {value}"));
            format!("`{}`", claims.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A token that should be let in, and is not.
fn refused(
    expectation: &Expectation,
    token: &Token,
    asked: &[Asked],
    audience: &str,
) -> Option<Diagnostic> {
    let admits =
        |(_, trust): &&Asked| usable(trust) && difference(token, trust, audience).is_none();
    if asked.iter().any(|asked| admits(&asked)) {
        return None;
    }
    let diagnostic = Diagnostic::error(
        "expect-accept",
        format!(
            "no credential of `{}` admits {}",
            expectation.subject,
            shown(token)
        ),
    )
    .about(format!("expect.{}", expectation.name))
    .at(token.origin, "should be let in");
    let nearest = asked
        .iter()
        .filter_map(|(resource, trust)| Some((resource, difference(token, trust, audience)?)))
        .min_by_key(|(_, difference)| distance(difference));
    let Some((resource, difference)) = nearest else {
        return Some(
            diagnostic.help("it has no credential that is complete: add a `federated_credential`"),
        );
    };
    let subject = token.claims.get("sub").map_or("", String::as_str);
    let fix = match &difference {
        Mismatch::Issuer(_) => "add a `federated_credential` for this issuer".to_owned(),
        Mismatch::Audience(pair) => format!(
            "set `audience = \"{}\"`, or ask the platform for a token with the trusted one",
            pair.presented.as_deref().unwrap_or_default()
        ),
        Mismatch::Subject(pair) if pair.relation == Relation::Different => {
            format!("add a `federated_credential` with the subject `{subject}`")
        }
        Mismatch::Subject(_) => format!("write the subject as the token carries it: `{subject}`"),
        Mismatch::Clause { clause, .. } => {
            format!("change the clause `{clause}`, or add a credential for this token")
        }
    };
    Some(
        diagnostic
            .see(resource.origin, format!("the nearest: {difference}"))
            .help(fix),
    )
}

/// A token that should be kept out, and is not.
fn admitted(
    expectation: &Expectation,
    token: &Token,
    asked: &[Asked],
    audience: &str,
) -> Option<Diagnostic> {
    let (resource, trust) = asked
        .iter()
        .find(|(_, trust)| usable(trust) && difference(token, trust, audience).is_none())?;
    let (why, fix) = match &trust.matcher {
        Matcher::Subject(_) => (
            "trusts exactly this".to_owned(),
            "remove the credential, or this `refuse`".to_owned(),
        ),
        Matcher::Expression(expression) => {
            let open = expression
                .clauses()
                .iter()
                .find(|clause| clause.comparand.contains('*'));
            match open {
                Some(clause) => (
                    format!("`{clause}` lets it in"),
                    format!(
                        "narrow `{}`: its wildcards stand for any characters, `/` and `:` too",
                        clause.comparand
                    ),
                ),
                None => (
                    "every clause holds".to_owned(),
                    "remove the credential, or this `refuse`".to_owned(),
                ),
            }
        }
    };
    Some(
        Diagnostic::error(
            "expect-refuse",
            format!("`{}` admits {}", resource.address, shown(token)),
        )
        .about(format!("expect.{}", expectation.name))
        .at(token.origin, "should be kept out")
        .see(resource.origin, why)
        .help(fix),
    )
}

/// Later parts of the comparison are nearer, and what looks alike is nearest.
fn distance(difference: &Mismatch) -> (u8, bool) {
    let (step, pair) = match difference {
        Mismatch::Issuer(pair) => (2, pair),
        Mismatch::Audience(pair) => (1, pair),
        Mismatch::Subject(pair) => (0, pair),
        Mismatch::Clause { .. } => return (0, false),
    };
    (
        step,
        matches!(pair.relation, Relation::Different | Relation::Missing),
    )
}
