//! The bound on the work of one question about languages, and the answer when it does not suffice.

/// A question about languages that was too large to decide within its bound. It is no answer: neither yes nor no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided;

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
