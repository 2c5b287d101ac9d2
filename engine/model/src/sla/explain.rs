//! How a clock came to stand as it does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ticket::Status;
use crate::timestamp::Timestamp;

/// A stretch of a clock's time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    pub from: Timestamp,
    pub to: Timestamp,
    pub status: Status,
    pub is_paused: bool,
    /// Whose calendar and pauses measured it.
    pub policy: String,
    pub calendar: String,
    /// The working time in it.
    pub micros: i64,
}

impl Stretch {
    pub(super) fn continues_in(&self, next: &Self) -> bool {
        self.to == next.from
            && (self.status, self.is_paused) == (next.status, next.is_paused)
            && self.policy == next.policy
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, policy, calendar, .. } = self;
        let verb = if self.is_paused { "paused" } else { "counted" };
        let (seconds, status) = (Seconds(self.micros), self.status.as_str());
        write!(f, "{from} to {to}: {verb} {seconds} in {status} (policy {policy}, calendar {calendar})")
    }
}

/// Why a due time was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    Started,
    /// It stands still and has no due time.
    Paused,
    Resumed,
    /// Policy or priority changed.
    Changed,
    Reopened,
}

/// A due time and what it was computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reckoning {
    pub at: Timestamp,
    pub why: Why,
    pub policy: String,
    pub calendar: String,
    /// As written in the configuration.
    pub target: String,
    /// Working time in microseconds by then.
    pub counted: i64,
    pub paused: i64,
    pub due: Option<Timestamp>,
}

impl fmt::Display for Reckoning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, policy, calendar, target, .. } = self;
        let why = match self.why {
            Why::Started => "started",
            Why::Paused => "paused",
            Why::Resumed => "resumed",
            Why::Changed => "policy or priority changed",
            Why::Reopened => "reopened",
        };
        write!(f, "{at}: {why}; target {target} (policy {policy}, calendar {calendar}), ")?;
        write!(f, "{} counted, {} paused: ", Seconds(self.counted), Seconds(self.paused))?;
        match (self.due, self.why) {
            (Some(due), _) => write!(f, "due {due}"),
            (None, Why::Paused) => f.write_str("no due time while it is paused"),
            (None, _) => f.write_str("no due time, for the calendar has no working time for it"),
        }
    }
}

/// Microseconds as hours, minutes and seconds.
struct Seconds(i64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000_000);
        write!(f, "{}h{:02}m{:02}s", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}
