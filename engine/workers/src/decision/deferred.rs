//! Deliveries that were put off because their connector failed or was suspended: they are read here, later.

use std::sync::Arc;

use deskbell_model::plugin::{Delivery, Parsed};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Error;
use deskbell_store::event::Recorded;
use deskbell_store::hold::Hold;
use deskbell_store::inbox::{NewEvent, State, Stored};
use deskbell_store::storable;

use super::calling::{jitter, no_room, not_begun};
use super::{DEFERRED_DELIVERY, Lane, micros};
use crate::backoff;
use crate::engine::Engine;
use crate::registry::Suspended;

/// What a connector's events became: those that are valid, and why the others are not.
pub struct Sorted {
    pub events: Vec<NewEvent>,
    pub rejections: Vec<String>,
}

/// Checks the events that a connector states and puts each on its lane.
pub fn sort(parsed: &Parsed, source: &str, source_id: i32) -> Sorted {
    let mut sorted = Sorted { events: Vec::with_capacity(parsed.events.len()), rejections: Vec::new() };
    for stated in &parsed.events {
        let event = deskbell_model::event::Event::from_stated(stated, source);
        match event {
            Ok(event) => sorted.events.push(new_and_read(event, source_id, stated.data.clone())),
            Err(rejected) => sorted.rejections.push(format!("{}: {rejected}", stated.id)),
        }
    }
    sorted
}

/// An event on its lane. `data` is its data as JSON text.
pub fn new_event(event: &deskbell_model::event::Event, source_id: i32, data: String) -> NewEvent {
    let (lane_kind, lane_key) = event.lane();
    let subject = event.subject.as_deref().filter(|subject| *subject != lane_key);
    let text = |text: &str| storable(text).into_owned();
    NewEvent {
        lane_kind,
        source_id,
        lane_key: text(lane_key),
        id: text(&event.id),
        kind: text(&event.kind),
        at: event.time,
        subject: subject.map(text),
        data,
        hop: 0,
        read: None,
    }
}

/// The same, and whoever decides on it at once need not read it again.
pub fn new_and_read(event: deskbell_model::event::Event, source_id: i32, data: String) -> NewEvent {
    let new = new_event(&event, source_id, data);
    let subject = new.subject.as_deref().unwrap_or(&new.lane_key);
    // What the database cannot keep as it is reads otherwise later.
    let as_it_is =
        new.id == event.id && new.kind == event.kind && event.subject.as_deref().is_none_or(|of| of == subject);
    NewEvent { read: as_it_is.then(|| Arc::new(event)), ..new }
}

impl Lane<'_> {
    /// Reads a delivery that was put off.
    pub(super) async fn read_deferred(&mut self, recorded: &Recorded) -> Result<(), Error> {
        let engine = Arc::clone(self.engine);
        let connector = engine.sources.get(&self.source_name).and_then(|source| source.connector.clone());
        let Some(name) = connector else {
            let error = format!("the source '{}' has no connector any more", self.source_name);
            self.set_aside("", recorded.event_id, recorded.inbox_id, error, 1);
            return Ok(());
        };
        if self.holds.get(&name).is_some_and(|hold| !hold.single) {
            return Ok(());
        }
        self.read_deferred_with(&name, recorded, 1).await
    }

    pub(super) async fn catch_up_deferred(&mut self, hold: Hold) -> Result<(), Error> {
        let engine = Arc::clone(self.engine);
        let last = if hold.single { hold.from_event } else { self.claimed.done_event };
        let events = engine.store.events_between(self.claimed.lane_id, hold.from_event, last, i64::MAX).await?;
        let mut attempt = hold.attempts + 1;
        self.let_go(&hold.plugin);
        for recorded in events.iter().filter(|recorded| recorded.kind == DEFERRED_DELIVERY) {
            let attempt_as = if hold.single { engine.options.plugin_attempts } else { attempt };
            self.read_deferred_with(&hold.plugin, recorded, attempt_as).await?;
            if self.holds.contains_key(&hold.plugin) {
                return Ok(());
            }
            attempt = 1;
        }
        Ok(())
    }

    async fn read_deferred_with(&mut self, name: &str, recorded: &Recorded, attempt: i32) -> Result<(), Error> {
        let engine = Arc::clone(self.engine);
        let (Some(connector), Some(inbox_id)) = (engine.registry.connectors.get(name), recorded.inbox_id) else {
            self.set_aside(
                name,
                recorded.event_id,
                recorded.inbox_id,
                format!("there is no connector '{name}'"),
                attempt,
            );
            return Ok(());
        };
        let _turn = connector.turn().await.map_err(no_room)?;
        if let Some(until) = connector.suspended_until(self.now()) {
            self.hold_deferred(
                name,
                recorded,
                attempt - 1,
                until,
                "the connector is suspended because it kept failing",
            );
            return Ok(());
        }
        let Some(stored) = engine.store.delivery(inbox_id).await? else {
            self.set_aside(
                name,
                recorded.event_id,
                Some(inbox_id),
                "the body has been dropped by its age".to_owned(),
                attempt,
            );
            return Ok(());
        };
        let delivery = delivery_of(&stored, &self.source_name);
        let settings = engine.sources.get(&self.source_name).map(|source| Arc::clone(&source.settings));
        let call = connector.plugin.parse(&delivery, &settings.unwrap_or_else(|| Arc::from("{}"))).await;
        if let Some(error) = not_begun(&call) {
            return Err(error);
        }
        connector.note(call.result.is_ok(), self.now());
        match call.result {
            Ok(parsed) => {
                let sorted = sort(&parsed, &self.source_name, self.claimed.source_id);
                engine.store.add_events(&sorted.events, Some(inbox_id), self.now()).await?;
                let state = if sorted.events.is_empty() { State::Ignored } else { State::Read };
                let detail = detail_of(&parsed, &sorted);
                engine.store.set_delivery_state(inbox_id, state, detail.as_deref()).await?;
                engine.wake.dispatcher.notify_one();
            }
            Err(failure) if failure.retryable() && attempt < engine.options.plugin_attempts => {
                let delay = backoff::plugin_delay(attempt.max(1) as u32, jitter(recorded.event_id, attempt));
                let until = self.now().plus_micros(micros(delay));
                self.hold_deferred(name, recorded, attempt, until, &failure.to_string());
            }
            Err(failure) => {
                let error = failure.to_string();
                engine.store.set_delivery_state(inbox_id, State::Unreadable, Some(&error)).await?;
                self.set_aside(name, recorded.event_id, Some(inbox_id), error, attempt);
            }
        }
        Ok(())
    }

    fn hold_deferred(&mut self, name: &str, recorded: &Recorded, attempts: i32, until: Timestamp, error: &str) {
        self.hold_back(Hold {
            lane_id: self.claimed.lane_id,
            plugin: name.to_owned(),
            from_event: recorded.event_id,
            attempts,
            next_at: Some(until),
            error: error.to_owned(),
            single: false,
        });
    }
}

/// What is noted with a delivery besides its state.
pub fn detail_of(parsed: &Parsed, sorted: &Sorted) -> Option<String> {
    let mut detail: Vec<String> = parsed.ignored.iter().cloned().collect();
    detail.extend(sorted.rejections.iter().cloned());
    (!detail.is_empty()).then(|| detail.join("\n"))
}

fn delivery_of(stored: &Stored, source: &str) -> Delivery {
    let headers: std::collections::BTreeMap<String, String> = serde_json::from_str(&stored.headers).unwrap_or_default();
    Delivery {
        id: stored.delivery_id.clone(),
        source: source.to_owned(),
        headers: headers.into_iter().collect(),
        body: stored.body.clone(),
        received_at: stored.received_at,
    }
}

/// The engine's event that has a delivery read later.
pub fn deferred(engine_source_id: i32, inbox_key: &str, received_at: Timestamp) -> NewEvent {
    NewEvent {
        lane_kind: deskbell_model::event::LaneKind::Source,
        source_id: engine_source_id,
        lane_key: String::new(),
        id: format!("{DEFERRED_DELIVERY}:{inbox_key}"),
        kind: DEFERRED_DELIVERY.to_owned(),
        at: received_at,
        subject: None,
        data: "{}".to_owned(),
        hop: 0,
        read: None,
    }
}

/// Whether this engine has a connector for the source.
pub fn has_connector(engine: &Engine, source: &str) -> bool {
    engine.sources.get(source).is_some_and(|source| source.connector.is_some())
}
