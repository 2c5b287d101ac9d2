//! Webhooks that wait to be sent, in the order of each ticket.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use deskbell_model::timestamp::Timestamp;

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Webhook {
    /// The delivery id, the same over all attempts.
    pub(super) id: String,
    pub(super) body: Bytes,
    /// Held back until then, while later ones may go.
    pub(super) not_before: Option<Timestamp>,
}

/// What a lane has for its sender.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    Send(Webhook),
    /// What there is is held back until then.
    Wait(Timestamp),
    /// Nothing, and the lane is gone: the next one that comes needs a sender of its own.
    Gone,
}

/// The lanes that have something to send.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    lanes: HashMap<String, VecDeque<Webhook>>,
    n_waiting: u64,
}

impl Lanes {
    /// Puts a webhook at the end of its lane. True where the lane was gone and needs a sender.
    pub(super) fn push(&mut self, lane: &str, webhook: Webhook) -> bool {
        self.n_waiting += 1;
        if let Some(waiting) = self.lanes.get_mut(lane) {
            waiting.push_back(webhook);
            return false;
        }
        self.lanes.insert(lane.to_owned(), VecDeque::from([webhook]));
        true
    }

    /// Takes what a lane has to send next.
    pub(super) fn next(&mut self, lane: &str, now: Timestamp) -> Next {
        let Some(waiting) = self.lanes.get_mut(lane) else {
            return Next::Gone;
        };
        let is_due = |webhook: &Webhook| webhook.not_before.is_none_or(|not_before| not_before <= now);
        if let Some(webhook) = waiting.iter().position(is_due).and_then(|place| waiting.remove(place)) {
            self.n_waiting -= 1;
            return Next::Send(webhook);
        }
        if let Some(until) = waiting.iter().filter_map(|webhook| webhook.not_before).min() {
            return Next::Wait(until);
        }
        self.lanes.remove(lane);
        Next::Gone
    }

    /// How many wait.
    pub(super) const fn n_waiting(&self) -> u64 {
        self.n_waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn webhook(id: &str, not_before: Option<i64>) -> Webhook {
        Webhook { id: id.to_owned(), body: Bytes::new(), not_before: not_before.map(at) }
    }

    fn next(lanes: &mut Lanes, lane: &str, seconds: i64) -> String {
        match lanes.next(lane, at(seconds)) {
            Next::Send(webhook) => webhook.id,
            Next::Wait(until) => format!("wait until {until}"),
            Next::Gone => "gone".to_owned(),
        }
    }

    #[test]
    fn a_lane_keeps_its_order_and_one_sender() {
        let mut lanes = Lanes::default();
        assert!(lanes.push("a", webhook("1", None)));
        assert!(!lanes.push("a", webhook("2", None)));
        assert!(lanes.push("b", webhook("3", None)), "lanes are apart");
        assert_eq!(lanes.n_waiting(), 3);
        assert_eq!(next(&mut lanes, "a", 0), "1");
        assert!(!lanes.push("a", webhook("4", None)), "its sender is at work");
        assert_eq!(next(&mut lanes, "a", 0), "2");
        assert_eq!(next(&mut lanes, "a", 0), "4");
        assert_eq!(next(&mut lanes, "a", 0), "gone");
        assert!(lanes.push("a", webhook("5", None)));
        assert_eq!(lanes.n_waiting(), 2);
    }

    #[test]
    fn what_is_held_back_is_overtaken() {
        let mut lanes = Lanes::default();
        lanes.push("a", webhook("held", Some(3)));
        lanes.push("a", webhook("later", None));
        assert_eq!(next(&mut lanes, "a", 0), "later");
        assert_eq!(next(&mut lanes, "a", 0), "wait until 1970-01-01T00:00:03Z");
        lanes.push("a", webhook("latest", None));
        assert_eq!(next(&mut lanes, "a", 1), "latest");
        assert_eq!(next(&mut lanes, "a", 3), "held");
        assert_eq!(next(&mut lanes, "a", 3), "gone");
    }
}
