//! The cases that the access section is made of, and the bounds.

use super::brute_force::{AUDIENCE, language, length, text_of};
use super::*;
use crate::exchange::expression::Expression;
use crate::exchange::pattern::Item;
use crate::exchange::platform::GITHUB;

fn flexible(text: &str) -> Language {
    let matcher = Matcher::Expression(Expression::parse(text).unwrap());
    Language::of(&Trust {
        issuer: GITHUB.to_owned(),
        audience: AUDIENCE.to_owned(),
        matcher,
    })
}

fn exact(subject: &str) -> Language {
    let matcher = Matcher::Subject(subject.to_owned());
    Language::of(&Trust {
        issuer: GITHUB.to_owned(),
        audience: AUDIENCE.to_owned(),
        matcher,
    })
}

const PROD: &str = "claims['sub'] matches 'repo:contoso*/*:environment:prod' and claims['repository_owner_id'] eq '5544123'";
const OPEN: &str =
    "claims['sub'] matches 'repo:contoso*/*' and claims['repository_owner_id'] eq '5544123'";

#[test]
fn seventeen_characters_less() {
    let (prod, open) = (flexible(PROD), flexible(OPEN));
    assert!(open.includes(&prod).unwrap() && !prod.includes(&open).unwrap());
    let gained = open.minus([&prod]);
    let witness = gained.witness().unwrap().unwrap();
    assert_eq!(text_of(&witness, "sub").as_deref(), Some("repo:contoso/a"));
    assert_eq!(
        text_of(&witness, "repository_owner_id").as_deref(),
        Some("5544123")
    );
    assert_eq!(text_of(&witness, "iss").as_deref(), Some(GITHUB));
    let worst = gained
        .within("sub", Pattern::glob("*:pull_request"))
        .witness()
        .unwrap()
        .unwrap();
    assert_eq!(
        text_of(&worst, "sub").as_deref(),
        Some("repo:contoso/a:pull_request")
    );
    assert!(
        gained
            .without("repository_owner_id", Pattern::literal("5544123"))
            .is_empty()
            .unwrap()
    );
}

#[test]
fn the_example_of_the_plan() {
    let witness = flexible(PROD).minus([]).witness().unwrap().unwrap();
    assert_eq!(
        text_of(&witness, "sub").as_deref(),
        Some("repo:contoso/a:environment:prod")
    );
}

#[test]
fn without_an_id_anybody_whose_name_begins_like_ours() {
    let unpinned = flexible("claims['sub'] matches 'repo:contoso*/*:environment:prod'");
    let pinned = flexible(PROD);
    assert!(unpinned.includes(&pinned).unwrap() && !pinned.includes(&unpinned).unwrap());
    let other = unpinned.minus([&pinned]).witness().unwrap().unwrap();
    assert_eq!(text_of(&other, "repository_owner_id").as_deref(), Some("1"));
}

#[test]
fn ids_in_a_subject_pin_the_claims() {
    let immutable = exact("repo:contoso@5544123/payments@82:environment:prod");
    assert!(flexible(PROD).includes(&immutable).unwrap());
    assert!(
        !flexible(PROD)
            .includes(&exact("repo:contoso/payments:environment:prod"))
            .unwrap(),
        "the name alone proves no owner"
    );
    assert!(
        !flexible(PROD)
            .overlaps(&exact("repo:contoso@1/payments@82:environment:prod"))
            .unwrap()
    );
    assert!(
        flexible("claims['sub'] matches 'repo:o@1/*' and claims['repository_owner_id'] eq '2'")
            .is_empty()
            .unwrap()
    );
}

#[test]
fn exact_subjects_are_points() {
    let point = exact("repo:contoso/payments:environment:prod");
    assert!(
        point
            .equals(&flexible(
                "claims['sub'] eq 'repo:contoso/payments:environment:prod'"
            ))
            .unwrap()
    );
    assert!(
        !point
            .overlaps(&exact("repo:contoso/payments:pull_request"))
            .unwrap()
    );
    assert!(
        !exact("repo:o/*").includes(&exact("repo:o/r")).unwrap(),
        "a star in a subject is a star"
    );
    let elsewhere = Language {
        audience: "other".to_owned(),
        ..point.clone()
    };
    assert!(!point.overlaps(&elsewhere).unwrap() && !point.includes(&elsewhere).unwrap());
}

#[test]
fn a_union_covers_what_no_part_does() {
    let text = |glob: &str| language(&[("x", &glob.to_owned())]);
    let (all, parts) = (text("a*"), [text("a"), text("a?"), text("a??*")]);
    for part in &parts {
        assert!(!part.includes(&all).unwrap());
    }
    assert!(all.minus(&parts).is_empty().unwrap());
    assert_eq!(length(&all.minus([&parts[0], &parts[2]])), Some(2));
    // Two claims: what the first part leaves of one is taken by the others through the other claim.
    let pair = |x: &str, y: &str| language(&[("x", &x.to_owned()), ("y", &y.to_owned())]);
    let (all, parts) = (
        pair("a*", "b*"),
        [pair("a", "*"), pair("a?*", "b"), pair("a*", "b?*")],
    );
    assert!(all.minus(&parts).is_empty().unwrap());
    assert!(!all.minus(&parts[..2]).is_empty().unwrap());
}

#[test]
fn a_test_that_every_token_passes_is_none() {
    assert!(
        flexible("claims['repository_id'] eq '1'")
            .equals(&flexible(
                "claims['repository_id'] eq '1' and claims['sub'] matches '*'"
            ))
            .unwrap()
    );
    let workflow =
        flexible("claims['repository_id'] eq '1' and claims['job_workflow_ref'] matches '*'");
    let gained = flexible("claims['repository_id'] eq '1'").minus([&workflow]);
    assert_eq!(
        text_of(&gained.witness().unwrap().unwrap(), "job_workflow_ref"),
        None,
        "a token without the claim"
    );
}

#[test]
fn contradictions_admit_nobody() {
    assert!(
        flexible("claims['sub'] eq 'a' and claims['sub'] eq 'b'")
            .is_empty()
            .unwrap()
    );
    assert!(flexible("claims['sub'] matches 'a*' and claims['sub'] matches '*b' and claims['sub'] matches '?'").is_empty().unwrap());
    assert!(!flexible("claims['sub'] matches 'a*' and claims['sub'] matches '*b' and claims['sub'] matches '??'").is_empty().unwrap());
    assert!(flexible("claims['iss'] eq 'x'").is_empty().unwrap());
    assert!(
        flexible("claims['aud'] eq 'api://AzureADTokenExchange'")
            .includes(&exact("x"))
            .unwrap()
    );
}

#[test]
fn what_is_too_entangled_is_undecided_and_never_wrong() {
    // Whether the 40th character from the end is an `a` takes 2^40 sets of positions to remember.
    let inner = language(&[
        ("x", &format!("*{}", "?b?a".repeat(10))),
        ("x", &"*b*a*b*a*b*".to_owned()),
    ]);
    let outer = language(&[("x", &format!("*a{}*b{}", "?".repeat(40), "?".repeat(40)))]);
    if let Ok(included) = outer.includes(&inner) {
        assert_eq!(included, inner.minus([&outer]).is_empty().unwrap());
    }
    let many: Vec<String> = (0..60)
        .map(|index| format!("*{}*", char::from(b'A' + index)))
        .collect();
    let tests: Vec<(&str, &String)> = many.iter().map(|glob| ("x", glob)).collect();
    let entangled = language(&tests).minus([]).witness();
    assert_eq!(entangled, Err(Undecided));
}

#[test]
fn items_stay_within_the_pattern() {
    let hostile = Pattern::glob(&"*a?".repeat(200));
    assert_eq!(
        hostile
            .items()
            .iter()
            .filter(|item| **item == Item::Many)
            .count(),
        200
    );
    assert_eq!(hostile.includes(&hostile), Some(true));
}

/// A test that every token passes is no difference, and the token that is shown passes it all the same.
#[test]
fn a_witness_has_what_everyone_has() {
    for text in [
        "claims['sub'] matches '*'",
        "claims['sub'] matches '*' and claims['repository_id'] matches '*'",
        "claims['repository_owner_id'] matches '*' and claims['job_workflow_ref'] eq 'x'",
    ] {
        let trust = Trust {
            issuer: GITHUB.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher: Matcher::Expression(Expression::parse(text).unwrap()),
        };
        let witness = Language::of(&trust).minus([]).witness().unwrap().unwrap();
        assert!(trust.admits(&witness), "{text}: {witness:?}");
    }
}

/// Where a pattern leaves open what has only a few values, the witness has one of those.
#[test]
fn a_witness_is_what_its_issuer_sends() {
    for (issuer, glob, expected) in [
        (GITHUB, "repo:o*/r*:*", "repo:o/r:ref:refs/heads/a"),
        (GITHUB, "repo:o/r:environment:*", "repo:o/r:environment:a"),
        (
            "https://app.terraform.io",
            "organization:o:project:p:workspace:w:run_phase:*",
            "organization:o:project:p:workspace:w:run_phase:plan",
        ),
        (
            "https://app.terraform.io",
            "organization:o:*",
            "organization:o:project:a:workspace:a:run_phase:plan",
        ),
        (
            "https://gitlab.com",
            "project_path:g/p:ref_type:*:ref:main",
            "project_path:g/p:ref_type:branch:ref:main",
        ),
        (
            "https://gitlab.com",
            "project_path:g/p:*",
            "project_path:g/p:ref_type:branch:ref:a",
        ),
    ] {
        let language = Language::of(&Trust {
            issuer: issuer.to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher: Matcher::Expression(
                Expression::parse(&format!("claims['sub'] matches '{glob}'")).unwrap(),
            ),
        });
        let witness = language.minus([]).witness().unwrap().unwrap();
        assert_eq!(witness.text("sub").as_deref(), Some(expected), "{glob}");
    }
    // What the usual value would not be let in with stays.
    let phase = |word: &str| {
        Language::of(&Trust {
            issuer: "https://app.terraform.io".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
            matcher: Matcher::Expression(
                Expression::parse(&format!(
                    "claims['sub'] matches 'organization:o:project:p:workspace:w:run_phase:{word}'"
                ))
                .unwrap(),
            ),
        })
    };
    let witness = phase("*")
        .minus([&phase("plan")])
        .witness()
        .unwrap()
        .unwrap();
    assert_eq!(
        witness.text("sub").as_deref(),
        Some("organization:o:project:p:workspace:w:run_phase:apply")
    );
}
