//! What a report says: the figures in the shapes of definition 1. Each serialises to exactly the JSON of the definition.

use std::collections::BTreeMap;

use serde::Serialize;

pub use super::number::{Distribution, Duration, Mean, Median, Rate};
use crate::sla::Metric;
use crate::timestamp::Timestamp;

/// The name for what has no value.
pub const NONE: &str = "(none)";

/// Figures by a name.
pub type Map<V> = BTreeMap<String, V>;

/// All figures of a period.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub definition: u32,
    pub from: Timestamp,
    pub to: Timestamp,
    pub tz: String,
    pub calendar: Option<String>,
    pub bucket: Option<&'static str>,
    pub fcr: &'static str,
    pub source: Option<String>,
    pub figures: Figures,
    pub by: Option<By>,
}

/// The figures that are repeated, for each value of a dimension.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct By {
    pub dimension: &'static str,
    pub values: Map<Repeated>,
}

/// Every figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figures {
    #[serde(flatten)]
    pub repeated: Repeated,
    pub volume_by_channel: Map<u64>,
    pub distribution: Map<Category>,
    pub backlog_forecast: Vec<Forecast>,
    pub abandonment_rate: Abandonment,
    pub answer_time: Duration,
    pub agent_utilisation: Rate,
    pub agent_performance: Map<Agent>,
    pub rating: RatingsOf,
    pub self_service_rate: Rate,
    pub knowledge: Knowledge,
    pub support_efficiency_index: Option<f64>,
    pub cost_per_ticket: Option<Map<Rate>>,
    pub heatmap: Heatmap,
    pub surges: Vec<Surge>,
}

/// The figures that `by` repeats.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeated {
    pub ticket_volume: u64,
    pub opened_vs_solved: Flow,
    pub first_response_time: Duration,
    pub next_response_time: Duration,
    pub requester_wait_time: Duration,
    pub first_resolution_time: Duration,
    pub resolution_time: Duration,
    pub first_contact_resolution: Rate,
    pub resolution_rate: Rate,
    pub reopen_rate: Rate,
    pub backlog: Backlog,
    pub replies_per_ticket: Rate,
    pub transfer_rate: Transfers,
    pub escalation_rate: Rate,
    pub handle_time: HandleTime,
    pub csat: Csat,
    pub nps: Nps,
    pub ces: Mean,
    pub qa_score: Quality,
    pub agent_satisfaction: Mean,
    pub sla_attainment: Vec<Attainment>,
}

/// Tickets that came in and solves.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    pub opened: u64,
    pub solved: u64,
    pub net: i64,
    pub buckets: Vec<FlowBucket>,
}

/// The same of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FlowBucket {
    pub from: Timestamp,
    pub to: Timestamp,
    pub opened: u64,
    pub solved: u64,
    pub net: i64,
}

/// A category's share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Category {
    pub count: u64,
    pub share: f64,
    pub first_response_time: Median,
    pub csat: Rate,
}

/// Unsolved tickets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Backlog {
    pub unsolved: u64,
    pub group: Map<u64>,
    pub assignee: Map<u64>,
    pub priority: Map<u64>,
    pub age: Age,
    pub buckets: Vec<BacklogBucket>,
}

/// Unsolved tickets by age in days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Age {
    pub under_1: u64,
    #[serde(rename = "1_3")]
    pub from_1: u64,
    #[serde(rename = "3_7")]
    pub from_3: u64,
    #[serde(rename = "7_30")]
    pub from_7: u64,
    pub over_30: u64,
}

/// Unsolved tickets at the end of a bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BacklogBucket {
    pub to: Timestamp,
    pub unsolved: u64,
}

/// The backlog that many days after the period, with an interval that it lies in at that level.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forecast {
    pub days: u32,
    pub created: f64,
    pub solved: f64,
    pub backlog: f64,
    pub low: f64,
    pub high: f64,
    pub level: f64,
}

/// A rate, and the mean number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Transfers {
    #[serde(flatten)]
    pub rate: Rate,
    pub mean: Option<f64>,
}

/// Seconds of handling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct HandleTime {
    pub phone: Rate,
    pub chat: Rate,
    pub email: Rate,
    pub ticket: Rate,
}

/// Customers who gave up waiting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Abandonment {
    pub phone: Rate,
    pub chat: Rate,
    pub all: Rate,
}

/// Satisfied customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Csat {
    #[serde(flatten)]
    pub rate: Rate,
    pub mean: Option<f64>,
    pub response_rate: Rate,
}

/// Who would recommend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Nps {
    pub promoters: u64,
    pub passives: u64,
    pub detractors: u64,
    pub count: u64,
    pub value: Option<f64>,
}

/// Quality assurance.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Quality {
    #[serde(flatten)]
    pub mean: Mean,
    pub criteria: Map<Mean>,
}

/// What an agent did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Agent {
    pub solved_tickets: u64,
    pub agent_replies: u64,
    pub first_response_time: Duration,
    pub resolution_time: Duration,
    pub first_contact_resolution: Rate,
    pub transfers_away: u64,
    pub utilisation: Rate,
    pub csat: AgentCsat,
    pub qa: Mean,
    pub rating: Rating,
}

/// Satisfied customers of an agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AgentCsat {
    #[serde(flatten)]
    pub rate: Rate,
    pub mean: Option<f64>,
}

/// Criteria from 0 to 100, and the whole in stars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Rating {
    pub reaction: Option<f64>,
    pub quality: Option<f64>,
    pub effectiveness: Option<f64>,
    pub communication: Option<f64>,
    pub feedback: Option<f64>,
    pub rating: Option<f64>,
    pub stars: Option<f64>,
}

/// The rating of all and of each group.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RatingsOf {
    pub all: Rating,
    pub groups: Map<Rating>,
}

/// The use of the knowledge base.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Knowledge {
    pub articles: Map<Article>,
    pub searches: u64,
    pub no_result: Rate,
    pub frequent: Vec<Search>,
}

/// The use of an article.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Article {
    pub sessions: u64,
    pub ticket_rate: Rate,
    pub helpful: Rate,
}

/// A frequent search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Search {
    pub query: String,
    pub count: u64,
}

/// Targets met in time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Attainment {
    pub policy: String,
    pub metric: Metric,
    #[serde(flatten)]
    pub rate: Rate,
}

/// When tickets come in.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Heatmap {
    pub cells: Vec<Cell>,
    pub busiest: Option<Busiest>,
}

/// An hour of the week.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Monday is 1.
    pub weekday: u32,
    pub hour: u32,
    pub count: u64,
    pub first_response_time: Median,
}

/// The weekday with the highest load relative to the mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Busiest {
    /// Monday is 1.
    pub weekday: u32,
    pub load: f64,
}

/// An hour with far more tickets than its weekday-hour usually has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Surge {
    /// The local date, `2026-03-02`.
    pub date: String,
    pub hour: u32,
    pub count: u64,
    pub mean: f64,
    pub limit: u64,
}
