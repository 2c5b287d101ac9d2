//! The cleaner: makes partitions ahead and drops old ones, forgets what has had its time, and listens for silence.
//!
//! It touches rows that nobody is working on. Every process may run it: each step is harmless twice.

use std::sync::Arc;
use std::time::Duration;

use deskbell_model::event::LaneKind;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Error;
use deskbell_store::inbox::NewEvent;
use deskbell_store::partition::Partitioned;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

/// Partitions made ahead, the present day's included.
pub const DAYS_AHEAD: u64 = 3;
/// How often it makes room.
const ROUND: Duration = Duration::from_mins(10);
/// How often it listens for silence.
const LISTEN: Duration = Duration::from_secs(30);

/// Runs until it is told to stop.
pub async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let started = engine.now();
    let mut rounds = tokio::time::interval(ROUND);
    let mut listening = tokio::time::interval(LISTEN);
    loop {
        let done = tokio::select! {
            _ = rounds.tick() => clean(&engine).await,
            _ = listening.tick() => listen(&engine, started).await.map(|_| ()),
            () = stop.cancelled() => return,
        };
        if let Err(error) = done {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the cleaner could not do its round; the next one will"
            );
        }
    }
}

/// Makes room once.
pub async fn clean(engine: &Engine) -> Result<(), Error> {
    let now = engine.now();
    let before = |age: Duration| now.plus_micros(-i64::try_from(age.as_micros()).unwrap_or(i64::MAX));
    let retention = engine.options.retention;
    engine.store.make_partitions(now, DAYS_AHEAD).await?;
    let ages = [
        (Partitioned::Inbox, retention.bodies),
        (Partitioned::PluginCall, retention.calls),
        (Partitioned::Attempt, retention.attempts),
    ];
    for (table, age) in ages {
        for name in engine.store.drop_partitions(table, before(age)).await? {
            tracing::info!(partition = name, "dropped a partition whose time is over");
        }
    }
    while engine.store.expire_kv(now).await? > 0 {}
    while engine.store.clean_outbox(before(retention.attempts)).await? > 0 {}
    while engine.store.forget_deliveries(before(retention.delivery_ids)).await? > 0 {}
    Ok(())
}

/// Announces sources that have fallen silent, each once; their names. A source that was never heard counts from `since`.
pub async fn listen(engine: &Engine, since: Timestamp) -> Result<Vec<String>, Error> {
    let now = engine.now();
    let mut announced = Vec::new();
    for source in engine.sources.values() {
        let Some(limit) = source.silent_after else { continue };
        let before = now.plus_micros(-i64::try_from(limit.as_micros()).unwrap_or(i64::MAX));
        if !engine.store.note_silent(source.source_id, before, since).await? {
            continue;
        }
        tracing::error!(
            source = source.name,
            silent_for_seconds = limit.as_secs(),
            "a source has fallen silent: no webhook has come; look whether its webhook is still registered and enabled at the helpdesk"
        );
        metrics::counter!("deskbell_source_silent_total", "source" => source.name.clone()).increment(1);
        let event = NewEvent {
            lane_kind: LaneKind::Source,
            source_id: source.source_id,
            lane_key: String::new(),
            id: format!("source.silent:{now}"),
            kind: "source.silent".to_owned(),
            at: now,
            subject: None,
            data: json!({ "source": source.name, "silent_for_seconds": limit.as_secs() }).to_string(),
            hop: 0,
        };
        engine.store.add_events(&[event], None, now).await?;
        engine.wake.dispatcher.notify_one();
        announced.push(source.name.clone());
    }
    Ok(announced)
}
