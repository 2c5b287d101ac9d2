//! What passes between the engine and a plugin, in the engine's own types. The contract's records are made from these
//! and read back into these in one place, the bindings.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::effect::Effect;
use crate::ticket::{Actor, Ticket};
use crate::timestamp::Timestamp;

/// An event as a plugin sees it.
#[derive(Clone, Debug)]
pub struct Event {
    pub id: String,
    pub source: String,
    /// Without the `deskbell.` prefix.
    pub kind: String,
    pub subject: Option<String>,
    pub time: Timestamp,
    pub received_at: Timestamp,
    pub late: bool,
    pub actor: Option<Actor>,
    /// The ticket's id at its helpdesk and how it stands.
    pub ticket: Option<(String, Arc<Ticket>)>,
    /// A JSON object, as text.
    pub data: String,
    /// Further members; the values are JSON texts.
    pub extra: Vec<(String, String)>,
}

/// What a call to an automation gave back.
#[derive(Clone, Debug, Default)]
pub struct Decision {
    pub effects: Vec<Effect>,
    pub writes: Vec<Write>,
}

/// A buffered write of a call; it takes effect with the effects or not at all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "write", rename_all = "snake_case")]
pub enum Write {
    KvSet { scope: Scope, key: String, value: String, expires_at: Option<Timestamp> },
    KvDelete { scope: Scope, key: String },
    KvIncrement { scope: Scope, key: String, by: i64 },
    TimerSet { name: String, at: Timestamp, payload: String },
    TimerCancel { name: String },
}

/// Whose memory a key is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The plugin's, for all tickets.
    Plugin,
    /// The plugin's, for the event's ticket.
    Ticket,
}

/// Somebody who could take a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    pub id: String,
    /// online, away or offline.
    pub status: String,
    pub capacity: Option<u32>,
    pub groups: Vec<String>,
    pub skills: Vec<String>,
    pub languages: Vec<String>,
    /// Unsolved tickets assigned now.
    pub open_tickets: u32,
}

/// How long something took, over a number of cases.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub count: u64,
    pub mean_seconds: f64,
    pub p50_seconds: f64,
    pub p90_seconds: f64,
}

impl Summary {
    /// The summary of values, none where there are none. Percentiles lie between the closest ranks, in proportion, as
    /// SQL's `percentile_cont` has them.
    pub fn of(mut seconds: Vec<f64>) -> Option<Self> {
        seconds.sort_by(f64::total_cmp);
        let rank = |share: f64| {
            let place = share * seconds.len().checked_sub(1)? as f64;
            let (below, above) = (seconds.get(place as usize)?, seconds.get(place.ceil() as usize)?);
            Some(below + (above - below) * place.fract())
        };
        Some(Self {
            count: seconds.len() as u64,
            p50_seconds: rank(0.5)?,
            p90_seconds: rank(0.9)?,
            mean_seconds: seconds.iter().sum::<f64>() / seconds.len() as f64,
        })
    }
}

/// A webhook as a connector sees it.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub id: Option<String>,
    pub source: String,
    /// Lower-case names; credentials left out.
    pub headers: Vec<(String, String)>,
    pub body: bytes::Bytes,
    pub received_at: Timestamp,
}

/// A canonical event as a connector states it, not validated yet.
#[derive(Clone, Debug)]
pub struct StatedEvent {
    pub id: String,
    pub kind: String,
    pub subject: Option<String>,
    pub time: Timestamp,
    /// A JSON object, as text.
    pub data: String,
}

/// What a connector read in a webhook.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    pub events: Vec<StatedEvent>,
    pub ignored: Option<String>,
}

/// An effect on its way to a helpdesk.
#[derive(Clone, Debug)]
pub struct Action {
    pub kind: String,
    /// A JSON object, as text.
    pub data: String,
    pub key: String,
    pub subject: Option<String>,
    pub ticket: Option<(String, String, Arc<Ticket>)>,
    /// Further members, such as `reason`; the values are JSON texts.
    pub extra: Vec<(String, String)>,
}

/// How the host signs a request whose secret the connector must not see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signing {
    pub scheme: String,
    /// The name of the source's secret.
    pub secret: String,
}

/// A request that a connector wants sent. Placeholders for secrets are not filled in yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<Vec<u8>>,
    pub idempotent: bool,
    pub sign: Option<Signing>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A request and what came back for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    pub request: Request,
    pub response: Response,
}

/// The next step of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RenderStep {
    Requests(Vec<Request>),
    Done(Option<String>),
    Impossible(String),
}

/// The next step of finding out whether an action took effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProbeStep {
    Requests(Vec<Request>),
    Effective,
    NotEffective,
    Unknown(String),
}

/// The next step of reading what changed.
#[derive(Clone, Debug)]
pub enum ReconcileStep {
    Requests(Vec<Request>),
    Page { events: Vec<StatedEvent>, cursor: String, more: bool },
    Unsupported,
}

/// What a reporter is asked for. Periods are from their first instant up to, and without, the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRequest {
    /// The configured report's name.
    pub name: String,
    /// Which of the plugin's reports.
    pub report: String,
    pub period: (Timestamp, Timestamp),
    /// The period to compare with.
    pub previous: (Timestamp, Timestamp),
    /// An IANA zone.
    pub tz: String,
    /// A language tag.
    pub language: String,
    pub calendar: Option<String>,
    pub source: Option<String>,
    /// What agents and groups are called, by id.
    pub names: Vec<(String, String)>,
}

/// What a reporter wants to have computed, in the words of `deskbell kpi`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FiguresQuery {
    pub start: String,
    pub end: String,
    pub tz: String,
    pub calendar: Option<String>,
    pub by: Option<String>,
    pub bucket: Option<String>,
    pub fcr: Option<String>,
    pub source: Option<String>,
}

/// A comment beside a bad rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LowRating {
    pub at: Timestamp,
    /// csat, nps, ces, qa or agent_satisfaction.
    pub kind: String,
    /// Between the worst (0) and the best (1).
    pub normalized: f64,
    pub ticket: Option<String>,
    pub agent: Option<String>,
    pub comment: String,
}

/// Figures of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Time on the processor, in microseconds, as far as ticks tell.
    pub cpu_us: u64,
    /// Time from start to end, in microseconds.
    pub wall_us: u64,
    /// The most memory it had at a time, all memories summed.
    pub memory_peak_bytes: u64,
    /// Instructions, where they were counted.
    pub fuel: Option<u64>,
    pub host_calls: u32,
}

/// One line of a plugin's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    pub level: String,
    pub message: String,
}
