//! How long the comparison of trusts takes: a large tenant pairwise, and patterns made to be hard.
//!
//! To reach: 1,000 credentials of one issuer compared pairwise in at most 2 s; a pattern of 600 characters in at most 1 s.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use trustform::exchange::expression::Expression;
use trustform::exchange::language::Language;
use trustform::exchange::pattern::Pattern;
use trustform::exchange::platform::GITHUB;
use trustform::exchange::trust::{Matcher, Trust};

fn language(matcher: Matcher) -> Language {
    Language::of(&Trust {
        issuer: GITHUB.to_owned(),
        audience: "api://AzureADTokenExchange".to_owned(),
        matcher,
    })
}

fn flexible(text: &str) -> Language {
    language(Matcher::Expression(
        Expression::parse(text).expect("an expression of this file"),
    ))
}

/// A tenant of 40 owners: exact subjects in both forms, and expressions, some of which cover others.
fn tenant(count: usize) -> Vec<Language> {
    let one = |index: usize| {
        let (owner, repository) = (index % 40, index / 4);
        let environment = ["prod", "staging", "dev"][index % 3];
        match index % 4 {
            0 => language(Matcher::Subject(format!(
                "repo:owner{owner}/repository{repository}:environment:{environment}"
            ))),
            1 => language(Matcher::Subject(format!(
                "repo:owner{owner}@{owner}/repository{repository}@{index}:ref:refs/heads/main"
            ))),
            2 => flexible(&format!(
                "claims['sub'] matches 'repo:owner{owner}*/*:environment:{environment}' and claims['repository_owner_id'] eq '{owner}'"
            )),
            _ => flexible(&format!(
                "claims['sub'] matches 'repo:owner{owner}*/repository{repository}*:*' and claims['repository_owner_id'] eq '{owner}'"
            )),
        }
    };
    (0..count).map(one).collect()
}

fn pairwise(criterion: &mut Criterion) {
    let languages = tenant(1000);
    criterion.bench_function("pairwise/1000 credentials", |bencher| {
        bencher.iter(|| {
            let mut related = 0;
            for a in &languages {
                for b in &languages {
                    related += usize::from(a.includes(b) == Ok(true))
                        + usize::from(a.overlaps(b) == Ok(true));
                }
            }
            black_box(related)
        });
    });
    // The hardest ordinary case: every pattern has a long common beginning and a different middle.
    let alike: Vec<Language> = (0..1000)
        .map(|index| flexible(&format!("claims['sub'] matches 'repo:contoso*/*-{index}-?*:environment:*prod' and claims['repository_owner_id'] eq '7'")))
        .collect();
    criterion.bench_function("pairwise/1000 patterns alike", |bencher| {
        bencher.iter(|| {
            black_box(
                alike
                    .iter()
                    .flat_map(|a| alike.iter().map(move |b| a.includes(b)))
                    .filter(|answer| *answer == Ok(true))
                    .count(),
            )
        });
    });
}

fn hostile(criterion: &mut Criterion) {
    let of = |glob: String| flexible(&format!("claims['sub'] matches '{glob}'"));
    let stars = of("*a".repeat(300));
    let gaps = of("*a?".repeat(200));
    let pairs = of("*ab?".repeat(150));
    let window = of(format!("*a{}", "?".repeat(598)));
    let windows: Vec<Language> = (0..20)
        .map(|index| {
            of(format!(
                "*{}{}*",
                char::from(b'a' + index),
                "?a*".repeat(199)
            ))
        })
        .collect();
    for (name, outer, inner) in [
        ("stars in gaps", &gaps, &stars),
        ("gaps in stars", &stars, &gaps),
        ("pairs in gaps", &gaps, &pairs),
        ("gaps in pairs", &pairs, &gaps),
        ("gaps in a window", &window, &gaps),
        ("a window in gaps", &gaps, &window),
    ] {
        criterion.bench_function(&format!("hostile/600 characters/{name}"), |bencher| {
            bencher.iter(|| {
                black_box((
                    outer.includes(inner),
                    outer.overlaps(inner),
                    inner.minus([outer]).witness(),
                ))
            });
        });
    }
    criterion.bench_function("hostile/600 characters/minus a union of 20", |bencher| {
        bencher.iter(|| black_box(stars.minus(&windows).witness()));
    });
    // Too entangled to decide: the answer has to come within its bound all the same.
    let clauses: Vec<String> = ('a'..='z')
        .chain('A'..='Z')
        .map(|c| format!("claims['sub'] matches '*{c}*'"))
        .collect();
    let conjunction = flexible(&clauses.join(" and "));
    criterion.bench_function("hostile/52 patterns on one claim", |bencher| {
        bencher.iter(|| black_box(conjunction.minus([]).witness()));
    });
    let suffixes = of(format!("*{}", "?b?a".repeat(10)))
        .within("sub", Pattern::glob(&"*ab*".repeat(100)))
        .within("sub", Pattern::glob(&"*b?a*".repeat(100)));
    let remembering: Vec<Language> = (20..40)
        .map(|index| of(format!("*a{}*b{}", "?".repeat(index), "?".repeat(300))))
        .collect();
    criterion.bench_function("hostile/sets of positions", |bencher| {
        bencher.iter(|| black_box(suffixes.minus(&remembering).witness()));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = pairwise, hostile
}
criterion_main!(benches);
