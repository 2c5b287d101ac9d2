//! Deciding on one lane: folding what is pending, having the plugins decide, and gathering everything that comes of it.
//!
//! Who comes before: the dispatcher, which claimed the lane and loaded its rows. Who is next: the store's `finish`, which
//! writes the outcome in one transaction, or drops it where the lease was lost. Nothing here writes: a lane can be
//! decided on again, and after a crash it is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deskbell_model::event::{Data, Event, LaneKind};
use deskbell_model::history::{Applied, History, derived_data};
use deskbell_model::ticket::Ticket;
use deskbell_model::timestamp::Timestamp;
use deskbell_model::{plugin, sla};
use deskbell_store::activity::ActivityRow;
use deskbell_store::event::Recorded;
use deskbell_store::finish::{AgentRow, Outcome, TicketRow};
use deskbell_store::hold::Hold;
use deskbell_store::import::IMPORTED;
use deskbell_store::inbox::NewEvent;
use deskbell_store::lane::Claimed;
use deskbell_store::ticket::Loaded;
use deskbell_store::timer::Due;
use deskbell_store::{Error, chaos};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::engine::Engine;
use crate::guard::Memory;

mod calling;
mod catching_up;
mod clocks;
pub mod deferred;

pub use calling::Subject;
pub(crate) use calling::jitter;

/// The kind of the engine's own event for a delivery that was put off.
pub const DEFERRED_DELIVERY: &str = "delivery.deferred";
/// The kind of the engine's own event for a timer that is due.
pub const TIMER_FIRED: &str = "timer.fired";

/// A lane's rows, as loaded.
pub struct Work {
    pub lane: Claimed,
    pub events: Vec<Recorded>,
    pub ticket: Option<Loaded>,
    pub timers: Vec<Due>,
    pub holds: Vec<Hold>,
    /// More events are pending than were loaded.
    pub more: bool,
}

/// A lane in the middle of its events.
pub(crate) struct Lane<'a> {
    engine: &'a Arc<Engine>,
    claimed: Claimed,
    source_name: String,
    history: History,
    guard: Memory,
    holds: BTreeMap<String, Hold>,
    out: Outcome,
    deadline: Instant,
    touched: bool,
    /// What has been told of its clocks.
    told: Vec<sla::Outcome>,
    /// How many own writes led to what was folded, at most.
    hop: i16,
}

/// What an event did to its ticket.
pub(crate) struct Did {
    applied: Applied,
    /// Something younger had come before it.
    late: bool,
}

impl Did {
    /// Whether plugins are not called for it.
    fn is_nothing_new(&self, event: &Event) -> bool {
        self.applied == Applied::Nothing && event.kind.starts_with("deskbell.ticket.")
    }
}

/// Decides on a lane. An error means that nothing was decided: the lane comes again when its lease ends.
pub async fn decide(engine: &Arc<Engine>, work: Work) -> Result<Outcome, Error> {
    let Work { lane, events, ticket, timers, holds, more } = work;
    let source_name = source_name(engine, lane.source_id).await?;
    let guard = Memory::read(ticket.as_ref().and_then(|ticket| ticket.guard.as_deref()));
    // On lanes of other kinds the engine itself may have put actions.
    let first = ticket.is_none() && lane.done_event == 0 && lane.kind == LaneKind::Ticket;
    let (told, history) = match ticket {
        None => (Vec::new(), Some(History::default())),
        Some(mut loaded) => (std::mem::take(&mut loaded.told), loaded.into_history()),
    };
    // Where the facts are of another version they are made anew from the history.
    let outdated = history.is_none();
    let mut lane = Lane {
        engine,
        source_name,
        history: history.unwrap_or_default(),
        guard,
        holds: holds.into_iter().map(|hold| (hold.plugin.clone(), hold)).collect(),
        out: Outcome {
            lane_id: lane.lane_id,
            token: lane.token,
            arrivals: lane.arrivals,
            done_event: lane.done_event,
            more,
            source_id: lane.source_id,
            lane_kind: lane.kind,
            lane_key: lane.key.clone(),
            first,
            ..Outcome::default()
        },
        // Half of the lease: what is not done by then is for the next claim.
        deadline: Instant::now() + engine.options.lease / 2,
        claimed: lane,
        touched: false,
        told,
        hop: 0,
    };
    if outdated {
        let done = lane.claimed.done_event;
        lane.fold_again(done).await?;
        lane.touched = true;
    }
    lane.catch_up().await?;
    for event in events {
        if lane.out_of_time() {
            lane.out.more = true;
            break;
        }
        lane.take(&event).await?;
        lane.out.done_event = event.event_id;
    }
    lane.fire(timers);
    Ok(lane.finish())
}

async fn source_name(engine: &Engine, source_id: i32) -> Result<String, Error> {
    if let Some(source) = engine.source(source_id) {
        return Ok(source.name.clone());
    }
    engine.store.source_name(source_id).await
}

impl Lane<'_> {
    fn out_of_time(&self) -> bool {
        Instant::now() >= self.deadline
    }

    /// Whether others may have claimed it by now.
    fn has_lost_its_lease(&self) -> bool {
        Instant::now() >= self.deadline + self.engine.options.lease / 2
    }

    /// Takes the next event: folds it and has the plugins decide on it.
    async fn take(&mut self, recorded: &Recorded) -> Result<(), Error> {
        if recorded.kind == DEFERRED_DELIVERY {
            return self.read_deferred(recorded).await;
        }
        let subject = match self.claimed.kind {
            LaneKind::Ticket => self.take_on_ticket(recorded).await?,
            LaneKind::Conversation | LaneKind::Source => Some(self.take_elsewhere(recorded)),
        };
        let Some(subject) = subject else { return Ok(()) };
        if recorded.hop == IMPORTED {
            return Ok(());
        }
        self.have_decided(&subject).await?;
        self.keep_hop(recorded, &subject);
        Ok(())
    }

    /// Keeps with an event how many own writes led to it, where a plugin will get it later: by then the guard has forgotten.
    fn keep_hop(&mut self, recorded: &Recorded, subject: &Subject) {
        let event_id = recorded.event_id;
        let comes_again =
            !self.holds.is_empty() || self.out.dead_letters.iter().any(|letter| letter.event_id == event_id);
        if comes_again && subject.hop != recorded.hop {
            self.out.hops.push((event_id, subject.hop));
        }
    }

    async fn take_on_ticket(&mut self, recorded: &Recorded) -> Result<Option<Subject>, Error> {
        let Some(event) = self.read(recorded) else {
            // One of the engine's own kinds: it changes nothing about the ticket.
            return Ok(Some(self.subject(recorded, None, false, recorded.hop, recorded.kind.clone())));
        };
        self.touched = true;
        self.note_activity(recorded.event_id, Some(&event));
        let late = !self.history.is_next(&event);
        let applied = if late { self.fold_again(recorded.event_id).await? } else { self.history.apply(&event) };
        let did = Did { applied, late };
        if did.is_nothing_new(&event) {
            return Ok(None);
        }
        let (own, hop) = self.hops(recorded, &event, &did.applied);
        self.hop = self.hop.max(hop);
        Ok(Some(self.subject_on_ticket(recorded, &event, &did, own, hop)))
    }

    /// An event of a ticket as plugins get it.
    fn subject_on_ticket(&self, recorded: &Recorded, event: &Event, did: &Did, own: bool, hop: i16) -> Subject {
        let derived = derived_data(event, &did.applied);
        let kind = derived.as_ref().map_or(event.short_kind(), |(kind, _)| kind).to_owned();
        let mut subject = self.subject(recorded, Some(event), did.late, hop, kind);
        subject.own = own;
        if let Some((_, data)) = derived {
            subject.event.data = data.to_string();
        }
        subject
    }

    fn take_elsewhere(&mut self, recorded: &Recorded) -> Subject {
        let event = self.read(recorded);
        self.out.agents.extend(event.as_deref().and_then(AgentRow::of));
        let event = event.as_deref();
        self.note_activity(recorded.event_id, event);
        let kind = event.map_or(recorded.kind.as_str(), Event::short_kind).to_owned();
        self.subject(recorded, event, false, recorded.hop, kind)
    }

    fn note_activity(&mut self, event_id: i64, event: Option<&Event>) {
        self.out.activities.extend(event.and_then(|event| ActivityRow::of(event_id, event)));
    }

    /// The canonical event of a row; none for the engine's own kinds.
    fn read(&self, recorded: &Recorded) -> Option<Arc<Event>> {
        if !recorded.kind.starts_with("deskbell.") {
            return None;
        }
        if let Some(event) = &recorded.read {
            return Some(Arc::clone(event));
        }
        let subject = recorded.subject.clone().or_else(|| self.own_key());
        let event = Event::from_parts(
            recorded.id.clone(),
            self.source_name.clone(),
            recorded.kind.clone(),
            subject,
            recorded.at,
            &recorded.data,
        );
        match event {
            Ok(event) => Some(Arc::new(event)),
            Err(rejected) => {
                // Only valid events are kept, so this row was written by another version, or by hand.
                tracing::error!(lane.id = self.claimed.lane_id, event.id = recorded.event_id, %rejected, "a stored event does not read back; it is passed over");
                None
            }
        }
    }

    fn own_key(&self) -> Option<String> {
        (self.claimed.kind != LaneKind::Source).then(|| self.claimed.key.clone())
    }

    /// Folds the lane's whole history up to `last`; what the last event did.
    async fn fold_again(&mut self, last: i64) -> Result<Applied, Error> {
        let recorded = self.engine.store.history(self.claimed.lane_id, last).await?;
        let events: Vec<Arc<Event>> = recorded.iter().filter_map(|recorded| self.read(recorded)).collect();
        let (history, applied) = History::fold(&events.iter().map(Arc::as_ref).collect::<Vec<_>>());
        self.history = history;
        let newest = events.len().saturating_sub(1);
        let did = applied.into_iter().find(|(index, _)| *index == newest).map(|(_, applied)| applied);
        Ok(did.unwrap_or(Applied::Nothing))
    }

    /// Whether an event is the echo of own writes, and how many of them led to it.
    fn hops(&mut self, recorded: &Recorded, event: &Event, applied: &Applied) -> (bool, i16) {
        let differences = match applied {
            Applied::Changed(differences) => differences.as_slice(),
            _ => &[],
        };
        let comment = match &event.data {
            Data::Commented { comment, .. } => Some(comment.body.as_str()),
            _ => None,
        };
        let echoed = self.guard.recognise(differences, comment, self.engine.now());
        let by_us = event.actor().is_some_and(|actor| {
            self.engine.sources.get(&self.source_name).is_some_and(|source| source.own_actors.contains(&actor.id))
        });
        match echoed {
            Some(hop) => (true, hop.max(recorded.hop)),
            None if by_us || names_its_action(&recorded.data) => (true, recorded.hop.max(1)),
            None => (false, recorded.hop),
        }
    }

    fn subject(&self, recorded: &Recorded, event: Option<&Event>, late: bool, hop: i16, kind: String) -> Subject {
        let ticket: Option<(String, Arc<Ticket>)> =
            self.history.ticket.clone().map(|ticket| (self.claimed.key.clone(), ticket));
        Subject {
            event_id: recorded.event_id,
            hop,
            own: false,
            event: plugin::Event {
                id: recorded.id.clone(),
                source: self.source_name.clone(),
                kind,
                subject: recorded.subject.clone().or_else(|| self.own_key()),
                time: recorded.at,
                received_at: recorded.received_at,
                late,
                actor: event.and_then(Event::actor).cloned(),
                ticket: if self.claimed.kind == LaneKind::Ticket { ticket } else { None },
                data: recorded.data.clone(),
                extra: vec![("hop".to_owned(), json!(hop).to_string())],
            },
        }
    }

    /// Turns timers that are due into events of the lane, unless a decision of this round took them back.
    fn fire(&mut self, timers: Vec<Due>) {
        let lane_id = self.claimed.lane_id;
        for timer in timers {
            let taken_back = self.out.writes.iter().any(|(plugin, write)| {
                *plugin == timer.plugin
                    && matches!(write, plugin::Write::TimerSet { name, .. } | plugin::Write::TimerCancel { name } if *name == timer.name)
            });
            self.out.retime = true;
            if taken_back {
                continue;
            }
            let payload: serde_json::Value = serde_json::from_str(&timer.payload).unwrap_or_default();
            let data = json!({ "plugin": timer.plugin, "name": timer.name, "payload": payload, "due": timer.fire_at });
            self.out.events.push(NewEvent {
                lane_kind: self.claimed.kind,
                source_id: self.claimed.source_id,
                lane_key: self.claimed.key.clone(),
                // Lane and token make it unique: the same timer may be set for the same time elsewhere, and again.
                id: format!("timer:{}:{}:{}:{lane_id}:{}", timer.plugin, timer.name, timer.fire_at, self.claimed.token),
                kind: TIMER_FIRED.to_owned(),
                at: timer.fire_at,
                subject: None,
                data: data.to_string(),
                hop: 0,
                read: None,
            });
            self.out.fired.push((timer.plugin, timer.name, timer.fire_at));
        }
    }

    fn finish(mut self) -> Outcome {
        self.tell_clocks();
        if !self.out.events.is_empty() && !self.out.pass_over {
            self.out.more = true;
        }
        let timed =
            |write: &plugin::Write| matches!(write, plugin::Write::TimerSet { .. } | plugin::Write::TimerCancel { .. });
        self.out.retime |= self.out.writes.iter().any(|(_, write)| timed(write))
            || !self.out.holds.is_empty()
            || !self.out.released.is_empty();
        if self.claimed.kind == LaneKind::Ticket && self.touched {
            self.out.ticket = Some(TicketRow::of(&self.history, self.guard.to_stored()));
        }
        chaos::point("after-decision");
        self.out
    }

    fn now(&self) -> Timestamp {
        self.engine.now()
    }
}

/// Whether an event says itself which action wrote it: a connector has found the key that the action left at its helpdesk.
fn names_its_action(data: &str) -> bool {
    #[derive(Deserialize)]
    struct Marked {
        action: Uuid,
    }
    // Few do, and all others need not be read once more.
    data.contains("\"action\"") && serde_json::from_str::<Marked>(data).is_ok_and(|marked| !marked.action.is_nil())
}

/// A delay as microseconds of a timestamp.
fn micros(delay: Duration) -> i64 {
    i64::try_from(delay.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_key_of_an_action_marks_an_event() {
        let cases = [
            (r#"{"comment":{"body":"x"},"action":"6f1c4d8e-21a4-55a7-9f0e-9c3e0b7f1c4d"}"#, true),
            (r#"{"comment":{"body":"\"action\""}}"#, false),
            (r#"{"comment":{"action":"6f1c4d8e-21a4-55a7-9f0e-9c3e0b7f1c4d"}}"#, false),
            (r#"{"action":"created"}"#, false),
            (r#"{"action":null}"#, false),
            ("{}", false),
        ];
        for (data, expected) in cases {
            assert_eq!(names_its_action(data), expected, "{data}");
        }
    }
}
