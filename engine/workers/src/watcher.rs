//! The watcher: announces what befalls a source without anybody posting it. It has fallen silent, or far more tickets
//! come in than usual.
//!
//! Every process may run it: what two of them see is announced once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use deskbell_model::event::LaneKind;
use deskbell_model::kpi::Watch;
use deskbell_model::kpi::report::Surge;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::inbox::NewEvent;
use deskbell_store::{Error, chaos};
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::figures;

/// How often it listens for silence.
const LISTEN: Duration = Duration::from_secs(30);
/// How often it counts the tickets of the hour, at most.
const COUNT: Duration = Duration::from_secs(15);
/// It rests so many times as long as it has counted: where there are very many tickets, a surge is told a little later.
const REST: u32 = 100;
/// How often it looks up when a source began; imports may put that back.
const BEGAN_EVERY: Duration = Duration::from_hours(1);

/// Runs until it is told to stop.
pub async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let started = engine.now();
    let mut listening = tokio::time::interval(LISTEN);
    let mut known = Known::default();
    let mut next_count = Instant::now();
    loop {
        let done = tokio::select! {
            _ = listening.tick() => listen(&engine, started).await.map(drop).map_err(figures::Error::from),
            () = tokio::time::sleep_until(next_count) => {
                let began = Instant::now();
                let counted = count(&engine, &mut known).await;
                next_count = Instant::now() + COUNT.max(began.elapsed() * REST);
                counted
            }
            () = stop.cancelled() => return,
        };
        if let Err(error) = done {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the watcher could not look after the sources; it looks again soon"
            );
        }
    }
}

/// Announces sources that have fallen silent, each once; their names. A source that was never heard counts from `since`.
pub async fn listen(engine: &Engine, since: Timestamp) -> Result<Vec<String>, Error> {
    let now = engine.now();
    let mut announced = Vec::new();
    for source in engine.sources.values() {
        let Some(limit) = source.silent_after else { continue };
        let before = now.plus_micros(-i64::try_from(limit.as_micros()).unwrap_or(i64::MAX));
        let Some(silence) = engine.store.silence(source.source_id, before, since).await? else { continue };
        // The same silence is the same event, whoever announces it and how often. Noted first, it could be told to nobody.
        let which = silence.last_delivery_at.map_or_else(|| "never heard".to_owned(), |last| last.to_string());
        let data = json!({ "source": source.name, "silent_for_seconds": limit.as_secs() });
        if announce(engine, source.source_id, "source.silent", &which, &data).await? {
            tracing::error!(
                source = source.name,
                silent_for_seconds = limit.as_secs(),
                "a source has fallen silent: no webhook has come; look whether its webhook is still registered and enabled at the helpdesk"
            );
            metrics::counter!("deskbell_source_silent_total", "source" => source.name.clone()).increment(1);
            announced.push(source.name.clone());
        }
        chaos::point("after-silence-announced");
        engine.store.note_silent(source.source_id, silence, since).await?;
    }
    Ok(announced)
}

/// What this process knows of sources.
#[derive(Debug, Default)]
struct Known {
    /// The surges that are announced: a source's date and hour.
    announced: HashSet<(i32, String, u32)>,
    /// When each source's first ticket was created, and when that was looked up.
    began: HashMap<i32, (Option<Timestamp>, Instant)>,
}

/// Announces surges as soon as the hour's tickets are more than its limit, each once.
async fn count(engine: &Engine, known: &mut Known) -> Result<(), figures::Error> {
    let now = engine.now();
    // Not the accounts alone: canonical events name further sources.
    let mut happening = HashSet::new();
    for source in engine.store.sources().await? {
        let watch = Watch::at(now, engine.surge_zone, &source.name);
        if began(engine, known, source.source_id).await?.is_none_or(|began| began > watch.seen_since()) {
            continue;
        }
        let surges = figures::surges(&engine.store, source.source_id, watch, (*engine.kpi).clone()).await?;
        for surge in surges {
            let key = (source.source_id, surge.date.clone(), surge.hour);
            if !known.announced.contains(&key) {
                announce_surge(engine, source.source_id, &source.name, &surge).await?;
            }
            happening.insert(key);
        }
    }
    known.announced = happening;
    Ok(())
}

async fn began(engine: &Engine, known: &mut Known, source_id: i32) -> Result<Option<Timestamp>, Error> {
    match known.began.get(&source_id) {
        Some((began @ Some(_), looked)) if looked.elapsed() < BEGAN_EVERY => Ok(*began),
        _ => {
            let began = engine.store.first_created(source_id).await?;
            known.began.insert(source_id, (began, Instant::now()));
            Ok(began)
        }
    }
}

async fn announce_surge(engine: &Engine, source_id: i32, source: &str, surge: &Surge) -> Result<(), Error> {
    let tz = engine.surge_zone.name();
    let data = json!({
        "source": source, "date": surge.date, "hour": surge.hour, "tz": tz,
        "count": surge.count, "mean": surge.mean, "limit": surge.limit,
    });
    let which = format!("{}T{:02}:{tz}", surge.date, surge.hour);
    if announce(engine, source_id, "source.surge", &which, &data).await? {
        tracing::warn!(
            source,
            count = surge.count,
            mean = surge.mean,
            limit = surge.limit,
            "far more tickets than usual come in this hour"
        );
        metrics::counter!("deskbell_source_surge_total", "source" => source.to_owned()).increment(1);
    }
    Ok(())
}

/// Puts an event on the source's lane; whether it is new there. `which` tells it from others of its kind.
async fn announce(engine: &Engine, source_id: i32, kind: &str, which: &str, data: &Value) -> Result<bool, Error> {
    let now = engine.now();
    let event = NewEvent {
        lane_kind: LaneKind::Source,
        source_id,
        lane_key: String::new(),
        id: format!("{kind}:{which}"),
        kind: kind.to_owned(),
        at: now,
        subject: None,
        data: data.to_string(),
        hop: 0,
        read: None,
    };
    let n_new = engine.store.add_events(&[event], None, now).await?;
    engine.wake.dispatcher.notify_one();
    Ok(n_new > 0)
}
