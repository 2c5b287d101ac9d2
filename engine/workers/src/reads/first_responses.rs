//! How long first responses took, as plugins ask it on every new ticket.
//!
//! What is asked is read once a minute for each source and stretch of days, however many ask: reading some thousand
//! tickets costs more than everything else that becomes of a webhook. While one reads, the others get what was read before.
//! The read goes on where the call that began it has run out of its time: the next one finds what was read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deskbell_model::facts::Facts;
use deskbell_model::plugin::Summary;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::{Error, Store};

/// So many tickets are enough to say how long a first response takes.
const MAX_SAMPLE: i64 = 5000;
/// A figure over days is as good after this.
const FRESH_FOR: Duration = Duration::from_mins(1);

/// What was read lately.
#[derive(Debug, Default)]
pub struct FirstResponses {
    held: Mutex<HashMap<(i32, u32), Arc<Held>>>,
}

/// Of one source and so many days.
#[derive(Debug, Default)]
struct Held {
    sample: Mutex<Option<Arc<Sample>>>,
    /// Whoever reads has it.
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Sample {
    read_at: Timestamp,
    all: Option<Summary>,
    by_group: HashMap<String, Summary>,
}

impl FirstResponses {
    /// First response times, calendar time, of the source's tickets created in the last `days` days; with `group`, of
    /// those that are its now. None where no ticket had a response.
    pub(super) async fn summary(
        &self,
        store: &Store,
        source_id: i32,
        days: u32,
        group: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Summary>, Error> {
        let held = Arc::clone(locked(&self.held).entry((source_id, days)).or_default());
        let store = store.clone();
        let sample = held.sample(now, move || async move { read(&store, source_id, days, now).await }).await?;
        Ok(match group {
            Some(group) => sample.by_group.get(group).copied(),
            None => sample.all,
        })
    }
}

impl Held {
    /// What is fresh; else what `read` gives, or, where another reads already, what was fresh before.
    async fn sample<R>(
        self: &Arc<Self>,
        now: Timestamp,
        read: impl FnOnce() -> R + Send + 'static,
    ) -> Result<Arc<Sample>, Error>
    where
        R: Future<Output = Result<Sample, Error>> + Send + 'static,
    {
        let known = locked(&self.sample).clone();
        if let Some(sample) = known.as_ref().filter(|sample| sample.is_fresh(now)) {
            return Ok(Arc::clone(sample));
        }
        let turn = match (Arc::clone(&self.turn).try_lock_owned(), known) {
            (Ok(turn), _) => turn,
            (Err(_), Some(sample)) => return Ok(sample),
            (Err(_), None) => Arc::clone(&self.turn).lock_owned().await,
        };
        if let Some(sample) = locked(&self.sample).as_ref().filter(|sample| sample.is_fresh(now)) {
            return Ok(Arc::clone(sample));
        }
        let held = Arc::clone(self);
        let reading = tokio::spawn(async move {
            let _turn = turn;
            let sample = Arc::new(read().await?);
            *locked(&held.sample) = Some(Arc::clone(&sample));
            Ok::<_, Error>(sample)
        });
        // It panicked, or the engine ends.
        let lost = |error: tokio::task::JoinError| Error::Inconsistent {
            table: "ticket_fact",
            row: "of the last days".to_owned(),
            problem: format!("reading it did not end: {error}"),
        };
        reading.await.map_err(lost)?
    }
}

impl Sample {
    fn is_fresh(&self, now: Timestamp) -> bool {
        // Far apart in either direction: a clock may have been set back.
        u128::from(now.since(self.read_at).unsigned_abs()) < FRESH_FOR.as_micros()
    }

    fn of(facts: &[Facts], read_at: Timestamp) -> Self {
        let mut all = Vec::new();
        let mut by_group: HashMap<String, Vec<f64>> = HashMap::new();
        for facts in facts {
            let Some((_, micros)) = facts.first_response() else { continue };
            let seconds = micros as f64 / 1e6;
            all.push(seconds);
            if let Some(group) = facts.group_now() {
                by_group.entry(group.to_owned()).or_default().push(seconds);
            }
        }
        let by_group =
            by_group.into_iter().filter_map(|(group, seconds)| Some((group, Summary::of(seconds)?))).collect();
        Self { read_at, all: Summary::of(all), by_group }
    }
}

async fn read(store: &Store, source_id: i32, days: u32, now: Timestamp) -> Result<Sample, Error> {
    let since = now.plus_seconds(-i64::from(days) * 86_400);
    Ok(Sample::of(&store.recent_facts(source_id, since, MAX_SAMPLE).await?, now))
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    fn sample(read_at: Timestamp) -> Sample {
        Sample { read_at, all: Summary::of(vec![1.0]), by_group: HashMap::new() }
    }

    #[tokio::test]
    async fn it_is_read_once_a_minute_however_many_ask() {
        let held = Arc::new(Held::default());
        let n_read = Arc::new(AtomicU32::new(0));
        for seconds in [0, 1, 59, 60, 61, 119, 120, 0] {
            let now = START.plus_seconds(seconds);
            let n_read = Arc::clone(&n_read);
            let read = move || async move {
                n_read.fetch_add(1, Ordering::Relaxed);
                Ok(sample(now))
            };
            held.sample(now, read).await.unwrap();
        }
        assert_eq!(
            n_read.load(Ordering::Relaxed),
            4,
            "at the start, after one minute and two, and by a clock set back"
        );
    }

    #[tokio::test]
    async fn while_one_reads_the_others_get_what_was_read_before() {
        let held = Arc::new(Held::default());
        held.sample(START, || async { Ok(sample(START)) }).await.unwrap();
        let later = START.plus_seconds(90);
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let reading = held.sample(later, move || async move {
            gone.await.unwrap();
            Ok(sample(later))
        });
        let asking = async {
            let other = held.sample(later, || async { unreachable!("another reads") }).await.unwrap();
            go.send(()).unwrap();
            other
        };
        let (read, other) = tokio::join!(reading, asking);
        assert_eq!((read.unwrap().read_at, other.read_at), (later, START));
    }

    #[tokio::test]
    async fn a_read_that_failed_is_tried_again_by_the_next() {
        let held = Arc::new(Held::default());
        let failed = held.sample(START, || async { Err(broken()) }).await;
        assert!(failed.is_err());
        assert_eq!(held.sample(START, || async { Ok(sample(START)) }).await.unwrap().read_at, START);
    }

    #[tokio::test]
    async fn a_read_that_takes_longer_than_the_call_that_began_it_serves_the_next() {
        let held = Arc::new(Held::default());
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let too_long = held.sample(START, move || async move {
            gone.await.unwrap();
            Ok(sample(START))
        });
        assert!(tokio::time::timeout(Duration::ZERO, too_long).await.is_err());
        go.send(()).unwrap();
        let next = held.sample(START, || async { unreachable!("it is being read") }).await.unwrap();
        assert_eq!(next.read_at, START);
    }

    fn broken() -> Error {
        Error::Inconsistent { table: "ticket_fact", row: "1".to_owned(), problem: "a test".to_owned() }
    }
}
