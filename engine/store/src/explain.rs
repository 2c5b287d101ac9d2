//! What explaining a ticket needs beside its lane's story: the webhooks that its events came in, the calls with their
//! attempts, what was set aside, and what its actions wait for.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::call::Listed;
use crate::{Result, Store, failed};

/// A webhook, without its body.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub inbox_id: i64,
    pub received_at: Timestamp,
    pub delivery_id: Option<String>,
    /// 0 to be read later, 1 read, 2 says nothing about tickets, 3 unreadable.
    pub state: i16,
    pub detail: Option<String>,
}

/// A call with the event it was for.
#[derive(Clone, Debug)]
pub struct CallOn {
    pub event_id: i64,
    pub attempt: i16,
    pub call: Listed,
}

/// Something of a lane that was set aside.
#[derive(Clone, Debug)]
pub struct SetAside {
    pub dead_letter_id: i64,
    /// 0 a plugin on an event, 1 an action, 2 a delivery.
    pub kind: i16,
    pub event_id: Option<i64>,
    pub plugin: Option<String>,
    pub outbox_id: Option<i64>,
    pub error: String,
    pub attempts: i32,
    pub set_aside_at: Timestamp,
    pub replayed_at: Option<Timestamp>,
}

/// What a lane's actions at one destination wait for.
#[derive(Clone, Debug)]
pub struct ActionsWait {
    pub destination: String,
    /// When the next one is tried, or for how long it is under way; none where nothing waits.
    pub wake_at: Option<Timestamp>,
    /// It is being tried right now.
    pub under_way: bool,
    /// Since when an operator has the destination paused.
    pub paused_at: Option<Timestamp>,
}

const ARRIVALS: &str = "
SELECT inbox_id, received_at, delivery_id, state, detail FROM inbox WHERE tenant_id = $1 AND inbox_id = ANY ($2)
ORDER BY inbox_id";

const CALLS: &str = "
SELECT event_id, attempt, called_at, plugin, version, kind, outcome, error, effects, log, cpu_us, wall_us, memory_bytes
FROM plugin_call WHERE tenant_id = $1 AND lane_id = $2 AND event_id >= $3 ORDER BY called_at, call_id LIMIT $4";

const SET_ASIDE: &str = "
SELECT dead_letter_id, kind, event_id, plugin, outbox_id, error, attempts, set_aside_at, replayed_at FROM dead_letter
WHERE tenant_id = $1 AND lane_id = $2 ORDER BY set_aside_at, dead_letter_id";

const ACTIONS_WAIT: &str = "
SELECT d.name, o.wake_at, o.lease_token IS NOT NULL, d.paused_at
FROM destination AS d JOIN outbox_lane AS o ON o.tenant_id = d.tenant_id AND o.destination_id = d.destination_id
WHERE d.tenant_id = $1 AND o.lane_id = $2 ORDER BY d.name";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("explain.arrivals", ARRIVALS),
    ("explain.calls", CALLS),
    ("explain.set_aside", SET_ASIDE),
    ("explain.actions_wait", ACTIONS_WAIT),
];

impl Store {
    /// These webhooks, as far as they are still kept.
    pub async fn arrivals(&self, inbox_ids: &[i64]) -> Result<Vec<Arrival>> {
        let query = sqlx::query(ARRIVALS).bind(self.tenant).bind(inbox_ids);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("explain.arrivals"))?;
        let each = rows.iter().map(|row| Arrival {
            inbox_id: row.get(0),
            received_at: row.get::<DateTime<Utc>, _>(1).into(),
            delivery_id: row.get(2),
            state: row.get(3),
            detail: row.get(4),
        });
        Ok(each.collect())
    }

    /// The calls for a lane's events from `first` on, in the order of time, at most `limit`.
    pub async fn calls_from(&self, lane_id: i64, first: i64, limit: i64) -> Result<Vec<CallOn>> {
        let query = sqlx::query(CALLS).bind(self.tenant).bind(lane_id).bind(first).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("explain.calls"))?;
        let each = rows.iter().map(|row| CallOn {
            event_id: row.get(0),
            attempt: row.get(1),
            call: Listed {
                called_at: row.get::<DateTime<Utc>, _>(2).into(),
                source: String::new(),
                ticket: String::new(),
                plugin: row.get(3),
                version: row.get(4),
                kind: row.get(5),
                outcome: row.get(6),
                error: row.get(7),
                effects: row.get(8),
                log: row.get(9),
                cpu_us: row.get(10),
                wall_us: row.get(11),
                memory_bytes: row.get(12),
            },
        });
        Ok(each.collect())
    }

    /// What of a lane was set aside, replayed or not, oldest first.
    pub async fn set_aside_on(&self, lane_id: i64) -> Result<Vec<SetAside>> {
        let query = sqlx::query(SET_ASIDE).bind(self.tenant).bind(lane_id);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("explain.set_aside"))?;
        let each = rows.iter().map(|row| SetAside {
            dead_letter_id: row.get(0),
            kind: row.get(1),
            event_id: row.get(2),
            plugin: row.get(3),
            outbox_id: row.get(4),
            error: row.get(5),
            attempts: row.get(6),
            set_aside_at: row.get::<DateTime<Utc>, _>(7).into(),
            replayed_at: row.get::<Option<DateTime<Utc>>, _>(8).map(Into::into),
        });
        Ok(each.collect())
    }

    /// What a lane's actions wait for, by destination.
    pub async fn actions_wait(&self, lane_id: i64) -> Result<Vec<ActionsWait>> {
        let query = sqlx::query(ACTIONS_WAIT).bind(self.tenant).bind(lane_id);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("explain.actions_wait"))?;
        let each = rows.iter().map(|row| ActionsWait {
            destination: row.get(0),
            wake_at: row.get::<Option<DateTime<Utc>>, _>(1).map(Into::into),
            under_way: row.get(2),
            paused_at: row.get::<Option<DateTime<Utc>>, _>(3).map(Into::into),
        });
        Ok(each.collect())
    }
}
