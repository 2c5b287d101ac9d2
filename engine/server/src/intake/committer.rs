//! The committer: takes deliveries in many at a time, and answers each when it is durable.
//!
//! Whatever waits when a committer comes back from the database goes into its next statement, and of small statements
//! there is one at a time. So a lone delivery waits for nobody, and under load batches grow by themselves.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use deskbell_store::chaos;
use deskbell_store::event::Recorded;
use deskbell_store::inbox::{Delivery, Key, Taken};
use deskbell_store::lane::Claimed;
use deskbell_workers::dispatcher::Door;
use deskbell_workers::engine::Engine;
use deskbell_workers::gather::{Batch, Gatherer, Pace};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The engine has more waiting than it can take, or the database did not answer. The sender tries again.
#[derive(Debug)]
pub(crate) struct Refused;

/// While the dispatcher has its hands full, deliveries wait so long for room there and become a larger batch, before they
/// are taken in without.
const PATIENCE: Duration = Duration::from_millis(20);

/// So many deliveries are worth a statement beside another; fewer wait for the one before, and gather.
const LARGE: usize = 16;

/// A lane that was claimed with the statement that took its events in.
type Handed = (Claimed, Vec<Recorded>);
type Waiting = (Delivery, oneshot::Sender<Result<Taken, Refused>>);

/// Where deliveries are handed in. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Committer {
    waiting: mpsc::Sender<Waiting>,
}

/// How the committers work.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) committers: usize,
    pub(crate) max_batch: usize,
    /// Deliveries that may wait; a further one is refused.
    pub(crate) max_waiting: usize,
}

impl Committer {
    /// Starts the committers. They end when the last handle is dropped and everything that waits has been answered, or when
    /// they are told to stop: then whatever waits is refused.
    pub(crate) fn start(
        engine: &Arc<Engine>,
        door: &Door,
        options: Options,
        stop: &CancellationToken,
    ) -> (Self, JoinSet<()>) {
        let (sender, receiver) = mpsc::channel(options.max_waiting.max(1));
        let receiver = Gatherer::new(receiver, Pace { large: LARGE, apart: Duration::ZERO });
        let mut committers = JoinSet::new();
        for _ in 0..options.committers.max(1) {
            let (engine, receiver) = (Arc::clone(engine), receiver.clone());
            committers.spawn(commit_all(engine, door.clone(), receiver, options.max_batch.max(1), stop.clone()));
        }
        (Self { waiting: sender }, committers)
    }

    /// Takes a delivery in; it is durable when this returns.
    pub(crate) async fn take_in(&self, delivery: Delivery) -> Result<Taken, Refused> {
        let (answer, answered) = oneshot::channel();
        self.waiting.try_send((delivery, answer)).map_err(|_| Refused)?;
        answered.await.unwrap_or(Err(Refused))
    }
}

async fn commit_all(
    engine: Arc<Engine>,
    door: Door,
    waiting: Gatherer<Waiting>,
    max_batch: usize,
    stop: CancellationToken,
) {
    // What is under way is never cut off.
    while let Some(Some(batch)) = stop.run_until_cancelled(waiting.next(max_batch)).await {
        let Batch { items, turn } = batch;
        commit(&engine, &door, items).await;
        drop(turn);
    }
}

async fn commit(engine: &Engine, door: &Door, batch: Vec<Waiting>) {
    let mut deliveries: Vec<Delivery> = Vec::with_capacity(batch.len());
    let mut answers = Vec::with_capacity(batch.len());
    // A delivery that is in the batch twice is taken in once; the second gets a duplicate's answer, after the first's.
    let mut places: HashMap<(i32, Key), usize> = HashMap::with_capacity(batch.len());
    let mut repeated = Vec::new();
    for (delivery, answer) in batch {
        let place = *places.entry((delivery.source_id, delivery.key)).or_insert(deliveries.len());
        if place == deliveries.len() {
            deliveries.push(delivery);
            answers.push(answer);
        } else {
            repeated.push((place, answer));
        }
    }
    metrics::histogram!("deskbell_intake_batch").record(deliveries.len() as f64);
    let room = door.room(n_lanes(&deliveries), PATIENCE).await;
    let (taken, lanes) = take_in(engine, &deliveries, room.is_some().then(|| door.lease())).await;
    chaos::point("after-intake-commit");
    for (place, answer) in repeated {
        let duplicate = taken.get(place).is_some_and(Result::is_ok);
        let _ = answer.send(if duplicate { Ok(Taken::Duplicate) } else { Err(Refused) });
    }
    for (taken, answer) in taken.into_iter().zip(answers) {
        let _ = answer.send(taken);
    }
    // The answers are on their way: somebody waits for them.
    match room {
        Some(room) => door.hand_in(lanes, room),
        None => engine.wake.dispatcher.notify_one(),
    }
}

/// On how many lanes the events are, at most.
fn n_lanes(deliveries: &[Delivery]) -> usize {
    let lanes = deliveries.iter().flat_map(|delivery| &delivery.events);
    lanes.map(|event| (event.lane_kind, event.source_id, &event.lane_key)).collect::<HashSet<_>>().len()
}

/// Takes a batch in; where the batch as a whole does not work, each delivery by itself, so that one that the database
/// will not have refuses no other.
async fn take_in(
    engine: &Engine,
    deliveries: &[Delivery],
    lease: Option<Duration>,
) -> (Vec<Result<Taken, Refused>>, Vec<Handed>) {
    match engine.store.take_in(deliveries, lease).await {
        Ok(all) => (all.taken.into_iter().map(Ok).collect(), all.lanes),
        Err(error) if error.is_passing() || deliveries.len() == 1 => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                n_deliveries = deliveries.len(),
                "webhooks could not be taken in; their senders are told to try again"
            );
            (deliveries.iter().map(|_| Err(Refused)).collect(), Vec::new())
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a batch of webhooks could not be taken in; taking them in one by one"
            );
            let mut taken = Vec::with_capacity(deliveries.len());
            for delivery in deliveries {
                let one = engine.store.take_in(std::slice::from_ref(delivery), None).await;
                taken.push(one.ok().and_then(|one| one.taken.first().copied()).ok_or(Refused));
            }
            engine.wake.dispatcher.notify_one();
            (taken, Vec::new())
        }
    }
}
