//! Tickets as they stand, and their facts.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use deskbell_model::event::MAX_KEY_BYTES;
use deskbell_model::facts::Facts;
use deskbell_model::history::History;
use deskbell_model::sla;
use deskbell_model::ticket::Ticket;
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use crate::{Error, Result, Store, failed, storable};

/// A ticket's row and its facts.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub lane_id: i64,
    pub ticket: Option<Ticket>,
    pub last_at: Timestamp,
    pub n_held: u32,
    /// None too where the stored form is of another version: the history is folded again.
    pub facts: Option<Facts>,
    /// The loop guard's memory, JSON text.
    pub guard: Option<String>,
    /// What has been told of its clocks.
    pub told: Vec<sla::Outcome>,
}

impl Loaded {
    /// The history as far as it has been folded; none where the facts are to be made anew.
    pub fn into_history(self) -> Option<History> {
        if self.ticket.is_some() && self.facts.is_none() {
            return None;
        }
        Some(History {
            ticket: self.ticket.map(Arc::new),
            facts: self.facts,
            last_time: Some(self.last_at),
            n_held: self.n_held,
        })
    }
}

// Row by row: a plan for the whole array that was made while the table was small would read all of it.
const LOAD: &str = "
SELECT t.lane_id, t.state, t.last_at, t.n_held, f.facts, t.guard, s.told
FROM unnest($2::bigint[]) AS l (lane_id)
CROSS JOIN LATERAL (SELECT * FROM ticket WHERE tenant_id = $1 AND lane_id = l.lane_id LIMIT 1) AS t
LEFT JOIN LATERAL (SELECT facts FROM ticket_fact WHERE tenant_id = $1 AND lane_id = l.lane_id LIMIT 1) AS f ON true
LEFT JOIN LATERAL (SELECT told FROM ticket_sla WHERE tenant_id = $1 AND lane_id = l.lane_id LIMIT 1) AS s ON true";

const OF_REQUESTER: &str = "
SELECT lane.key, t.state FROM ticket AS t JOIN lane USING (tenant_id, lane_id)
WHERE t.tenant_id = $1 AND t.source_id = $2 AND t.requester = $3 AND t.state IS NOT NULL
ORDER BY t.created_at DESC LIMIT $4";

// By lane, for which there is an index: the order in which tickets were heard of is nearly that of their creation.
const RECENT_FACTS: &str = "
SELECT facts FROM ticket_fact WHERE tenant_id = $1 AND source_id = $2 AND created_at >= $3
ORDER BY lane_id DESC LIMIT $4";

pub(crate) const STATEMENTS: &[(&str, &str)] =
    &[("ticket.load", LOAD), ("ticket.of_requester", OF_REQUESTER), ("ticket.recent_facts", RECENT_FACTS)];

/// An id as a column with an index holds it: a long one is cut there, and there alone.
pub(crate) fn indexed(id: &str) -> String {
    let end = id.floor_char_boundary(MAX_KEY_BYTES);
    storable(id.get(..end).unwrap_or_default()).into_owned()
}

fn loaded(row: &PgRow) -> Result<Loaded> {
    let lane_id: i64 = row.get(0);
    let ticket = row.get::<Option<&str>, _>(1).map(|state| read_state(lane_id, state)).transpose()?;
    let told = row.get::<Option<&[u8]>, _>(6).map(sla::told::from_bytes).transpose();
    let told = told.map_err(|error| Error::Inconsistent {
        table: "ticket_sla",
        row: lane_id.to_string(),
        problem: error.to_string(),
    })?;
    Ok(Loaded {
        lane_id,
        ticket,
        last_at: row.get::<DateTime<Utc>, _>(2).into(),
        n_held: row.get::<i32, _>(3).max(0) as u32,
        facts: row.get::<Option<&[u8]>, _>(4).and_then(|bytes| Facts::from_bytes(bytes).ok()),
        guard: row.get(5),
        told: told.unwrap_or_default(),
    })
}

fn read_state(lane_id: i64, state: &str) -> Result<Ticket> {
    serde_json::from_str(state).map_err(|error| Error::Inconsistent {
        table: "ticket",
        row: lane_id.to_string(),
        problem: format!("its state does not read back: {error}"),
    })
}

impl Store {
    /// The tickets of these lanes, as far as there are any.
    pub async fn tickets(&self, lanes: &[i64]) -> Result<Vec<Loaded>> {
        let query = sqlx::query(LOAD).bind(self.tenant).bind(lanes);
        let rows = query.fetch_all(&self.work).await.map_err(failed("ticket.load"))?;
        rows.iter().map(loaded).collect()
    }

    /// The same within a transaction.
    pub(crate) async fn tickets_in(&self, connection: &mut PgConnection, lanes: &[i64]) -> Result<Vec<Loaded>> {
        let query = sqlx::query(LOAD).bind(self.tenant).bind(lanes);
        let rows = query.fetch_all(connection).await.map_err(failed("ticket.load"))?;
        rows.iter().map(loaded).collect()
    }

    /// A requester's latest tickets at a source with their ids, newest first.
    pub async fn tickets_of(&self, source_id: i32, requester: &str, limit: i64) -> Result<Vec<(String, Ticket)>> {
        let query = sqlx::query(OF_REQUESTER).bind(self.tenant).bind(source_id).bind(indexed(requester)).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("ticket.of_requester"))?;
        let mut tickets = Vec::with_capacity(rows.len());
        for row in &rows {
            let ticket = read_state(0, row.get(1))?;
            // In the index, long ids that begin alike are one.
            if ticket.fields.requester.id == requester {
                tickets.push((row.get(0), ticket));
            }
        }
        Ok(tickets)
    }

    /// The facts of a source's tickets created since `since`, of the `limit` that were heard of last.
    pub async fn recent_facts(&self, source_id: i32, since: Timestamp, limit: i64) -> Result<Vec<Facts>> {
        let query = sqlx::query(RECENT_FACTS).bind(self.tenant).bind(source_id).bind(crate::at(since)).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("ticket.recent_facts"))?;
        Ok(rows.iter().filter_map(|row| Facts::from_bytes(row.get(0)).ok()).collect())
    }
}
