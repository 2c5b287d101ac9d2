//! A helpdesk under load: senders that post the events of many tickets and, as real ones do, try again until they are
//! told that an event was taken.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::waiting::{moment, now};
use super::webhook::{Delivery, change, comment, event_at, new_ticket};

/// How much load.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// What the tickets' ids begin with.
    pub(crate) prefix: &'static str,
    pub(crate) tickets: usize,
    pub(crate) events_per_ticket: usize,
    /// Senders at work at a time.
    pub(crate) senders: usize,
}

/// A sender gives up after this.
const GIVE_UP_AFTER: Duration = Duration::from_mins(4);

/// Load that is being sent.
pub(crate) struct Load {
    taken: Arc<Mutex<Taken>>,
    senders: JoinSet<()>,
    n_events: usize,
}

/// What senders were told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken {
    /// Ids of the events that were answered 2xx.
    pub(crate) events: BTreeSet<String>,
    /// Attempts that failed or were refused, to be made again.
    pub(crate) n_failed: usize,
    /// Deliveries known from an earlier attempt.
    pub(crate) n_duplicates: usize,
}

impl Load {
    /// Begins. `address` tells where the engine is at each moment.
    pub(crate) fn start(address: &Arc<Mutex<String>>, shape: Shape) -> Self {
        let tickets: Arc<Mutex<Vec<Vec<Value>>>> = Arc::new(Mutex::new(
            (0..shape.tickets).map(|n| history(&format!("{}{n}", shape.prefix), shape.events_per_ticket)).collect(),
        ));
        let taken: Arc<Mutex<Taken>> = Arc::default();
        let mut senders = JoinSet::new();
        for _ in 0..shape.senders {
            let (address, tickets, taken) = (Arc::clone(address), Arc::clone(&tickets), Arc::clone(&taken));
            senders.spawn(async move {
                loop {
                    let next = tickets.lock().unwrap().pop();
                    let Some(events) = next else { return };
                    for (place, event) in events.iter().enumerate() {
                        send(&address, event, place, &taken).await;
                    }
                }
            });
        }
        Self { taken, senders, n_events: shape.tickets * shape.events_per_ticket }
    }

    /// Whether everything has been taken. Fails with the first sender that gave up.
    pub(crate) fn is_sent(&mut self) -> bool {
        while let Some(ended) = self.senders.try_join_next() {
            ended.unwrap();
        }
        self.senders.is_empty()
    }

    /// Waits until everything has been taken.
    pub(crate) async fn sent(mut self) -> Taken {
        while let Some(ended) = self.senders.join_next().await {
            ended.unwrap();
        }
        let taken = self.taken.lock().unwrap().clone();
        assert_eq!(taken.events.len(), self.n_events);
        taken
    }

    /// How many events have been taken so far.
    pub(crate) fn n_taken(&self) -> usize {
        self.taken.lock().unwrap().events.len()
    }
}

/// A ticket's events, each later than the one before it.
fn history(ticket: &str, n_events: usize) -> Vec<Value> {
    let begun = now() - TimeDelta::seconds(5);
    let events = (0..n_events).map(|place| {
        let at = begun + TimeDelta::milliseconds(place as i64);
        match place {
            0 => event_at("ticket.created", ticket, at, new_ticket(ticket)),
            _ if place % 3 == 0 => {
                event_at("ticket.updated", ticket, at, change(json!({ "category": format!("c{place}") })))
            }
            _ => event_at("ticket.commented", ticket, at, comment(&format!("message {place}"), "customer")),
        }
    });
    events.collect()
}

/// Sends an event until it is taken. Some come twice, as the same delivery or as another.
async fn send(address: &Mutex<String>, event: &Value, place: usize, taken: &Mutex<Taken>) {
    let delivery = Delivery::of(event);
    deliver(address, &delivery, taken).await;
    taken.lock().unwrap().events.insert(event["id"].as_str().unwrap().to_owned());
    match place % 5 {
        3 => deliver(address, &delivery, taken).await,
        4 => deliver(address, &Delivery::of(event), taken).await,
        _ => {}
    }
}

async fn deliver(address: &Mutex<String>, delivery: &Delivery, taken: &Mutex<Taken>) {
    let started = Instant::now();
    loop {
        let now_at = address.lock().unwrap().clone();
        match delivery.send(&now_at).await {
            Ok(answer) if answer.status == 202 => return,
            Ok(answer) if answer.status == 200 => {
                taken.lock().unwrap().n_duplicates += 1;
                return;
            }
            Ok(answer) => assert!(answer.status == 503, "a sound webhook was refused: {answer:?}"),
            // The engine is gone, or went while it was answering.
            Err(_) => {}
        }
        taken.lock().unwrap().n_failed += 1;
        assert!(started.elapsed() < GIVE_UP_AFTER, "{} was not taken", delivery.id);
        moment().await;
    }
}
