//! What a plugin may ask its host: the seam between the component's imports and the tests' [`TestHost`](crate::testing::TestHost).
//!
//! Plugins do not use it themselves; [`Context`](crate::Context) goes through it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Refusal, Result};
use crate::event::Event;
use crate::instant::Instant;
use crate::report::{FiguresQuery, LowRating, Period};
use crate::ticket::{Extras, Ticket};

/// How much a log line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Somebody may have to look at it.
    Warn,
    /// Somebody has to look at it.
    Error,
}

impl Level {
    /// The word that the contract has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whom a remembered value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The plugin: one value for all tickets.
    Plugin,
    /// The event's ticket.
    Ticket,
}

impl Scope {
    /// The word that the contract has for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Ticket => "ticket",
        }
    }
}

/// Somebody who could take a ticket.
///
/// ```
/// use deskbell::{Agent, testing};
///
/// let agent: Agent = testing::agent(serde_json::json!({ "id": "anna", "capacity": 3, "open_tickets": 2 }));
/// assert!(agent.is_online() && agent.has_room());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// The id at the helpdesk, as in a ticket's `assignee`.
    pub id: String,
    /// online, away or offline.
    pub status: String,
    /// How many unsolved tickets at a time; none where the helpdesk sets no limit.
    pub capacity: Option<u32>,
    /// The groups that the agent belongs to.
    pub groups: Vec<String>,
    /// What the agent knows about.
    pub skills: Vec<String>,
    /// The languages that the agent answers in, as BCP 47 tags.
    pub languages: Vec<String>,
    /// Unsolved tickets assigned now.
    pub open_tickets: u32,
    /// Further members.
    #[serde(default)]
    pub extra: Extras,
}

impl Agent {
    /// Whether the agent is at work.
    pub fn is_online(&self) -> bool {
        self.status == "online"
    }

    /// Whether the agent can take one more ticket.
    pub fn has_room(&self) -> bool {
        self.capacity.is_none_or(|capacity| self.open_tickets < capacity)
    }

    /// Whether the agent belongs to the group.
    pub fn in_group(&self, group: &str) -> bool {
        self.groups.iter().any(|own| own == group)
    }
}

/// How long something took in the past, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many tickets it is about.
    pub count: u64,
    /// The arithmetic mean.
    pub mean_seconds: f64,
    /// Half of them took no longer.
    pub p50_seconds: f64,
    /// Nine of ten took no longer.
    pub p90_seconds: f64,
}

/// Whom a context asks. A component has one host, its imports, and asks it without a table of functions in between: so
/// it imports what the plugin uses and nothing else, and each import less makes each of its calls cheaper.
#[cfg(not(target_family = "wasm"))]
pub(crate) type Asked<'a> = &'a dyn Host;
#[cfg(target_family = "wasm")]
pub(crate) type Asked<'a> = &'a crate::guest::Imports;

/// The calls that a host answers. Those of the worlds that lack a capability are refused.
///
/// The methods have the meaning that the contract gives to the functions of the same names.
pub trait Host {
    /// Writes to the plugin's log.
    fn log(&self, level: Level, message: &str);
    /// What the operator configured, a JSON object.
    fn settings(&self) -> String;
    /// The time of the event or the delivery.
    fn now(&self) -> Instant;

    /// Reads a remembered value.
    fn kv_get(&self, _scope: Scope, _key: &str) -> Result<Option<String>, Refusal> {
        Err(not_here("kv"))
    }
    /// Remembers a value.
    fn kv_set(&self, _scope: Scope, _key: &str, _value: &str, _ttl_seconds: Option<u64>) -> Result<(), Refusal> {
        Err(not_here("kv"))
    }
    /// Forgets a value.
    fn kv_delete(&self, _scope: Scope, _key: &str) -> Result<(), Refusal> {
        Err(not_here("kv"))
    }
    /// Adds to a counter.
    fn kv_increment(&self, _scope: Scope, _key: &str, _by: i64) -> Result<i64, Refusal> {
        Err(not_here("kv"))
    }
    /// Lists remembered values.
    fn kv_list(&self, _scope: Scope, _prefix: &str, _limit: u32) -> Result<Vec<(String, String)>, Refusal> {
        Err(not_here("kv"))
    }

    /// Sets a timer.
    fn timer_set(&self, _name: &str, _at: Instant, _payload: &str) -> Result<(), Refusal> {
        Err(not_here("timers"))
    }
    /// Cancels a timer.
    fn timer_cancel(&self, _name: &str) -> Result<(), Refusal> {
        Err(not_here("timers"))
    }

    /// The ticket's history.
    fn history(&self, _limit: u32) -> Result<Vec<Event>> {
        Err(not_here("tickets").into())
    }
    /// The tickets of a requester.
    fn tickets_of(&self, _requester: &str, _limit: u32) -> Result<Vec<Ticket>> {
        Err(not_here("tickets").into())
    }

    /// The agents.
    fn agents(&self, _group: Option<&str>) -> Result<Vec<Agent>> {
        Err(not_here("agents").into())
    }

    /// Working time between two instants, in seconds.
    fn calendar_between(&self, _calendar: &str, _start: Instant, _end: Instant) -> Result<u64, Refusal> {
        Err(not_here("calendars"))
    }
    /// Adds working time.
    fn calendar_add(&self, _calendar: &str, _start: Instant, _duration: &str) -> Result<Instant, Refusal> {
        Err(not_here("calendars"))
    }
    /// Whether it is open.
    fn calendar_is_open(&self, _calendar: &str, _at: Instant) -> Result<bool, Refusal> {
        Err(not_here("calendars"))
    }
    /// When it opens.
    fn calendar_next_opening(&self, _calendar: &str, _at: Instant) -> Result<Instant, Refusal> {
        Err(not_here("calendars"))
    }
    /// Its closed dates.
    fn calendar_closed_dates(&self, _calendar: &str, _start: Instant, _days: u32) -> Result<Vec<String>, Refusal> {
        Err(not_here("calendars"))
    }

    /// First response times of the past.
    fn first_response(&self, _days: u32, _group: Option<&str>) -> Result<Option<Summary>, Refusal> {
        Err(not_here("figures"))
    }

    /// The key figures of a period as JSON.
    fn figures(&self, _query: &FiguresQuery) -> Result<String, Refusal> {
        Err(only_reporters("kpis"))
    }
    /// Comments beside bad ratings.
    fn low_ratings(&self, _period: Period, _source: Option<&str>, _limit: u32) -> Result<Vec<LowRating>, Refusal> {
        Err(only_reporters("comments"))
    }
    /// What the plugins did, as JSON.
    fn automation_figures(&self, _period: Period) -> Result<String, Refusal> {
        Err(only_reporters("automation-figures"))
    }
}

pub(crate) fn only_reporters(capability: &str) -> Refusal {
    Refusal::new(Refusal::DENIED, format!("only reporters have {capability}"))
}

pub(crate) fn not_here(capability: &str) -> Refusal {
    Refusal::new(Refusal::DENIED, format!("connectors and reporters have no {capability}; do this in an automation"))
}
