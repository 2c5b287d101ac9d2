//! What the loops share: the database, the clock, the plugins, the accounts, and the hints that wake them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use deskbell_model::calendar::Book;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Store;
use tokio::sync::Notify;

use crate::guard::Limits;
use crate::levels::Levels;
use crate::reads::first_responses::FirstResponses;
use crate::registry::Registry;
use crate::scheduler::Scheduled;
use crate::sender::hosts::AllowedHosts;
use crate::sender::secrets::Secrets;
use crate::vault::Vault;

/// Tells the time, so that tests can.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX))
    }
}

/// A configured account of a helpdesk.
#[derive(Clone, Debug)]
pub struct Source {
    pub name: String,
    pub source_id: i32,
    /// Where its actions go; none without a connector.
    pub destination_id: Option<i32>,
    /// The connector plugin's name; none for canonical events.
    pub connector: Option<String>,
    /// What the connector reads as its settings, JSON text.
    pub settings: Arc<str>,
    /// Where the operator lets its requests go.
    pub hosts: AllowedHosts,
    /// The ids under which the engine itself acts at the helpdesk.
    pub own_actors: Vec<String>,
    /// Requests to the helpdesk, at most.
    pub rate_per_second: Option<f64>,
    /// Announced as silent after so long without a webhook.
    pub silent_after: Option<Duration>,
}

/// How the loops work.
#[derive(Clone, Debug)]
pub struct Options {
    /// Lanes finished in one transaction, at most.
    pub batch: usize,
    /// Lanes that may be in work at a time.
    pub in_work: usize,
    pub lease: Duration,
    pub finishers: usize,
    pub limits: Limits,
    /// Attempts at an event before a plugin's failure becomes a dead letter.
    pub plugin_attempts: i32,
    /// Requests under way at a time, over all destinations.
    pub deliveries: usize,
    pub retention: Retention,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    pub bodies: Duration,
    pub calls: Duration,
    pub attempts: Duration,
    pub delivery_ids: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for Retention {
    fn default() -> Self {
        Self { bodies: DAY * 14, calls: DAY * 90, attempts: DAY * 90, delivery_ids: DAY * 7 }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            batch: 256,
            in_work: 1024,
            lease: Duration::from_secs(30),
            finishers: 2,
            limits: Limits::default(),
            plugin_attempts: 8,
            deliveries: 32,
            retention: Retention::default(),
        }
    }
}

/// Hints that there is work. A lost one costs a moment, for everyone also looks by himself.
#[derive(Debug, Default)]
pub struct Wake {
    pub dispatcher: Notify,
    pub deliverer: Notify,
}

/// What the loops share.
pub struct Engine {
    pub store: Store,
    pub clock: Arc<dyn Clock>,
    pub registry: Registry,
    pub sources: BTreeMap<String, Arc<Source>>,
    /// Configured destinations of notices by name.
    pub destinations: BTreeMap<String, Arc<crate::deliverer::Destination>>,
    pub calendars: Arc<Book>,
    /// What is promised to whom.
    pub levels: Levels,
    pub schedules: Vec<Scheduled>,
    pub reports: Vec<Arc<crate::report::Report>>,
    /// What figures are judged and weighed with.
    pub kpi: Arc<deskbell_model::kpi::Settings>,
    /// The zone whose hours are watched for surges.
    pub surge_zone: chrono_tz::Tz,
    /// Brings reports to their recipients; none without a mail server.
    pub mailer: Option<crate::mail::Mailer>,
    /// The source of what belongs to no account.
    pub own_source: i32,
    pub options: Options,
    pub wake: Wake,
    pub vault: Arc<Vault>,
    pub first_responses: FirstResponses,
}

impl Engine {
    /// What requests to a source's helpdesk may be filled in with.
    pub fn source_secrets(&self, source: &str) -> Box<dyn Secrets> {
        Box::new(self.vault.of(format!("source:{source}")))
    }

    /// What requests to a configured destination may be filled in with.
    pub fn destination_secrets(&self, destination: &str) -> Box<dyn Secrets> {
        Box::new(self.vault.of(format!("destination:{destination}")))
    }

    /// The configured account with this number.
    pub fn source(&self, source_id: i32) -> Option<&Arc<Source>> {
        self.sources.values().find(|source| source.source_id == source_id)
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
