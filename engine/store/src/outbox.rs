//! The outbox: claiming the lanes whose actions are due, and noting what came of an attempt.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};
use uuid::Uuid;

use crate::{Result, Store, at, chaos, failed, storable};

/// Where an action stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Available = 0,
    Retryable = 1,
    Completed = 2,
    /// Given up: a dead letter.
    Discarded = 3,
    /// Impossible at this helpdesk: a dead letter too, for only a person can tell whether it matters.
    Cancelled = 4,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    Done = 0,
    Retry = 1,
    /// It may have taken effect.
    Ambiguous = 2,
    GivenUp = 3,
    Impossible = 4,
}

/// A claimed outbox lane with the action at its head.
#[derive(Clone, Debug)]
pub struct Claimed {
    pub destination_id: i32,
    pub destination: String,
    pub lane_id: i64,
    pub token: i64,
    pub arrivals: i64,
    /// Failed attempts at the head so far.
    pub attempts: i32,
    /// Its last attempt may have taken effect.
    pub ambiguous: bool,
    /// A person had the action tried again, whatever came of it before.
    pub insisted: bool,
    /// None where the lane has nothing left.
    pub head: Option<Message>,
    /// The ticket's id at its helpdesk, and its source.
    pub ticket: String,
    pub source: String,
}

/// An action on its way.
#[derive(Clone, Debug)]
pub struct Message {
    pub outbox_id: i64,
    pub key: Uuid,
    pub kind: String,
    /// JSON text: data and reason.
    pub action: String,
    pub event_id: i64,
    pub plugin: String,
    pub hop: i16,
    pub created_at: Timestamp,
}

/// What came of the head of a claimed lane.
#[derive(Clone, Debug)]
pub struct Attempted {
    pub destination_id: i32,
    pub lane_id: i64,
    pub token: i64,
    pub arrivals: i64,
    pub outbox_id: i64,
    pub state: State,
    pub outcome: AttemptOutcome,
    /// What a person insisted on has been sent and may have taken effect: from now on it takes another replay.
    pub insistence_spent: bool,
    pub number: i32,
    pub status: Option<i16>,
    pub elapsed_ms: i32,
    /// At most 4 KiB, without credentials.
    pub detail: String,
    /// The helpdesk's reference, or why there is none.
    pub reference: Option<String>,
    /// When to try again, where `state` is retryable.
    pub retry_at: Option<Timestamp>,
}

const CLAIM: &str = "
UPDATE outbox_lane SET lease_token = nextval('lease_token'), wake_at = now() + make_interval(secs => $2),
    -- A lease that ran out: whoever had it may have sent the head's request, and what a person insisted on with it.
    ambiguous = ambiguous OR lease_token IS NOT NULL, insisted = insisted AND lease_token IS NULL
FROM unnest($3::int[], $4::bigint[]) AS due (destination_id, lane_id)
WHERE outbox_lane.tenant_id = $1 AND outbox_lane.lane_id = ANY ($4)
    AND outbox_lane.destination_id = due.destination_id AND outbox_lane.lane_id = due.lane_id
RETURNING outbox_lane.destination_id, outbox_lane.lane_id, lease_token, arrivals, done_outbox, attempts, ambiguous, insisted";

// A destination at a time, so that what waits for one that is paused or resting costs the others nothing, and a busy one
// keeps none of them waiting.
const DUE: &str = "
SELECT due.destination_id, due.lane_id, due.ran_out
FROM destination AS d
CROSS JOIN LATERAL (
    SELECT o.destination_id, o.lane_id, o.lease_token IS NOT NULL AS ran_out FROM outbox_lane AS o
    WHERE o.tenant_id = $1 AND o.destination_id = d.destination_id AND o.wake_at <= now()
    ORDER BY o.wake_at LIMIT $2 FOR UPDATE SKIP LOCKED) AS due
WHERE d.tenant_id = $1 AND d.paused_at IS NULL AND d.destination_id <> ALL ($3)
LIMIT $2";

const HEADS: &str = "
SELECT l.destination_id, l.lane_id, d.name, lane.key, s.name, o.outbox_id, o.key, o.kind, o.action, o.event_id, o.plugin, o.hop, o.created_at,
    o.ambiguous, o.insisted
FROM unnest($2::int[], $3::bigint[], $4::bigint[]) AS l (destination_id, lane_id, done_outbox)
JOIN destination AS d ON d.tenant_id = $1 AND d.destination_id = l.destination_id
JOIN lane ON lane.tenant_id = $1 AND lane.lane_id = l.lane_id
JOIN source AS s ON s.tenant_id = $1 AND s.source_id = lane.source_id
LEFT JOIN LATERAL (
    SELECT * FROM outbox WHERE tenant_id = $1 AND destination_id = l.destination_id AND lane_id = l.lane_id
        AND outbox_id > l.done_outbox AND state < 2 ORDER BY outbox_id LIMIT 1) AS o ON true";

// Of a head whose lease ran out. If this is not done, the lease runs out once more, and the next claim does it.
const SPEND: &str = "
UPDATE outbox SET insisted = false WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND outbox_id = $4";

const LOCK: &str = "
SELECT destination_id, lane_id FROM outbox_lane
WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND lease_token = $4 FOR UPDATE";

const ATTEMPT: &str = "
INSERT INTO attempt (tenant_id, outbox_id, attempted_at, number, outcome, status, elapsed_ms, detail)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const MARK: &str = "
UPDATE outbox SET state = $5, ended_at = $6, reference = $7, ambiguous = $8,
    -- Whoever had it sent again has had it sent.
    insisted = insisted AND NOT $9
WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND outbox_id = $4";

const DEAD: &str = "
INSERT INTO dead_letter (tenant_id, kind, lane_id, outbox_id, destination_id, error, attempts, set_aside_at)
VALUES ($1, 1, $2, $3, $4, $5, $6, $7)";

// An ended head lets the lane go on at once where there is more; the next claim finds out.
const RELEASE_ENDED: &str = "
UPDATE outbox_lane SET lease_token = NULL, attempts = 0, ambiguous = false, insisted = false,
    -- Where something arrived meanwhile it may be an earlier action that is replayed.
    done_outbox = CASE WHEN arrivals = $5 THEN $4 ELSE done_outbox END,
    wake_at = CASE WHEN arrivals <> $5 OR EXISTS (
        SELECT FROM outbox WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND outbox_id > $4 AND state < 2)
        THEN now() END
WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3";

// What was tried is the head no more where an earlier action is replayed meanwhile: that one is tried at once, and what is
// so of this one stands with it alone.
const RELEASE_RETRY: &str = "
UPDATE outbox_lane SET lease_token = NULL, attempts = CASE WHEN replayed THEN 0 ELSE $4 END,
    ambiguous = $5 AND NOT replayed, insisted = insisted AND NOT ($8 OR replayed),
    wake_at = CASE WHEN replayed THEN now() ELSE $6 END
FROM (
    SELECT EXISTS (
        SELECT FROM outbox WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3
            AND outbox_id > l.done_outbox AND outbox_id < $7 AND state < 2) AS replayed
    FROM outbox_lane AS l WHERE l.tenant_id = $1 AND l.destination_id = $2 AND l.lane_id = $3) AS earlier
WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3";

const RELEASE_EMPTY: &str = "
UPDATE outbox_lane SET lease_token = NULL, attempts = 0, ambiguous = false, insisted = false,
    wake_at = CASE WHEN arrivals <> $5 THEN now() END
WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND lease_token = $4";

// Whoever replayed an earlier action meanwhile took the head ($6) for one that may have been sent (`HEAD_IN_DOUBT`). It was
// not. Where nothing arrived since the claim ($7) the head has not been touched.
const POSTPONE: &str = "
WITH postponed AS (
    UPDATE outbox_lane SET lease_token = NULL, wake_at = $5
    WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND lease_token = $4 RETURNING arrivals)
UPDATE outbox SET ambiguous = false FROM postponed
WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND outbox_id = $6 AND postponed.arrivals <> $7";

const DESTINATION: &str = "
WITH made AS (
    INSERT INTO destination (tenant_id, name) SELECT $1, $2
    WHERE NOT EXISTS (SELECT FROM destination WHERE tenant_id = $1 AND name = $2)
    ON CONFLICT DO NOTHING RETURNING destination_id)
SELECT destination_id FROM made UNION ALL SELECT destination_id FROM destination WHERE tenant_id = $1 AND name = $2 LIMIT 1";

// Before anything is replayed, and in a statement of its own: whoever waits for a lock sees what was so before.
const HOLD_STILL: &str = "
SELECT lane_id FROM outbox_lane WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 FOR UPDATE";

// The head, which may have to wait for the one that is replayed, takes with it what its lane knows of it.
const HEAD_IN_DOUBT: &str = "
UPDATE outbox SET ambiguous = true, insisted = outbox.insisted OR l.insisted
FROM outbox_lane AS l
WHERE l.tenant_id = $1 AND l.destination_id = $2 AND l.lane_id = $3
    -- Under way, or so it seems: whoever has it may have sent its request.
    AND (l.ambiguous OR l.lease_token IS NOT NULL)
    AND outbox.tenant_id = $1 AND outbox.destination_id = $2 AND outbox.lane_id = $3
    AND outbox.outbox_id = (
        SELECT o.outbox_id FROM outbox AS o WHERE o.tenant_id = $1 AND o.destination_id = $2 AND o.lane_id = $3
            AND o.outbox_id > l.done_outbox AND o.state < 2 ORDER BY o.outbox_id LIMIT 1)";

const REPLAY: &str = "
WITH again AS (
    UPDATE outbox SET state = 0, ended_at = NULL, reference = NULL,
        -- Its last attempt may have taken effect.
        ambiguous = true, insisted = true
    WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND outbox_id = $4 AND state IN (3, 4) RETURNING outbox_id)
UPDATE outbox_lane SET done_outbox = least(done_outbox, $4 - 1), arrivals = arrivals + 1, attempts = 0,
    -- They speak of the head, whichever that is now; it has its own.
    ambiguous = false, insisted = false,
    wake_at = CASE WHEN lease_token IS NULL THEN now() ELSE wake_at END
WHERE tenant_id = $1 AND destination_id = $2 AND lane_id = $3 AND EXISTS (SELECT FROM again)";

const CLEAN: &str = "
DELETE FROM outbox WHERE ctid = ANY (ARRAY(SELECT ctid FROM outbox WHERE ended_at < $1 AND state = 2 LIMIT 10000))";

const BACKLOG: &str = "
SELECT d.name, count(*), min(o.wake_at) FROM outbox_lane AS o JOIN destination AS d USING (tenant_id, destination_id)
WHERE o.tenant_id = $1 AND o.wake_at IS NOT NULL GROUP BY d.name ORDER BY d.name";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("outbox.claim", CLAIM),
    ("outbox.due", DUE),
    ("outbox.heads", HEADS),
    ("outbox.spend", SPEND),
    ("outbox.lock", LOCK),
    ("outbox.attempt", ATTEMPT),
    ("outbox.mark", MARK),
    ("outbox.dead", DEAD),
    ("outbox.release_ended", RELEASE_ENDED),
    ("outbox.release_retry", RELEASE_RETRY),
    ("outbox.release_empty", RELEASE_EMPTY),
    ("outbox.postpone", POSTPONE),
    ("outbox.destination", DESTINATION),
    ("outbox.hold_still", HOLD_STILL),
    ("outbox.head_in_doubt", HEAD_IN_DOUBT),
    ("outbox.replay", REPLAY),
    ("outbox.clean", CLEAN),
    ("outbox.backlog", BACKLOG),
];

impl Store {
    /// Claims up to `limit` outbox lanes that are due, with the action at the head of each. Destinations in `resting`
    /// (their breaker is open, or they have no room) are left alone.
    pub async fn claim_outbox(&self, limit: i64, lease: Duration, resting: &[i32]) -> Result<Vec<Claimed>> {
        self.work.within("outbox.claim", self.claim_outbox_in_one(limit, lease, resting)).await
    }

    async fn claim_outbox_in_one(&self, limit: i64, lease: Duration, resting: &[i32]) -> Result<Vec<Claimed>> {
        // A lost claim would not be harmless here: it says that the head's request may have been sent.
        let mut connection = self.work.acquire().await.map_err(failed("outbox.claim"))?;
        let mut transaction = connection.begin().await.map_err(failed("outbox.claim"))?;
        let due = sqlx::query(DUE).bind(self.tenant).bind(limit).bind(resting).fetch_all(&mut *transaction).await;
        let due = due.map_err(failed("outbox.due"))?;
        if due.is_empty() {
            transaction.rollback().await.map_err(failed("outbox.due"))?;
            connection.give_back();
            return Ok(Vec::new());
        }
        let claimed = sqlx::query(CLAIM)
            .bind(self.tenant)
            .bind(lease.as_secs_f64())
            .bind(due.iter().map(|row| row.get::<i32, _>(0)).collect::<Vec<_>>())
            .bind(due.iter().map(|row| row.get::<i64, _>(1)).collect::<Vec<_>>())
            .fetch_all(&mut *transaction)
            .await
            .map_err(failed("outbox.claim"))?;
        transaction.commit().await.map_err(failed("outbox.claim"))?;
        let heads = sqlx::query(HEADS)
            .bind(self.tenant)
            .bind(claimed.iter().map(|row| row.get::<i32, _>(0)).collect::<Vec<_>>())
            .bind(claimed.iter().map(|row| row.get::<i64, _>(1)).collect::<Vec<_>>())
            .bind(claimed.iter().map(|row| row.get::<i64, _>(4)).collect::<Vec<_>>())
            .fetch_all(&mut *connection)
            .await
            .map_err(failed("outbox.heads"))?;
        let place = |row: &sqlx::postgres::PgRow| (row.get::<i32, _>(0), row.get::<i64, _>(1));
        let ran_out: Vec<(i32, i64)> = due.iter().filter(|row| row.get::<bool, _>(2)).map(place).collect();
        let is_insisted = |head: &sqlx::postgres::PgRow| head.get::<Option<bool>, _>(14).unwrap_or(false);
        for head in heads.iter().filter(|head| is_insisted(head) && ran_out.contains(&place(head))) {
            let query = sqlx::query(SPEND).bind(self.tenant).bind(head.get::<i32, _>(0)).bind(head.get::<i64, _>(1));
            let query = query.bind(head.get::<Option<i64>, _>(5));
            query.execute(&mut *connection).await.map_err(failed("outbox.spend"))?;
        }
        connection.give_back();
        let mut lanes = Vec::with_capacity(claimed.len());
        for row in &claimed {
            let (destination_id, lane_id): (i32, i64) = (row.get(0), row.get(1));
            let of_lane = |head: &&sqlx::postgres::PgRow| {
                head.get::<i32, _>(0) == destination_id && head.get::<i64, _>(1) == lane_id
            };
            let Some(head) = heads.iter().find(of_lane) else { continue };
            let of_head = |column: usize| head.get::<Option<bool>, _>(column).unwrap_or(false);
            lanes.push(Claimed {
                destination_id,
                destination: head.get(2),
                lane_id,
                token: row.get(2),
                arrivals: row.get(3),
                attempts: row.get(5),
                ambiguous: row.get::<bool, _>(6) || of_head(13),
                insisted: row.get::<bool, _>(7) || (of_head(14) && !ran_out.contains(&(destination_id, lane_id))),
                ticket: head.get(3),
                source: head.get(4),
                head: head.get::<Option<i64>, _>(5).map(|outbox_id| Message {
                    outbox_id,
                    key: head.get(6),
                    kind: head.get(7),
                    action: head.get(8),
                    event_id: head.get(9),
                    plugin: head.get(10),
                    hop: head.get(11),
                    created_at: head.get::<DateTime<Utc>, _>(12).into(),
                }),
            });
        }
        Ok(lanes)
    }

    /// Notes an attempt and what it means for the lane, in one transaction. False where the lease was lost: somebody
    /// else has the lane, and what was done here counts as their ambiguous attempt.
    pub async fn record_attempt(&self, attempted: &Attempted, now: Timestamp) -> Result<bool> {
        self.work.within("outbox.attempt", self.record_attempt_in_one(attempted, now)).await
    }

    async fn record_attempt_in_one(&self, attempted: &Attempted, now: Timestamp) -> Result<bool> {
        let mut connection = self.work.acquire().await.map_err(failed("outbox.attempt"))?;
        let mut transaction = connection.begin().await.map_err(failed("outbox.attempt"))?;
        let lane = (self.tenant, attempted.destination_id, attempted.lane_id);
        let lock = sqlx::query(LOCK).bind(lane.0).bind(lane.1).bind(lane.2).bind(attempted.token);
        let held = lock.fetch_optional(&mut *transaction).await.map_err(failed("outbox.lock"))?;
        if held.is_none() {
            transaction.rollback().await.map_err(failed("outbox.lock"))?;
            connection.give_back();
            return Ok(false);
        }
        self.write_attempt(&mut transaction, attempted, now).await?;
        let release = match attempted.retry_at {
            Some(retry_at) => sqlx::query(RELEASE_RETRY)
                .bind(lane.0)
                .bind(lane.1)
                .bind(lane.2)
                .bind(attempted.number)
                .bind(attempted.outcome == AttemptOutcome::Ambiguous)
                .bind(at(retry_at))
                .bind(attempted.outbox_id)
                .bind(attempted.insistence_spent),
            None => sqlx::query(RELEASE_ENDED)
                .bind(lane.0)
                .bind(lane.1)
                .bind(lane.2)
                .bind(attempted.outbox_id)
                .bind(attempted.arrivals),
        };
        release.execute(&mut *transaction).await.map_err(failed("outbox.release"))?;
        transaction.commit().await.map_err(failed("outbox.attempt"))?;
        connection.give_back();
        chaos::point("after-attempt-commit");
        Ok(true)
    }

    async fn write_attempt(&self, connection: &mut PgConnection, attempted: &Attempted, now: Timestamp) -> Result<()> {
        sqlx::query(ATTEMPT)
            .bind(self.tenant)
            .bind(attempted.outbox_id)
            .bind(at(now))
            .bind(attempted.number)
            .bind(attempted.outcome as i16)
            .bind(attempted.status)
            .bind(attempted.elapsed_ms)
            .bind(storable(&attempted.detail))
            .execute(&mut *connection)
            .await
            .map_err(failed("outbox.attempt"))?;
        let ended_at = attempted.retry_at.is_none().then(|| at(now));
        sqlx::query(MARK)
            .bind(self.tenant)
            .bind(attempted.destination_id)
            .bind(attempted.lane_id)
            .bind(attempted.outbox_id)
            .bind(attempted.state as i16)
            .bind(ended_at)
            .bind(attempted.reference.as_deref().map(storable))
            .bind(attempted.outcome == AttemptOutcome::Ambiguous)
            .bind(attempted.insistence_spent)
            .execute(&mut *connection)
            .await
            .map_err(failed("outbox.mark"))?;
        if matches!(attempted.state, State::Discarded | State::Cancelled) {
            sqlx::query(DEAD)
                .bind(self.tenant)
                .bind(attempted.lane_id)
                .bind(attempted.outbox_id)
                .bind(attempted.destination_id)
                .bind(storable(attempted.reference.as_deref().unwrap_or("given up")))
                .bind(attempted.number)
                .bind(at(now))
                .execute(connection)
                .await
                .map_err(failed("outbox.dead"))?;
        }
        Ok(())
    }

    /// Lets a claimed lane that has nothing left go.
    pub async fn release_empty_outbox(&self, lane: &Claimed) -> Result<()> {
        let query = sqlx::query(RELEASE_EMPTY).bind(self.tenant).bind(lane.destination_id).bind(lane.lane_id);
        let query = query.bind(lane.token).bind(lane.arrivals);
        query.execute(&self.work).await.map_err(failed("outbox.release_empty"))?;
        Ok(())
    }

    /// Gives a claimed lane back whose head was not sent, to be claimed again at `until`.
    pub async fn postpone_outbox(&self, lane: &Claimed, until: Timestamp) -> Result<()> {
        // What was in doubt when it was claimed still is.
        let not_in_doubt = lane.head.as_ref().filter(|_| !lane.ambiguous).map(|head| head.outbox_id);
        let query = sqlx::query(POSTPONE).bind(self.tenant).bind(lane.destination_id).bind(lane.lane_id);
        let query = query.bind(lane.token).bind(at(until)).bind(not_in_doubt).bind(lane.arrivals);
        query.execute(&self.work).await.map_err(failed("outbox.postpone"))?;
        Ok(())
    }

    /// The number of a destination, which is made where it is new.
    pub async fn destination(&self, name: &str) -> Result<i32> {
        let query = sqlx::query(DESTINATION).bind(self.tenant).bind(name);
        let row = query.fetch_one(&self.reads).await.map_err(failed("outbox.destination"))?;
        Ok(row.get(0))
    }

    /// Makes a discarded or impossible action available again. False where there is no such action.
    pub async fn replay_action(&self, destination_id: i32, lane_id: i64, outbox_id: i64) -> Result<bool> {
        self.work.within("outbox.replay", self.replay_action_in_one(destination_id, lane_id, outbox_id)).await
    }

    async fn replay_action_in_one(&self, destination_id: i32, lane_id: i64, outbox_id: i64) -> Result<bool> {
        let mut connection = self.work.acquire().await.map_err(failed("outbox.replay"))?;
        let mut transaction = connection.begin().await.map_err(failed("outbox.replay"))?;
        let query = sqlx::query(HOLD_STILL).bind(self.tenant).bind(destination_id).bind(lane_id);
        query.execute(&mut *transaction).await.map_err(failed("outbox.hold_still"))?;
        let query = sqlx::query(HEAD_IN_DOUBT).bind(self.tenant).bind(destination_id).bind(lane_id);
        query.execute(&mut *transaction).await.map_err(failed("outbox.head_in_doubt"))?;
        let query = sqlx::query(REPLAY).bind(self.tenant).bind(destination_id).bind(lane_id).bind(outbox_id);
        let done = query.execute(&mut *transaction).await.map_err(failed("outbox.replay"))?;
        let is_replayed = done.rows_affected() > 0;
        let end = if is_replayed { transaction.commit().await } else { transaction.rollback().await };
        end.map_err(failed("outbox.replay"))?;
        connection.give_back();
        Ok(is_replayed)
    }

    /// Deletes actions that ended before `before`, up to 10,000 at a time; how many it were. Dead letters stay.
    pub async fn clean_outbox(&self, before: Timestamp) -> Result<u64> {
        let done = sqlx::query(CLEAN).bind(at(before)).execute(&self.reads).await.map_err(failed("outbox.clean"))?;
        Ok(done.rows_affected())
    }

    /// Per destination: how many tickets have actions waiting, and since when the longest is due.
    pub async fn outbox_backlog(&self) -> Result<Vec<(String, i64, Option<Timestamp>)>> {
        let query = sqlx::query(BACKLOG).bind(self.tenant);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("outbox.backlog"))?;
        let each =
            rows.iter().map(|row| (row.get(0), row.get(1), row.get::<Option<DateTime<Utc>>, _>(2).map(Into::into)));
        Ok(each.collect())
    }
}
