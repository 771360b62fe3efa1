//! What a run of histories counts.

use std::collections::BTreeMap;

/// What a run of histories counts.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    pub requests: u64,
    pub writes: u64,
    pub applies: u64,
    pub faults: BTreeMap<String, u64>,
    /// Writes of which the caller never learnt whether they took effect.
    pub ambiguous: u64,
    pub successes: u64,
    /// Successes that were said while the tenant was not as declared: a replica that lags had been believed.
    pub untrue: u64,
    /// Applications of others that an upsert took over, because no read could show them yet.
    pub taken_over: u64,
    /// Memberships whose mark an upsert of an identity that no read showed has taken away.
    pub unmarked: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Counts) {
        self.requests += other.requests;
        self.writes += other.writes;
        self.applies += other.applies;
        self.ambiguous += other.ambiguous;
        self.successes += other.successes;
        self.untrue += other.untrue;
        self.taken_over += other.taken_over;
        self.unmarked += other.unmarked;
        for (name, count) in &other.faults {
            *self.faults.entry(name.clone()).or_default() += count;
        }
    }
}
