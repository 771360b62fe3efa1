//! Expressions: the round trip, evaluation, and each thing that can be wrong.

use super::*;

const PROD: &str = "claims['sub'] matches 'repo:contoso*/*:environment:prod' and claims['repository_owner_id'] eq '5544123'";

fn claims(pairs: &[(&str, &str)]) -> Claims {
    pairs.iter().copied().collect()
}

/// Message, what it points at, and help, for each error.
fn errors(text: &str) -> Vec<(String, String)> {
    let errors = Expression::parse(text).unwrap_err();
    errors
        .into_iter()
        .map(|error| (error.message, text[error.span].to_owned()))
        .collect()
}

fn only_error(text: &str) -> (String, String) {
    let mut errors = errors(text);
    assert_eq!(errors.len(), 1, "{text}: {errors:?}");
    errors.remove(0)
}

#[test]
fn text_round_trips_and_spans_point_into_it() {
    let expression = Expression::parse(PROD).unwrap();
    assert_eq!(expression.to_string(), PROD);
    let [sub, owner] = expression.clauses() else {
        panic!()
    };
    assert_eq!(&PROD[sub.claim_span.clone()], "sub");
    assert_eq!(&PROD[sub.operator_span.clone()], "matches");
    assert_eq!(
        &PROD[sub.comparand_span.clone()],
        "repo:contoso*/*:environment:prod"
    );
    assert_eq!(
        &PROD[owner.span.clone()],
        "claims['repository_owner_id'] eq '5544123'"
    );
    assert_eq!(owner.operator, Operator::Eq);
}

#[test]
fn evaluation_is_anchored_case_sensitive_and_needs_every_clause() {
    let expression = Expression::parse(PROD).unwrap();
    let good = claims(&[
        ("sub", "repo:contoso/payments:environment:prod"),
        ("repository_owner_id", "5544123"),
    ]);
    assert!(expression.evaluate(&good));
    let immutable = claims(&[
        ("sub", "repo:contoso@5544123/payments@8:environment:prod"),
        ("repository_owner_id", "5544123"),
    ]);
    assert!(expression.evaluate(&immutable));
    for (sub, owner) in [
        ("repo:contoso/payments:environment:production", "5544123"),
        ("xrepo:contoso/payments:environment:prod", "5544123"),
        ("repo:Contoso/payments:environment:prod", "5544123"),
        ("repo:contoso/payments:environment:prod", "5544124"),
    ] {
        assert!(
            !expression.evaluate(&claims(&[("sub", sub), ("repository_owner_id", owner)])),
            "{sub} {owner}"
        );
    }
    let missing = claims(&[("sub", "repo:contoso/payments:environment:prod")]);
    assert_eq!(
        expression.first_failing(&missing).unwrap().claim,
        "repository_owner_id"
    );
}

#[test]
fn a_star_under_eq_is_a_star() {
    let expression = Expression::parse("claims['sub'] eq 'a*'").unwrap();
    assert!(expression.evaluate(&claims(&[("sub", "a*")])));
    assert!(!expression.evaluate(&claims(&[("sub", "ab")])));
}

#[test]
fn numbers_are_compared_as_text() {
    let expression = Expression::parse("claims['project_id'] eq '456789'").unwrap();
    assert!(expression.evaluate(&Claims::from_json(br#"{"project_id":456789}"#).unwrap()));
}

#[test]
fn each_error_has_its_own_message() {
    for (text, message, at) in [
        ("", "the expression is empty", ""),
        (
            " claims['sub'] eq 'x'",
            "the expression begins with a space",
            " ",
        ),
        (
            "claims['sub'] eq 'x' ",
            "the expression ends with a space",
            " ",
        ),
        (
            "claims['sub']  eq 'x'",
            "2 spaces before the operator",
            "  ",
        ),
        ("claims['sub'] eq\t'x'", "a tab before the comparand", "\t"),
        (
            "claims['sub'] eq 'x'\nand claims['a'] eq 'b'",
            "a line break before `and`",
            "\n",
        ),
        (
            "claims['sub'] eq 'x' and\u{a0}claims['a'] eq 'b'",
            "an unusual space before the clause",
            "\u{a0}",
        ),
        ("claims['sub']eq 'x'", "no space before the operator", ""),
        (
            "claims['sub'] eq 'x' AND claims['a'] eq 'b'",
            "`AND` does not join clauses",
            "AND",
        ),
        (
            "claims['sub'] eq 'x' && claims['a'] eq 'b'",
            "`&&` does not join clauses",
            "&&",
        ),
        (
            "claims['sub'] eq 'x' or claims['sub'] eq 'y'",
            "there is no `or` in expressions",
            "or",
        ),
        (
            "claims['sub'] eq 'x' || claims['sub'] eq 'y'",
            "there is no `||` in expressions",
            "||",
        ),
        (
            "not claims['sub'] eq 'x'",
            "there is no `not` in expressions",
            "not",
        ),
        (
            "claims['sub'] eq 'x' and",
            "the expression ends after `and`",
            "",
        ),
        ("claims['sub'] == 'x'", "unknown operator `==`", "=="),
        (
            "claims['sub'] startswith 'x'",
            "unknown operator `startswith`",
            "startswith",
        ),
        ("claims['sub'] EQ 'x'", "unknown operator `EQ`", "EQ"),
        (
            "claims['sub'] matches ‘x’",
            "the curly quote `‘` around `x`",
            "‘",
        ),
        ("claims[\"sub\"] eq 'x'", "double quotes around `sub`", "\""),
        (
            "claims['sub'] eq 'it''s'",
            "a quote inside a comparand: `'`",
            "'",
        ),
        (
            "claims['sub'] eq 'it’s'",
            "a quote inside a comparand: `’`",
            "’",
        ),
        (
            "claims['sub'] eq 'it\\'s'",
            "a quote inside a comparand: `'`",
            "'",
        ),
        ("claims['sub'] eq ''", "the comparand is empty", "''"),
        (
            "claims['id'] eq 456",
            "the comparand `456` is not quoted",
            "456",
        ),
        ("claims['sub'] eq 'x", "the quote `'` is never closed", "'"),
        (
            "claims.sub eq 'x'",
            "a claim is not named by `claims.sub`",
            "claims.sub",
        ),
        ("Claims['sub'] eq 'x'", "`Claims` is not a lookup", "Claims"),
        ("sub eq 'x'", "expected `claims['…']`, found `sub`", "sub"),
        (
            "claims[sub] eq 'x'",
            "expected the name of a claim in quotes",
            "sub",
        ),
        (
            "claims['sub' eq 'x'",
            "expected `]` after the name of the claim",
            " ",
        ),
        ("claims[''] eq 'x'", "`` cannot be the name of a claim", ""),
        ("claims['sub']", "expected an operator, found the end", ""),
        (
            "claims['sub'] eq",
            "expected a comparand, found the end",
            "",
        ),
        (
            "claims['a'] eq claims['b']",
            "a claim cannot be compared with another claim",
            "claims",
        ),
    ] {
        assert_eq!(
            only_error(text),
            (message.to_owned(), at.to_owned()),
            "{text}"
        );
    }
    assert!(
        errors("claims['sub'] eq 'it's'")
            .iter()
            .any(|(message, _)| message == "a quote inside a comparand")
    );
}

#[test]
fn everything_wrong_is_found_at_once() {
    let messages: Vec<_> = errors("(claims['sub']  == “x”) or claims[‘a’] eq 5")
        .into_iter()
        .map(|(message, _)| message)
        .collect();
    assert_eq!(
        messages,
        [
            "there are no parentheses in expressions",
            "2 spaces before the operator",
            "unknown operator `==`",
            "the curly quote `“` around `x`",
            "there is no `or` in expressions",
            "the curly quote `‘` around `a`",
        ]
    );
}

#[test]
fn huge_and_hostile_texts_are_bounded() {
    assert!(
        only_error(&"x".repeat(MAX_BYTES + 1))
            .0
            .contains("at most 4096")
    );
    for text in [
        "'".repeat(4096),
        "[".repeat(4096),
        "claims['".repeat(500),
        "and ".repeat(1000),
        "‘".repeat(1300),
        "not ".repeat(1000),
    ] {
        assert!(Expression::parse(&text).is_err());
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_fail_otherwise(text in ".{0,60}") {
        if let Ok(expression) = Expression::parse(&text) {
            proptest::prop_assert_eq!(expression.to_string(), text);
        }
    }

    #[test]
    fn texts_of_the_right_pieces(pieces in proptest::collection::vec(proptest::sample::select(
        vec!["claims", "[", "]", "'", "sub", " ", "  ", "eq", "matches", "and", "or", "(", ")", "‘", "’", "\"", "''", "x*"]), 0..16)) {
        let text = pieces.concat();
        match Expression::parse(&text) {
            Ok(expression) => proptest::prop_assert_eq!(expression.to_string(), text),
            Err(errors) => {
                proptest::prop_assert!(!errors.is_empty());
                for error in errors {
                    proptest::prop_assert!(text.get(error.span).is_some());
                }
            }
        }
    }
}
