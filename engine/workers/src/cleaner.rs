//! The cleaner: makes partitions ahead and drops old ones, and forgets what has had its time.
//!
//! It touches rows that nobody is working on. Every process may run it: each step is harmless twice.

use std::sync::Arc;
use std::time::Duration;

use deskbell_store::Error;
use deskbell_store::partition::Partitioned;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

/// Partitions made ahead, the present day's included.
pub const DAYS_AHEAD: u64 = 3;
/// How often it makes room.
const ROUND: Duration = Duration::from_mins(10);

/// Runs until it is told to stop.
pub async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let mut rounds = tokio::time::interval(ROUND);
    loop {
        let done = tokio::select! {
            _ = rounds.tick() => clean(&engine).await,
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
    for name in engine.store.make_partitions(now, DAYS_AHEAD).await? {
        tracing::warn!(
            table = name,
            "a detached table has the name of a day's partition, and that day's rows go elsewhere; attach or drop it"
        );
    }
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
