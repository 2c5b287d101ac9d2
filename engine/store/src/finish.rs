//! Finishing lanes: everything that was decided for them, and their progress, in one transaction for many lanes.
//!
//! The transaction begins by locking exactly those lanes whose lease is still held. What was decided for a lane whose
//! lease is lost is dropped: whoever claimed it since decides again. So effects in the database happen once.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use deskbell_model::event::{Data, Event, LaneKind};
use deskbell_model::history::History;
use deskbell_model::plugin::{Scope, Write};
use deskbell_model::timestamp::Timestamp;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};
use uuid::Uuid;

use crate::activity::ActivityRow;
use crate::call::NewCall;
use crate::clock::ClocksRow;
use crate::hold::Hold;
use crate::inbox::{Key, NewEvent};
use crate::lane::kind_number;
use crate::ticket::indexed;
use crate::{Result, Store, at, failed, storable};
use crate::{chaos, clock};

mod decided;
mod rows;

pub(crate) use rows::write;

/// What came of a claimed lane.
#[expect(clippy::struct_excessive_bools, reason = "each says something of its own")]
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub lane_id: i64,
    pub token: i64,
    pub source_id: i32,
    pub lane_kind: LaneKind,
    pub lane_key: String,
    /// As the claim had it.
    pub arrivals: i64,
    /// The last event handled.
    pub done_event: i64,
    /// There is more to do at once.
    pub more: bool,
    /// Timers or holds changed, or one came due: the next wake-up is looked up anew.
    pub retime: bool,
    /// Nothing was ever decided for its lane: there is no row of its ticket, nor an action.
    pub first: bool,
    pub ticket: Option<TicketRow>,
    pub calls: Vec<NewCall>,
    pub actions: Vec<NewAction>,
    /// Buffered writes with the plugin that made them.
    pub writes: Vec<(String, Write)>,
    /// Timers that have fired, by plugin, name and time: gone unless they were set anew meanwhile.
    pub fired: Vec<(String, String, Timestamp)>,
    pub holds: Vec<Hold>,
    /// Plugins that are no longer held.
    pub released: Vec<String>,
    pub dead_letters: Vec<NewDeadLetter>,
    /// Events that plugins get later, and how many own writes were found to have led to each.
    pub hops: Vec<(i64, i16)>,
    /// Events of the engine's own for this or another lane.
    pub events: Vec<NewEvent>,
    pub agents: Vec<AgentRow>,
    /// What its events told besides changes of the ticket.
    pub activities: Vec<ActivityRow>,
    /// What its clocks have come to; none where nobody looked.
    pub clocks: Option<ClocksRow>,
    /// Nobody wants its new events, and nothing else is pending: they count as handled.
    pub pass_over: bool,
}

/// How a ticket stands after its events.
#[derive(Clone, Debug)]
pub struct TicketRow {
    /// JSON text.
    pub state: Option<String>,
    pub last_at: Timestamp,
    pub n_held: u32,
    pub open: bool,
    pub assignee: Option<String>,
    pub requester: Option<String>,
    pub created_at: Option<Timestamp>,
    pub guard: Option<String>,
    pub facts: Option<Vec<u8>>,
}

impl TicketRow {
    /// The row of a history that has been folded so far.
    pub fn of(history: &History, guard: Option<String>) -> Self {
        let ticket = history.ticket.as_deref();
        Self {
            // Serialising plain data into memory has no way to fail.
            state: ticket.and_then(|ticket| serde_json::to_string(ticket).ok()),
            last_at: history.last_time.unwrap_or_default(),
            n_held: history.n_held,
            open: ticket.is_some_and(|ticket| ticket.end.is_none() && !ticket.fields.status.is_solved()),
            assignee: ticket.and_then(|ticket| ticket.fields.assignee.as_deref()).map(indexed),
            requester: ticket.map(|ticket| indexed(&ticket.fields.requester.id)),
            created_at: ticket.map(|ticket| ticket.created_at),
            guard,
            facts: history.facts.as_ref().map(deskbell_model::facts::Facts::to_bytes),
        }
    }
}

/// An action for the outbox.
#[derive(Clone, Debug)]
pub struct NewAction {
    pub destination_id: i32,
    pub key: Uuid,
    pub kind: String,
    /// JSON text.
    pub action: String,
    pub event_id: i64,
    pub plugin: String,
    pub hop: i16,
}

/// A plugin's failure on an event that is set aside.
#[derive(Clone, Debug)]
pub struct NewDeadLetter {
    pub event_id: i64,
    pub plugin: String,
    pub inbox_id: Option<i64>,
    pub error: String,
    pub attempts: i32,
}

impl AgentRow {
    /// What an `agent.status` event says; none for any other.
    pub fn of(event: &Event) -> Option<Self> {
        let Data::AgentStatus(status) = &event.data else { return None };
        let texts =
            |texts: &[String]| -> Vec<String> { texts.iter().map(|text| storable(text).into_owned()).collect() };
        Some(Self {
            agent_id: indexed(event.subject.as_deref()?),
            status: status.status.clone(),
            capacity: status.capacity.map(|capacity| i32::try_from(capacity).unwrap_or(i32::MAX)),
            groups: texts(&status.groups),
            skills: texts(&status.skills),
            languages: texts(&status.languages),
            stated_at: event.time,
        })
    }
}

/// What an agent says to be.
#[derive(Clone, Debug)]
pub struct AgentRow {
    pub agent_id: String,
    pub status: String,
    pub capacity: Option<i32>,
    pub groups: Vec<String>,
    pub skills: Vec<String>,
    pub languages: Vec<String>,
    pub stated_at: Timestamp,
}

// In the order in which the intake and imports lock them. One by one, for a plan for the whole array that was made while the
// table was small would read all of it.
const LOCK: &str = "
SELECT l.lane_id, l.lease_token
FROM (SELECT * FROM unnest($2::bigint[], $3::bigint[], $4::int[], $5::smallint[], $6::text[])
        AS o (lane_id, token, source_id, kind, key)
    ORDER BY source_id, kind, key) AS o
CROSS JOIN LATERAL (
    SELECT lane_id, lease_token FROM lane WHERE tenant_id = $1 AND lane_id = o.lane_id AND lease_token = o.token
    LIMIT 1 FOR UPDATE) AS l";

// The lanes are locked, so they stay where they lie. Found one by one and written by their place alone: any other condition
// would let a plan that was made while the table was small read all of it.
const RELEASE: &str = "
UPDATE lane SET done_event = greatest(lane.done_event, o.done_event), lease_token = NULL, attempts = 0,
    next_clock = CASE WHEN o.clocked THEN o.next_clock ELSE lane.next_clock END,
    wake_at = CASE WHEN o.more OR lane.arrivals <> o.arrivals THEN now()
        ELSE least(lane.next_timer, CASE WHEN o.clocked THEN o.next_clock ELSE lane.next_clock END) END
FROM (SELECT o.*, l.place
    FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::boolean[], $6::boolean[], $7::timestamptz[])
        AS o (lane_id, arrivals, done_event, more, clocked, next_clock)
    CROSS JOIN LATERAL (SELECT ctid AS place FROM lane WHERE tenant_id = $1 AND lane_id = o.lane_id LIMIT 1) AS l
    OFFSET 0) AS o
WHERE lane.ctid = o.place";

const RETIME: &str = "
UPDATE lane SET next_timer = least(
    (SELECT min(fire_at) FROM timer WHERE timer.tenant_id = $1 AND timer.lane_id = lane.lane_id),
    (SELECT min(next_at) FROM hold WHERE hold.tenant_id = $1 AND hold.lane_id = lane.lane_id))
WHERE ctid = ANY (ARRAY(
    SELECT l.ctid FROM unnest($2::bigint[]) AS o (lane_id)
    CROSS JOIN LATERAL (SELECT ctid FROM lane WHERE tenant_id = $1 AND lane_id = o.lane_id LIMIT 1) AS l))";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("finish.lock", LOCK),
    ("finish.release", RELEASE),
    ("finish.retime", RETIME),
    ("finish.decided", decided::DECIDED),
    ("finish.first_decided", decided::FIRST_DECIDED),
    ("finish.kv_guard", rows::KV_GUARD),
    ("finish.kv_set", rows::KV_SET),
    ("finish.kv_delete", rows::KV_DELETE),
    ("finish.kv_increment", rows::KV_INCREMENT),
    ("finish.timer_set", rows::TIMER_SET),
    ("finish.timer_cancel", rows::TIMER_CANCEL),
    ("finish.timer_fired", rows::TIMER_FIRED),
    ("finish.hold_set", rows::HOLD_SET),
    ("finish.hold_released", rows::HOLD_RELEASED),
    ("finish.dead_letters", rows::DEAD_LETTERS),
    ("finish.hops", rows::HOPS),
    ("finish.agents", rows::AGENTS),
    ("finish.events", rows::EVENTS),
];

impl Store {
    /// Finishes lanes in one transaction; gives the ids of those whose lease was still held. `now` dates what is written.
    pub async fn finish(&self, outcomes: &[Outcome], now: Timestamp) -> Result<Vec<i64>> {
        self.work.within("finish", self.finish_in_one(outcomes, now)).await
    }

    async fn finish_in_one(&self, outcomes: &[Outcome], now: Timestamp) -> Result<Vec<i64>> {
        let mut connection = self.work.acquire().await.map_err(failed("finish.begin"))?;
        let mut transaction = connection.begin().await.map_err(failed("finish.begin"))?;
        let held = lock(&mut transaction, self.tenant, outcomes).await?;
        let finished: Vec<&Outcome> = outcomes.iter().filter(|o| held.contains(&(o.lane_id, o.token))).collect();
        rows::write(&mut transaction, self.tenant, &finished, now).await?;
        clock::write(&mut transaction, self.tenant, &finished).await?;
        release(&mut transaction, self.tenant, &finished).await?;
        chaos::point("before-commit");
        transaction.commit().await.map_err(failed("finish.commit"))?;
        connection.give_back();
        chaos::point("after-commit");
        Ok(finished.iter().map(|o| o.lane_id).collect())
    }
}

/// Locks those of the lanes whose lease is still held; gives them with their tokens.
async fn lock(connection: &mut PgConnection, tenant: i32, outcomes: &[Outcome]) -> Result<HashSet<(i64, i64)>> {
    let rows = sqlx::query(LOCK)
        .bind(tenant)
        .bind(outcomes.iter().map(|o| o.lane_id).collect::<Vec<_>>())
        .bind(outcomes.iter().map(|o| o.token).collect::<Vec<_>>())
        .bind(outcomes.iter().map(|o| o.source_id).collect::<Vec<_>>())
        .bind(outcomes.iter().map(|o| kind_number(o.lane_kind)).collect::<Vec<_>>())
        .bind(outcomes.iter().map(|o| o.lane_key.as_str()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await
        .map_err(failed("finish.lock"))?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn release(connection: &mut PgConnection, tenant: i32, finished: &[&Outcome]) -> Result<()> {
    let retimed: Vec<i64> = finished.iter().filter(|o| o.retime).map(|o| o.lane_id).collect();
    if !retimed.is_empty() {
        let query = sqlx::query(RETIME).bind(tenant).bind(retimed);
        query.execute(&mut *connection).await.map_err(failed("finish.retime"))?;
    }
    sqlx::query(RELEASE)
        .bind(tenant)
        .bind(finished.iter().map(|o| o.lane_id).collect::<Vec<_>>())
        .bind(finished.iter().map(|o| o.arrivals).collect::<Vec<_>>())
        .bind(finished.iter().map(|o| o.done_event).collect::<Vec<_>>())
        .bind(finished.iter().map(|o| o.more).collect::<Vec<_>>())
        .bind(finished.iter().map(|o| o.clocks.is_some()).collect::<Vec<_>>())
        .bind(finished.iter().map(|o| utc(o.clocks.as_ref().and_then(|clocks| clocks.next))).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(failed("finish.release"))?;
    Ok(())
}

/// The lane that a scope's values are kept under.
fn scope_lane(scope: Scope, lane_id: i64) -> i64 {
    match scope {
        Scope::Plugin => 0,
        Scope::Ticket => lane_id,
    }
}

fn utc(time: Option<Timestamp>) -> Option<DateTime<Utc>> {
    time.map(at)
}

fn event_keys(events: &[(i64, &NewEvent)]) -> Vec<Key> {
    events.iter().map(|(_, event)| Key::of(&event.id)).collect()
}
