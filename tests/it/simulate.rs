//! The simulation's seeds of every test run, and the bug bank.

use crate::simulation::counts::Counts;
use crate::simulation::history::History;
use crate::simulation::mutants::Mutant;
use crate::simulation::{history_file, play, shrink};

/// `SEEDS=from..to` plays others.
#[test]
fn no_seed_breaks_an_invariant() {
    let (from, to) = match std::env::var("SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").expect("SEEDS=from..to");
            (
                from.parse().expect("a number"),
                to.parse().expect("a number"),
            )
        }
        Err(_) => (0, 60),
    };
    let seeds = from..to;
    let mut broken = Vec::new();
    let mut counts = Counts::default();
    for seed in seeds.clone() {
        let history = History::of(seed);
        let report = play(&history, None);
        counts.add(&report.counts);
        if let Some(first) = report.violations.first() {
            let small = shrink::shrink(&history, first.invariant, None);
            let again = history_file::keep(&small, first.invariant, &first.what);
            broken.push(format!(
                "{}: {}\n{small}{again}",
                first.invariant, first.what
            ));
            if broken.len() == 3 {
                break;
            }
        }
    }
    println!("seeds {seeds:?}: {counts:?}");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Histories that broke something once, and `HISTORY=file` one more.
#[test]
fn a_history_again() {
    let given = std::env::var("HISTORY").ok();
    let recorded = crate::files(&crate::project().join("tests/it/simulation/histories"));
    let paths = given.map_or(recorded, |path| vec![crate::project().join(path)]);
    let mut broken = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("a history");
        let history: History = text.parse().expect("a history");
        let again: History = history.to_string().parse().expect("what was printed");
        assert_eq!(again, history, "{}", path.display());
        let report = play(&history, None);
        println!("{}: {:?}", path.display(), report.counts);
        broken.extend(
            report
                .violations
                .iter()
                .map(|one| format!("{}: {one:?}", path.display())),
        );
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// Mutants, and a seed that finds each out; `cargo bench --bench simulate -- --bank` measures all of them.
const CAUGHT: &[(Mutant, u64)] = &[
    (Mutant::DeleteFirst, 6),
    (Mutant::TrustOneRead, 0),
    (Mutant::NoVerification, 0),
    (Mutant::NoVerificationOfCreates, 0),
    (Mutant::NoVerificationOfDeletes, 0),
    (Mutant::AdoptOnlyOn409, 10_000),
    (Mutant::ForgetThatItWasDone, 13),
    (Mutant::PostWithoutKey, 0),
    (Mutant::IgnoreSoftDeleted, 8),
    (Mutant::ReplicationIsFatal, 4),
    (Mutant::GrantBeforeTrusts, 179),
    (Mutant::RevokeLast, 113),
    (Mutant::DocumentsLastToCome, 1),
    (Mutant::SuccessWhateverHappens, 0),
    (Mutant::RememberedWorld, 0),
    (Mutant::NeverDelete, 0),
    (Mutant::PublishPrivateKey, 0),
    (Mutant::TokenInMessage, 0),
    (Mutant::PatchSubjectInPlace, 0),
    (Mutant::ReplaceTags, 4),
    (Mutant::ThrottlingIsFatal, 20),
    (Mutant::ParallelInOneApplication, 0),
    (Mutant::NameByLabel, 0),
    (Mutant::TemporaryName, 0),
    (Mutant::DeleteWhatOthersMade, 4),
    (Mutant::ReplaceKeysAtOnce, 6),
    (Mutant::KeyOnDisplayName, 8),
    (Mutant::LostMeansDone, 5_003),
    (Mutant::IgnoreRetryAfter, 13),
    (Mutant::WriteUndeclaredFields, 19),
    (Mutant::ErrorMeansEmpty, 20),
    (Mutant::EmptyMeansAbsent, 15_007),
    (Mutant::DenialIsSuccess, 6),
    (Mutant::TakeOverForeignName, 4),
    (Mutant::RoleByAnyName, 15_024),
    (Mutant::MarkGoesFirst, 0),
    (Mutant::RemoveEverySecret, 10_017),
];

#[test]
fn known_mutants_are_caught() {
    let survives = |mutant: Mutant, seed| {
        let histories = [History::plain(seed), History::of(seed)];
        let mut played = histories.iter().map(|history| play(history, Some(mutant)));
        played.all(|report| report.violations.is_empty())
    };
    let survivors: Vec<_> = CAUGHT
        .iter()
        .filter(|(mutant, seed)| survives(*mutant, *seed))
        .collect();
    let missed: Vec<_> = Mutant::RARE
        .iter()
        .filter(|(mutant, name)| {
            let path = format!("tests/it/simulation/histories/{name}.history");
            let text = std::fs::read_to_string(crate::project().join(path)).expect("a history");
            let history: History = text.parse().expect("a history");
            play(&history, Some(*mutant)).violations.is_empty()
        })
        .collect();
    let seeds = CAUGHT.iter().map(|(mutant, _)| mutant);
    let rare = Mutant::RARE.iter().map(|(mutant, _)| mutant);
    let found: Vec<&Mutant> = seeds.chain(rare).collect();
    let open: Vec<_> = Mutant::ALL
        .iter()
        .filter(|mutant| !found.contains(mutant))
        .collect();
    assert!(open.is_empty(), "no seed is recorded for {open:?}");
    assert!(
        survivors.is_empty() && missed.is_empty(),
        "not caught: {survivors:?} {missed:?}"
    );
}

/// Twenty declarations, and back to the first; `cargo bench --bench simulate -- --length 20` plays more.
#[test]
fn a_long_history_comes_back() {
    let report = play(&History::long(1, 20), None);
    assert_eq!(report.violations, []);
}
