//! The decision procedures against brute force over all short texts, and the cases that the access section is made of.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::exchange::claims::Claims;
use crate::exchange::expression::Expression;
use crate::exchange::issuers::GITHUB;
use crate::exchange::pattern::Item;
use crate::exchange::witness::Difference;

const AUDIENCE: &str = "api://AzureADTokenExchange";

/// Every text over three letters, up to five long, shorter ones first; each with the index of the text without its last letter.
static TEXTS: LazyLock<Vec<(String, usize)>> = LazyLock::new(|| {
    let mut texts = vec![(String::new(), 0)];
    let mut from = 0;
    for _ in 0..5 {
        let to = texts.len();
        for parent in from..to {
            texts.extend(['a', 'b', 'c'].map(|c| (format!("{}{c}", texts[parent].0), parent)));
        }
        from = to;
    }
    texts
});

/// For each of [`TEXTS`], whether it matches: all runs of the pattern at once, with nothing left out. Shares no code with what is tested.
fn matching(glob: &str) -> Vec<bool> {
    let glob: Vec<char> = glob.chars().collect();
    let settle = |mut set: u32| {
        for (at, c) in glob.iter().enumerate() {
            if *c == '*' && set & (1 << at) != 0 {
                set |= 1 << (at + 1);
            }
        }
        set
    };
    let mut sets = vec![settle(1)];
    for (text, parent) in &TEXTS[1..] {
        let letter = text.chars().last().unwrap();
        let mut next = 0;
        for (at, c) in glob.iter().enumerate() {
            if sets[*parent] & (1 << at) != 0 {
                match c {
                    '*' => next |= 1 << at,
                    '?' => next |= 1 << (at + 1),
                    c if *c == letter => next |= 1 << (at + 1),
                    _ => {}
                }
            }
        }
        sets.push(settle(next));
    }
    sets.into_iter()
        .map(|set| set & (1 << glob.len()) != 0)
        .collect()
}

fn all_matching(globs: &[String]) -> Vec<bool> {
    let each: Vec<Vec<bool>> = globs.iter().map(|glob| matching(glob)).collect();
    (0..TEXTS.len())
        .map(|text| each.iter().all(|set| set[text]))
        .collect()
}

fn glob() -> impl Strategy<Value = String> {
    let item = prop_oneof![3 => Just("a"), 2 => Just("b"), 2 => Just("?"), 3 => Just("*")];
    prop::collection::vec(item, 0..6).prop_map(|items| items.concat())
}

fn language(tests: &[(&str, &String)]) -> Language {
    let everything = Language::of_all("https://i.example", AUDIENCE);
    tests.iter().fold(everything, |language, (claim, glob)| {
        language.within(claim, Pattern::glob(glob))
    })
}

/// Every claim set of the two claims `x` and `y`, each absent or a text of at most two letters.
fn small_claim_sets() -> Vec<BTreeMap<String, String>> {
    let values: Vec<Option<&str>> = [None]
        .into_iter()
        .chain(TEXTS[..13].iter().map(|(text, _)| Some(text.as_str())))
        .collect();
    let mut sets = Vec::new();
    for x in &values {
        for y in &values {
            let pairs = [("x", x), ("y", y)];
            sets.push(
                pairs
                    .into_iter()
                    .filter_map(|(claim, value)| Some((claim.to_owned(), (*value)?.to_owned())))
                    .collect(),
            );
        }
    }
    sets
}

fn text_of(claims: &Claims, claim: &str) -> Option<String> {
    claims.text(claim).map(|text| text.into_owned())
}

/// What a difference's raw answer is long, over all claims.
fn length(difference: &Difference) -> Option<usize> {
    difference
        .solve()
        .unwrap()
        .map(|words| words.values().map(Vec::len).sum())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Inclusion, overlap, equality and the shortest witness of two patterns.
    #[test]
    fn two_patterns(p in glob(), q in glob()) {
        let (sets, inner, outer) = ((matching(&p), matching(&q)), language(&[("x", &p)]), language(&[("x", &q)]));
        let (in_p, in_q) = &sets;
        let escaping = (0..TEXTS.len()).find(|text| in_p[*text] && !in_q[*text]);
        let shared = (0..TEXTS.len()).find(|text| in_p[*text] && in_q[*text]);

        let included = outer.includes(&inner).unwrap();
        let difference = inner.minus([&outer]);
        prop_assert_eq!(included, difference.is_empty().unwrap());
        prop_assert!(!(included && escaping.is_some()), "{} is not in {}: {:?}", p, q, escaping.map(|text| &TEXTS[text]));
        if !included {
            let witness = text_of(&difference.witness().unwrap().unwrap(), "x").unwrap();
            prop_assert!(naive(&p, &witness) && !naive(&q, &witness), "{} {} {}", p, q, witness);
            match escaping {
                Some(text) => prop_assert_eq!(length(&difference), Some(TEXTS[text].0.len())),
                None => prop_assert!(length(&difference) > Some(5)),
            }
        }

        let overlap = outer.overlaps(&inner).unwrap();
        prop_assert_eq!(overlap, inner.overlaps(&outer).unwrap());
        let both = inner.within("x", Pattern::glob(&q)).minus([]);
        prop_assert_eq!(overlap, !both.is_empty().unwrap());
        prop_assert!(overlap || shared.is_none());
        if overlap {
            let witness = text_of(&both.witness().unwrap().unwrap(), "x").unwrap();
            prop_assert!(naive(&p, &witness) && naive(&q, &witness), "{} {} {}", p, q, witness);
        }

        let equal = inner.equals(&outer).unwrap();
        prop_assert_eq!(equal, included && inner.includes(&outer).unwrap());
        prop_assert!(!equal || in_p == in_q);
    }

    /// A conjunction against a union of conjunctions on one claim.
    #[test]
    fn unions(from in prop::collection::vec(glob(), 1..3), minus in prop::collection::vec(prop::collection::vec(glob(), 1..3), 1..4)) {
        let build = |globs: &[String]| globs.iter().fold(language(&[]), |language, glob| language.within("x", Pattern::glob(glob)));
        let others: Vec<Language> = minus.iter().map(|globs| build(globs)).collect();
        let ours = build(&from);
        let difference = ours.minus(&others);
        let inside = all_matching(&from);
        let outside: Vec<Vec<bool>> = minus.iter().map(|globs| all_matching(globs)).collect();
        let escaping = (0..TEXTS.len()).find(|text| inside[*text] && outside.iter().all(|set| !set[*text]));

        prop_assert!(!ours.is_empty().unwrap() || !inside.contains(&true));
        match difference.witness().unwrap() {
            None => prop_assert_eq!(escaping, None),
            Some(claims) => {
                let witness = text_of(&claims, "x").unwrap();
                prop_assert!(from.iter().all(|glob| naive(glob, &witness)));
                prop_assert!(minus.iter().all(|globs| !globs.iter().all(|glob| naive(glob, &witness))));
                match escaping {
                    Some(text) => prop_assert_eq!(length(&difference), Some(TEXTS[text].0.len())),
                    None => prop_assert!(length(&difference) > Some(5)),
                }
            }
        }
    }

    /// The quick answers about longer patterns are those of the search.
    #[test]
    fn quick_answers(p in "[ab?*]{0,9}", q in "[ab?*]{0,9}") {
        let (p, q) = (Pattern::glob(&p), Pattern::glob(&q));
        let texts = shortest_texts(&[&p], &[vec![&q]], &mut Budget::new()).unwrap();
        let included = !texts.iter().any(|text| text.escapes.contains(0));
        prop_assert_eq!(q.includes(&p).unwrap_or(included), included, "{} in {}", p, q);
        let common = shortest_texts(&[&p, &q], &[], &mut Budget::new()).unwrap();
        prop_assert_eq!(p.overlaps(&q), !common.is_empty(), "{} with {}", p, q);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Products over two claims, either of which may be untested or absent.
    #[test]
    fn products(from in product(), minus in prop::collection::vec(product(), 1..4)) {
        let build = |(x, y): &(Option<String>, Option<String>)| {
            let tests: Vec<(&str, &String)> = x.iter().map(|glob| ("x", glob)).chain(y.iter().map(|glob| ("y", glob))).collect();
            language(&tests)
        };
        let admits = |(x, y): &(Option<String>, Option<String>), set: &BTreeMap<String, String>| {
            let passes = |claim: &str, glob: &Option<String>| {
                glob.as_ref().is_none_or(|glob| set.get(claim).is_some_and(|value| naive(glob, value)))
            };
            passes("x", x) && passes("y", y)
        };
        let ours = build(&from);
        let others: Vec<Language> = minus.iter().map(build).collect();
        let difference = ours.minus(&others);
        let escapes = |set: &BTreeMap<String, String>| admits(&from, set) && !minus.iter().any(|other| admits(other, set));
        let sets = small_claim_sets();
        let shortest = sets.iter().filter(|set| escapes(set)).map(|set| set.values().map(String::len).sum::<usize>()).min();
        match difference.witness().unwrap() {
            None => prop_assert_eq!(shortest, None),
            Some(claims) => {
                let set: BTreeMap<String, String> =
                    ["x", "y"].iter().filter_map(|claim| Some(((*claim).to_owned(), text_of(&claims, claim)?))).collect();
                prop_assert!(escapes(&set), "{:?}", set);
                let raw = length(&difference);
                prop_assert!(shortest.is_none_or(|shortest| raw <= Some(shortest)));
                prop_assert!(raw > Some(2) || raw == shortest, "{:?} {:?}", raw, shortest);
            }
        }
        for other in &others {
            let included = other.includes(&ours).unwrap();
            prop_assert_eq!(included, ours.minus([other]).is_empty().unwrap());
            let overlap = ours.overlaps(other).unwrap();
            prop_assert_eq!(overlap, other.overlaps(&ours).unwrap());
        }
        for (spec, other) in minus.iter().zip(&others) {
            if sets.iter().any(|set| admits(&from, set) && admits(spec, set)) {
                prop_assert!(ours.overlaps(other).unwrap());
            }
        }
    }
}

fn product() -> impl Strategy<Value = (Option<String>, Option<String>)> {
    let small = || {
        let item = prop_oneof![Just("a"), Just("b"), Just("?"), Just("*"), Just("*")];
        prop::option::of(prop::collection::vec(item, 0..4).prop_map(|items| items.concat()))
    };
    (small(), small())
}

/// The definition of matching, letter by letter.
fn naive(glob: &str, text: &str) -> bool {
    fn go(glob: &[char], text: &[char]) -> bool {
        match (glob, text) {
            ([], []) => true,
            (['*', rest @ ..], _) => go(rest, text) || !text.is_empty() && go(glob, &text[1..]),
            (['?', rest @ ..], [_, after @ ..]) => go(rest, after),
            ([c, rest @ ..], [d, after @ ..]) => c == d && go(rest, after),
            _ => false,
        }
    }
    go(
        &glob.chars().collect::<Vec<_>>(),
        &text.chars().collect::<Vec<_>>(),
    )
}

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
