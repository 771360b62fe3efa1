//! The nearest valid word, for "did you mean".

/// The candidate that is nearest to `word`, if any is near enough to be meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    within(word, word, candidates)
}

/// The address that is nearest to `address`: that it begins as others do is no likeness, its last label is.
pub fn nearest_address<'a>(
    address: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let label = address.rsplit(['.', '/']).next().unwrap_or(address);
    within(address, label, candidates)
}

/// A third of the characters of `typed` may differ.
fn within<'a>(
    word: &str,
    typed: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = typed.chars().count().div_ceil(3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= near)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance with swaps of neighbours as one edit. Long words are cut: they are not typing errors.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let b: Vec<char> = b.chars().take(64).collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j + 1] + 1)
                .min(row[j] + 1)
                .min(last[j] + usize::from(x != y));
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before_last[j - 1] + 1);
            }
            row.push(best);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        let words = ["subject", "issuer", "audience"];
        assert_eq!(nearest("subjcet", words), Some("subject"));
        assert_eq!(nearest("Issuer", words), Some("issuer"));
        assert_eq!(nearest("display_name", words), None);
    }
}
