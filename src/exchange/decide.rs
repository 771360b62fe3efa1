//! One exchange, decided in the token endpoint's order.
//!
//! The order is a reconstruction from the errors that people meet: the client, the form of the assertion, the credential (before
//! anything is fetched: a wrong issuer is refused without a request to it), the issuer's documents, key, signature, lifetime, resource.
//! The steps are functions of their own, so that a caller can look things up and fetch between them; [`decide`] is all that need no tenant.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::aadsts::render;
use super::assertion::{Assertion, parse_assertion};
use super::issuers;
use super::platform::{Platform, platform};
use super::signature::{check_key, check_signature};
use super::trust::{Matcher, Mismatch, Relation, Trust};
use crate::model::verdict::{Refusal, Verdict};

/// How far the issuer's clock may be off, in seconds. The usual tolerance of Microsoft's token libraries; for this endpoint an assumption.
pub const CLOCK_SKEW: i64 = 300;

/// What is known of an issuer's keys.
#[derive(Debug, Clone, Copy)]
pub enum Keys<'a> {
    /// The JWKS document.
    Jwks(&'a [u8]),
    /// It could not be fetched, and why.
    Unreachable(&'a str),
}

/// Decides an exchange for a client that exists, over the trusts of that client, at a time in seconds since 1970.
pub fn decide(jwt: &str, client_id: &str, trusts: &[Trust], keys: Keys<'_>, now: i64) -> Verdict {
    let verdict = parse_assertion(jwt).and_then(|assertion| {
        let trust = match_trust(&assertion, client_id, trusts)?;
        let jwks = match keys {
            Keys::Jwks(jwks) => jwks,
            Keys::Unreachable(why) => return Err(render(90061, &[]).because(why)),
        };
        let key = check_key(&assertion, jwks)?;
        check_signature(&assertion, &key)?;
        check_lifetime(&assertion, now)?;
        Ok(trust)
    });
    verdict.map_or_else(Verdict::Refused, |trust| Verdict::Admitted { trust })
}

/// The first trust that admits the assertion, as its index.
///
/// # Errors
/// 700027 (the application's own assertion), 7000226 (no credentials), 700211 (issuer), 700212 (audience), then 7002138, 7002137,
/// 7002131, 700213 or 7002241 for the subject; 700229 for a user's token of Entra. The detail names the nearest credential's difference.
pub fn match_trust(
    assertion: &Assertion,
    client_id: &str,
    trusts: &[Trust],
) -> Result<usize, Refusal> {
    if assertion.issuer.eq_ignore_ascii_case(client_id) {
        return Err(render(700_027, &[("key", assertion.key_id.as_str())]));
    }
    if trusts.is_empty() {
        return Err(render(7_000_226, &[("application", client_id)]));
    }
    let nearest = |refusal: Refusal| match nearest_difference(assertion, trusts) {
        Some(difference) => refusal.because(difference.to_string()),
        None => refusal,
    };
    if !trusts.iter().any(|trust| trust.issuer == assertion.issuer) {
        return Err(nearest(render(
            700_211,
            &[("issuer", assertion.issuer.as_str())],
        )));
    }
    let audiences = assertion.claims.audiences();
    let candidates = trusts.iter().enumerate().filter(|(_, trust)| {
        trust.issuer == assertion.issuer && audiences.contains(&trust.audience)
    });
    let candidates: Vec<(usize, &Trust)> = candidates.collect();
    if candidates.is_empty() {
        return Err(nearest(render(
            700_212,
            &[("audience", audiences.join(", ").as_str())],
        )));
    }
    let expressions = issuers::takes_expressions(&assertion.issuer);
    let usable = |trust: &Trust| expressions || matches!(trust.matcher, Matcher::Subject(_));
    if let Some((index, _)) = candidates
        .iter()
        .find(|(_, trust)| usable(trust) && trust.admits(&assertion.claims))
    {
        return if is_users_token(assertion) {
            Err(render(700_229, &[]))
        } else {
            Ok(*index)
        };
    }
    Err(nearest(no_subject(assertion, &candidates, expressions)))
}

/// The refusal when issuer and audience are trusted and the subject is not.
fn no_subject(assertion: &Assertion, candidates: &[(usize, &Trust)], expressions: bool) -> Refusal {
    let subject = ("subject", assertion.subject.as_str());
    let exact = || {
        candidates.iter().filter_map(|(_, trust)| {
            if let Matcher::Subject(text) = &trust.matcher {
                Some(text)
            } else {
                None
            }
        })
    };
    if exact().any(|text| text.to_lowercase() == assertion.subject.to_lowercase()) {
        return render(7_002_138, &[subject]);
    }
    if let Some(expected) = exact().find_map(|text| first_party(&assertion.subject, text)) {
        return render(7_002_137, &[subject, ("expected", expected.as_str())]);
    }
    let has_expression = candidates
        .iter()
        .any(|(_, trust)| matches!(trust.matcher, Matcher::Expression(_)));
    match (has_expression && expressions, exact().next().is_some()) {
        (true, _) => render(7_002_131, &[subject]),
        (false, true) => render(700_213, &[subject]),
        (false, false) => render(7_002_241, &[("issuer", assertion.issuer.as_str())]),
    }
}

/// What the credential of a first-party subject should be, if it differs by the form of the tenant's id only (microsoft/Agents#202).
fn first_party(presented: &str, trusted: &str) -> Option<String> {
    let after_tenant = |subject: &str| {
        let (tenant, rest) = subject.strip_prefix("/eid1/c/pub/t/")?.split_once('/')?;
        Some((tenant.to_owned(), rest.to_owned()))
    };
    let ((ours, rest), (theirs, other)) = (after_tenant(presented)?, after_tenant(trusted)?);
    (ours != theirs && rest == other).then(|| format!("/eid1/c/pub/t/{{tenantId}}/{rest}"))
}

/// Whether Entra itself issued the assertion to a user.
fn is_users_token(assertion: &Assertion) -> bool {
    platform(&assertion.issuer) == Platform::Entra
        && (assertion.claims.get("scp").is_some()
            || assertion
                .claims
                .text("idtyp")
                .is_some_and(|kind| kind != "app"))
}

/// The difference of the trust that the assertion comes closest to.
fn nearest_difference(assertion: &Assertion, trusts: &[Trust]) -> Option<Mismatch> {
    let distance = |difference: &Mismatch| {
        let (step, pair) = match difference {
            Mismatch::Issuer(pair) => (2, pair),
            Mismatch::Audience(pair) => (1, pair),
            Mismatch::Subject(pair) => (0, pair),
            Mismatch::Clause { .. } => return (0, 1),
        };
        (
            step,
            if matches!(pair.relation, Relation::Different | Relation::Missing) {
                2
            } else {
                0
            },
        )
    };
    trusts
        .iter()
        .filter_map(|trust| trust.first_difference(&assertion.claims))
        .min_by_key(distance)
}

/// Whether the assertion is valid at a time in seconds since 1970, give or take [`CLOCK_SKEW`].
///
/// # Errors
/// 700024.
pub fn check_lifetime(assertion: &Assertion, now: i64) -> Result<(), Refusal> {
    let begun = now.saturating_add(CLOCK_SKEW) >= assertion.not_before;
    let ended = now.saturating_sub(CLOCK_SKEW) >= assertion.expires;
    if begun && !ended {
        return Ok(());
    }
    let [now, from, until] = [now, assertion.not_before, assertion.expires].map(timestamp);
    Err(render(
        700_024,
        &[
            ("now", now.as_str()),
            ("from", from.as_str()),
            ("until", until.as_str()),
        ],
    ))
}

/// As the endpoint prints times: UTC, with seven digits of a second.
fn timestamp(seconds: i64) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");
    // The years that four digits can print.
    let seconds = seconds.clamp(-62_135_596_800, 253_402_300_799);
    let time = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(FORMAT).unwrap_or_default()
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;
