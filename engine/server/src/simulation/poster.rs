//! Posts the helpdesk's events as signed webhooks, the way helpdesks do: each ticket's in order, again and again with
//! growing pauses until they are taken.
//!
//! The delivery id stays the same over all attempts; time and signature are those of the attempt. What it does not do:
//! keep webhooks over an end of the process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use deskbell_model::timestamp::Timestamp;
use deskbell_workers::engine::Clock;
use deskbell_workers::signature::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, seconds, sign};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Made;
use super::faults::{Faults, Kind};
use super::lanes::{Lanes, Next, Webhook};

/// More requests at once than this a helpdesk does not send.
const MAX_AT_ONCE: usize = 16;
/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// After so long without a 2xx a webhook is given up.
const GIVE_UP_MICROS: i64 = 24 * 3600 * 1_000_000;
/// For so long `reorder` holds a webhook back.
const HELD_BACK_MICROS: i64 = 3_000_000;
/// How long an answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
/// Webhooks may come into a lane while its sender waits for one that is held back; it looks so often.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Where webhooks go, and how.
pub(super) struct Settings {
    pub(super) hook_url: String,
    pub(super) secret: SecretString,
    /// The pause after the first failed attempt; it doubles with each.
    pub(super) first_pause: Duration,
}

/// The poster. Cheap to clone.
#[derive(Clone)]
pub(super) struct Poster {
    inner: Arc<Inner>,
}

struct Inner {
    client: reqwest::Client,
    settings: Settings,
    lanes: Mutex<Lanes>,
    room: Semaphore,
    faults: Arc<Faults>,
    clock: Arc<dyn Clock>,
    counts: Counts,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

#[derive(Default)]
struct Counts {
    made: AtomicU64,
    attempts: AtomicU64,
    answered: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    repeated: AtomicU64,
    held_back: AtomicU64,
    given_up: AtomicU64,
}

/// How an attempt went.
enum Attempt {
    Taken,
    /// Not taken; the receiver may have said how long to wait.
    Again(Option<Duration>),
}

impl Poster {
    pub(super) fn new(
        settings: Settings,
        faults: Arc<Faults>,
        clock: Arc<dyn Clock>,
        tasks: TaskTracker,
        stopping: CancellationToken,
    ) -> Result<Self, reqwest::Error> {
        // Fails where the process has a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("helpdesk-simulation")
            .build()?;
        let inner = Inner {
            client,
            settings,
            lanes: Mutex::default(),
            room: Semaphore::new(MAX_AT_ONCE),
            faults,
            clock,
            counts: Counts::default(),
            tasks,
            stopping,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Queues events to be posted. Returns at once.
    pub(super) fn post(&self, made: Vec<Made>) {
        for made in made {
            self.inner.counts.made.fetch_add(1, Ordering::Relaxed);
            let now = self.inner.clock.now();
            let is_held = self.inner.faults.hits(Kind::Reorder, now);
            let is_repeated = self.inner.faults.hits(Kind::DuplicateWebhooks, now);
            let webhook = Webhook {
                id: made.id,
                body: Bytes::from(made.event.to_string()),
                not_before: is_held.then(|| now.plus_micros(HELD_BACK_MICROS)),
            };
            if is_held {
                self.inner.counts.held_back.fetch_add(1, Ordering::Relaxed);
            }
            if is_repeated {
                self.inner.counts.repeated.fetch_add(1, Ordering::Relaxed);
                self.queue(&made.lane, webhook.clone());
            }
            self.queue(&made.lane, webhook);
        }
    }

    /// The figures of what was sent.
    pub(super) fn stats(&self) -> Value {
        let counts = &self.inner.counts;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        json!({
            "made": read(&counts.made),
            "sent": read(&counts.attempts),
            "answered": read(&counts.answered),
            "refused": read(&counts.refused),
            "unanswered": read(&counts.unanswered),
            "repeated": read(&counts.repeated),
            "held_back": read(&counts.held_back),
            "given_up": read(&counts.given_up),
            "waiting": self.inner.lanes().n_waiting(),
        })
    }

    fn queue(&self, lane: &str, webhook: Webhook) {
        let needs_sender = self.inner.lanes().push(lane, webhook);
        if needs_sender {
            let (inner, lane) = (Arc::clone(&self.inner), lane.to_owned());
            self.inner.tasks.spawn(async move {
                // What is on its way when the end comes may arrive or not, as with any helpdesk.
                let stopping = inner.stopping.clone();
                let _ = stopping.run_until_cancelled(inner.send_lane(&lane)).await;
            });
        }
    }
}

impl Inner {
    fn lanes(&self) -> std::sync::MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn send_lane(&self, lane: &str) {
        loop {
            let now = self.clock.now();
            let next = self.lanes().next(lane, now);
            match next {
                Next::Send(webhook) => self.send(&webhook).await,
                Next::Wait(until) => {
                    let left = Duration::from_micros(until.since(now).unsigned_abs());
                    tokio::time::sleep(left.min(LOOK_AGAIN)).await;
                }
                Next::Gone => return,
            }
        }
    }

    /// Sends a webhook until it is taken, or given up.
    async fn send(&self, webhook: &Webhook) {
        let begun_at = self.clock.now();
        let mut pause = self.settings.first_pause;
        loop {
            self.faults.until_up(&*self.clock).await;
            let asked = match self.attempt(webhook).await {
                Attempt::Taken => return,
                Attempt::Again(asked) => asked,
            };
            if self.clock.now().since(begun_at) > GIVE_UP_MICROS {
                self.counts.given_up.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(webhook.id, "the simulated helpdesk gives a webhook up that was not taken for a day");
                return;
            }
            tokio::time::sleep(asked.unwrap_or(pause).min(LONGEST_PAUSE)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn attempt(&self, webhook: &Webhook) -> Attempt {
        // The semaphore is never closed.
        let _room = self.room.acquire().await;
        let now = self.clock.now();
        let Some(signature) = self.signature(webhook, now) else {
            return Attempt::Again(None);
        };
        self.counts.attempts.fetch_add(1, Ordering::Relaxed);
        let request = self
            .client
            .post(&self.settings.hook_url)
            .header(CONTENT_TYPE, "application/cloudevents+json")
            .header(ID_HEADER, &webhook.id)
            .header(TIMESTAMP_HEADER, seconds(now))
            .header(SIGNATURE_HEADER, signature)
            .body(webhook.body.clone());
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                self.counts.unanswered.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(webhook.id, %error, "a webhook of the simulated helpdesk was not answered");
                return Attempt::Again(None);
            }
        };
        let status = response.status();
        if status.is_success() {
            self.counts.answered.fetch_add(1, Ordering::Relaxed);
            return Attempt::Taken;
        }
        self.counts.refused.fetch_add(1, Ordering::Relaxed);
        tracing::debug!(webhook.id, status = status.as_u16(), "a webhook of the simulated helpdesk was not taken");
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Attempt::Again(asked.map(Duration::from_secs))
    }

    fn signature(&self, webhook: &Webhook, now: Timestamp) -> Option<String> {
        // The secret was tried when the simulation started.
        sign(self.settings.secret.expose_secret().as_bytes(), &webhook.id, now, &webhook.body).ok()
    }
}
