//! The helpdesk as it runs: its state behind one lock, and everything that is told about it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use deskbell_workers::engine::Clock;
use deskbell_workers::signature::Verifier;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::actions::Ledger;
use super::desk::Desk;
use super::faults::Faults;
use super::life::Life;
use super::poster::Poster;

/// What changes.
pub(super) struct State {
    pub(super) desk: Desk,
    pub(super) ledger: Ledger,
    /// None where nothing happens by itself.
    pub(super) life: Option<Life>,
}

/// A helpdesk that runs.
pub(super) struct Helpdesk {
    state: Mutex<State>,
    pub(super) faults: Arc<Faults>,
    pub(super) poster: Poster,
    pub(super) verifier: Verifier,
    pub(super) clock: Arc<dyn Clock>,
    /// Rung when something may have been planned that comes before what was next.
    pub(super) replanned: Notify,
}

impl State {
    /// Has the agents, if there are any at work, go on with a ticket that somebody else changed.
    pub(super) fn go_on_with(&mut self, id: &str, now: Timestamp) {
        if let Some(life) = &mut self.life {
            life.take_up(&self.desk, id, now);
        }
    }
}

impl Helpdesk {
    pub(super) fn new(
        state: State,
        faults: Arc<Faults>,
        poster: Poster,
        verifier: Verifier,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { state: Mutex::new(state), faults, poster, verifier, clock, replanned: Notify::new() }
    }

    /// Does something with the state, and posts what it made. Under one lock, so that webhooks are queued in the order
    /// in which things happened.
    pub(super) fn act<R>(&self, act: impl FnOnce(&mut State, Timestamp) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state, self.clock.now());
        let made = state.desk.take_made();
        self.poster.post(made);
        drop(state);
        result
    }

    /// Lives until it is stopped.
    pub(super) async fn live(&self, stopping: &CancellationToken) {
        while !stopping.is_cancelled() {
            let (next_at, now) = self.act(|state, now| {
                let State { desk, life, .. } = state;
                let next_at = life.as_mut().and_then(|life| {
                    life.live_until(desk, now);
                    life.next_at()
                });
                (next_at, now)
            });
            let Some(next_at) = next_at else { return };
            let left = Duration::from_micros(u64::try_from(next_at.since(now)).unwrap_or_default());
            // Whichever comes first, what is due is asked for again.
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.replanned.notified() => {}
                () = tokio::time::sleep(left) => {}
            }
        }
    }
}
