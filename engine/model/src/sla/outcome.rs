//! What became of a clock, and how to tell it when history changes.

use serde::{Deserialize, Serialize};

use super::Metric;
use crate::timestamp::Timestamp;

/// Something that befell a clock, with its true time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub at: Timestamp,
    pub metric: Metric,
    pub cycle: u32,
    pub kind: Kind,
    /// Which warning it is, as written in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    pub policy: String,
    /// As written in the configuration.
    pub target: String,
    pub started_at: Timestamp,
    pub due_at: Option<Timestamp>,
    /// The counted time by then, in microseconds.
    pub counted_micros: i64,
}

/// What befell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Warning,
    Breached,
    Met,
    /// Met after the breach.
    BreachedMet,
    /// Cancelled, or without a target any more; not after a breach.
    Cancelled,
}

impl Outcome {
    /// Whether both say the same of the same clock.
    fn says(&self, other: &Self) -> bool {
        self.slot() == other.slot()
            && (self.at, self.kind) == (other.at, other.kind)
            && (&self.policy, &self.target) == (&other.policy, &other.target)
    }

    /// What one takes the place of another in: each warning of a cycle, and its end.
    fn slot(&self) -> (Metric, u32, Option<&str>) {
        (self.metric, self.cycle, self.warning.as_deref())
    }
}

/// What is to be told after a history was folded anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice<'a> {
    /// It has not been told yet.
    New(&'a Outcome),
    /// It takes the place of one that was told and no longer holds.
    Instead { outcome: &'a Outcome, corrects: &'a Outcome },
    /// What was told no longer holds, and nothing takes its place.
    Retracted(&'a Outcome),
}

/// What is to be told, given what was told and what holds now; new ones in the order of `hold`, then the retracted.
pub fn notices<'a>(told: &'a [Outcome], hold: &'a [Outcome]) -> Vec<Notice<'a>> {
    let mut stale: Vec<&Outcome> = told.iter().collect();
    let mut fresh = Vec::new();
    for outcome in hold {
        match stale.iter().position(|old| old.says(outcome)) {
            Some(place) => drop(stale.remove(place)),
            None => fresh.push(outcome),
        }
    }
    let mut notices = Vec::with_capacity(fresh.len() + stale.len());
    for outcome in fresh {
        match stale.iter().position(|old| old.slot() == outcome.slot()) {
            Some(place) => notices.push(Notice::Instead { outcome, corrects: stale.remove(place) }),
            None => notices.push(Notice::New(outcome)),
        }
    }
    notices.extend(stale.into_iter().map(Notice::Retracted));
    notices
}
