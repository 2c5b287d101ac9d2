//! Waiting for what other processes do: the one place where the tests let time pass.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use deskbell_workers::engine::{Clock as _, SystemClock};

/// Whatever a scenario waits for happens within this, or never: on a machine that has a dozen other things to do, it may
/// take a minute. How fast something is is not what is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Waits until `holds`; fails with `what` where that takes longer than [`PATIENCE`].
#[track_caller]
pub(crate) fn wait_until(what: &str, holds: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    wait_within(PATIENCE, what, holds)
}

/// The same with a limit of its own.
pub(crate) async fn wait_within(limit: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < limit, "{what}: not within {limit:?}");
        moment().await;
    }
}

/// Between two looks, or two attempts of a sender.
pub(crate) async fn moment() {
    tokio::time::sleep(LOOK_EVERY).await;
}

/// The same where nothing asynchronous runs yet.
pub(crate) fn wait_blocking(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

/// Now, by the same clock as the engine's.
pub(crate) fn now() -> DateTime<Utc> {
    SystemClock.now().to_chrono()
}
