//! The deliverer: carries actions out, in order per ticket and destination.
//!
//! Who comes before: the dispatcher's finish, which wakes an outbox lane. What it guarantees: an action reaches its
//! destination at least once, or stands as a dead letter that someone can see and replay; every attempt is recorded;
//! one destination that is down holds up no other; an action whose last attempt may have taken effect is asked about
//! before it is repeated, where the helpdesk gives a way. What it does not: deliver exactly once. The action's key makes
//! a repeat harmless wherever the destination allows it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use deskbell_store::outbox::{AttemptOutcome, Attempted, Claimed, Message, State};
use deskbell_store::{Error, chaos};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::backoff;
use crate::breaker::{Breaker, Settings, Verdict};
use crate::engine::Engine;
use crate::sender::Sender;

mod folder;
mod helpdesk;
mod notice;
mod pace;
mod report;

pub use notice::{Destination, Means};
use pace::Pace;

/// Longer than all requests of one action may take together.
const LEASE: Duration = Duration::from_mins(3);
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// So long an action waits for which the plugin host had no room.
const NO_ROOM_WAIT: Duration = Duration::from_secs(2);
/// Having found nothing it looks again after this at the earliest: what comes meanwhile is claimed together. An action takes
/// longer than that at its helpdesk.
const APART: Duration = Duration::from_millis(20);
/// Lanes claimed at a time.
const BATCH: usize = 32;
/// So often an attempt is recorded whose connection is lost. What an action took to deliver is worth some patience: as
/// long as nobody knows how it went, its destination has to be asked, or gets it twice.
const RECORD_ATTEMPTS: usize = 6;
/// The record of an attempt is cut here.
const MAX_DETAIL_CHARS: usize = 4000;

/// How an attempt went.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Went {
    /// It has taken effect; with the destination's reference.
    Done(Option<String>),
    /// It has not; try again, not before the destination asks for.
    Retry { why: String, retry_after: Option<Duration> },
    /// It may have; ask, not before the destination wants to be asked.
    Ambiguous { why: String, retry_after: Option<Duration> },
    /// It never will.
    GiveUp { why: String },
    /// This helpdesk cannot do it.
    Impossible { why: String },
}

/// What an attempt did, for the record.
#[derive(Debug, Default)]
pub(crate) struct Record {
    lines: Vec<String>,
    status: Option<u16>,
    elapsed_ms: u64,
    n_requests: u32,
    /// The destination did not work, as opposed to refusing this one action.
    is_down: bool,
    /// See [`Attempted::insistence_spent`].
    insistence_spent: bool,
}

impl Record {
    pub(crate) fn note(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }
}

/// Delivers actions.
pub struct Deliverer {
    engine: Arc<Engine>,
    sender: Sender,
    places: Arc<Semaphore>,
    breakers: Mutex<HashMap<i32, Breaker>>,
    /// Of the destinations that have a limit.
    paces: Mutex<HashMap<i32, Pace>>,
}

impl Deliverer {
    pub fn new(engine: Arc<Engine>, sender: Sender) -> Self {
        let places = Arc::new(Semaphore::new(engine.options.deliveries.max(1)));
        let limits =
            engine.sources.values().filter_map(|source| Some((source.destination_id?, source.rate_per_second?)));
        let notices = engine.destinations.values().filter_map(|to| Some((to.destination_id, to.rate_per_second?)));
        let paces = limits.chain(notices).map(|(id, per_second)| (id, Pace::new(per_second))).collect();
        Self { engine, sender, places, breakers: Mutex::default(), paces: Mutex::new(paces) }
    }

    /// Runs until it is told to stop, then waits for what is under way.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut wait = SHORTEST_WAIT;
        while !stop.is_cancelled() {
            let hint = self.engine.wake.deliverer.notified();
            let looked = tokio::time::Instant::now();
            match self.step().await {
                Ok(0) => tokio::select! {
                    () = hint => {
                        wait = SHORTEST_WAIT;
                        tokio::time::sleep_until(looked + APART).await;
                    }
                    () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
                    () = stop.cancelled() => {}
                },
                Ok(_) => wait = SHORTEST_WAIT,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "actions could not be claimed; trying again"
                    );
                    tokio::time::sleep(LONGEST_WAIT).await;
                }
            }
        }
        let all = u32::try_from(self.engine.options.deliveries.max(1)).unwrap_or(u32::MAX);
        let _ = self.places.acquire_many(all).await;
    }

    /// Claims actions that are due, as far as there is room, and starts delivering them. How many it were.
    pub async fn step(self: &Arc<Self>) -> Result<usize, Error> {
        let Ok(first) = Arc::clone(&self.places).acquire_owned().await else { return Ok(0) };
        let mut permits = vec![first];
        while permits.len() < BATCH {
            match Arc::clone(&self.places).try_acquire_owned() {
                Ok(permit) => permits.push(permit),
                Err(_) => break,
            }
        }
        let resting = self.resting();
        let lanes = self.engine.store.claim_outbox(permits.len() as i64, LEASE, &resting).await?;
        let n_lanes = lanes.len();
        for (lane, permit) in lanes.into_iter().zip(permits) {
            let deliverer = Arc::clone(self);
            tokio::spawn(async move {
                deliverer.deliver(&lane).await;
                drop(permit);
            });
        }
        Ok(n_lanes)
    }

    /// Destinations whose breaker is open, or whose pace leaves no room.
    fn resting(&self) -> Vec<i32> {
        let now = self.engine.now();
        let paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut resting: Vec<i32> = paces.iter().filter(|(_, pace)| pace.is_full(now)).map(|(id, _)| *id).collect();
        drop(paces);
        let breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let open = |breaker: &Breaker| matches!(breaker.state(now), crate::breaker::State::Open { .. });
        resting.extend(breakers.iter().filter(|(_, breaker)| open(breaker)).map(|(id, _)| *id));
        resting
    }

    /// None: go ahead. Else when the destination may be tried again.
    fn wait_for(&self, destination_id: i32, asked_at: Timestamp) -> Option<Timestamp> {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(destination_id).or_insert_with(|| Breaker::new(Settings::DESTINATION));
        match breaker.ask(asked_at) {
            Verdict::Go | Verdict::Trial => None,
            Verdict::Wait { until } => Some(until),
        }
    }

    /// What was to go ahead at `asked_at` is put off unsent: it says nothing of the destination.
    fn hand_back(&self, destination_id: i32, asked_at: Timestamp) {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(breaker) = breakers.get_mut(&destination_id) {
            breaker.withdrawn(asked_at);
        }
    }

    fn with_pace<T>(&self, lane: &Claimed, work: impl FnOnce(&mut Pace) -> T) -> Option<T> {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        paces.get_mut(&lane.destination_id).map(work)
    }

    fn note_health(&self, lane: &Claimed, is_down: bool) {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(lane.destination_id).or_insert_with(|| Breaker::new(Settings::DESTINATION));
        if !is_down {
            breaker.succeeded(self.engine.now());
        } else if breaker.failed(self.engine.now()) {
            tracing::error!(
                destination = lane.destination,
                "the destination keeps failing; its actions wait for a while"
            );
        }
    }

    async fn deliver(&self, lane: &Claimed) {
        let Some(message) = &lane.head else {
            if let Err(error) = self.engine.store.release_empty_outbox(lane).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an empty outbox lane was not released; its lease will end"
                );
            }
            return;
        };
        let asked_at = self.engine.now();
        if let Some(until) = self.wait_for(lane.destination_id, asked_at) {
            self.postpone(lane, until).await;
            return;
        }
        if let Some(until) = self.with_pace(lane, |pace| pace.ask(lane.lane_id, asked_at)).flatten() {
            self.hand_back(lane.destination_id, asked_at);
            self.postpone(lane, until).await;
            return;
        }
        let mut record = Record::default();
        chaos::point("before-send");
        let went = match lane.destination.split_once(':') {
            Some(("source", name)) => match helpdesk::attempt(self, lane, message, name, &mut record).await {
                Ok(went) => went,
                Err(busy) => {
                    tracing::warn!(
                        outbox.id = message.outbox_id,
                        destination = lane.destination,
                        error = &busy as &dyn std::error::Error,
                        "an action waits for the plugin host to have room for its connector"
                    );
                    self.hand_back(lane.destination_id, asked_at);
                    self.postpone(lane, self.after(NO_ROOM_WAIT)).await;
                    return;
                }
            },
            Some(("report", name)) => report::attempt(self, message, name, &mut record).await,
            Some((_, name)) => notice::attempt(self, message, name, &mut record).await,
            None => Went::GiveUp { why: format!("'{}' is no destination", lane.destination) },
        };
        chaos::point("after-send");
        // What came to nothing before a request was sent says nothing of the helpdesk.
        if lane.destination.starts_with("source:") && record.n_requests == 0 {
            self.hand_back(lane.destination_id, asked_at);
        } else {
            self.note_health(lane, record.is_down);
        }
        self.with_pace(lane, |pace| pace.charge(record.n_requests));
        self.conclude(lane, message, went, record).await;
    }

    fn after(&self, wait: Duration) -> Timestamp {
        self.engine.now().plus_micros(i64::try_from(wait.as_micros()).unwrap_or(i64::MAX))
    }

    async fn postpone(&self, lane: &Claimed, until: Timestamp) {
        if let Err(error) = self.engine.store.postpone_outbox(lane, until).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "an outbox lane was not postponed; its lease will end"
            );
        }
    }

    async fn conclude(&self, lane: &Claimed, message: &Message, went: Went, record: Record) {
        let now = self.engine.now();
        let number = lane.attempts + 1;
        let attempted = Self::attempted(lane, message, went, &record, number, now);
        let outcome = match attempted.state {
            State::Completed => "completed",
            State::Available | State::Retryable => "retryable",
            State::Discarded => "discarded",
            State::Cancelled => "cancelled",
        };
        metrics::counter!("deskbell_attempts_total", "destination" => lane.destination.clone(), "outcome" => outcome)
            .increment(1);
        match self.record(&attempted, now).await {
            Ok(true) => self.engine.wake.deliverer.notify_one(),
            Ok(false) => {
                tracing::warn!(outbox.id = message.outbox_id, "an action's lease was lost while it was delivered");
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    outbox.id = message.outbox_id,
                    "an attempt could not be recorded; the action is asked about when its lease ends"
                );
                return;
            }
        }
        if attempted.state == State::Cancelled {
            tracing::warn!(
                outbox.id = message.outbox_id,
                destination = lane.destination,
                reason = attempted.reference,
                "an action is impossible at its helpdesk and is now a dead letter"
            );
            metrics::counter!("deskbell_dead_letters_total", "kind" => "action").increment(1);
        }
        if attempted.state == State::Discarded {
            tracing::error!(
                outbox.id = message.outbox_id,
                destination = lane.destination,
                error = attempted.reference,
                "an action was given up and is now a dead letter"
            );
            metrics::counter!("deskbell_dead_letters_total", "kind" => "action").increment(1);
            self.announce(lane, message, attempted.reference.as_deref(), now).await;
        }
    }

    /// Records an attempt, again where the connection was lost. Where the first time went through after all the lease is
    /// gone, and the second time changes nothing.
    async fn record(&self, attempted: &Attempted, now: Timestamp) -> Result<bool, Error> {
        let mut n_left = RECORD_ATTEMPTS;
        loop {
            n_left -= 1;
            match self.engine.store.record_attempt(attempted, now).await {
                Err(error) if error.is_passing() && n_left > 0 => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        outbox.id = attempted.outbox_id,
                        "an attempt could not be recorded; trying again"
                    );
                    tokio::time::sleep(LONGEST_WAIT).await;
                }
                Ok(false) if n_left + 1 < RECORD_ATTEMPTS => return Ok(true),
                recorded => return recorded,
            }
        }
    }

    fn attempted(
        lane: &Claimed,
        message: &Message,
        went: Went,
        record: &Record,
        number: i32,
        now: Timestamp,
    ) -> Attempted {
        let jitter = crate::decision::jitter(message.outbox_id, number);
        let wait = |retry_after| {
            let delay = backoff::honour(backoff::delay(number.max(1) as u32, jitter), retry_after);
            now.plus_micros(i64::try_from(delay.as_micros()).unwrap_or(i64::MAX))
        };
        let exhausted = backoff::is_exhausted(number.max(1) as u32);
        let (state, outcome, reference, retry_at) = match went {
            Went::Done(reference) => (State::Completed, AttemptOutcome::Done, reference, None),
            Went::Impossible { why } => (State::Cancelled, AttemptOutcome::Impossible, Some(why), None),
            Went::GiveUp { why } => (State::Discarded, AttemptOutcome::GivenUp, Some(why), None),
            Went::Retry { why, .. } | Went::Ambiguous { why, .. } if exhausted => (
                State::Discarded,
                AttemptOutcome::GivenUp,
                Some(format!("given up after {number} attempts: {why}")),
                None,
            ),
            Went::Retry { why, retry_after } => {
                (State::Retryable, AttemptOutcome::Retry, Some(why), Some(wait(retry_after)))
            }
            Went::Ambiguous { why, retry_after } => {
                (State::Retryable, AttemptOutcome::Ambiguous, Some(why), Some(wait(retry_after)))
            }
        };
        let mut detail = record.lines.join("\n");
        if let Some(reference) = reference.as_ref().filter(|_| state != State::Completed) {
            detail = if detail.is_empty() { reference.clone() } else { format!("{detail}\n{reference}") };
        }
        Attempted {
            destination_id: lane.destination_id,
            lane_id: lane.lane_id,
            token: lane.token,
            arrivals: lane.arrivals,
            outbox_id: message.outbox_id,
            state,
            outcome,
            insistence_spent: record.insistence_spent,
            number,
            status: record.status.and_then(|status| i16::try_from(status).ok()),
            elapsed_ms: i32::try_from(record.elapsed_ms).unwrap_or(i32::MAX),
            detail: detail.chars().take(MAX_DETAIL_CHARS).collect(),
            reference,
            retry_at,
        }
    }

    /// Tells the plugins that an action was given up, as an event of its ticket.
    async fn announce(&self, lane: &Claimed, message: &Message, error: Option<&str>, now: Timestamp) {
        let Ok(Some((kind, source_id, key))) = self.engine.store.lane(lane.lane_id).await else { return };
        let data = json!({ "key": message.key, "kind": message.kind, "plugin": message.plugin,
            "destination": lane.destination, "error": error });
        let event = deskbell_store::inbox::NewEvent {
            lane_kind: kind,
            source_id,
            lane_key: key,
            id: format!("delivery.failed:{}:{now}", message.key),
            kind: "delivery.failed".to_owned(),
            at: now,
            subject: None,
            data: data.to_string(),
            // A notice about a failed notice must not go round.
            hop: message.hop + 1,
            read: None,
        };
        match self.engine.store.add_events(&[event], None, now).await {
            Ok(_) => self.engine.wake.dispatcher.notify_one(),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "a given-up action could not be announced to the plugins"
            ),
        }
    }
}

/// The members of a stored action: data and reason.
pub(crate) fn parts(message: &Message) -> (Value, Option<String>, Value) {
    let mut action: Value = serde_json::from_str(&message.action).unwrap_or_default();
    let data = action.get_mut("data").map(Value::take).unwrap_or_default();
    let reason = action.get("reason").and_then(Value::as_str).map(str::to_owned);
    let ticket = action.get_mut("ticket").map(Value::take).unwrap_or_default();
    (data, reason, ticket)
}
