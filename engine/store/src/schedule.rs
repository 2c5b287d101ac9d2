//! Schedules and their runs.
//!
//! A run is a row whose key is the schedule and the time that it was due: it happens once, whichever process sees it.
//! Noting what is due and beginning it are two steps; a process that dies between them leaves a run that the next look
//! begins. Who carries runs of a kind out takes them with [`Store::claim_runs`] and ends them with [`Store::end_run`].

use std::time::Duration;

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{Connection, Row};

use crate::inbox::Key;
use crate::{Result, Store, at, at_all, failed, storable};

/// How far a schedule has been looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub name: String,
    pub checked_to: Timestamp,
    pub paused_at: Option<Timestamp>,
}

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Scheduled = 0,
    Running = 1,
    Completed = 2,
    Failed = 3,
    /// Missed, or the one before was still running.
    Skipped = 4,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    pub schedule: String,
    pub due_at: Timestamp,
    /// `event` or `report`.
    pub kind: String,
    pub state: State,
    pub attempts: i32,
    pub error: Option<String>,
    pub ended_at: Option<Timestamp>,
}

/// A run to note, and whether it is only noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewRun {
    pub due_at: Timestamp,
    pub skipped: bool,
}

const MEET: &str = "
INSERT INTO schedule (tenant_id, name, definition, checked_to) VALUES ($1, $2, $3, $4)
ON CONFLICT (tenant_id, name) DO UPDATE SET definition = excluded.definition,
    checked_to = CASE WHEN schedule.definition = excluded.definition THEN schedule.checked_to ELSE excluded.checked_to END
RETURNING name, checked_to, paused_at";

const LIST: &str = "SELECT name, checked_to, paused_at FROM schedule WHERE tenant_id = $1 ORDER BY name";

const PAUSE: &str = "
UPDATE schedule SET paused_at = CASE WHEN $3 THEN coalesce(paused_at, $4) END,
    checked_to = CASE WHEN $3 THEN checked_to ELSE greatest(checked_to, $4) END
WHERE tenant_id = $1 AND name = $2";

const ADVANCE: &str = "
UPDATE schedule SET checked_to = $4 WHERE tenant_id = $1 AND name = $2 AND checked_to = $3";

const NOTE: &str = "
INSERT INTO schedule_run (tenant_id, schedule, due_at, kind, state, ended_at)
SELECT $1, $2, due_at, $3, CASE WHEN skipped THEN 4 ELSE 0 END, CASE WHEN skipped THEN $6::timestamptz END
FROM unnest($4::timestamptz[], $5::boolean[]) AS r (due_at, skipped)
ON CONFLICT (tenant_id, schedule, due_at) DO NOTHING";

const OPEN: &str = "
SELECT schedule, due_at, kind, state, attempts, error, ended_at FROM schedule_run
WHERE tenant_id = $1 AND schedule = $2 AND state < 2 ORDER BY due_at";

const LATEST: &str = "
SELECT schedule, due_at, kind, state, attempts, error, ended_at FROM schedule_run
WHERE tenant_id = $1 AND schedule = $2 ORDER BY due_at DESC LIMIT $3";

const BEGIN: &str = "
UPDATE schedule_run SET state = 1, attempts = attempts + 1, event_key = $4, source_id = $5
WHERE tenant_id = $1 AND schedule = $2 AND due_at = $3 AND state = 0";

const SKIP: &str = "
UPDATE schedule_run SET state = 4, ended_at = $4 WHERE tenant_id = $1 AND schedule = $2 AND due_at = $3 AND state = 0";

// A run that became an event is over when its plugins have decided on it: the lane is past it and none of them is behind.
const SETTLE: &str = "
UPDATE schedule_run AS r SET state = CASE WHEN d.error IS NULL THEN 2 ELSE 3 END, error = d.error, ended_at = $3
FROM schedule_run AS o
JOIN event AS e ON e.tenant_id = o.tenant_id AND e.source_id = o.source_id AND e.key = o.event_key
JOIN lane AS l ON l.tenant_id = e.tenant_id AND l.lane_id = e.lane_id
LEFT JOIN LATERAL (
    SELECT error FROM dead_letter AS d
    WHERE d.tenant_id = o.tenant_id AND d.lane_id = e.lane_id AND d.event_id = e.event_id LIMIT 1) AS d ON true
WHERE o.tenant_id = $1 AND o.schedule = $2 AND o.state = 1 AND o.kind = 'event' AND l.done_event >= e.event_id
    AND NOT EXISTS (SELECT FROM hold AS h WHERE h.tenant_id = l.tenant_id AND h.lane_id = l.lane_id
        AND h.from_event <= e.event_id AND h.next_at IS NOT NULL)
    AND r.tenant_id = o.tenant_id AND r.schedule = o.schedule AND r.due_at = o.due_at";

const CLAIM: &str = "
UPDATE schedule_run SET state = 1, attempts = attempts + 1, next_at = $4
WHERE (tenant_id, schedule, due_at) IN (
    SELECT tenant_id, schedule, due_at FROM schedule_run
    WHERE tenant_id = $1 AND kind = $2 AND state < 2 AND coalesce(next_at <= $3, state = 0)
    ORDER BY due_at LIMIT $5 FOR UPDATE SKIP LOCKED)
RETURNING schedule, due_at, kind, state, attempts, error, ended_at";

const END: &str = "
UPDATE schedule_run SET state = $4, error = $5, next_at = $6, ended_at = CASE WHEN $4::smallint >= 2 THEN $7::timestamptz END
WHERE tenant_id = $1 AND schedule = $2 AND due_at = $3 AND state = 1";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("schedule.meet", MEET),
    ("schedule.list", LIST),
    ("schedule.pause", PAUSE),
    ("schedule.advance", ADVANCE),
    ("schedule.note", NOTE),
    ("schedule.open", OPEN),
    ("schedule.latest", LATEST),
    ("schedule.begin", BEGIN),
    ("schedule.skip", SKIP),
    ("schedule.settle", SETTLE),
    ("schedule.claim", CLAIM),
    ("schedule.end", END),
];

fn standing(row: &PgRow) -> Standing {
    Standing {
        name: row.get(0),
        checked_to: row.get::<DateTime<Utc>, _>(1).into(),
        paused_at: row.get::<Option<DateTime<Utc>>, _>(2).map(Into::into),
    }
}

fn run(row: &PgRow) -> Run {
    Run {
        schedule: row.get(0),
        due_at: row.get::<DateTime<Utc>, _>(1).into(),
        kind: row.get(2),
        state: match row.get::<i16, _>(3) {
            0 => State::Scheduled,
            1 => State::Running,
            2 => State::Completed,
            3 => State::Failed,
            _ => State::Skipped,
        },
        attempts: row.get(4),
        error: row.get(5),
        ended_at: row.get::<Option<DateTime<Utc>>, _>(6).map(Into::into),
    }
}

impl Store {
    /// How far a schedule has been looked at; a new one, and one that has become another, from `now` on.
    pub async fn meet_schedule(&self, name: &str, definition: &str, now: Timestamp) -> Result<Standing> {
        let query = sqlx::query(MEET).bind(self.tenant).bind(name).bind(definition).bind(at(now));
        let row = query.fetch_one(&self.work).await.map_err(failed("schedule.meet"))?;
        Ok(standing(&row))
    }

    /// Every schedule that an engine has met.
    pub async fn schedules(&self) -> Result<Vec<Standing>> {
        let query = sqlx::query(LIST).bind(self.tenant);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("schedule.list"))?;
        Ok(rows.iter().map(standing).collect())
    }

    /// Pauses a schedule. False where there is none of that name.
    pub async fn pause_schedule(&self, name: &str, now: Timestamp) -> Result<bool> {
        self.set_paused(name, true, now).await
    }

    /// Lets a schedule run again, from `now` on. False where there is none of that name.
    pub async fn resume_schedule(&self, name: &str, now: Timestamp) -> Result<bool> {
        self.set_paused(name, false, now).await
    }

    async fn set_paused(&self, name: &str, is_paused: bool, now: Timestamp) -> Result<bool> {
        let query = sqlx::query(PAUSE).bind(self.tenant).bind(name).bind(is_paused).bind(at(now));
        Ok(query.execute(&self.work).await.map_err(failed("schedule.pause"))?.rows_affected() > 0)
    }

    /// Notes runs that were due since `from`, up to `to`. False, and nothing noted, where another process did so.
    pub async fn note_runs(
        &self,
        schedule: &str,
        kind: &str,
        (from, to): (Timestamp, Timestamp),
        runs: &[NewRun],
    ) -> Result<bool> {
        self.work.within("schedule.advance", self.note_runs_in_one(schedule, kind, (from, to), runs)).await
    }

    async fn note_runs_in_one(
        &self,
        schedule: &str,
        kind: &str,
        (from, to): (Timestamp, Timestamp),
        runs: &[NewRun],
    ) -> Result<bool> {
        let mut connection = self.work.acquire().await.map_err(failed("schedule.advance"))?;
        let mut transaction = connection.begin().await.map_err(failed("schedule.advance"))?;
        let advance = sqlx::query(ADVANCE).bind(self.tenant).bind(schedule).bind(at(from)).bind(at(to));
        let done = advance.execute(&mut *transaction).await.map_err(failed("schedule.advance"))?;
        if done.rows_affected() == 0 {
            transaction.rollback().await.map_err(failed("schedule.advance"))?;
            connection.give_back();
            return Ok(false);
        }
        let note = sqlx::query(NOTE)
            .bind(self.tenant)
            .bind(schedule)
            .bind(kind)
            .bind(at_all(runs.iter().map(|run| &run.due_at)))
            .bind(runs.iter().map(|run| run.skipped).collect::<Vec<_>>())
            .bind(at(to));
        note.execute(&mut *transaction).await.map_err(failed("schedule.note"))?;
        transaction.commit().await.map_err(failed("schedule.commit"))?;
        connection.give_back();
        Ok(true)
    }

    /// The runs of a schedule that are scheduled or running, oldest first.
    pub async fn open_runs(&self, schedule: &str) -> Result<Vec<Run>> {
        let query = sqlx::query(OPEN).bind(self.tenant).bind(schedule);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("schedule.open"))?;
        Ok(rows.iter().map(run).collect())
    }

    /// The latest runs of a schedule, latest first.
    pub async fn latest_runs(&self, schedule: &str, limit: i64) -> Result<Vec<Run>> {
        let query = sqlx::query(LATEST).bind(self.tenant).bind(schedule).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("schedule.latest"))?;
        Ok(rows.iter().map(run).collect())
    }

    /// Notes that a scheduled run is running: it became the event with this id.
    pub async fn begin_run(&self, schedule: &str, due_at: Timestamp, source_id: i32, event_id: &str) -> Result<()> {
        let query = sqlx::query(BEGIN).bind(self.tenant).bind(schedule).bind(at(due_at));
        let query = query.bind(Key::of(event_id).as_slice().to_vec()).bind(source_id);
        query.execute(&self.work).await.map_err(failed("schedule.begin"))?;
        Ok(())
    }

    /// Notes that a scheduled run does not run.
    pub async fn skip_run(&self, schedule: &str, due_at: Timestamp, now: Timestamp) -> Result<()> {
        let query = sqlx::query(SKIP).bind(self.tenant).bind(schedule).bind(at(due_at)).bind(at(now));
        query.execute(&self.work).await.map_err(failed("schedule.skip"))?;
        Ok(())
    }

    /// Ends those runs of a schedule that became events, and were decided on.
    pub async fn settle_runs(&self, schedule: &str, now: Timestamp) -> Result<u64> {
        let query = sqlx::query(SETTLE).bind(self.tenant).bind(schedule).bind(at(now));
        Ok(query.execute(&self.work).await.map_err(failed("schedule.settle"))?.rows_affected())
    }

    /// Takes up to `limit` runs of a kind to carry them out, for the length of `lease`: scheduled ones, and those whose
    /// lease has ended.
    pub async fn claim_runs(&self, kind: &str, now: Timestamp, lease: Duration, limit: i64) -> Result<Vec<Run>> {
        let until = now.plus_micros(i64::try_from(lease.as_micros()).unwrap_or(i64::MAX));
        let query = sqlx::query(CLAIM).bind(self.tenant).bind(kind).bind(at(now)).bind(at(until)).bind(limit);
        let rows = query.fetch_all(&self.work).await.map_err(failed("schedule.claim"))?;
        Ok(rows.iter().map(run).collect())
    }

    /// Ends a claimed run: completed, or failed with an error, or to be tried again at a time.
    pub async fn end_run(&self, run: &Run, ending: Ending<'_>, now: Timestamp) -> Result<()> {
        let (state, error, next_at) = match ending {
            Ending::Completed => (State::Completed, None, None),
            Ending::Failed(error) => (State::Failed, Some(error), None),
            Ending::Again { error, at } => (State::Running, Some(error), Some(at)),
        };
        let query = sqlx::query(END).bind(self.tenant).bind(&run.schedule).bind(at(run.due_at)).bind(state as i16);
        let query = query.bind(error.map(storable)).bind(next_at.map(at)).bind(at(now));
        query.execute(&self.work).await.map_err(failed("schedule.end"))?;
        Ok(())
    }
}

/// What became of a claimed run.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    Completed,
    Failed(&'a str),
    Again { error: &'a str, at: Timestamp },
}
