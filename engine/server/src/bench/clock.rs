//! The time of a run, counted from its beginning.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// A clock; tests move theirs by hand.
pub(super) trait Clock: Clone + Send + Sync + 'static {
    /// Since the beginning.
    fn now(&self) -> Duration;

    /// Waits until that time. The machine's clock is up to a millisecond late, as its timers are that coarse.
    fn until(&self, at: Duration) -> impl Future<Output = ()> + Send;
}

/// The machine's clock.
#[derive(Clone, Debug)]
pub(super) struct Wall {
    begun_at: Instant,
}

impl Wall {
    pub(super) fn start() -> Self {
        Self { begun_at: Instant::now() }
    }
}

impl Clock for Wall {
    fn now(&self) -> Duration {
        self.begun_at.elapsed()
    }

    async fn until(&self, at: Duration) {
        tokio::time::sleep_until(self.begun_at + at).await;
    }
}
