//! Reading a lane's events: those that are pending, and its whole history.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use deskbell_model::event::Event;
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::lane::Claimed;
use crate::packed::unpack;
use crate::{Result, Store, failed};

/// An event as it is kept.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub lane_id: i64,
    pub event_id: i64,
    pub id: String,
    /// With its `deskbell.` prefix, or one of the engine's own, which have none.
    pub kind: String,
    pub at: Timestamp,
    pub received_at: Timestamp,
    /// The subject where it is not the lane's key.
    pub subject: Option<String>,
    /// JSON text.
    pub data: String,
    pub inbox_id: Option<i64>,
    pub hop: i16,
    /// What it says, where it has been read already.
    pub read: Option<Arc<Event>>,
}

impl Recorded {
    /// Whether it was found to be the echo of an own write when it was decided on, and a plugin was to get it later. What
    /// comes in by a delivery has no hops of its own.
    pub fn is_echo(&self) -> bool {
        self.inbox_id.is_some() && self.hop > 0
    }
}

const PENDING: &str = "
SELECT e.lane_id, e.event_id, e.id, e.kind, e.at, e.received_at, e.subject, e.data, e.inbox_id, e.hop
FROM unnest($2::bigint[], $3::bigint[]) AS l (lane_id, done_event)
CROSS JOIN LATERAL (
    SELECT * FROM event WHERE tenant_id = $1 AND lane_id = l.lane_id AND event_id > l.done_event
    ORDER BY event_id LIMIT $4) AS e";

const HISTORY: &str = "
SELECT lane_id, event_id, id, kind, at, received_at, subject, data, inbox_id, hop
FROM event WHERE tenant_id = $1 AND lane_id = $2 AND event_id <= $3 ORDER BY event_id";

const LATEST: &str = "
SELECT lane_id, event_id, id, kind, at, received_at, subject, data, inbox_id, hop FROM (
    SELECT * FROM event WHERE tenant_id = $1 AND lane_id = $2 AND event_id <= $3 ORDER BY at DESC, event_id DESC LIMIT $4) AS latest
ORDER BY at, event_id";

const BETWEEN: &str = "
SELECT lane_id, event_id, id, kind, at, received_at, subject, data, inbox_id, hop
FROM event WHERE tenant_id = $1 AND lane_id = $2 AND event_id >= $3 AND event_id <= $4 ORDER BY event_id LIMIT $5";

const NEXT_OF_KIND: &str = "
SELECT event_id FROM event WHERE tenant_id = $1 AND lane_id = $2 AND event_id >= $3 AND event_id <= $4 AND kind = $5
ORDER BY event_id LIMIT 1";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("event.pending", PENDING),
    ("event.history", HISTORY),
    ("event.latest", LATEST),
    ("event.between", BETWEEN),
    ("event.next_of_kind", NEXT_OF_KIND),
];

pub(crate) fn recorded(row: &PgRow) -> Recorded {
    Recorded {
        lane_id: row.get(0),
        event_id: row.get(1),
        id: row.get(2),
        kind: row.get(3),
        at: row.get::<DateTime<Utc>, _>(4).into(),
        received_at: row.get::<DateTime<Utc>, _>(5).into(),
        subject: row.get(6),
        // Bytes that do not unpack are no JSON either, and are told where the event is read.
        data: unpack(row.get(7)).unwrap_or_default(),
        inbox_id: row.get(8),
        hop: row.get(9),
        read: None,
    }
}

impl Store {
    /// The pending events of claimed lanes, up to `limit` for each, in order within a lane.
    pub async fn pending_events(&self, lanes: &[Claimed], limit: i64) -> Result<Vec<Recorded>> {
        let rows = sqlx::query(PENDING)
            .bind(self.tenant)
            .bind(lanes.iter().map(|lane| lane.lane_id).collect::<Vec<_>>())
            .bind(lanes.iter().map(|lane| lane.done_event).collect::<Vec<_>>())
            .bind(limit)
            .fetch_all(&self.work)
            .await
            .map_err(failed("event.pending"))?;
        Ok(rows.iter().map(recorded).collect())
    }

    /// A lane's events up to `last`, in the order of arrival.
    pub async fn history(&self, lane_id: i64, last: i64) -> Result<Vec<Recorded>> {
        let query = sqlx::query(HISTORY).bind(self.tenant).bind(lane_id).bind(last);
        let rows = query.fetch_all(&self.work).await.map_err(failed("event.history"))?;
        Ok(rows.iter().map(recorded).collect())
    }

    /// The youngest `limit` of a lane's events up to `last`, oldest first.
    pub async fn latest_events(&self, lane_id: i64, last: i64, limit: i64) -> Result<Vec<Recorded>> {
        let query = sqlx::query(LATEST).bind(self.tenant).bind(lane_id).bind(last).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("event.latest"))?;
        Ok(rows.iter().map(recorded).collect())
    }

    /// A lane's events from `first` to `last`, at most `limit`, in the order of arrival.
    pub async fn events_between(&self, lane_id: i64, first: i64, last: i64, limit: i64) -> Result<Vec<Recorded>> {
        let query = sqlx::query(BETWEEN).bind(self.tenant).bind(lane_id).bind(first).bind(last).bind(limit);
        let rows = query.fetch_all(&self.work).await.map_err(failed("event.between"))?;
        Ok(rows.iter().map(recorded).collect())
    }

    /// The first event of a kind on a lane, from `first` to `last`.
    pub async fn next_of_kind(&self, lane_id: i64, first: i64, last: i64, kind: &str) -> Result<Option<i64>> {
        let query = sqlx::query(NEXT_OF_KIND).bind(self.tenant).bind(lane_id).bind(first).bind(last).bind(kind);
        let row = query.fetch_optional(&self.work).await.map_err(failed("event.next_of_kind"))?;
        Ok(row.map(|row| row.get(0)))
    }
}
