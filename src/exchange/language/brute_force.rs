//! The decision procedures against brute force over all short texts.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::exchange::claims::Claims;
use crate::exchange::witness::Difference;

pub(super) const AUDIENCE: &str = "api://AzureADTokenExchange";

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

pub(super) fn language(tests: &[(&str, &String)]) -> Language {
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

pub(super) fn text_of(claims: &Claims, claim: &str) -> Option<String> {
    claims.text(claim).map(|text| text.into_owned())
}

/// What a difference's raw answer is long, over all claims.
pub(super) fn length(difference: &Difference) -> Option<usize> {
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
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

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
