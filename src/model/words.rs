//! The nearest valid word, for "did you mean".

use rapidfuzz::distance::osa;

/// Longer names are no typing errors, in letters.
const LONGEST: usize = 128;

/// How many candidates are compared letter by letter, of longer ones fewer: less than a millisecond of work.
const COMPARED: usize = 2000;

/// The candidate that the fewest changes lead to, if those are few: three letters of eight. A change is a letter more, less
/// or other, or two that are swapped; upper and lower case are the same. Of very many candidates that could be meant by
/// their length, the first ones are looked at.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    within(word, candidates, |word| word)
}

/// The address that is nearest to `address`: that it begins as others do is no likeness, its last label is.
pub fn nearest_address<'a>(
    address: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    within(address, candidates, |address| {
        address.rsplit(['.', '/']).next().unwrap_or(address)
    })
}

/// `part` is the part of a word that the letters are counted of.
fn within<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    part: impl Fn(&str) -> &str,
) -> Option<&'a str> {
    let letters = word.chars().count();
    let own = part(word).chars().count();
    if own < 2 || letters > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let comparator = osa::BatchComparator::new(lower.chars());
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let near = (part(candidate).chars().count().max(own) * 3 / 8).max(1);
            (candidate.chars().count().abs_diff(letters) <= near).then_some((near, candidate))
        })
        .take(COMPARED / (1 + letters / 64))
        .filter_map(|(near, candidate)| {
            let near = osa::Args::default().score_cutoff(near);
            let candidate_lower = candidate.to_lowercase();
            let distance = comparator.distance_with_args(candidate_lower.chars(), &near)?;
            Some((distance, candidate))
        })
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::{nearest, nearest_address};

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let words = ["subject", "issuer", "audience"];
        assert_eq!(nearest("subjcet", words), Some("subject"));
        assert_eq!(nearest("Issuer", words), Some("issuer"));
        assert_eq!(nearest("display_name", words), None);
        assert_eq!(nearest("policies", ["policy"]), Some("policy"));
        assert_eq!(nearest("roles", ["notes"]), None);
        assert_eq!(nearest("x", ["y"]), None);
    }

    #[test]
    fn of_an_address_its_label_is_what_may_differ() {
        let addresses = ["application.deploy", "application.audit"];
        assert_eq!(
            nearest_address("application.deplyo", addresses),
            Some("application.deploy")
        );
        assert_eq!(nearest_address("application.x", addresses), None);
    }
}
