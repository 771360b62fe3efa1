//! Quotas: when a step may be sent, and what a service's refusal means for all that count for the same quota.

use super::super::verify;
use super::Engine;
use crate::cloud::reply::Lost;
use crate::model::step::{Reply, StepId};

impl Engine {
    /// Without keeping to the services' quotas: for an emulated tenant that has none.
    pub fn unpaced(mut self) -> Self {
        self.quotas.fill(Vec::new());
        self
    }

    /// When a step's quotas let it be sent.
    pub(super) fn room(&mut self, index: usize) -> i64 {
        let now = self.now;
        let mut next = now;
        for quota in &self.quotas[index] {
            if let Some(bucket) = self.buckets.get_mut(&quota.of) {
                next = next.max(bucket.next(quota, now));
            }
        }
        next
    }

    pub(super) fn spend(&mut self, index: usize) {
        for quota in &self.quotas[index] {
            let bucket = self.buckets.entry(quota.of.clone()).or_default();
            bucket.take(self.now);
        }
    }

    /// What one request was told to wait, all that count for the same quota wait: for the narrowest, where there are several.
    pub(super) fn throttled(&mut self, id: StepId, result: &Result<Reply, Lost>) {
        if let (Ok(reply), Some(quota)) = (result, self.quotas[id.0].first())
            && reply.status == 429
            && let Some(ms) = reply.retry_after
        {
            let until = i64::try_from(ms).map_or(i64::MAX, |ms| self.now.saturating_add(ms));
            let bucket = self.buckets.entry(quota.of.clone()).or_default();
            bucket.block(until.min(self.now + verify::DEADLINE_MS));
        }
    }
}
