//! Claims-matching expressions: one to three on lines of their own, then a subject. What is decided about them as
//! languages has to agree with what the endpoint's own comparison says of single tokens.
#![no_main]

use libfuzzer_sys::fuzz_target;
use trustform::exchange::claims::Claims;
use trustform::exchange::expression::Expression;
use trustform::exchange::language::Language;
use trustform::exchange::platform::GITHUB;
use trustform::exchange::subject::{describe, traps};
use trustform::exchange::trust::{Matcher, Trust};
use trustform_fuzz::twice;

const AUDIENCE: &str = "api://AzureADTokenExchange";

fn trust(line: &str) -> Option<Trust> {
    let matcher = match Expression::parse(line) {
        Ok(expression) => {
            let again = expression.to_string();
            let read = Expression::parse(&again).map(|expression| expression.to_string());
            assert_eq!(read.as_ref(), Ok(&again));
            Matcher::Expression(expression)
        }
        Err(errors) => {
            assert!(
                errors
                    .iter()
                    .all(|error| line.get(error.span.clone()).is_some())
            );
            Matcher::Subject(line.strip_prefix('=')?.to_owned())
        }
    };
    Some(Trust {
        issuer: GITHUB.to_owned(),
        audience: AUDIENCE.to_owned(),
        matcher,
    })
}

fuzz_target!(|text: &str| {
    let lines: Vec<&str> = text.lines().take(4).collect();
    let trusts: Vec<Trust> = twice(text.len(), || {
        lines.iter().copied().filter_map(trust).collect()
    });
    for trust in &trusts {
        let _ = (describe(trust), traps(trust));
    }
    let Some((first, others)) = trusts.split_first() else {
        return;
    };
    let language = Language::of(first);
    let rest: Vec<Language> = others.iter().map(Language::of).collect();
    let witness = twice(text.len(), || language.minus(&rest).witness());
    if let Ok(Some(token)) = &witness {
        assert!(first.admits(token), "{token:?} is not admitted");
        assert!(
            !others.iter().any(|other| other.admits(token)),
            "{token:?} is admitted by another"
        );
    }
    for (other, theirs) in rest.iter().zip(others) {
        if let (Ok(covered), Ok(left)) = (
            other.includes(&language),
            language.minus([other]).is_empty(),
        ) {
            assert_eq!(covered, left, "inclusion and difference disagree");
        }
        if let (Ok(one), Ok(two)) = (other.overlaps(&language), language.overlaps(other)) {
            assert_eq!(one, two, "overlap depends on the order");
        }
        let token = lines
            .last()
            .map(|subject| [("iss", GITHUB), ("aud", AUDIENCE), ("sub", *subject)]);
        let token: Claims = token.into_iter().flatten().collect();
        if first.admits(&token) && theirs.admits(&token) {
            assert_ne!(language.overlaps(other), Ok(false), "{token:?} is in both");
        }
        if first.admits(&token) && !theirs.admits(&token) && other.includes(&language) == Ok(true) {
            // Only a token that GitHub cannot send may be an exception: its ids follow from its subject.
            assert!(
                lines.last().is_some_and(|subject| subject.contains('@')),
                "{token:?}"
            );
        }
    }
});
