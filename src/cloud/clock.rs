//! The time that retries wait by. The embedded tenant's is virtual: waiting there costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::OffsetDateTime;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    Real,
    /// Milliseconds since 1970 that only sleeping moves. Whoever shares the number shares the time.
    Virtual(Arc<AtomicI64>),
}

impl Clock {
    /// A virtual clock that begins at `now_ms`, in milliseconds since 1970.
    pub fn starting_at(now_ms: i64) -> Self {
        Clock::Virtual(Arc::new(AtomicI64::new(now_ms)))
    }

    /// Milliseconds since 1970, UTC.
    pub fn now_ms(&self) -> i64 {
        match self {
            Clock::Real => {
                let nanos = OffsetDateTime::now_utc().unix_timestamp_nanos();
                i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)
            }
            Clock::Virtual(now) => now.load(Ordering::SeqCst),
        }
    }

    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.now_ms()) * 1_000_000)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Waits. A virtual clock jumps to the end of the wait.
    pub async fn sleep(&self, ms: u64) {
        match self {
            Clock::Real => tokio::time::sleep(Duration::from_millis(ms)).await,
            Clock::Virtual(now) => {
                let until = self
                    .now_ms()
                    .saturating_add(i64::try_from(ms).unwrap_or(i64::MAX));
                now.fetch_max(until, Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        }
    }
    /// Waits beside other work. On a virtual clock time goes by only where somebody waits for it: this never ends there.
    pub async fn alarm(&self, ms: u64) {
        match self {
            Clock::Real => tokio::time::sleep(Duration::from_millis(ms)).await,
            Clock::Virtual(_) => std::future::pending().await,
        }
    }

    /// What work comes to, unless it takes longer than `ms`. On a virtual clock nothing takes time.
    pub async fn within<T>(&self, ms: u64, work: impl Future<Output = T>) -> Option<T> {
        match self {
            Clock::Real => {
                let limit = Duration::from_millis(ms);
                tokio::time::timeout(limit, work).await.ok()
            }
            Clock::Virtual(_) => Some(work.await),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn virtual_time_jumps_and_is_shared() {
        let clock = Clock::starting_at(1_000);
        clock.clone().sleep(500).await;
        assert_eq!(clock.now_ms(), 1_500);
        assert_eq!(clock.now().unix_timestamp(), 1);
    }
}
