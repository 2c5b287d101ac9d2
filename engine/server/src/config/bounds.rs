//! What nobody may exceed and how long things are kept: `[limits]`, `[loop_guard]`, `[retention]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::process::within;
use super::reading::{Problem, Section};
use super::units::{duration, size};

/// `[limits]`: the operator's ceilings over what plugins ask for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    /// Of one call, in bytes.
    #[serde(with = "size")]
    pub(crate) memory: u64,
    /// Time on the processor for one call.
    #[serde(with = "duration")]
    pub(crate) cpu: Duration,
    /// Time from start to end of one call.
    #[serde(with = "duration")]
    pub(crate) wall: Duration,
    /// That one call may ask for.
    pub(crate) effects: usize,
    /// Kept of one call, in bytes.
    #[serde(with = "size")]
    pub(crate) log: u64,
    /// At one event, before a plugin's failure becomes a dead letter.
    pub(crate) attempts: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            cpu: Duration::from_secs(1),
            wall: Duration::from_secs(10),
            effects: 100,
            log: 64 << 10,
            attempts: 8,
        }
    }
}

impl Section for Limits {
    fn validate(&self, problems: &mut Vec<Problem>) {
        if !(1 << 20..=4 << 30).contains(&self.memory) {
            problems.push(Problem::new("memory", "has to be between 1MiB and 4GiB"));
        }
        if self.cpu < Duration::from_millis(1) || self.cpu > self.wall {
            problems.push(Problem::new("cpu", "has to be at least 1ms and at most `wall`"));
        }
        if self.wall > Duration::from_mins(5) {
            problems.push(Problem::new("wall", "has to be at most 5m"));
        }
        within("effects", self.effects, 1..=10_000, problems);
        within("attempts", self.attempts, 1..=100, problems);
        if self.log > 16 << 20 {
            problems.push(Problem::new("log", "has to be at most 16MiB"));
        }
    }
}

/// `[loop_guard]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LoopGuard {
    /// An event that so many own writes led to, one after the other, reaches no plugin.
    pub(crate) max_hops: usize,
    pub(crate) actions_per_ticket_per_hour: usize,
}

impl Default for LoopGuard {
    fn default() -> Self {
        Self { max_hops: 4, actions_per_ticket_per_hour: 30 }
    }
}

impl Section for LoopGuard {
    fn validate(&self, problems: &mut Vec<Problem>) {
        within("max_hops", self.max_hops, 1..=100, problems);
        within("actions_per_ticket_per_hour", self.actions_per_ticket_per_hour, 1..=10_000, problems);
    }
}

/// `[retention]`. Tickets, their history and the ids of events are kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    /// Webhooks as they arrived.
    #[serde(with = "duration")]
    pub(crate) bodies: Duration,
    /// Attempts to deliver an action.
    #[serde(with = "duration")]
    pub(crate) attempts: Duration,
    /// Calls of plugins, with what they answered and logged.
    #[serde(with = "duration")]
    pub(crate) calls: Duration,
    /// Ids of deliveries, by which a repeated one is known.
    #[serde(with = "duration")]
    pub(crate) delivery_ids: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        let days = |days: u64| Duration::from_hours(24 * days);
        Self { bodies: days(14), attempts: days(90), calls: days(90), delivery_ids: days(7) }
    }
}

impl Section for Retention {
    fn validate(&self, problems: &mut Vec<Problem>) {
        // What is dropped goes a day at a time, and a delivery may be repeated for three.
        for (member, value, least_days) in [
            ("bodies", self.bodies, 1),
            ("attempts", self.attempts, 3),
            ("calls", self.calls, 1),
            ("delivery_ids", self.delivery_ids, 3),
        ] {
            if value < Duration::from_hours(24 * least_days) {
                problems.push(Problem::new(member, format!("has to be at least {least_days}d")));
            }
        }
    }
}
