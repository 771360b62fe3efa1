//! The guard against widening, and what lifts it: an `approve` block that was reviewed with the files, or a word on
//! the command line. Both name the digest of the access change, so neither lets another change through.

use super::Options;
use crate::model::desired::Approval;
use crate::model::plan::{Refusal, Widening};

/// Digits of a digest that are printed, and that have to be named at least.
pub const DIGITS: usize = 16;

/// Refuses a widening that nobody approved.
pub fn refusal(
    widening: Option<&Widening>,
    approvals: &[Approval],
    options: &Options,
) -> Option<Refusal> {
    let widening = widening?;
    let names = |digest: &str| digest.len() >= DIGITS && widening.digest.starts_with(digest);
    let word = options.allow.widening.as_deref();
    if word.is_some_and(|digest| names(&digest.trim().to_ascii_lowercase())) {
        return None;
    }
    let mut approving = approvals.iter().filter(|one| names(&one.digest));
    // Whoever does not know the time does not know of an end.
    let now = options
        .now
        .map(|now| now.unix_timestamp_nanos() / 1_000_000);
    let ended = |one: &Approval| {
        one.until
            .is_some_and(|until| now.is_none_or(|now| i128::from(until) < now))
    };
    let (past, good): (Vec<&Approval>, Vec<&Approval>) =
        approving.by_ref().partition(|one| ended(one));
    if !good.is_empty() {
        return None;
    }
    let digest = &widening.digest[..DIGITS.min(widening.digest.len())];
    let mut message = widening.changes.join("; ");
    if let Some(past) = past.first() {
        message.push_str(&format!(" (the approval `{}` has ended)", past.name));
    } else if word.is_some() {
        message.push_str(" (the digest given is that of another change)");
    }
    Some(Refusal {
        guard: "widening",
        message,
        lift: format!(
            "`approve \"why\" {{ digest = \"{digest}\" reason = \"…\" owner = \"…\" }}` in the files, or `--allow-widening {digest}`"
        ),
    })
}
