//! Deliveries that were put off because their connector failed or was suspended: they are read here, later.

use std::sync::Arc;
use std::time::Duration;

use deskbell_host::Failure;
use deskbell_model::plugin::{Delivery, Parsed};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Error;
use deskbell_store::event::Recorded;
use deskbell_store::hold::Hold;
use deskbell_store::inbox::{NewEvent, State, Stored};
use deskbell_store::storable;

use super::calling::{ROOM_AGAIN, jitter};
use super::catching_up::CATCH_UP_EVENTS;
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

/// A delivery that is to be read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    recorded: &'a Recorded,
    connector: &'a str,
    /// Failed attempts before this one.
    attempts: i32,
    /// The hold that has it read again where that does not work.
    held_as: &'a str,
    /// A dead letter that is replayed.
    single: bool,
}

impl Lane<'_> {
    /// The connector that this lane's deliveries are read by now.
    fn connector(&self) -> Option<String> {
        self.engine.sources.get(&self.source_name).and_then(|source| source.connector.clone())
    }

    /// Reads a delivery that was put off.
    pub(super) async fn read_deferred(&mut self, recorded: &Recorded) -> Result<(), Error> {
        let Some(name) = self.connector() else {
            return self.set_aside_unread("", recorded).await;
        };
        self.take_over(&name).await?;
        if self.holds.get(&name).is_some_and(|hold| !hold.single) {
            return Ok(());
        }
        let reading = Reading { recorded, connector: &name, attempts: 0, held_as: &name, single: false };
        self.read_deferred_with(reading).await.map(|_is_done| ())
    }

    /// Reads the deliveries that a connector is behind with. Who reads them is what the configuration says now: the
    /// connector that they waited for may have been replaced, or its source taken out.
    pub(super) async fn catch_up_deferred(&mut self, hold: Hold) -> Result<(), Error> {
        let engine = Arc::clone(self.engine);
        if !hold.single && !self.begins_at_delivery(&hold).await? {
            // No connector was behind: it is the hold of a plugin that is gone, and so is what it would have done.
            self.let_go(&hold.plugin);
            return Ok(());
        }
        let connector = self.connector();
        if let Some(name) = connector.as_ref().filter(|name| !hold.single && **name != hold.plugin) {
            self.wait_for_another(hold, name.clone());
            return Ok(());
        }
        let last = if hold.single { hold.from_event } else { self.claimed.done_event };
        let events = engine.store.events_between(self.claimed.lane_id, hold.from_event, last, CATCH_UP_EVENTS).await?;
        let may_be_more = events.len() as i64 == CATCH_UP_EVENTS;
        let last_read = events.last().map_or(hold.from_event, |event| event.event_id);
        let mut attempts = hold.attempts;
        self.let_go(&hold.plugin);
        for recorded in events.iter().filter(|recorded| recorded.kind == DEFERRED_DELIVERY) {
            if self.out_of_time() {
                let (from_event, next_at) = (recorded.event_id, Some(self.now()));
                self.hold_back(Hold { from_event, attempts, next_at, ..hold });
                return Ok(());
            }
            let Some(connector) = &connector else {
                self.set_aside_unread(&hold.plugin, recorded).await?;
                continue;
            };
            let reading = Reading { recorded, connector, attempts, held_as: &hold.plugin, single: hold.single };
            if !self.read_deferred_with(reading).await? {
                return Ok(());
            }
            attempts = 0;
        }
        if may_be_more
            && let Some(from_event) =
                engine.store.next_of_kind(self.claimed.lane_id, last_read + 1, last, DEFERRED_DELIVERY).await?
        {
            self.hold_back(Hold { from_event, attempts: 0, next_at: Some(self.now()), ..hold });
        }
        Ok(())
    }

    /// Whether a hold that is no automation's is a connector's. A connector is always held from a delivery on.
    async fn begins_at_delivery(&self, hold: &Hold) -> Result<bool, Error> {
        let (store, from) = (&self.engine.store, hold.from_event);
        Ok(store.next_of_kind(self.claimed.lane_id, from, from, DEFERRED_DELIVERY).await?.is_some())
    }

    /// Has what waits for connectors that were replaced wait for the one of now: what comes later does not overtake it.
    async fn take_over(&mut self, connector: &str) -> Result<(), Error> {
        let automations = &self.engine.registry.automations;
        let is_of_another = |hold: &&Hold| {
            !hold.single && hold.plugin != connector && automations.iter().all(|other| other.name != hold.plugin)
        };
        let of_others: Vec<Hold> = self.holds.values().filter(is_of_another).cloned().collect();
        for hold in of_others {
            if self.begins_at_delivery(&hold).await? {
                self.wait_for_another(hold, connector.to_owned());
            }
        }
        Ok(())
    }

    /// Has what waited for one connector wait for another, the one of now.
    fn wait_for_another(&mut self, hold: Hold, connector: String) {
        let behind = self.holds.get(&connector).filter(|other| !other.single).map(|other| other.from_event);
        let from_event = behind.map_or(hold.from_event, |behind| behind.min(hold.from_event));
        self.let_go(&hold.plugin);
        self.hold_back(Hold { plugin: connector, from_event, attempts: 0, next_at: Some(self.now()), ..hold });
    }

    /// Sets a delivery aside that nobody reads any more, unless it has been read.
    async fn set_aside_unread(&mut self, plugin: &str, recorded: &Recorded) -> Result<(), Error> {
        if let Some(inbox_id) = recorded.inbox_id
            && self.engine.store.delivery(inbox_id).await?.is_some_and(|stored| stored.is_read)
        {
            return Ok(());
        }
        let error = format!(
            "the source '{}' has no connector any more; give it one that can read this webhook, and replay this",
            self.source_name
        );
        self.set_aside(plugin, recorded.event_id, recorded.inbox_id, error, 1);
        Ok(())
    }

    /// False where the delivery is to be read again later.
    async fn read_deferred_with(&mut self, reading: Reading<'_>) -> Result<bool, Error> {
        let Reading { recorded, connector: name, attempts, single, .. } = reading;
        let engine = Arc::clone(self.engine);
        // A replay that fails is a dead letter again at once.
        let attempt = if single { engine.options.plugin_attempts } else { attempts + 1 };
        let (Some(connector), Some(inbox_id)) = (engine.registry.connectors.get(name), recorded.inbox_id) else {
            let error = format!("there is no connector '{name}'");
            self.set_aside(name, recorded.event_id, recorded.inbox_id, error, attempt);
            return Ok(true);
        };
        // What need not be read takes no turn, and no trial of a connector that was suspended.
        let Some(stored) = engine.store.delivery(inbox_id).await? else {
            let error = "the body has been dropped by its age".to_owned();
            self.set_aside(name, recorded.event_id, Some(inbox_id), error, attempt);
            return Ok(true);
        };
        if stored.is_read {
            return Ok(true);
        }
        let _turn = match connector.turn().await {
            Ok(turn) => turn,
            Err(busy) => {
                self.hold_deferred(reading, attempts, ROOM_AGAIN, &busy.to_string());
                return Ok(false);
            }
        };
        let asked_at = self.now();
        if let Some(until) = connector.suspended_until(asked_at) {
            let wait = Duration::from_micros(until.since(asked_at).max(0) as u64);
            self.hold_deferred(reading, attempts, wait, "the connector is suspended because it kept failing");
            return Ok(false);
        }
        let delivery = delivery_of(&stored, &self.source_name);
        let settings = engine.sources.get(&self.source_name).map(|source| Arc::clone(&source.settings));
        let call = connector.plugin.parse(&delivery, &settings.unwrap_or_else(|| Arc::from("{}"))).await;
        connector.note_read(&call.result, asked_at, self.now());
        match call.result {
            Ok(parsed) => {
                let sorted = sort(&parsed, &self.source_name, self.claimed.source_id);
                engine.store.add_events(&sorted.events, Some(inbox_id), self.now()).await?;
                let state = if sorted.events.is_empty() { State::Ignored } else { State::Read };
                let detail = detail_of(&parsed, &sorted);
                engine.store.set_delivery_state(inbox_id, state, detail.as_deref()).await?;
                engine.wake.dispatcher.notify_one();
            }
            Err(Failure::Busy(busy)) => {
                self.hold_deferred(reading, attempts, ROOM_AGAIN, &busy.to_string());
                return Ok(false);
            }
            Err(failure) if failure.retryable() && attempt < engine.options.plugin_attempts => {
                let delay = backoff::plugin_delay(attempt.max(1) as u32, jitter(recorded.event_id, attempt));
                self.hold_deferred(reading, attempt, delay, &failure.to_string());
                return Ok(false);
            }
            Err(failure) => {
                let error = failure.to_string();
                engine.store.set_delivery_state(inbox_id, State::Unreadable, Some(&error)).await?;
                self.set_aside(name, recorded.event_id, Some(inbox_id), error, attempt);
            }
        }
        Ok(true)
    }

    /// Has this delivery and the later ones read again after a while.
    fn hold_deferred(&mut self, reading: Reading<'_>, attempts: i32, wait: Duration, error: &str) {
        self.hold_back(Hold {
            lane_id: self.claimed.lane_id,
            plugin: reading.held_as.to_owned(),
            from_event: reading.recorded.event_id,
            attempts,
            next_at: Some(self.now().plus_micros(micros(wait))),
            error: error.to_owned(),
            single: reading.single,
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
