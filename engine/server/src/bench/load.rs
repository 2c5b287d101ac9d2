//! The load: each connection sends, waits for the answer, and goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deskbell_workers::engine::{Clock as _, SystemClock};

use super::Error;
use super::clock::Clock;
use super::connection::Connection;
use super::deliveries::{Buffers, Deliveries};
use super::tally::{Outcome, Tally};
use super::target::Target;

/// After the end, deliveries that are due already are still sent for so long.
const GRACE: Duration = Duration::from_secs(1);
/// The pauses between attempts to connect.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How the load is shaped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// Deliveries a second; none: as fast as they are answered.
    pub(super) rate: Option<u32>,
    pub(super) warmup: Duration,
    /// What is measured, after the warm-up.
    pub(super) length: Duration,
    pub(super) connections: usize,
    /// How long an answer may take.
    pub(super) timeout: Duration,
}

impl Shape {
    fn end(&self) -> Duration {
        self.warmup + self.length
    }

    /// When the delivery with this number, from 0, is due; none where that is beyond the end.
    fn due(&self, number: u64, rate: u32) -> Option<Duration> {
        let due = Duration::from_secs_f64(number as f64 / f64::from(rate));
        (due < self.end()).then_some(due)
    }
}

/// Sends it all and counts.
pub(super) async fn run<C: Clock>(
    shape: &Shape,
    deliveries: &Arc<Deliveries>,
    target: &Target,
    clock: &C,
) -> Result<Tally, Error> {
    let total = Tally::new()?;
    let next_number = Arc::new(AtomicU64::new(0));
    let senders: Vec<_> = (0..shape.connections)
        .map(|_| {
            let sender = Sender {
                shape: *shape,
                deliveries: Arc::clone(deliveries),
                authority: target.authority.clone(),
                clock: clock.clone(),
                next_number: Arc::clone(&next_number),
                connection: None,
                pause: FIRST_PAUSE,
                buffers: Buffers::default(),
                tally: total.clone(),
            };
            tokio::spawn(sender.run())
        })
        .collect();
    let mut total = total;
    for sender in senders {
        total.add(&sender.await?);
    }
    Ok(total)
}

/// One connection of the load.
struct Sender<C> {
    shape: Shape,
    deliveries: Arc<Deliveries>,
    authority: String,
    clock: C,
    next_number: Arc<AtomicU64>,
    connection: Option<Connection>,
    /// Before the next attempt to connect.
    pause: Duration,
    buffers: Buffers,
    tally: Tally,
}

impl<C: Clock> Sender<C> {
    async fn run(mut self) -> Tally {
        match self.shape.rate {
            Some(rate) => self.open_loop(rate).await,
            None => self.closed_loop().await,
        }
        self.tally
    }

    /// Sends what is due when it is due, or as soon after that as this connection is free.
    async fn open_loop(&mut self, rate: u32) {
        loop {
            let number = self.next_number.fetch_add(1, Ordering::Relaxed);
            let Some(due) = self.shape.due(number, rate) else {
                return;
            };
            let now = self.clock.now();
            let counts_from = if now < due {
                self.clock.until(due).await;
                let begins = self.clock.now();
                // The connection was free; that it is late is the bench's own fault and none of the engine's.
                self.tally.note_lag(begins.saturating_sub(due));
                begins
            } else {
                due
            };
            let is_measured = due >= self.shape.warmup;
            if now >= self.shape.end() + GRACE {
                let waited = now.saturating_sub(due);
                self.tally.note(Outcome::NeverSent, waited, now, is_measured);
                continue;
            }
            let outcome = if self.connect().await { self.exchange().await } else { Outcome::NotConnected };
            let now = self.clock.now();
            self.tally.note(outcome, now.saturating_sub(counts_from), now, is_measured);
            if outcome == Outcome::NotConnected {
                self.pause().await;
            }
        }
    }

    /// Sends one after the other.
    async fn closed_loop(&mut self) {
        loop {
            let begins = self.clock.now();
            if begins >= self.shape.end() {
                return;
            }
            if !self.connect().await {
                self.tally.n_failed_connections += 1;
                self.pause().await;
                continue;
            }
            let begins = self.clock.now();
            let outcome = self.exchange().await;
            let now = self.clock.now();
            let is_measured = begins >= self.shape.warmup;
            self.tally.note(outcome, now.saturating_sub(begins), now, is_measured);
        }
    }

    /// Whether there is a connection.
    async fn connect(&mut self) -> bool {
        if self.connection.is_none() {
            let opened = tokio::time::timeout(self.shape.timeout, Connection::open(&self.authority)).await;
            self.connection = opened.ok().and_then(Result::ok);
            if self.connection.is_some() {
                self.pause = FIRST_PAUSE;
            }
        }
        self.connection.is_some()
    }

    async fn pause(&mut self) {
        self.clock.until(self.clock.now() + self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    async fn exchange(&mut self) -> Outcome {
        self.deliveries.make(SystemClock.now(), &mut self.buffers);
        let Some(connection) = &mut self.connection else {
            return Outcome::NotConnected;
        };
        let exchange = connection.exchange(&self.buffers.request);
        let outcome = match tokio::time::timeout(self.shape.timeout, exchange).await {
            Ok(Ok(answered)) if answered.is_open => return Outcome::Answered(answered.status),
            Ok(Ok(answered)) => Outcome::Answered(answered.status),
            Ok(Err(_)) => Outcome::Cut,
            Err(_) => Outcome::TimedOut,
        };
        self.connection = None;
        outcome
    }
}
