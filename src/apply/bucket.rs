//! What is left of a quota: writes of the last span count, and a service that said when it takes the next one is heeded.

use std::collections::VecDeque;

use crate::model::quota::Quota;

/// Milliseconds that a span is taken for longer than it is: requests do not all take equally long to arrive.
const SLACK_MS: i64 = 500;

#[derive(Clone, Debug, Default)]
pub struct Bucket {
    /// When the writes of the last span were sent, the oldest first.
    sent: VecDeque<i64>,
    /// Nothing is sent before then.
    blocked: i64,
}

impl Bucket {
    /// When the next write may be sent: now, or later.
    pub fn next(&mut self, quota: &Quota, now: i64) -> i64 {
        let span = quota.span_ms + SLACK_MS;
        while self.sent.front().is_some_and(|at| at + span <= now) {
            self.sent.pop_front();
        }
        let full = self.sent.len() >= quota.writes;
        let free = match self.sent.front() {
            Some(oldest) if full => oldest + span,
            _ => now,
        };
        free.max(self.blocked)
    }

    pub fn take(&mut self, now: i64) {
        self.sent.push_back(now);
    }

    /// The service wants nothing for a while.
    pub fn block(&mut self, until: i64) {
        self.blocked = self.blocked.max(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_span_holds_more_than_the_quota() {
        let quota = Quota {
            of: String::new(),
            writes: 3,
            span_ms: 1_000,
        };
        let mut bucket = Bucket::default();
        let mut sent = Vec::new();
        let mut now = 0;
        while sent.len() < 20 {
            let next = bucket.next(&quota, now);
            assert!(next >= now);
            if next == now {
                bucket.take(now);
                sent.push(now);
                now += 100;
            } else {
                now = next;
            }
        }
        for window in sent.windows(4) {
            assert!(window[3] - window[0] >= 1_000 + SLACK_MS, "{sent:?}");
        }
        bucket.block(now + 7_000);
        assert!(bucket.next(&quota, now) >= now + 7_000);
    }
}
