//! Clocks that stand still.

use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// The calendar's clock: it shows the call's time, the event's as a rule.
pub(super) struct Frozen(Duration);

impl Frozen {
    /// Before 1970 it shows 1970: WASI knows no earlier time.
    pub(super) fn at(now: Timestamp) -> Self {
        Self(Duration::from_micros(u64::try_from(now.micros()).unwrap_or(0)))
    }
}

impl HostWallClock for Frozen {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}

/// The stopwatch: no time passes. What waits for it waits for real, up to the call's limit.
pub(super) struct Standing;

impl HostMonotonicClock for Standing {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        0
    }
}
