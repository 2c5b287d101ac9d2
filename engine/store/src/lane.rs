//! Lanes: claiming those that are due, and giving back what cannot be finished.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deskbell_model::event::LaneKind;
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::{Result, Store, failed};

/// A lane under a lease. Whoever holds its token, and nobody else, may finish it.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub lane_id: i64,
    pub kind: LaneKind,
    pub source_id: i32,
    pub key: String,
    pub token: i64,
    /// As of the claim; a finish that finds another number wakes the lane again.
    pub arrivals: i64,
    pub done_event: i64,
    /// Claims since it was last finished, this one included.
    pub attempts: i16,
    pub next_timer: Option<Timestamp>,
    /// When the next of its clocks wakes it.
    pub next_clock: Option<Timestamp>,
    /// What befell its clocks by then is told to nobody.
    pub imported_at: Option<Timestamp>,
    /// By the database's clock, which leases and wake-ups go by.
    pub claimed_at: Timestamp,
}

// The lanes are chosen first, by index order, and locked; then written where they lie, and by nothing else: a condition on
// tenant or id would let a plan that was made while the table was small read all of it. A row that somebody changed in between has moved: it stays as it is,
// and is due at the next claim.
const CLAIM: &str = "
UPDATE lane
SET lease_token = nextval('lease_token'), wake_at = now() + make_interval(secs => $3), attempts = least(attempts + 1, 30000)::smallint
WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM lane WHERE tenant_id = $1 AND wake_at <= now() ORDER BY wake_at LIMIT $2 FOR UPDATE SKIP LOCKED))
RETURNING lane_id, kind, source_id, key, lease_token, arrivals, done_event, attempts, next_timer, now(),
    next_clock, imported_at";

const GIVE_BACK: &str = "
UPDATE lane SET lease_token = NULL, wake_at = now(), attempts = greatest(attempts - 1, 0)::smallint
WHERE tenant_id = $1 AND lane_id = ANY ($2) AND lease_token = ANY ($3)";

// The claims since it was last finished are kept: they say how often it was given up.
const GIVE_UP: &str = "
UPDATE lane SET lease_token = NULL, wake_at = now() + make_interval(secs => $4)
WHERE tenant_id = $1 AND lane_id = $2 AND lease_token = $3";

const NEXT_WAKE: &str = "
SELECT min(wake_at) FROM (SELECT wake_at FROM lane WHERE tenant_id = $1 AND wake_at IS NOT NULL ORDER BY wake_at LIMIT 1) AS first";

const BACKLOG: &str = "
SELECT count(*), min(wake_at), now() FROM (
    SELECT wake_at FROM lane WHERE tenant_id = $1 AND wake_at <= now() ORDER BY wake_at LIMIT 10000) AS due";

const FIND: &str = "
SELECT lane.lane_id, source.source_id, source.name FROM lane JOIN source USING (tenant_id, source_id)
WHERE lane.tenant_id = $1 AND lane.kind = 0 AND lane.key = $2 AND ($3::text IS NULL OR source.name = $3)
ORDER BY source.name";

const GET: &str = "SELECT kind, source_id, key FROM lane WHERE tenant_id = $1 AND lane_id = $2";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("lane.claim", CLAIM),
    ("lane.give_back", GIVE_BACK),
    ("lane.give_up", GIVE_UP),
    ("lane.next_wake", NEXT_WAKE),
    ("lane.backlog", BACKLOG),
    ("lane.find", FIND),
    ("lane.get", GET),
];

pub(crate) fn kind_number(kind: LaneKind) -> i16 {
    match kind {
        LaneKind::Ticket => 0,
        LaneKind::Conversation => 1,
        LaneKind::Source => 2,
    }
}

pub(crate) fn kind_of(number: i16) -> LaneKind {
    match number {
        0 => LaneKind::Ticket,
        1 => LaneKind::Conversation,
        _ => LaneKind::Source,
    }
}

fn claimed(row: &PgRow) -> Claimed {
    Claimed {
        lane_id: row.get(0),
        kind: kind_of(row.get(1)),
        source_id: row.get(2),
        key: row.get(3),
        token: row.get(4),
        arrivals: row.get(5),
        done_event: row.get(6),
        attempts: row.get(7),
        next_timer: row.get::<Option<DateTime<Utc>>, _>(8).map(Timestamp::from),
        claimed_at: row.get::<DateTime<Utc>, _>(9).into(),
        next_clock: row.get::<Option<DateTime<Utc>>, _>(10).map(Timestamp::from),
        imported_at: row.get::<Option<DateTime<Utc>>, _>(11).map(Timestamp::from),
    }
}

/// How much waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backlog {
    /// Lanes that are due, counted up to 10,000.
    pub n_lanes: i64,
    /// For how long the longest has been due, in seconds.
    pub age_seconds: f64,
}

impl Store {
    /// Claims up to `limit` lanes that are due, longest due first, for the length of `lease`.
    pub async fn claim(&self, limit: i64, lease: Duration) -> Result<Vec<Claimed>> {
        let rows = sqlx::query(CLAIM)
            .bind(self.tenant)
            .bind(limit)
            .bind(lease.as_secs_f64())
            .fetch_all(&self.claims)
            .await
            .map_err(failed("lane.claim"))?;
        Ok(rows.iter().map(claimed).collect())
    }

    /// Gives claimed lanes back untouched, so that another process can have them at once.
    pub async fn give_back(&self, lanes: &[Claimed]) -> Result<()> {
        sqlx::query(GIVE_BACK)
            .bind(self.tenant)
            .bind(lanes.iter().map(|lane| lane.lane_id).collect::<Vec<_>>())
            .bind(lanes.iter().map(|lane| lane.token).collect::<Vec<_>>())
            .execute(&self.work)
            .await
            .map_err(failed("lane.give_back"))?;
        Ok(())
    }

    /// Gives a claimed lane up that could not be decided on, to be claimed again after `wait`.
    pub async fn give_up(&self, lane: &Claimed, wait: Duration) -> Result<()> {
        let query = sqlx::query(GIVE_UP).bind(self.tenant).bind(lane.lane_id).bind(lane.token);
        let query = query.bind(wait.as_secs_f64());
        query.execute(&self.work).await.map_err(failed("lane.give_up"))?;
        Ok(())
    }

    /// When the next lane wakes; none while all sleep for good.
    pub async fn next_wake(&self) -> Result<Option<Timestamp>> {
        let row = sqlx::query(NEXT_WAKE).bind(self.tenant).fetch_one(&self.reads).await;
        let row = row.map_err(failed("lane.next_wake"))?;
        Ok(row.get::<Option<DateTime<Utc>>, _>(0).map(Timestamp::from))
    }

    /// How much waits to be dispatched.
    pub async fn backlog(&self) -> Result<Backlog> {
        let row = sqlx::query(BACKLOG).bind(self.tenant).fetch_one(&self.reads).await;
        let row = row.map_err(failed("lane.backlog"))?;
        let (oldest, now): (Option<DateTime<Utc>>, DateTime<Utc>) = (row.get(1), row.get(2));
        let age = oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64().max(0.0));
        Ok(Backlog { n_lanes: row.get(0), age_seconds: age })
    }

    /// The kind, source and key of a lane.
    pub async fn lane(&self, lane_id: i64) -> Result<Option<(LaneKind, i32, String)>> {
        let query = sqlx::query(GET).bind(self.tenant).bind(lane_id);
        let row = query.fetch_optional(&self.reads).await.map_err(failed("lane.get"))?;
        Ok(row.map(|row| (kind_of(row.get(0)), row.get(1), row.get(2))))
    }

    /// The lanes of tickets with this id: lane, source and the source's name.
    pub async fn find_ticket(&self, ticket: &str, source: Option<&str>) -> Result<Vec<(i64, i32, String)>> {
        let rows = sqlx::query(FIND).bind(self.tenant).bind(ticket).bind(source).fetch_all(&self.reads).await;
        let rows = rows.map_err(failed("lane.find"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    }
}
