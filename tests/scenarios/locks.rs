//! Rows are locked in one order by everybody, so that nobody waits in a circle. Many at a time make up for the time that
//! a circle would take to come about.

use std::collections::HashMap;
use std::time::Duration;

use deskbell_model::event::{Event, LaneKind};
use deskbell_model::plugin::{Scope, Write};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::finish::Outcome;
use deskbell_store::import::Imported;
use deskbell_store::inbox::{Delivery, Key, NewEvent, State};
use deskbell_store::{Connections, Store};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;

use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::invariants::no_locks_crossed;
use crate::support::waiting;
use crate::support::webhook::{self, comment, commented, created, unique};

const TICKETS: usize = 24;
const ROUNDS: usize = 150;

fn now() -> Timestamp {
    Timestamp::from(waiting::now())
}

fn new_event(source_id: i32, ticket: usize) -> NewEvent {
    NewEvent {
        lane_kind: LaneKind::Ticket,
        source_id,
        lane_key: format!("T-{ticket}"),
        id: unique("event"),
        kind: "deskbell.ticket.commented".to_owned(),
        at: now(),
        subject: None,
        data: comment("x", "customer").to_string(),
        hop: 0,
        read: None,
    }
}

/// A delivery for each ticket, all in one statement as under load.
async fn take_in(store: &Store, source_id: i32) {
    let delivery = |ticket| Delivery {
        source_id,
        received_at: now(),
        key: Key::of(&unique("delivery")),
        delivery_id: None,
        headers: "{}".to_owned(),
        body: Vec::new().into(),
        state: State::Read,
        detail: None,
        events: vec![new_event(source_id, ticket)],
    };
    // An error is told by the server's log, which is looked at in the end.
    let _ = store.take_in(&(0..TICKETS).map(delivery).collect::<Vec<_>>(), None).await;
}

/// Claims whatever is due and finishes it in one transaction. `writes` are each lane's.
async fn dispatch(store: &Store, writes: impl Fn(i64) -> Vec<(String, Write)>) {
    let Ok(lanes) = store.claim(64, Duration::from_secs(30)).await else { return };
    let mut last: HashMap<i64, i64> = HashMap::new();
    for event in store.pending_events(&lanes, 100).await.unwrap_or_default() {
        last.insert(event.lane_id, event.event_id);
    }
    let outcome = |lane: &deskbell_store::lane::Claimed| Outcome {
        lane_id: lane.lane_id,
        token: lane.token,
        arrivals: lane.arrivals,
        done_event: last.get(&lane.lane_id).copied().unwrap_or(lane.done_event),
        source_id: lane.source_id,
        lane_kind: lane.kind,
        lane_key: lane.key.clone(),
        writes: writes(lane.lane_id),
        ..Outcome::default()
    };
    let outcomes: Vec<Outcome> = lanes.iter().map(outcome).collect();
    if store.finish(&outcomes, now()).await.is_err() {
        let _ = store.give_back(&lanes).await;
    }
}

async fn import(store: &Store, source_id: i32) {
    let imported = |ticket| {
        let new = new_event(source_id, ticket);
        let subject = Some(new.lane_key.clone());
        let event = Event::from_parts(new.id.clone(), "desk".to_owned(), new.kind.clone(), subject, new.at, &new.data);
        Imported { source_id, event: event.unwrap(), new }
    };
    let _ = store.import(&(0..TICKETS).map(imported).collect::<Vec<_>>(), now(), &|_, _, _| None).await;
}

/// Lanes whose numbers run against their keys.
async fn with_lanes() -> (Database, Store, i32) {
    let database = Database::create().await;
    let store = Store::connect(&database.url, Connections { intake: 3, work: 6, reads: 2 }).await.unwrap();
    let source_id = store.source("desk").await.unwrap();
    for ticket in (0..TICKETS).rev() {
        store.add_events(&[new_event(source_id, ticket)], None, now()).await.unwrap();
    }
    (database, store, source_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn intake_dispatcher_and_import_lock_tickets_in_one_order() {
    let (database, store, source_id) = with_lanes().await;
    let mut at_work = JoinSet::new();
    for worker in 0..5 {
        let store = store.clone();
        at_work.spawn(async move {
            for _ in 0..ROUNDS {
                match worker {
                    0 | 1 => take_in(&store, source_id).await,
                    2 | 3 => dispatch(&store, |_| Vec::new()).await,
                    _ => import(&store, source_id).await,
                }
            }
        });
    }
    at_work.join_all().await;
    store.close().await;
    no_locks_crossed(&database);
}

/// What plugins remember for all tickets is shared by lanes that are finished at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn finishers_lock_what_plugins_share_in_one_order() {
    let (database, store, source_id) = with_lanes().await;
    let set = |plugin: &str, key: &str| {
        let write = Write::KvSet { scope: Scope::Plugin, key: key.to_owned(), value: "1".to_owned(), expires_at: None };
        (plugin.to_owned(), write)
    };
    let count = |plugin: &str, key: &str| {
        (plugin.to_owned(), Write::KvIncrement { scope: Scope::Plugin, key: key.to_owned(), by: 1 })
    };
    let mut at_work = JoinSet::new();
    for worker in 0..5 {
        let store = store.clone();
        at_work.spawn(async move {
            for _ in 0..ROUNDS {
                match worker {
                    0 => take_in(&store, source_id).await,
                    // Plugins in the order of the configuration, of which one did not want one of the events.
                    _ => {
                        dispatch(&store, |lane_id| match lane_id % 3 {
                            0 => vec![set("a", "x"), count("a", "n"), set("b", "y")],
                            1 => vec![set("b", "y"), set("a", "x"), set("b", "y")],
                            _ => vec![count("a", "n"), set("a", "x")],
                        })
                        .await;
                    }
                }
            }
        });
    }
    at_work.join_all().await;
    store.close().await;
    no_locks_crossed(&database);
}

/// Finishing waits ten seconds for the row that somebody holds; the leases are longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_cannot_be_finished_in_time_holds_up_no_other() {
    let helpdesk = Helpdesk::start().await;
    let config = config::with(&helpdesk.address.to_string(), &[]).replace("lease = \"5s\"", "lease = \"30s\"");
    let engine = TestEngine::start(&config).await;
    let deliver = async |events: [Value; 2]| {
        let answer = engine.deliver(&webhook::Delivery::batch(&events)).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    };
    deliver([created("T-1"), created("T-2")]).await;
    engine.work_off().await;
    let mut holder = PgConnection::connect(&engine.database.url).await.unwrap();
    let hold = "BEGIN; SELECT FROM ticket WHERE lane_id = (SELECT lane_id FROM lane WHERE key = 'T-1') FOR UPDATE";
    holder.execute(hold).await.unwrap();
    deliver([commented("T-1", "Hello?"), commented("T-2", "Hello?")]).await;
    let done = "SELECT count(*) FROM lane WHERE key = 'T-2' AND lease_token IS NULL
        AND done_event = (SELECT max(event_id) FROM event WHERE event.lane_id = lane.lane_id)";
    engine.database.wait_for("the other ticket's comment is decided on", done, 1).await;
    holder.execute("COMMIT").await.unwrap();
    engine.work_off().await;
}
