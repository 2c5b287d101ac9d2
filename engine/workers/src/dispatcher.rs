//! The dispatcher: claims lanes that are due, has each decided on, and finishes them many at a time.
//!
//! Who comes before: the intake, which wakes lanes, and time, which wakes the others. Who is next: the deliverer, for the
//! actions. What it guarantees: a lane is in one place at a time; its events are decided on in order; what was decided
//! takes effect once, together with the lane's progress, or not at all. What it does not: that a plugin is called once.
//!
//! ```text
//! claim ──► load ──┐
//!                  ├──► decide (a task per lane; a few share one) ──► finishers, in batches that grow with the load
//! intake ──► door ─┘
//! ```

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use deskbell_store::event::Recorded;
use deskbell_store::finish::Outcome;
use deskbell_store::lane::Claimed;
use deskbell_store::{Error, chaos};
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::decision::{Work, decide};
use crate::engine::Engine;
use crate::gather::{Batch, Gatherer, Pace};

/// Events of one lane that are decided on under one lease, at most.
const EVENTS_PER_LANE: i64 = 32;
/// With nothing to do it looks again after this, at first; then after twice that, up to the next.
const SHORTEST_WAIT: Duration = Duration::from_millis(20);
/// What a lost hint costs at most.
const LONGEST_WAIT: Duration = Duration::from_millis(250);
/// Timers fire within this of their time, whatever else goes on.
const EARLIEST_LOOK: Duration = Duration::from_millis(1);

/// So many lanes are worth a transaction beside another.
const LARGE: usize = 32;
/// Fewer that come in by the door are begun at least so far from those before, and so are transactions for fewer: each
/// costs the database and the engine some milliseconds of a processor, which at moderate load are better kept for taking
/// webhooks in. For the same reason they take turns.
const APART: Duration = Duration::from_millis(10);

/// A lane that could not be decided on comes again after this, then after twice that, up to the next.
const SOONEST_AGAIN: Duration = Duration::from_millis(200);
const LATEST_AGAIN: Duration = Duration::from_secs(10);
/// A batch whose connection was lost is tried so often: the first may have been the last that an old server answered.
const FINISH_ATTEMPTS: usize = 3;

/// Something decided, on its way to a finisher, and its place among the lanes in work.
type Decided = (Outcome, OwnedSemaphorePermit);

/// A lane at the door with what is pending there, and its place among the lanes in work.
type Handed = (Claimed, Vec<Recorded>, OwnedSemaphorePermit);

/// The dispatcher before it runs.
pub struct Dispatcher {
    engine: Arc<Engine>,
    /// For lanes that it claims; as many as there are at the door, so that neither way in can close the other.
    places: Arc<Semaphore>,
    decided: mpsc::Sender<Decided>,
    finishers: JoinSet<()>,
    at_door: Arc<Semaphore>,
    handed_in: mpsc::Sender<Handed>,
}

/// Where the intake hands in lanes that it has claimed itself: what it has just written need not be read again. Cheap to
/// clone; the dispatcher ends when all of them are gone.
#[derive(Clone)]
pub struct Door {
    engine: Arc<Engine>,
    places: Arc<Semaphore>,
    n_places: usize,
    handed_in: mpsc::Sender<Handed>,
}

/// Room for some lanes.
pub struct Room(OwnedSemaphorePermit);

impl Dispatcher {
    /// Starts the finishers. They run on `runtime`, and so does what is decided of lanes that come in by the door.
    pub fn new(engine: Arc<Engine>, runtime: &Handle) -> Self {
        let in_work = engine.options.in_work.max(2);
        let (decided, waiting) = mpsc::channel(in_work);
        let waiting = Gatherer::new(waiting, Pace { large: LARGE, apart: APART });
        let mut finishers = JoinSet::new();
        for _ in 0..engine.options.finishers.max(1) {
            finishers.spawn_on(finish_all(Arc::clone(&engine), waiting.clone()), runtime);
        }
        // As many as there are places, so that there is always room for what has one.
        let (handed_in, at_door) = mpsc::channel(in_work / 2);
        let at_door = waiting.beside(at_door);
        finishers.spawn_on(take_in(Arc::clone(&engine), at_door, decided.clone()), runtime);
        let half = || Arc::new(Semaphore::new(in_work / 2));
        Self { engine, places: half(), decided, finishers, at_door: half(), handed_in }
    }

    /// Another way in.
    pub fn door(&self) -> Door {
        Door {
            engine: Arc::clone(&self.engine),
            places: Arc::clone(&self.at_door),
            n_places: self.engine.options.in_work.max(2) / 2,
            handed_in: self.handed_in.clone(),
        }
    }

    /// Runs until it is told to stop; then hands back what it has claimed and not begun, and finishes the rest.
    pub async fn run(self, stop: CancellationToken) {
        let Self { engine, places, decided, mut finishers, handed_in, .. } = self;
        // What comes in by doors keeps the finishers at work; this one is nobody's.
        drop(handed_in);
        let mut wait = SHORTEST_WAIT;
        while !stop.is_cancelled() {
            // Registered before looking, so that a hint given while it looks is not lost.
            let hint = engine.wake.dispatcher.notified();
            match step(&engine, &places, &decided).await {
                Ok(0) => {
                    tokio::select! {
                        () = hint => wait = SHORTEST_WAIT,
                        () = next_due(&engine, wait) => wait = (wait * 2).min(LONGEST_WAIT),
                        () = stop.cancelled() => {}
                    }
                }
                Ok(_) => wait = SHORTEST_WAIT,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "lanes could not be claimed; trying again"
                    );
                    tokio::time::sleep(LONGEST_WAIT * 2).await;
                }
            }
        }
        drop(decided);
        while finishers.join_next().await.is_some() {}
    }
}

impl Door {
    /// Room for so many lanes, if there is any within `patience`.
    pub async fn room(&self, n_lanes: usize, patience: Duration) -> Option<Room> {
        if n_lanes > self.n_places {
            return None;
        }
        let places = Arc::clone(&self.places).acquire_many_owned(u32::try_from(n_lanes).ok()?);
        tokio::time::timeout(patience, places).await.ok()?.ok().map(Room)
    }

    /// Starts deciding on lanes that were claimed a moment ago, with everything that is pending there.
    pub fn hand_in(&self, lanes: Vec<(Claimed, Vec<Recorded>)>, room: Room) {
        let Room(mut room) = room;
        for (lane, events) in lanes {
            let Some(place) = room.split(1) else { return };
            // Fails only where the dispatcher is gone; then the lane comes again when its lease ends.
            let _ = self.handed_in.try_send((lane, events, place));
        }
    }

    /// For how long such lanes are claimed.
    pub fn lease(&self) -> Duration {
        self.engine.options.lease
    }
}

/// Takes in what comes by the door: what has gathered there is decided on together.
async fn take_in(engine: Arc<Engine>, waiting: Gatherer<Handed>, decided: mpsc::Sender<Decided>) {
    while let Some(batch) = waiting.next(engine.options.batch).await {
        tokio::spawn(begin_all(Arc::clone(&engine), batch, decided.clone()));
    }
}

async fn begin_all(engine: Arc<Engine>, batch: Batch<Handed>, decided: mpsc::Sender<Decided>) {
    let mut rows = Rows::default();
    let (mut lanes, mut places) = (Vec::with_capacity(batch.items.len()), Vec::with_capacity(batch.items.len()));
    for (lane, events, place) in batch.items {
        chaos::point("after-claim");
        rows.events.insert(lane.lane_id, events);
        lanes.push(lane);
        places.push(place);
    }
    let works = match load_further(&engine, &lanes, &mut rows).await {
        Ok(()) => lanes.into_iter().map(|lane| rows.work(lane)).collect(),
        Err(error) if error.is_passing() => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "lanes could not be loaded; they are claimed again"
            );
            let _ = engine.store.give_back(&lanes).await;
            return;
        }
        Err(_) => load_one_by_one(&engine, lanes).await,
    };
    let works = works.into_iter().zip(places);
    let Some(turn) = batch.turn else {
        works.for_each(|(work, place)| begin(&engine, &decided, work, place));
        return;
    };
    // A few have one thread between them, and the other processors are left to the intake.
    // One that panics takes no other with it.
    let deciding = works.map(|(work, place)| decide_on(Arc::clone(&engine), decided.clone(), work, place));
    let mut deciding: FuturesUnordered<_> = deciding.map(|one| AssertUnwindSafe(one).catch_unwind().boxed()).collect();
    let all = async { while deciding.next().await.is_some() {} };
    if tokio::time::timeout(APART, all).await.is_err() {
        drop(turn);
        // What takes longer gets a task of its own, for the time that its plugin has is not that of all.
        for one in deciding {
            tokio::spawn(one);
        }
    }
}

/// Waits until it is time to look again.
async fn next_due(engine: &Engine, wait: Duration) {
    let until = until_next(engine, wait).await;
    tokio::time::sleep(until).await;
}

/// How long to wait before looking again, given that the next timer may be due earlier.
async fn until_next(engine: &Engine, wait: Duration) -> Duration {
    // Looking up the next timer costs more than looking for lanes; only a longer wait is worth it.
    if wait < LONGEST_WAIT {
        return wait;
    }
    match engine.store.next_wake().await {
        Ok(Some(next)) => {
            let micros = next.since(engine.now()).max(0);
            Duration::from_micros(micros as u64).clamp(EARLIEST_LOOK, wait)
        }
        _ => wait,
    }
}

/// Claims what is due, as far as there is room, and starts deciding on it. How many lanes it were.
async fn step(engine: &Arc<Engine>, places: &Arc<Semaphore>, decided: &mpsc::Sender<Decided>) -> Result<usize, Error> {
    let Ok(first) = Arc::clone(places).acquire_owned().await else { return Ok(0) };
    let mut permits = vec![first];
    while permits.len() < engine.options.batch {
        match Arc::clone(places).try_acquire_owned() {
            Ok(permit) => permits.push(permit),
            Err(_) => break,
        }
    }
    let began = std::time::Instant::now();
    let lanes = engine.store.claim(permits.len() as i64, engine.options.lease).await?;
    metrics::histogram!("deskbell_claim_seconds").record(began.elapsed().as_secs_f64());
    chaos::point("after-claim");
    if lanes.is_empty() {
        return Ok(0);
    }
    let n_lanes = lanes.len();
    let works = match load(engine, lanes).await {
        Ok(works) => works,
        Err((lanes, error)) => {
            // Better given back at once than found at the end of their lease.
            let _ = engine.store.give_back(&lanes).await;
            return Err(error);
        }
    };
    for (work, place) in works.into_iter().zip(permits) {
        begin(engine, decided, work, place);
    }
    Ok(n_lanes)
}

/// Decides on a lane, beside the others.
fn begin(engine: &Arc<Engine>, decided: &mpsc::Sender<Decided>, work: Work, place: OwnedSemaphorePermit) {
    tokio::spawn(decide_on(Arc::clone(engine), decided.clone(), work, place));
}

async fn decide_on(engine: Arc<Engine>, decided: mpsc::Sender<Decided>, work: Work, place: OwnedSemaphorePermit) {
    let lane = work.lane.clone();
    match decide(&engine, work).await {
        Ok(outcome) => {
            let _ = decided.send((outcome, place)).await;
        }
        Err(error) => give_up(&engine, &lane, &error).await,
    }
}

/// Lets a lane go that could not be decided on, to be claimed again soon, and each time later.
async fn give_up(engine: &Engine, lane: &Claimed, error: &Error) {
    let doublings = u32::from(lane.attempts.clamp(1, 8).unsigned_abs()) - 1;
    let wait = (SOONEST_AGAIN * 2_u32.pow(doublings)).min(LATEST_AGAIN);
    tracing::warn!(
        lane.id = lane.lane_id,
        attempt = lane.attempts,
        error = error as &dyn std::error::Error,
        "a lane could not be decided on; it comes again"
    );
    if engine.store.give_up(lane, wait).await.is_err() {
        tracing::warn!(
            lane.id = lane.lane_id,
            "the lane could not be given up either; it comes again when its lease ends"
        );
    }
}

/// Loads the rows of claimed lanes, a kind at a time. An error is a passing one.
async fn load(engine: &Engine, lanes: Vec<Claimed>) -> Result<Vec<Work>, (Vec<Claimed>, Error)> {
    match load_rows(engine, &lanes).await {
        Ok(mut rows) => Ok(lanes.into_iter().map(|lane| rows.work(lane)).collect()),
        Err(error) if error.is_passing() => Err((lanes, error)),
        Err(_) => Ok(load_one_by_one(engine, lanes).await),
    }
}

/// Loads each lane by itself, so that one whose rows do not read back stops no other: it is given up.
async fn load_one_by_one(engine: &Engine, lanes: Vec<Claimed>) -> Vec<Work> {
    let mut works = Vec::with_capacity(lanes.len());
    for lane in lanes {
        match load_rows(engine, std::slice::from_ref(&lane)).await {
            Ok(mut rows) => works.push(rows.work(lane)),
            Err(error) => give_up(engine, &lane, &error).await,
        }
    }
    works
}

#[derive(Default)]
struct Rows {
    events: HashMap<i64, Vec<deskbell_store::event::Recorded>>,
    tickets: HashMap<i64, deskbell_store::ticket::Loaded>,
    timers: HashMap<i64, Vec<deskbell_store::timer::Due>>,
    holds: HashMap<i64, Vec<deskbell_store::hold::Hold>>,
}

impl Rows {
    fn work(&mut self, lane: Claimed) -> Work {
        let events = self.events.remove(&lane.lane_id).unwrap_or_default();
        Work {
            more: events.len() as i64 >= EVENTS_PER_LANE,
            events,
            ticket: self.tickets.remove(&lane.lane_id),
            timers: self.timers.remove(&lane.lane_id).unwrap_or_default(),
            holds: self.holds.remove(&lane.lane_id).unwrap_or_default(),
            lane,
        }
    }
}

async fn load_rows(engine: &Engine, lanes: &[Claimed]) -> Result<Rows, Error> {
    let mut rows = Rows::default();
    for event in engine.store.pending_events(lanes, EVENTS_PER_LANE).await? {
        rows.events.entry(event.lane_id).or_default().push(event);
    }
    load_further(engine, lanes, &mut rows).await?;
    Ok(rows)
}

/// Everything but the events.
async fn load_further(engine: &Engine, lanes: &[Claimed], rows: &mut Rows) -> Result<(), Error> {
    // A lane that was never finished has nothing yet but its events.
    let ids: Vec<i64> = lanes.iter().filter(|lane| lane.done_event > 0).map(|lane| lane.lane_id).collect();
    if !ids.is_empty() {
        for ticket in engine.store.tickets(&ids).await? {
            rows.tickets.insert(ticket.lane_id, ticket);
        }
    }
    // Only lanes with a timer can have something due, or a plugin that is behind.
    let timed: Vec<&Claimed> = lanes.iter().filter(|lane| lane.next_timer.is_some()).collect();
    let held_or_timed: Vec<i64> = timed.iter().map(|lane| lane.lane_id).collect();
    let suspicious = lanes.iter().any(|lane| lane.attempts > 1);
    if !held_or_timed.is_empty() || suspicious {
        let now = timed.iter().map(|lane| lane.claimed_at).max().unwrap_or_default().max(engine.now());
        for timer in engine.store.due_timers(&held_or_timed, now).await? {
            rows.timers.entry(timer.lane_id).or_default().push(timer);
        }
    }
    if !ids.is_empty() {
        for hold in engine.store.holds(&ids).await? {
            rows.holds.entry(hold.lane_id).or_default().push(hold);
        }
    }
    Ok(())
}

/// Finishes what has been decided: everything that waits, up to a batch, in one transaction, and again.
async fn finish_all(engine: Arc<Engine>, waiting: Gatherer<Decided>) {
    while let Some(batch) = waiting.next(engine.options.batch).await {
        let (outcomes, places): (Vec<Outcome>, Vec<OwnedSemaphorePermit>) = batch.items.into_iter().unzip();
        finish(&engine, outcomes).await;
        drop(places);
    }
}

/// Finishes a batch; where that does not work, each lane by itself, so that one cannot hold up the others.
pub async fn finish(engine: &Engine, outcomes: Vec<Outcome>) {
    let started = std::time::Instant::now();
    let (more, actions) = (outcomes.iter().any(|o| o.more), outcomes.iter().any(|o| !o.actions.is_empty()));
    let n_lanes = outcomes.len();
    match finish_patiently(engine, &outcomes).await {
        Ok(()) => {}
        Err(error) if n_lanes > 1 => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                n_lanes,
                "a batch could not be finished; finishing its lanes one by one"
            );
            // Later than this, others have claimed them.
            let until = started + engine.options.lease;
            for outcome in outcomes {
                // Looking for rows that cannot be there costs little, and nothing is taken for granted here.
                let outcome = [Outcome { first: false, ..outcome }];
                if std::time::Instant::now() >= until {
                    not_finished(&outcome, &error);
                } else if let Err(error) = finish_patiently(engine, &outcome).await {
                    not_finished(&outcome, &error);
                }
            }
        }
        Err(error) => not_finished(&outcomes, &error),
    }
    metrics::histogram!("deskbell_finish_seconds").record(started.elapsed().as_secs_f64());
    metrics::counter!("deskbell_lanes_finished_total").increment(n_lanes as u64);
    if more {
        engine.wake.dispatcher.notify_one();
    }
    if actions {
        engine.wake.deliverer.notify_one();
    }
}

/// Again where the connection was lost, but not where the database was silent for long: of the leases enough has to be left
/// to try a batch's lanes one by one. Whether or not a commit came through, this is safe: a lane that is finished has lost
/// its token.
async fn finish_patiently(engine: &Engine, outcomes: &[Outcome]) -> Result<(), Error> {
    let until = std::time::Instant::now() + engine.options.lease / 3;
    let mut attempt = 1;
    loop {
        match finish_together(engine, outcomes).await {
            Err(error) if error.is_passing() && attempt < FINISH_ATTEMPTS && std::time::Instant::now() < until => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a batch could not be finished; trying again");
                attempt += 1;
            }
            finished => return finished,
        }
    }
}

fn not_finished(outcomes: &[Outcome], error: &Error) {
    for outcome in outcomes {
        tracing::error!(
            error = error as &dyn std::error::Error,
            lane.id = outcome.lane_id,
            "a lane could not be finished; it comes again when its lease ends"
        );
    }
}

async fn finish_together(engine: &Engine, outcomes: &[Outcome]) -> Result<(), Error> {
    let finished = engine.store.finish(outcomes, engine.now()).await?;
    let n_lost = outcomes.len() - finished.len();
    if n_lost > 0 {
        tracing::warn!(n_lost, "lanes were lost to another claim before they were finished; they are decided on again");
    }
    Ok(())
}
