//! How fast a destination may be sent to: a slot for each action, evenly spaced.
//!
//! What does not get a slot at once is told when to come back, and then finds its slot kept. The pace is that of one
//! process: engines that share a database send as much each.

use std::collections::HashMap;

use deskbell_model::timestamp::Timestamp;

/// With slots given out for so long, a destination's further lanes are left alone meanwhile.
const FULL_AFTER_SECONDS: i64 = 20;
/// A lane that does not come back for so long has been taken by another process.
const KEPT_SECONDS: i64 = 60;

/// The pace of one destination.
#[derive(Debug)]
pub(super) struct Pace {
    interval_micros: i64,
    next: Timestamp,
    kept: HashMap<i64, Timestamp>,
}

impl Pace {
    pub(super) fn new(per_second: f64) -> Self {
        let interval_micros = (1e6 / per_second.max(0.001)) as i64;
        Self { interval_micros, next: Timestamp::default(), kept: HashMap::new() }
    }

    /// None: the lane's action may be sent now. Else when it may be.
    pub(super) fn ask(&mut self, lane_id: i64, now: Timestamp) -> Option<Timestamp> {
        if let Some(slot) = self.kept.get(&lane_id).copied() {
            if slot > now {
                return Some(slot);
            }
            self.kept.remove(&lane_id);
            return None;
        }
        let slot = self.next.max(now);
        self.next = slot.plus_micros(self.interval_micros);
        if slot <= now {
            return None;
        }
        self.kept.retain(|_, slot| *slot > now.plus_seconds(-KEPT_SECONDS));
        self.kept.insert(lane_id, slot);
        Some(slot)
    }

    /// Accounts for an action that took more than one request.
    pub(super) fn charge(&mut self, n_requests: u32) {
        let further = i64::from(n_requests.saturating_sub(1));
        self.next = self.next.plus_micros(self.interval_micros.saturating_mul(further));
    }

    /// Whether its slots are given out for some time.
    pub(super) fn is_full(&self, now: Timestamp) -> bool {
        self.next > now.plus_seconds(FULL_AFTER_SECONDS) && self.kept.values().all(|slot| *slot > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_micros(1_000_000_000 + millis * 1000)
    }

    #[test]
    fn actions_are_spaced_evenly_and_find_their_slots_kept() {
        let mut pace = Pace::new(2.0);
        let asked = [(1, 0, None), (2, 0, Some(500)), (3, 10, Some(1000)), (2, 200, Some(500)), (2, 600, None)];
        for (lane_id, now, expected) in asked {
            assert_eq!(pace.ask(lane_id, at(now)), expected.map(at), "lane {lane_id} at {now}");
        }
        assert_eq!(pace.ask(4, at(600)), Some(at(1500)));
        assert_eq!(pace.ask(5, at(9000)), None, "what was not used is not saved up");
        assert_eq!(pace.ask(6, at(9000)), Some(at(9500)));
    }

    #[test]
    fn further_requests_of_an_action_take_slots_too() {
        let mut pace = Pace::new(1.0);
        assert_eq!(pace.ask(1, at(0)), None);
        pace.charge(3);
        assert_eq!(pace.ask(2, at(0)), Some(at(3000)));
    }

    #[test]
    fn it_is_full_once_the_slots_of_some_time_are_given_out() {
        let mut pace = Pace::new(1.0);
        for lane_id in 0..30 {
            pace.ask(lane_id, at(0));
        }
        assert!(pace.is_full(at(0)));
        assert!(!pace.is_full(at(1000)), "a lane may come for its slot");
    }
}
