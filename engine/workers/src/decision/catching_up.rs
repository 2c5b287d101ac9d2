//! Plugins that are behind on a lane, or whose dead letter is replayed, get events again.
//!
//! They get them as they would have the first time: what a snapshot became, whether it came late, whether it is the echo of
//! an own write. What an event did follows from the history; that it is an echo only the guard knew, and it was kept with
//! the event. The ticket they get is the one of now.

use std::collections::HashMap;
use std::sync::Arc;

use deskbell_model::event::{Data, Event, LaneKind};
use deskbell_model::history::History;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Error;
use deskbell_store::event::Recorded;
use deskbell_store::hold::Hold;
use deskbell_store::import::IMPORTED;

use super::calling::Subject;
use super::{Did, Lane};
use crate::breaker::State;
use crate::registry::Suspended;

/// How many of a held plugin's events are read at a time.
pub(super) const CATCH_UP_EVENTS: i64 = 64;

impl Lane<'_> {
    /// Lets plugins that are behind and due have their events again, in order.
    pub(super) async fn catch_up(&mut self) -> Result<(), Error> {
        let now = self.now().max(self.claimed.claimed_at);
        let due: Vec<Hold> =
            self.holds.values().filter(|hold| hold.next_at.is_some_and(|at| at <= now)).cloned().collect();
        for hold in due {
            if self.out_of_time() {
                // They stay due.
                self.out.retime = true;
                break;
            }
            // Catching up with one may have changed another.
            if self.holds.get(&hold.plugin) == Some(&hold) {
                self.catch_up_one(hold).await?;
            }
        }
        Ok(())
    }

    async fn catch_up_one(&mut self, hold: Hold) -> Result<(), Error> {
        let engine = Arc::clone(self.engine);
        let Some(automation) = engine.registry.automations.iter().find(|a| a.name == hold.plugin) else {
            if self.claimed.kind == LaneKind::Source {
                // A connector of now or of before: what it was to read stays to be read.
                return self.catch_up_deferred(hold).await;
            }
            // The plugin is gone; so is what it would have done.
            self.let_go(&hold.plugin);
            return Ok(());
        };
        if let State::Open { until } = automation.state(self.now()) {
            self.hold_back(Hold { next_at: Some(until), ..hold });
            return Ok(());
        }
        let last = if hold.single { hold.from_event } else { self.claimed.done_event };
        let events = engine.store.events_between(self.claimed.lane_id, hold.from_event, last, CATCH_UP_EVENTS).await?;
        let may_be_more = events.len() as i64 == CATCH_UP_EVENTS;
        let last_read = events.last().map_or(hold.from_event, |event| event.event_id);
        let did = self.what_they_did(&events).await?;
        let mut attempt = hold.attempts + 1;
        self.let_go(&hold.plugin);
        let mut is_first = true;
        for recorded in &events {
            let Some(subject) = self.subject_again(recorded, &did) else { continue };
            if !self.is_for(automation, &subject) {
                continue;
            }
            // A replay that fails is a dead letter again at once: later events must not wait for it.
            let attempt_as = if hold.single { engine.options.plugin_attempts } else { attempt };
            // Telling what they did may have taken all the time, and would again the next time.
            let called = if is_first {
                self.call_while_leased(automation, &subject, attempt_as).await?
            } else {
                self.call_in_turn(automation, &subject, attempt_as).await?
            };
            is_first = false;
            if let Some(not_now) = called {
                let (from_event, attempts) = (recorded.event_id, attempt - 1);
                let next_at = Some(not_now.until_behind(self.now()));
                self.hold_back(Hold { from_event, attempts, next_at, ..hold });
                return Ok(());
            }
            if self.holds.contains_key(&automation.name) {
                return Ok(());
            }
            attempt = 1;
        }
        if may_be_more {
            self.hold_back(Hold { from_event: last_read + 1, attempts: 0, next_at: Some(self.now()), ..hold });
        }
        Ok(())
    }

    /// What each of the events did to the lane's ticket, as far as it can be told.
    async fn what_they_did(&self, events: &[Recorded]) -> Result<HashMap<i64, Did>, Error> {
        let last = events.iter().rfind(|recorded| recorded.kind.starts_with("deskbell."));
        let Some(last) = last.filter(|_| self.claimed.kind == LaneKind::Ticket) else {
            return Ok(HashMap::new());
        };
        let recorded = self.engine.store.history(self.claimed.lane_id, last.event_id).await?;
        let read: Vec<(i64, Arc<Event>)> =
            recorded.iter().filter_map(|recorded| Some((recorded.event_id, self.read(recorded)?))).collect();
        let history: Vec<&Event> = read.iter().map(|(_, event)| Arc::as_ref(event)).collect();
        let late = arrived_late(&history);
        let (_, applied) = History::fold(&history);
        let did = applied.into_iter().filter_map(|(index, applied)| {
            let (event_id, _) = read.get(index)?;
            Some((*event_id, Did { applied, late: late.get(index).copied().unwrap_or_default() }))
        });
        Ok(did.collect())
    }

    /// An event as plugins got it when it was decided on; none where nobody did.
    fn subject_again(&self, recorded: &Recorded, did: &HashMap<i64, Did>) -> Option<Subject> {
        if recorded.hop == IMPORTED || recorded.hop >= self.engine.options.limits.max_hops {
            return None;
        }
        let event = self.read(recorded);
        let (Some(event), Some(did)) = (&event, did.get(&recorded.event_id)) else {
            let kind = event.as_ref().map_or(recorded.kind.as_str(), |event| event.short_kind()).to_owned();
            return Some(self.subject(recorded, event.as_deref(), false, recorded.hop, kind));
        };
        if did.is_nothing_new(event) {
            return None;
        }
        Some(self.subject_on_ticket(recorded, event, did, recorded.is_echo(), recorded.hop))
    }
}

/// Which events came late, given in the order of arrival: after a younger one, or before the creation was known. As
/// [`History::is_next`] has it.
fn arrived_late(events: &[&Event]) -> Vec<bool> {
    let mut youngest: Option<Timestamp> = None;
    let mut has_begun = false;
    let mut late = Vec::with_capacity(events.len());
    for event in events {
        let begins = !has_begun && matches!(event.data, Data::Created { .. } | Data::Snapshot { .. });
        late.push(youngest.is_some_and(|youngest| event.time < youngest) || (begins && youngest.is_some()));
        has_begun |= begins;
        youngest = youngest.max(Some(event.time));
    }
    late
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Events of a ticket by their kind and second, in the order of arrival.
    fn check(arrived: &[(&str, i64)], expected: &[bool]) {
        let actor = json!({ "id": "c", "role": "customer" });
        let ticket = json!({ "subject": "s", "channel": "email", "requester": { "id": "c" } });
        let events: Vec<Event> = arrived
            .iter()
            .map(|(kind, second)| {
                let data = match *kind {
                    "commented" => json!({ "comment": { "public": true, "body": "x" }, "actor": actor }),
                    _ => json!({ "ticket": ticket, "actor": actor }),
                };
                let (kind, time) = (format!("deskbell.ticket.{kind}"), Timestamp::from_seconds(*second));
                let (id, subject) = (second.to_string(), Some("T-1".to_owned()));
                Event::from_parts(id, "desk".to_owned(), kind, subject, time, &data.to_string()).unwrap()
            })
            .collect();
        assert_eq!(arrived_late(&events.iter().collect::<Vec<_>>()), expected, "{arrived:?}");
        // When each came, whoever decided on it saw the same.
        let mut history = History::default();
        for (n, event) in events.iter().enumerate() {
            assert_eq!(!history.is_next(event), expected[n], "{arrived:?}");
            (history, _) = History::fold(&events[..=n].iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn whether_an_event_came_late_can_be_told_afterwards() {
        check(&[("created", 1), ("commented", 2), ("commented", 2)], &[false, false, false]);
        check(&[("created", 1), ("commented", 5), ("commented", 2), ("commented", 5)], &[false, false, true, false]);
        check(&[("commented", 1), ("snapshot", 2), ("snapshot", 3)], &[false, true, false]);
        check(&[("snapshot", 4), ("snapshot", 3), ("commented", 4)], &[false, true, false]);
    }
}
