//! The bound on the work of one question about languages, and the answer when it does not suffice.

use std::fmt;

/// A question about languages that was too large to decide within its bound. It is no answer: neither yes nor no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided;

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these expressions are too entangled to compare exactly: use fewer `?` and fewer `*` in one pattern")
    }
}

impl std::error::Error for Undecided {}

/// Machine words that one question may touch: at most about half a second and 100 MiB.
const WORK: u64 = 100_000_000;

/// Work that is left for one question.
pub(super) struct Budget(u64);

impl Budget {
    pub fn new() -> Self {
        Self(WORK)
    }

    pub fn spend(&mut self, words: usize) -> Result<(), Undecided> {
        self.0 = self.0.checked_sub(words as u64).ok_or(Undecided)?;
        Ok(())
    }
}
