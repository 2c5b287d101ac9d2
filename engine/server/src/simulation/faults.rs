//! What can go wrong with a helpdesk, on request.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deskbell_model::timestamp::Timestamp;
use deskbell_workers::engine::Clock;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::dice::Dice;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Connections are cut before anything is done, and no webhook leaves.
    Down,
    /// Answers take `delay_ms` longer.
    Slow,
    /// 500 without doing anything.
    Errors,
    /// Everything is done, and the connection is cut in place of an answer.
    DropAnswers,
    /// 429 with a Retry-After of a second, without doing anything.
    RateLimit,
    /// A webhook is sent again after it was taken, with the same delivery id.
    DuplicateWebhooks,
    /// A webhook is held back for some seconds, so that later ones overtake it.
    Reorder,
}

/// What `POST /faults` takes.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    /// For how long; until it is lifted where absent, and 0 lifts it.
    #[serde(default)]
    pub(crate) seconds: Option<f64>,
    /// Of requests or webhooks, how many are hit: 0 to 1. All where absent; half for `reorder`.
    #[serde(default)]
    pub(crate) share: Option<f64>,
    /// For `slow`; 3000 where absent.
    #[serde(default)]
    pub(crate) delay_ms: Option<u64>,
}

/// Why a fault cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Invalid {
    #[error("'share' must lie between 0 and 1")]
    Share,
    #[error("'seconds' must lie between 0 and 31536000")]
    Seconds,
}

/// A fault while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Fault {
    pub(crate) kind: Kind,
    pub(crate) share: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// How many requests or webhooks it has hit.
    pub(crate) hits: u64,
}

/// The faults of a helpdesk.
#[derive(Debug)]
pub(crate) struct Faults {
    state: Mutex<State>,
    /// Rung when a fault begins or is lifted.
    changed: Notify,
}

#[derive(Debug)]
struct State {
    active: BTreeMap<Kind, Fault>,
    dice: Dice,
}

const DEFAULT_DELAY_MS: u64 = 3000;
const LONGEST_SECONDS: f64 = 31_536_000.0;

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        let state = State { active: BTreeMap::new(), dice: Dice::new(seed) };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Begins a fault, in place of an earlier one of its kind, or lifts it.
    pub(crate) fn order(&self, order: Order, now: Timestamp) -> Result<(), Invalid> {
        let default_share = if order.kind == Kind::Reorder { 0.5 } else { 1.0 };
        let share = order.share.unwrap_or(default_share);
        if !(0.0..=1.0).contains(&share) {
            return Err(Invalid::Share);
        }
        if !order.seconds.is_none_or(|seconds| (0.0..=LONGEST_SECONDS).contains(&seconds)) {
            return Err(Invalid::Seconds);
        }
        let fault = Fault {
            kind: order.kind,
            share,
            until: order.seconds.map(|seconds| now.plus_micros((seconds * 1e6) as i64)),
            delay_ms: (order.kind == Kind::Slow).then(|| order.delay_ms.unwrap_or(DEFAULT_DELAY_MS)),
            hits: 0,
        };
        self.with(|state| {
            if order.seconds == Some(0.0) {
                state.active.remove(&order.kind);
            } else {
                state.active.insert(order.kind, fault);
            }
        });
        self.changed.notify_waiters();
        Ok(())
    }

    /// Lifts all of them.
    pub(crate) fn lift(&self) {
        self.with(|state| state.active.clear());
        self.changed.notify_waiters();
    }

    /// Those that last at `now`.
    pub(crate) fn list(&self, now: Timestamp) -> Vec<Fault> {
        self.with(|state| {
            state.forget(now);
            state.active.values().copied().collect()
        })
    }

    /// Whether a fault of this kind hits the request or webhook that is at hand.
    pub(crate) fn hits(&self, kind: Kind, now: Timestamp) -> bool {
        self.with(|state| state.hit(kind, now).is_some())
    }

    /// How much longer the request at hand takes.
    pub(crate) fn delay(&self, now: Timestamp) -> Option<Duration> {
        let fault = self.with(|state| state.hit(Kind::Slow, now))?;
        fault.delay_ms.map(Duration::from_millis)
    }

    /// Waits while the helpdesk is down.
    pub(crate) async fn until_up(&self, clock: &dyn Clock) {
        loop {
            let changed = self.changed.notified();
            let now = clock.now();
            let down = self.list(now).into_iter().find(|fault| fault.kind == Kind::Down);
            match down {
                None => return,
                Some(Fault { until: None, .. }) => changed.await,
                Some(Fault { until: Some(until), .. }) => {
                    let left = Duration::from_micros(until.since(now).unsigned_abs());
                    // Either way the question is asked again.
                    let _ = tokio::time::timeout(left, changed).await;
                }
            }
        }
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    fn forget(&mut self, now: Timestamp) {
        self.active.retain(|_, fault| fault.until.is_none_or(|until| now < until));
    }

    fn hit(&mut self, kind: Kind, now: Timestamp) -> Option<Fault> {
        self.forget(now);
        let fault = self.active.get_mut(&kind)?;
        if !self.dice.chance(fault.share) {
            return None;
        }
        fault.hits += 1;
        Some(*fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(json: &str) -> Order {
        serde_json::from_str(json).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn a_fault_lasts_as_long_as_it_was_asked_for() {
        let faults = Faults::new(1);
        faults.order(order(r#"{"kind":"errors","seconds":10}"#), at(100)).unwrap();
        for (seconds, expected) in [(100, true), (109, true), (110, false), (105, false)] {
            assert_eq!(faults.hits(Kind::Errors, at(seconds)), expected, "at {seconds}");
        }
        faults.order(order(r#"{"kind":"down"}"#), at(100)).unwrap();
        assert!(faults.hits(Kind::Down, at(1_000_000)), "without seconds it lasts until it is lifted");
        assert!(!faults.hits(Kind::Errors, at(100)), "kinds are apart");
        faults.order(order(r#"{"kind":"down","seconds":0}"#), at(100)).unwrap();
        assert!(!faults.hits(Kind::Down, at(100)));
    }

    #[test]
    fn a_share_is_hit() {
        let faults = Faults::new(1);
        faults.order(order(r#"{"kind":"rate_limit","share":0.25}"#), at(0)).unwrap();
        let n_hit = (0..4000).filter(|_| faults.hits(Kind::RateLimit, at(1))).count();
        assert!((850..1150).contains(&n_hit), "{n_hit}");
        assert_eq!(faults.list(at(1))[0].hits, n_hit as u64);
        faults.lift();
        assert!(faults.list(at(1)).is_empty());
    }

    #[test]
    fn slowness_has_a_length() {
        let faults = Faults::new(1);
        assert_eq!(faults.delay(at(0)), None);
        faults.order(order(r#"{"kind":"slow"}"#), at(0)).unwrap();
        assert_eq!(faults.delay(at(0)), Some(Duration::from_secs(3)));
        faults.order(order(r#"{"kind":"slow","delay_ms":20}"#), at(0)).unwrap();
        assert_eq!(faults.delay(at(0)), Some(Duration::from_millis(20)));
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let faults = Faults::new(1);
        for (json, expected) in [
            (r#"{"kind":"down","share":1.5}"#, Invalid::Share),
            (r#"{"kind":"down","share":-1}"#, Invalid::Share),
            (r#"{"kind":"down","seconds":-1}"#, Invalid::Seconds),
            (r#"{"kind":"down","seconds":1e12}"#, Invalid::Seconds),
        ] {
            assert_eq!(faults.order(order(json), at(0)), Err(expected), "{json}");
        }
        assert!(serde_json::from_str::<Order>(r#"{"kind":"fire"}"#).is_err());
        assert!(serde_json::from_str::<Order>(r#"{"kind":"down","hours":1}"#).is_err());
    }

    #[tokio::test]
    async fn who_waits_for_the_helpdesk_goes_on_when_it_is_up() {
        struct Fixed;
        impl Clock for Fixed {
            fn now(&self) -> Timestamp {
                at(50)
            }
        }
        let faults = Faults::new(1);
        faults.until_up(&Fixed).await;
        faults.order(order(r#"{"kind":"down"}"#), at(50)).unwrap();
        let lift = async {
            tokio::task::yield_now().await;
            faults.lift();
        };
        tokio::join!(faults.until_up(&Fixed), lift);
    }
}
