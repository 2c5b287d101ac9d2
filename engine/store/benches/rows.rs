//! How many events a second the database alone does: the rows of a webhook that becomes a decision, in batches, without
//! HTTP, signatures, plugins or JSON. What the engine reaches is to be read beside this figure, from the same machine.
//!
//! `DATABASE_URL=... cargo bench -p deskbell-store --bench rows`, on a database that may be filled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deskbell_model::event::{Event, LaneKind};
use deskbell_model::history::History;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::call::{NewCall, Outcome as CallOutcome};
use deskbell_store::finish::{NewAction, Outcome, TicketRow};
use deskbell_store::inbox::{Delivery, Key, NewEvent, State};
use deskbell_store::{Connections, Store};
use uuid::Uuid;

const SECONDS: u64 = 10;
const BATCH: usize = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Ok(url) = std::env::var("DATABASE_URL") else {
        println!("skipped: DATABASE_URL is not set");
        return Ok(());
    };
    let batch = std::env::var("BATCH").ok().and_then(|batch| batch.parse().ok()).unwrap_or(BATCH);
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(run(&url, batch))
}

async fn run(url: &str, batch: usize) -> Result<(), Box<dyn std::error::Error>> {
    let store = Store::connect(url, Connections::default()).await?;
    store.migrate().await?;
    store.make_partitions(now(), 2).await?;
    let source_id = store.source("rows-bench").await?;
    let destination_id = store.destination("source:rows-bench").await?;
    let (n_taken, n_done) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let until = Instant::now() + Duration::from_secs(SECONDS);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let store = store.clone();
        let (n_taken, n_done) = (Arc::clone(&n_taken), Arc::clone(&n_done));
        tasks.spawn(async move { take_in(&store, source_id, batch, until, &n_taken, &n_done).await });
    }
    for _ in 0..2 {
        let (store, n_done) = (store.clone(), Arc::clone(&n_done));
        tasks.spawn(async move { decide(&store, source_id, destination_id, batch, until, &n_done).await });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let rate = n_done.load(Ordering::Relaxed) as f64 / SECONDS as f64;
    println!("rows alone, batches of {batch}: {rate:.0} events/s");
    Ok(())
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(since.as_micros() as i64)
}

fn delivery(source_id: i32) -> Delivery {
    let id = Uuid::now_v7().to_string();
    let data = format!(
        r#"{{"ticket":{{"subject":"Invoice {id}","channel":"email","requester":{{"id":"c-1"}},"description":"{}"}},"actor":{{"id":"c-1","role":"customer"}}}}"#,
        "x".repeat(700)
    );
    Delivery {
        source_id,
        received_at: now(),
        key: Key::of(&id),
        delivery_id: Some(id.clone()),
        headers: r#"{"content-type":"application/json","user-agent":"bench","webhook-id":"00000000"}"#.to_owned(),
        body: format!("{{\"n\":\"{id}\",\"pad\":\"{}\"}}", "y".repeat(2000)).into(),
        state: State::Read,
        detail: None,
        events: vec![NewEvent {
            lane_kind: LaneKind::Ticket,
            source_id,
            lane_key: id.clone(),
            id,
            kind: "deskbell.ticket.created".to_owned(),
            at: now(),
            subject: None,
            data,
            hop: 0,
            read: None,
        }],
    }
}

async fn take_in(
    store: &Store,
    source_id: i32,
    batch: usize,
    until: Instant,
    n_taken: &AtomicU64,
    n_done: &AtomicU64,
) -> Result<(), deskbell_store::Error> {
    while Instant::now() < until {
        // No more in than out: a growing backlog would flatter the intake.
        if n_taken.load(Ordering::Relaxed) > n_done.load(Ordering::Relaxed) + 4000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        }
        let deliveries: Vec<Delivery> = (0..batch).map(|_| delivery(source_id)).collect();
        store.take_in(&deliveries, None).await?;
        n_taken.fetch_add(batch as u64, Ordering::Relaxed);
    }
    Ok(())
}

async fn decide(
    store: &Store,
    source_id: i32,
    destination_id: i32,
    batch: usize,
    until: Instant,
    n_done: &AtomicU64,
) -> Result<(), deskbell_store::Error> {
    while Instant::now() < until {
        let lanes = store.claim(batch as i64, Duration::from_secs(30)).await?;
        if lanes.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            continue;
        }
        let ids: Vec<i64> = lanes.iter().map(|lane| lane.lane_id).collect();
        let events = store.pending_events(&lanes, 32).await?;
        store.tickets(&ids).await?;
        let outcomes: Vec<Outcome> = lanes
            .iter()
            .filter_map(|lane| {
                let recorded = events.iter().find(|event| event.lane_id == lane.lane_id)?;
                let event = Event::from_parts(
                    recorded.id.clone(),
                    "rows-bench".to_owned(),
                    recorded.kind.clone(),
                    Some(lane.key.clone()),
                    recorded.at,
                    &recorded.data,
                )
                .ok()?;
                let mut history = History::default();
                history.apply(&event);
                Some(Outcome {
                    lane_id: lane.lane_id,
                    token: lane.token,
                    arrivals: lane.arrivals,
                    done_event: recorded.event_id,
                    source_id,
                    lane_kind: lane.kind,
                    lane_key: lane.key.clone(),
                    first: true,
                    ticket: Some(TicketRow::of(&history, None)),
                    calls: vec![call(recorded.event_id)],
                    actions: vec![action(destination_id, recorded.event_id)],
                    ..Outcome::default()
                })
            })
            .collect();
        let finished = store.finish(&outcomes, now()).await?;
        n_done.fetch_add(finished.len() as u64, Ordering::Relaxed);
    }
    Ok(())
}

fn call(event_id: i64) -> NewCall {
    NewCall {
        event_id,
        called_at: now(),
        plugin: "routing".to_owned(),
        version: "0.1.0".to_owned(),
        kind: "ticket.created".to_owned(),
        attempt: 1,
        outcome: CallOutcome::Decided,
        error: None,
        effects: Some(r#"[{"kind":"ticket.update","data":{"group":"billing"},"reason":"rule 'billing': invoice in the subject","became":"action 00000000-0000-0000-0000-000000000000"}]"#.to_owned()),
        log: None,
        cpu_us: 30,
        wall_us: 40,
        memory_bytes: 1 << 20,
    }
}

fn action(destination_id: i32, event_id: i64) -> NewAction {
    NewAction {
        destination_id,
        key: Uuid::now_v7(),
        kind: "ticket.update".to_owned(),
        action: r#"{"data":{"group":"billing"},"reason":"rule 'billing': invoice in the subject"}"#.to_owned(),
        event_id,
        plugin: "routing".to_owned(),
        hop: 0,
    }
}
