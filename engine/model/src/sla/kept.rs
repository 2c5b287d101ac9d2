//! Clocks that a change of the configuration leaves as they are.
//!
//! The configuration has no history: after it changes, every clock that is neither over nor breached is computed anew as
//! if the new one had always held. The others keep what they have, so somebody must remember it: at the change, the
//! clocks as of that instant become a [`Kept`], and later runs start from it.

use serde::{Deserialize, Serialize};

use super::Clocks;
use super::clock::Clock;
use crate::timestamp::Timestamp;

/// What some clocks of a ticket were when the configuration changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    at: Timestamp,
    clocks: Vec<Clock>,
}

impl Kept {
    /// Keeps those clocks that are over or breached as of `at`, the instant for which `clocks` were computed.
    pub fn new(clocks: &Clocks, at: Timestamp) -> Option<Self> {
        let stays = |clock: &&Clock| !clock.is_open() || clock.breached_at().is_some();
        let clocks: Vec<Clock> = clocks.all().iter().filter(stays).cloned().collect();
        (!clocks.is_empty()).then_some(Self { at, clocks })
    }

    pub(super) const fn at(&self) -> Timestamp {
        self.at
    }

    /// Puts them in the place of the clocks of the same cycle.
    pub(super) fn restore(&self, clocks: &mut [Clock]) {
        for clock in clocks {
            let same = |kept: &&Clock| (kept.metric(), kept.cycle()) == (clock.metric(), clock.cycle());
            if let Some(kept) = self.clocks.iter().find(same) {
                clock.clone_from(kept);
            }
        }
    }
}
