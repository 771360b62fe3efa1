//! One credential: who is admitted, and for a token that is not, the first thing that differs.

use std::fmt;

use super::claims::Claims;
use super::expression::{Clause, Expression};

/// The part of a federated identity credential that decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    pub issuer: String,
    pub audience: String,
    pub matcher: Matcher,
}

/// An exact subject or an expression: a credential has one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matcher {
    Subject(String),
    Expression(Expression),
}

impl Trust {
    /// Whether a token with these claims is admitted. Everything is compared exactly and case-sensitively (entra-docs
    /// `reference-breaking-changes.md`, August 2024); of several audiences one has to be the trusted one.
    pub fn admits(&self, claims: &Claims) -> bool {
        self.first_difference(claims).is_none()
    }

    /// The first thing in which a token differs from what is trusted, in the order issuer, audience, subject or expression;
    /// `None` if it is admitted.
    pub fn first_difference(&self, claims: &Claims) -> Option<Mismatch> {
        let issuer = claims.text("iss");
        match issuer.as_deref() {
            Some(presented) if presented == self.issuer => {}
            presented => return Some(Mismatch::Issuer(Pair::of(&self.issuer, presented))),
        }
        if !claims.audiences().contains(&self.audience) {
            let presented = claims.audiences().join(", ");
            return Some(Mismatch::Audience(Pair::of(
                &self.audience,
                (!presented.is_empty()).then_some(presented.as_str()),
            )));
        }
        match &self.matcher {
            Matcher::Subject(subject) => {
                let presented = claims.text("sub");
                let same = presented.as_deref() == Some(subject);
                (!same).then(|| Mismatch::Subject(Pair::of(subject, presented.as_deref())))
            }
            Matcher::Expression(expression) => expression.first_failing(claims).map(|clause| {
                let presented = claims.text(&clause.claim).map(std::borrow::Cow::into_owned);
                Mismatch::Clause {
                    clause: clause.clone(),
                    presented,
                }
            }),
        }
    }
}

/// What differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    Issuer(Pair),
    Audience(Pair),
    Subject(Pair),
    /// The first clause of the expression that does not hold, and the value that the token has there.
    Clause {
        clause: Clause,
        presented: Option<String>,
    },
}

/// A trusted text, the one in the token, and how they are related.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub trusted: String,
    pub presented: Option<String>,
    pub relation: Relation,
}

/// How two different texts come to look the same to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Missing,
    CaseOnly,
    TrailingSlash,
    WhiteSpace,
    /// One has GitHub's numeric ids (`owner@1/repository@2`), the other not.
    IdForm,
    Different,
}

impl Pair {
    /// Compares two texts.
    pub fn of(trusted: &str, presented: Option<&str>) -> Self {
        let relation = match presented {
            None => Relation::Missing,
            Some(other) if other.trim() == trusted.trim() => Relation::WhiteSpace,
            Some(other) if other.trim_end_matches('/') == trusted.trim_end_matches('/') => {
                Relation::TrailingSlash
            }
            Some(other) if other.to_lowercase() == trusted.to_lowercase() => Relation::CaseOnly,
            Some(other)
                if without_ids(other).is_some_and(|plain| Some(plain) == without_ids(trusted)) =>
            {
                Relation::IdForm
            }
            Some(_) => Relation::Different,
        };
        Self {
            trusted: trusted.to_owned(),
            presented: presented.map(str::to_owned),
            relation,
        }
    }
}

/// A GitHub subject without the `@<digits>` after its owner and repository.
fn without_ids(subject: &str) -> Option<String> {
    let (owner, rest) = subject.strip_prefix("repo:")?.split_once('/')?;
    let (repository, context) = rest.split_once(':')?;
    let name = |text: &str| match text.rsplit_once('@') {
        Some((name, id)) if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) => {
            name.to_owned()
        }
        _ => text.to_owned(),
    };
    Some(format!(
        "repo:{}/{}:{context}",
        name(owner),
        name(repository)
    ))
}

/// A sentence for people.
impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, pair) = match self {
            Self::Issuer(pair) => ("issuer", pair),
            Self::Audience(pair) => ("audience", pair),
            Self::Subject(pair) => ("subject", pair),
            Self::Clause {
                clause,
                presented: None,
            } => {
                return write!(
                    f,
                    "the token has no comparable claim `{}`, which `{clause}` tests",
                    clause.claim
                );
            }
            Self::Clause {
                clause,
                presented: Some(value),
            } => {
                return write!(
                    f,
                    "`{clause}` does not hold: the token's `{}` is `{value}`",
                    clause.claim
                );
            }
        };
        let Pair {
            trusted,
            presented,
            relation,
        } = pair;
        let presented = presented.as_deref().unwrap_or_default();
        match relation {
            Relation::Missing => write!(f, "the token has no {what}: `{trusted}` is trusted"),
            Relation::CaseOnly => write!(
                f,
                "the {what} differs in upper and lower case only: `{presented}`, `{trusted}` is trusted"
            ),
            Relation::TrailingSlash => write!(
                f,
                "the {what} differs by the slash at its end: `{presented}`, `{trusted}` is trusted"
            ),
            Relation::WhiteSpace => write!(
                f,
                "the {what} differs by white space: `{presented}`, `{trusted}` is trusted"
            ),
            Relation::IdForm => {
                write!(
                    f,
                    "one {what} has GitHub's numeric ids and the other has not: `{presented}`, `{trusted}` is trusted"
                )
            }
            Relation::Different => write!(f, "the {what} is `{presented}`: `{trusted}` is trusted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::claims::ClaimValue;

    fn trust(subject: &str) -> Trust {
        Trust {
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher: Matcher::Subject(subject.to_owned()),
        }
    }

    fn token(issuer: &str, audience: &str, subject: &str) -> Claims {
        [("iss", issuer), ("aud", audience), ("sub", subject)]
            .into_iter()
            .collect()
    }

    #[test]
    fn the_first_difference_is_named() {
        let trust = trust("repo:contoso/payments:environment:prod");
        let (issuer, audience) = (trust.issuer.as_str(), trust.audience.as_str());
        let subject = "repo:contoso/payments:environment:prod";
        assert!(trust.admits(&token(issuer, audience, subject)));
        for (claims, sentence) in [
            (
                token(&format!("{issuer}/"), audience, subject),
                "the issuer differs by the slash at its end",
            ),
            (
                token(
                    "https://TOKEN.actions.githubusercontent.com",
                    audience,
                    subject,
                ),
                "the issuer differs in upper and lower case only",
            ),
            (
                token(issuer, "https://github.com/contoso", subject),
                "the audience is `https://github.com/contoso`",
            ),
            (
                token(issuer, audience, "repo:Contoso/payments:environment:prod"),
                "the subject differs in upper and lower case only",
            ),
            (
                token(
                    issuer,
                    audience,
                    "repo:contoso@1/payments@2:environment:prod",
                ),
                "one subject has GitHub's numeric ids",
            ),
            (
                token(issuer, audience, "repo:contoso/payments:pull_request"),
                "the subject is `repo:contoso/payments:pull_request`",
            ),
            (
                token(issuer, audience, &format!("{subject} ")),
                "the subject differs by white space",
            ),
            (Claims::default(), "the token has no issuer"),
        ] {
            let difference = trust.first_difference(&claims).unwrap().to_string();
            assert!(difference.starts_with(sentence), "{difference}");
        }
    }

    #[test]
    fn one_of_several_audiences_is_enough() {
        let trust = trust("x");
        let mut claims = token(&trust.issuer, "", "x");
        claims.insert(
            "aud",
            ClaimValue::Texts(vec!["other".to_owned(), trust.audience.clone()]),
        );
        assert!(trust.admits(&claims));
    }

    #[test]
    fn the_clause_that_fails_is_named() {
        let expression = Expression::parse(
            "claims['sub'] matches 'repo:o/*' and claims['repository_id'] eq '7'",
        )
        .unwrap();
        let trust = Trust {
            matcher: Matcher::Expression(expression),
            ..trust("")
        };
        let claims = token(&trust.issuer, &trust.audience, "repo:o/r:pull_request");
        let difference = trust.first_difference(&claims).unwrap().to_string();
        assert_eq!(
            difference,
            "the token has no comparable claim `repository_id`, which `claims['repository_id'] eq '7'` tests"
        );
    }
}
