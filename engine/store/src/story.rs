//! A ticket's whole story: what came in, who decided what and why, what was sent, what came back.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::call::Listed as Call;
use crate::event::{Recorded, recorded};
use crate::hold::Hold;
use crate::{Result, Store, failed};

/// An action of a ticket.
#[derive(Clone, Debug)]
pub struct Action {
    pub outbox_id: i64,
    pub event_id: i64,
    pub plugin: String,
    pub destination: String,
    pub kind: String,
    /// JSON text: data and reason.
    pub action: String,
    pub key: String,
    pub state: i16,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub reference: Option<String>,
    pub attempts: Vec<Attempt>,
}

/// A try to carry out an action.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub attempted_at: Timestamp,
    pub number: i32,
    pub outcome: i16,
    pub status: Option<i16>,
    pub elapsed_ms: i32,
    pub detail: String,
}

/// Everything known of a ticket's lane.
#[derive(Clone, Debug)]
pub struct Story {
    pub events: Vec<Recorded>,
    /// Calls with the event they were for.
    pub calls: Vec<(i64, Call)>,
    pub actions: Vec<Action>,
    pub holds: Vec<Hold>,
    /// Plugin, name, time.
    pub timers: Vec<(String, String, Timestamp)>,
    pub next_wake: Option<Timestamp>,
}

const EVENTS: &str = "
SELECT lane_id, event_id, id, kind, at, received_at, subject, data, inbox_id, hop FROM event
WHERE tenant_id = $1 AND lane_id = $2 ORDER BY event_id DESC LIMIT $3";

const CALLS: &str = "
SELECT event_id, called_at, plugin, version, kind, outcome, error, effects, log, cpu_us, wall_us, memory_bytes
FROM plugin_call WHERE tenant_id = $1 AND lane_id = $2 ORDER BY called_at DESC, call_id DESC LIMIT $3";

const ACTIONS: &str = "
SELECT o.outbox_id, o.event_id, o.plugin, d.name, o.kind, o.action, o.key::text, o.state, o.created_at, o.ended_at, o.reference
FROM outbox AS o JOIN destination AS d USING (tenant_id, destination_id)
WHERE o.tenant_id = $1 AND o.lane_id = $2
    -- The key begins with the destination; there are few.
    AND o.destination_id = ANY (ARRAY(SELECT destination_id FROM destination WHERE tenant_id = $1))
ORDER BY o.outbox_id DESC LIMIT $3";

const ATTEMPTS: &str = "
SELECT outbox_id, attempted_at, number, outcome, status, elapsed_ms, detail FROM attempt
WHERE tenant_id = $1 AND outbox_id = ANY ($2) ORDER BY outbox_id, attempted_at";

const TIMERS: &str = "
SELECT plugin, name, fire_at FROM timer WHERE tenant_id = $1 AND lane_id = $2 ORDER BY fire_at, plugin, name";

const WAKE: &str = "SELECT wake_at FROM lane WHERE tenant_id = $1 AND lane_id = $2";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("story.events", EVENTS),
    ("story.calls", CALLS),
    ("story.actions", ACTIONS),
    ("story.attempts", ATTEMPTS),
    ("story.timers", TIMERS),
    ("story.wake", WAKE),
];

impl Store {
    /// The story of a lane: its youngest `limit` events and as many calls and actions.
    pub async fn story(&self, lane_id: i64, limit: i64) -> Result<Story> {
        let tenant = self.tenant;
        let query = sqlx::query(EVENTS).bind(tenant).bind(lane_id).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("story.events"))?;
        let mut events: Vec<Recorded> = rows.iter().map(recorded).collect();
        events.reverse();
        let query = sqlx::query(CALLS).bind(tenant).bind(lane_id).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("story.calls"))?;
        let calls = rows.iter().rev().map(|row| (row.get(0), call(row))).collect();
        let query = sqlx::query(TIMERS).bind(tenant).bind(lane_id);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("story.timers"))?;
        let timers = rows.iter().map(|row| (row.get(0), row.get(1), row.get::<DateTime<Utc>, _>(2).into())).collect();
        let query = sqlx::query(WAKE).bind(tenant).bind(lane_id);
        let row = query.fetch_optional(&self.reads).await.map_err(failed("story.wake"))?;
        let next_wake = row.and_then(|row| row.get::<Option<DateTime<Utc>>, _>(0)).map(Into::into);
        let holds = self.holds(&[lane_id]).await?;
        let actions = self.actions(lane_id, limit).await?;
        Ok(Story { events, calls, actions, holds, timers, next_wake })
    }

    async fn actions(&self, lane_id: i64, limit: i64) -> Result<Vec<Action>> {
        let query = sqlx::query(ACTIONS).bind(self.tenant).bind(lane_id).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("story.actions"))?;
        let mut actions: Vec<Action> = rows
            .iter()
            .map(|row| Action {
                outbox_id: row.get(0),
                event_id: row.get(1),
                plugin: row.get(2),
                destination: row.get(3),
                kind: row.get(4),
                action: row.get(5),
                key: row.get(6),
                state: row.get(7),
                created_at: row.get::<DateTime<Utc>, _>(8).into(),
                ended_at: row.get::<Option<DateTime<Utc>>, _>(9).map(Into::into),
                reference: row.get(10),
                attempts: Vec::new(),
            })
            .collect();
        actions.reverse();
        let ids: Vec<i64> = actions.iter().map(|action| action.outbox_id).collect();
        let query = sqlx::query(ATTEMPTS).bind(self.tenant).bind(ids);
        for row in query.fetch_all(&self.reads).await.map_err(failed("story.attempts"))? {
            let outbox_id: i64 = row.get(0);
            if let Some(action) = actions.iter_mut().find(|action| action.outbox_id == outbox_id) {
                action.attempts.push(Attempt {
                    attempted_at: row.get::<DateTime<Utc>, _>(1).into(),
                    number: row.get(2),
                    outcome: row.get(3),
                    status: row.get(4),
                    elapsed_ms: row.get(5),
                    detail: row.get(6),
                });
            }
        }
        Ok(actions)
    }
}

fn call(row: &sqlx::postgres::PgRow) -> Call {
    Call {
        called_at: row.get::<DateTime<Utc>, _>(1).into(),
        source: String::new(),
        ticket: String::new(),
        plugin: row.get(2),
        version: row.get(3),
        kind: row.get(4),
        outcome: row.get(5),
        error: row.get(6),
        effects: row.get(7),
        log: row.get(8),
        cpu_us: row.get(9),
        wall_us: row.get(10),
        memory_bytes: row.get(11),
    }
}
