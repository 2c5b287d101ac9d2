//! A clock as `deskbell sla` shows it.

use serde::Serialize;

use super::clock::{Clock, State};
use super::{Clocks, Metric};
use crate::timestamp::Timestamp;

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    pub source: String,
    pub ticket: String,
    pub metric: Metric,
    pub cycle: u32,
    pub policy: String,
    pub target: String,
    pub state: State,
    pub started_at: Timestamp,
    pub due_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub counted_seconds: i64,
    pub warnings: Vec<Timestamp>,
}

impl Row {
    fn new(source: &str, ticket: &str, clock: &Clock) -> Option<Self> {
        let judge = clock.judge()?;
        Some(Self {
            source: source.to_owned(),
            ticket: ticket.to_owned(),
            metric: clock.metric(),
            cycle: clock.cycle(),
            policy: judge.policy.clone(),
            target: judge.target.text.clone(),
            state: clock.state(),
            started_at: clock.started_at(),
            due_at: clock.due_at(),
            ended_at: clock.ended_at(),
            counted_seconds: clock.counted_micros().div_euclid(1_000_000),
            warnings: clock.warnings().iter().map(|warning| warning.time).collect(),
        })
    }
}

/// The rows of one ticket's clocks.
pub fn rows(source: &str, ticket: &str, clocks: &Clocks) -> Vec<Row> {
    clocks.listed().filter_map(|clock| Row::new(source, ticket, clock)).collect()
}

/// Puts rows in their order: source, ticket and metric as text, by bytes, then cycle as a number.
pub fn sort(rows: &mut [Row]) {
    let key = |row: &Row| (row.metric.as_str(), row.cycle);
    rows.sort_by(|one, other| {
        (&one.source, &one.ticket).cmp(&(&other.source, &other.ticket)).then_with(|| key(one).cmp(&key(other)))
    });
}
