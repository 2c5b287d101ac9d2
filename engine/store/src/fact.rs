//! The facts of many tickets at once, for clocks and figures.
//!
//! An answer does not depend on how far the dispatcher is: a ticket whose newest events have not been handled yet, or
//! whose stored facts are of another form, is folded here from its history. Nothing is written.

use std::collections::BTreeMap;

use deskbell_model::event::Event;
use deskbell_model::facts::Facts;
use deskbell_model::history::History;
use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use crate::{Result, Store, failed};

/// A ticket's facts, with its source's name and its id there.
#[derive(Clone, Debug)]
pub struct TicketFacts {
    pub lane_id: i64,
    pub source: String,
    pub ticket: String,
    pub facts: Facts,
}

/// Some tickets in the order of their lanes.
#[derive(Clone, Debug)]
pub struct Page {
    pub tickets: Vec<TicketFacts>,
    /// The lane after which the next page begins; none after the last one.
    pub next: Option<i64>,
}

// A lane that sleeps has nothing waiting, so its events need no look.
const PAGE: &str = "
SELECT l.lane_id, s.name, l.key, f.facts,
    (l.lease_token IS NOT NULL OR l.wake_at <= now()) AND EXISTS (
        SELECT FROM event AS e WHERE e.tenant_id = l.tenant_id AND e.lane_id = l.lane_id AND e.event_id > l.done_event)
FROM lane AS l JOIN source AS s ON s.tenant_id = l.tenant_id AND s.source_id = l.source_id
LEFT JOIN ticket_fact AS f ON f.tenant_id = l.tenant_id AND f.lane_id = l.lane_id
WHERE l.tenant_id = $1 AND l.kind = 0 AND l.lane_id > $2 AND ($3::int IS NULL OR l.source_id = $3)
ORDER BY l.lane_id LIMIT $4";

const OF_LANES: &str = "
SELECT l.lane_id, s.name, l.key, f.facts,
    (l.lease_token IS NOT NULL OR l.wake_at <= now()) AND EXISTS (
        SELECT FROM event AS e WHERE e.tenant_id = l.tenant_id AND e.lane_id = l.lane_id AND e.event_id > l.done_event)
FROM lane AS l JOIN source AS s ON s.tenant_id = l.tenant_id AND s.source_id = l.source_id
LEFT JOIN ticket_fact AS f ON f.tenant_id = l.tenant_id AND f.lane_id = l.lane_id
WHERE l.tenant_id = $1 AND l.kind = 0 AND l.lane_id = ANY ($2)
ORDER BY l.lane_id";

const HISTORIES: &str = "
SELECT lane_id, event_id, id, kind, at, received_at, subject, data, inbox_id, hop
FROM event WHERE tenant_id = $1 AND lane_id = ANY ($2) ORDER BY lane_id, event_id";

pub(crate) const STATEMENTS: &[(&str, &str)] =
    &[("fact.page", PAGE), ("fact.of_lanes", OF_LANES), ("fact.histories", HISTORIES)];

impl Store {
    /// The facts of the tickets on up to `limit` lanes after `after` (0: from the first one), of one source or of all.
    /// Lanes whose ticket has not begun are left out, so a page may hold fewer and still have a next one.
    pub async fn facts_page(&self, after: i64, source_id: Option<i32>, limit: i64) -> Result<Page> {
        let query = sqlx::query(PAGE).bind(self.tenant).bind(after).bind(source_id).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("fact.page"))?;
        let is_full = rows.len() as i64 >= limit;
        let next = rows.last().filter(|_| is_full).map(|row| row.get(0));
        Ok(Page { tickets: self.facts_of_rows(&rows).await?, next })
    }

    /// The facts of the tickets on these lanes, as far as they have begun.
    pub async fn facts_of(&self, lanes: &[i64]) -> Result<Vec<TicketFacts>> {
        let query = sqlx::query(OF_LANES).bind(self.tenant).bind(lanes);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("fact.of_lanes"))?;
        self.facts_of_rows(&rows).await
    }

    async fn facts_of_rows(&self, rows: &[PgRow]) -> Result<Vec<TicketFacts>> {
        let mut known: BTreeMap<i64, Facts> = BTreeMap::new();
        let mut to_fold: Vec<i64> = Vec::new();
        for row in rows {
            let (lane_id, is_behind): (i64, bool) = (row.get(0), row.get(4));
            match row.get::<Option<&[u8]>, _>(3).map(Facts::from_bytes) {
                Some(Ok(facts)) if !is_behind => drop(known.insert(lane_id, facts)),
                None if !is_behind => {}
                _ => to_fold.push(lane_id),
            }
        }
        if !to_fold.is_empty() {
            let folded = async {
                let mut connection = self.reads.acquire().await.map_err(failed("fact.histories"))?;
                let folded = fold_lanes(&mut connection, self.tenant, &to_fold).await?;
                connection.give_back();
                Ok(folded)
            };
            known.extend(self.reads.within("fact.histories", folded).await?);
        }
        let of_row = |row: &PgRow| {
            let lane_id: i64 = row.get(0);
            let facts = known.remove(&lane_id)?;
            Some(TicketFacts { lane_id, source: row.get(1), ticket: row.get(2), facts })
        };
        Ok(rows.iter().filter_map(of_row).collect())
    }
}

/// Folds the histories of tickets; those that have not begun are left out.
pub(crate) async fn fold_lanes(connection: &mut PgConnection, tenant: i32, lanes: &[i64]) -> Result<Vec<(i64, Facts)>> {
    if lanes.is_empty() {
        return Ok(Vec::new());
    }
    let query = sqlx::query(HISTORIES).bind(tenant).bind(lanes);
    let rows = query.fetch_all(connection).await.map_err(failed("fact.histories"))?;
    let mut histories: BTreeMap<i64, Vec<Event>> = BTreeMap::new();
    for recorded in rows.iter().map(crate::event::recorded) {
        if !recorded.kind.starts_with("deskbell.") {
            continue; // One of the engine's own: it changes nothing about the ticket.
        }
        let (id, kind) = (recorded.id, recorded.kind);
        // Neither source nor subject matters to the fold.
        let event = Event::from_parts(id, String::new(), kind, recorded.subject, recorded.at, &recorded.data);
        if let Ok(event) = event {
            histories.entry(recorded.lane_id).or_default().push(event);
        }
    }
    let folded = histories.into_iter().filter_map(|(lane_id, events)| {
        let (history, _) = History::fold(&events.iter().collect::<Vec<_>>());
        Some((lane_id, history.facts?))
    });
    Ok(folded.collect())
}
