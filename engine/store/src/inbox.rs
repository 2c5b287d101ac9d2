//! Taking deliveries in: inbox rows, events and the lanes' wake-ups, many deliveries in one statement.
//!
//! One statement is one transaction: when it returns, everything it took in is durable, and what it does not list was
//! there before. Lanes are locked in the order of their keys; events get their number under their lane's lock, so that
//! a number that is lower was committed earlier.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use deskbell_model::event::{Event, LaneKind};
use deskbell_model::timestamp::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::event::Recorded;
use crate::lane::{Claimed, kind_number, kind_of};
use crate::packed::pack;
use crate::{Result, Store, at, at_all, failed, storable};

/// What the engine made of a delivery when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// To be read later; its connector failed or is suspended.
    Later = 0,
    Read = 1,
    /// Says nothing about tickets.
    Ignored = 2,
    Unreadable = 3,
}

/// A delivery to take in.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub source_id: i32,
    pub received_at: Timestamp,
    /// Tells a repeated delivery.
    pub key: Key,
    pub delivery_id: Option<String>,
    /// A JSON object of lower-case names, credentials left out.
    pub headers: String,
    pub body: Bytes,
    pub state: State,
    pub detail: Option<String>,
    pub events: Vec<NewEvent>,
}

/// An event to add to a lane.
#[derive(Clone, Debug, Default)]
pub struct NewEvent {
    pub lane_kind: LaneKind,
    pub source_id: i32,
    pub lane_key: String,
    pub id: String,
    pub kind: String,
    pub at: Timestamp,
    /// The subject where it is not the lane's key.
    pub subject: Option<String>,
    /// JSON text.
    pub data: String,
    pub hop: i16,
    /// What it says, where the caller has read it already.
    pub read: Option<Arc<Event>>,
}

/// The first half of a SHA-256: enough to tell ids apart, short enough for an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key([u8; 16]);

impl Key {
    pub fn of(id: &str) -> Self {
        let digest = Sha256::digest(id.as_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is in the inbox, and so many of its events were new.
    New { inbox_id: i64, n_events: i32 },
    /// It was there before; nothing changed.
    Duplicate,
}

/// What became of deliveries.
#[derive(Clone, Debug, Default)]
pub struct TakenIn {
    /// In the order of the deliveries.
    pub taken: Vec<Taken>,
    /// The lanes that were claimed, with what is pending there, in order.
    pub lanes: Vec<(Claimed, Vec<Recorded>)>,
}

impl TakenIn {
    fn of(deliveries: &[Delivery], events: &[(i32, &NewEvent)], rows: &[PgRow]) -> Self {
        let mut taken = vec![Taken::Duplicate; deliveries.len()];
        let mut added: Vec<(usize, i64, i64)> = Vec::with_capacity(events.len());
        let mut lanes: HashMap<i64, (Claimed, Vec<Recorded>)> = HashMap::new();
        for row in rows {
            match row.get::<i16, _>(0) {
                0 => {
                    if let Some(slot) = taken.get_mut(row.get::<i64, _>(1) as usize) {
                        *slot = Taken::New { inbox_id: row.get(2), n_events: 0 };
                    }
                }
                1 => added.push((row.get::<i64, _>(1) as usize - 1, row.get(2), row.get(3))),
                _ => drop(lanes.insert(row.get(3), (claimed(row), Vec::new()))),
            }
        }
        // An id that comes twice in one call has one event, the first; the others show the same number.
        added.sort_unstable_by_key(|&(place, event_id, _)| (event_id, place));
        added.dedup_by_key(|&mut (_, event_id, _)| event_id);
        for (place, event_id, lane_id) in added {
            let Some(&(delivery, event)) = events.get(place) else { continue };
            let (Some(slot), Some(delivery)) = (taken.get_mut(delivery as usize), deliveries.get(delivery as usize))
            else {
                continue;
            };
            let Taken::New { inbox_id, n_events } = slot else { continue };
            *n_events += 1;
            if let Some((_, recorded)) = lanes.get_mut(&lane_id) {
                recorded.push(Recorded {
                    lane_id,
                    event_id,
                    id: event.id.clone(),
                    kind: event.kind.clone(),
                    at: event.at,
                    received_at: delivery.received_at,
                    subject: event.subject.clone(),
                    data: event.data.clone(),
                    inbox_id: Some(*inbox_id),
                    hop: event.hop,
                    read: event.read.clone(),
                });
            }
        }
        Self { taken, lanes: lanes.into_values().collect() }
    }
}

fn claimed(row: &PgRow) -> Claimed {
    let time = |column: usize| row.get::<Option<DateTime<Utc>>, _>(column).map(Timestamp::from);
    Claimed {
        lane_id: row.get(3),
        kind: kind_of(row.get(5)),
        source_id: row.get(4),
        key: row.get(6),
        token: row.get(7),
        arrivals: row.get(1),
        done_event: row.get(2),
        attempts: 1,
        next_timer: time(8),
        next_clock: time(9),
        imported_at: time(10),
        claimed_at: time(11).unwrap_or_default(),
    }
}

// A lane with nothing to do is claimed with the statement that gives it something, if the caller wants it: the token is
// then no null. One that is claimed, due or given up stays what it is, for something older waits there. Due is what the
// clock says when the lane's row is at hand, not when the statement began: whoever had the row until then may have left it
// due after that. And a lane that sleeps wakes for its timers and clocks alone, whatever the clock says.
const TAKE_IN: &str = "
WITH d AS MATERIALIZED (
    SELECT * FROM unnest($2::int[], $3::int[], $4::bytea[], $5::timestamptz[], $6::text[], $7::text[], $8::bytea[],
                         $9::smallint[], $10::text[])
        AS d (place, source_id, key, received_at, delivery_id, headers, body, state, detail)
), fresh AS (
    INSERT INTO delivery_key (tenant_id, source_id, key, seen_at)
    SELECT $1, source_id, key, received_at FROM d ORDER BY source_id, key
    ON CONFLICT DO NOTHING RETURNING source_id, key
), taken AS MATERIALIZED (
    SELECT d.*, nextval('inbox_id') AS inbox_id FROM d JOIN fresh USING (source_id, key)
), kept AS (
    INSERT INTO inbox (tenant_id, inbox_id, received_at, source_id, delivery_id, headers, body, state, detail)
    SELECT $1, inbox_id, received_at, source_id, delivery_id, headers, body, state, detail FROM taken
), e AS MATERIALIZED (
    SELECT e.*, taken.inbox_id, taken.received_at
    FROM unnest($11::int[], $12::smallint[], $13::int[], $14::text[], $15::bytea[], $16::text[], $17::text[],
                $18::timestamptz[], $19::text[], $20::bytea[], $21::smallint[])
        WITH ORDINALITY
        AS e (delivery, lane_kind, source_id, lane_key, key, id, kind, at, subject, data, hop, place)
    JOIN taken ON taken.place = e.delivery
), lease AS MATERIALIZED (
    SELECT nextval('lease_token') AS token, now() + make_interval(secs => $22) AS until WHERE $22 IS NOT NULL
), woken AS (
    INSERT INTO lane (tenant_id, source_id, kind, key, arrivals, wake_at, lease_token, attempts)
    SELECT $1, source_id, lane_kind, lane_key, 1, coalesce((SELECT until FROM lease), now()), (SELECT token FROM lease),
        CASE WHEN $22 IS NULL THEN 0 ELSE 1 END
    FROM (SELECT DISTINCT source_id, lane_kind, lane_key FROM e ORDER BY 1, 2, 3) AS l
    ON CONFLICT (tenant_id, source_id, kind, key) DO UPDATE
        SET (arrivals, wake_at, lease_token, attempts) = (
            SELECT lane.arrivals + 1,
                -- A claimed lane keeps its lease's end; whoever finishes it sees the new arrival.
                CASE WHEN lane.lease_token IS NOT NULL THEN lane.wake_at
                    WHEN idle AND excluded.lease_token IS NOT NULL THEN excluded.wake_at
                    ELSE least(lane.wake_at, now()) END,
                CASE WHEN idle THEN excluded.lease_token ELSE lane.lease_token END,
                CASE WHEN idle THEN excluded.attempts ELSE lane.attempts END
            FROM (SELECT lane.lease_token IS NULL AND lane.attempts = 0
                AND lane.wake_at IS NOT DISTINCT FROM least(lane.next_timer, lane.next_clock)
                AND (lane.wake_at IS NULL OR lane.wake_at > clock_timestamp()) AS idle) AS i)
    RETURNING lane_id, source_id, kind, key, lease_token, arrivals, done_event, next_timer, next_clock, imported_at
), added AS (
    INSERT INTO event (tenant_id, lane_id, source_id, key, id, kind, at, received_at, subject, data, inbox_id, hop)
    SELECT $1, woken.lane_id, e.source_id, e.key, e.id, e.kind, e.at, e.received_at, e.subject, e.data, e.inbox_id, e.hop
    FROM e JOIN woken ON woken.source_id = e.source_id AND woken.kind = e.lane_kind AND woken.key = e.lane_key
    ORDER BY e.place
    ON CONFLICT (tenant_id, source_id, key) DO NOTHING
    RETURNING source_id, key, event_id, lane_id
)
SELECT 0::smallint, place::bigint, inbox_id, NULL::bigint, NULL::int, NULL::smallint, NULL::text, NULL::bigint,
    NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::timestamptz
FROM taken
UNION ALL
SELECT 1::smallint, e.place, added.event_id, added.lane_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM added JOIN e USING (source_id, key)
UNION ALL
SELECT 2::smallint, arrivals, done_event, lane_id, source_id, kind, key, lease_token, next_timer, next_clock, imported_at, now()
FROM woken WHERE lease_token = (SELECT token FROM lease)";

// The same for events that came without a delivery of their own: those of a delivery that was read later, and the
// engine's.
const ADD: &str = "
WITH e AS MATERIALIZED (
    SELECT * FROM unnest($2::smallint[], $3::int[], $4::text[], $5::bytea[], $6::text[], $7::text[], $8::timestamptz[],
                         $9::text[], $10::bytea[], $11::smallint[])
        WITH ORDINALITY AS e (lane_kind, source_id, lane_key, key, id, kind, at, subject, data, hop, place)
), woken AS (
    INSERT INTO lane (tenant_id, source_id, kind, key, arrivals, wake_at)
    SELECT DISTINCT $1, source_id, lane_kind, lane_key, 1, now() FROM e ORDER BY 2, 3, 4
    ON CONFLICT (tenant_id, source_id, kind, key) DO UPDATE
        SET arrivals = lane.arrivals + 1,
            wake_at = CASE WHEN lane.lease_token IS NULL THEN least(lane.wake_at, now()) ELSE lane.wake_at END
    RETURNING lane_id, source_id, kind, key
)
INSERT INTO event (tenant_id, lane_id, source_id, key, id, kind, at, received_at, subject, data, inbox_id, hop)
SELECT $1, woken.lane_id, e.source_id, e.key, e.id, e.kind, e.at, $12, e.subject, e.data, $13, e.hop
FROM e JOIN woken ON woken.source_id = e.source_id AND woken.kind = e.lane_kind AND woken.key = e.lane_key
ORDER BY e.place
ON CONFLICT (tenant_id, source_id, key) DO NOTHING";

const BODY: &str = "
SELECT source_id, delivery_id, headers, body, received_at, state IN (1, 2) FROM inbox WHERE tenant_id = $1 AND inbox_id = $2";

const SET_STATE: &str = "
UPDATE inbox SET state = $3, detail = $4 WHERE tenant_id = $1 AND inbox_id = $2";

pub(crate) const STATEMENTS: &[(&str, &str)] =
    &[("inbox.take_in", TAKE_IN), ("inbox.add", ADD), ("inbox.body", BODY), ("inbox.set_state", SET_STATE)];

/// A stored delivery, to be read again.
#[derive(Clone, Debug)]
pub struct Stored {
    pub source_id: i32,
    pub delivery_id: Option<String>,
    pub headers: String,
    pub body: Bytes,
    pub received_at: Timestamp,
    /// It has been read, and its events are on their lanes.
    pub is_read: bool,
}

impl Store {
    /// Takes deliveries in, all or none. Two with the same key in one call are a caller's mistake: the second is taken
    /// for the first. With a lease, lanes that had nothing to do are claimed at once for its length.
    pub async fn take_in(&self, deliveries: &[Delivery], lease: Option<Duration>) -> Result<TakenIn> {
        let each = || deliveries.iter();
        let events =
            || each().enumerate().flat_map(|(place, d)| d.events.iter().map(move |event| (place as i32, event)));
        let keys: Vec<Key> = events().map(|(_, event)| Key::of(&event.id)).collect();
        let rows = sqlx::query(TAKE_IN)
            .bind(self.tenant)
            .bind((0..deliveries.len() as i32).collect::<Vec<_>>())
            .bind(each().map(|d| d.source_id).collect::<Vec<_>>())
            .bind(each().map(|d| d.key.as_slice()).collect::<Vec<_>>())
            .bind(at_all(each().map(|d| &d.received_at)))
            .bind(each().map(|d| d.delivery_id.as_deref().map(storable)).collect::<Vec<_>>())
            .bind(each().map(|d| d.headers.as_str()).collect::<Vec<_>>())
            .bind(each().map(|d| &d.body[..]).collect::<Vec<_>>())
            .bind(each().map(|d| d.state as i16).collect::<Vec<_>>())
            .bind(each().map(|d| d.detail.as_deref().map(storable)).collect::<Vec<_>>())
            .bind(events().map(|(place, _)| place).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| kind_number(e.lane_kind)).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| e.source_id).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| e.lane_key.as_str()).collect::<Vec<_>>())
            .bind(keys.iter().map(Key::as_slice).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| e.id.as_str()).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| e.kind.as_str()).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| at(e.at)).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| e.subject.as_deref()).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| pack(&e.data)).collect::<Vec<_>>())
            .bind(events().map(|(_, e)| e.hop).collect::<Vec<_>>())
            .bind(lease.map(|lease| lease.as_secs_f64()))
            .fetch_all(&self.intake)
            .await
            .map_err(failed("inbox.take_in"))?;
        let events: Vec<(i32, &NewEvent)> = events().collect();
        Ok(TakenIn::of(deliveries, &events, &rows))
    }

    /// Adds events to their lanes and wakes these; how many were new.
    pub async fn add_events(&self, events: &[NewEvent], inbox_id: Option<i64>, now: Timestamp) -> Result<u64> {
        let keys: Vec<Key> = events.iter().map(|event| Key::of(&event.id)).collect();
        let done = sqlx::query(ADD)
            .bind(self.tenant)
            .bind(events.iter().map(|e| kind_number(e.lane_kind)).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.source_id).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.lane_key.as_str()).collect::<Vec<_>>())
            .bind(keys.iter().map(Key::as_slice).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.id.as_str()).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.kind.as_str()).collect::<Vec<_>>())
            .bind(events.iter().map(|e| at(e.at)).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.subject.as_deref()).collect::<Vec<_>>())
            .bind(events.iter().map(|e| pack(&e.data)).collect::<Vec<_>>())
            .bind(events.iter().map(|e| e.hop).collect::<Vec<_>>())
            .bind(at(now))
            .bind(inbox_id)
            // Not on the intake's connections: those who call this may have to wait for a processor, and whoever made a
            // connection hears for all who use it. Nor on those for work, whose joins are wrong for many events at once.
            .execute(&self.reads)
            .await
            .map_err(failed("inbox.add"))?;
        Ok(done.rows_affected())
    }

    /// A stored delivery; none where its time is over.
    pub async fn delivery(&self, inbox_id: i64) -> Result<Option<Stored>> {
        let row = sqlx::query(BODY)
            .bind(self.tenant)
            .bind(inbox_id)
            .fetch_optional(&self.reads)
            .await
            .map_err(failed("inbox.body"))?;
        Ok(row.map(|row| Stored {
            source_id: row.get(0),
            delivery_id: row.get(1),
            headers: row.get(2),
            body: Bytes::from(row.get::<Vec<u8>, _>(3)),
            received_at: row.get::<DateTime<Utc>, _>(4).into(),
            is_read: row.get(5),
        }))
    }

    /// Notes what was made of a delivery that was put off.
    pub async fn set_delivery_state(&self, inbox_id: i64, state: State, detail: Option<&str>) -> Result<()> {
        sqlx::query(SET_STATE)
            .bind(self.tenant)
            .bind(inbox_id)
            .bind(state as i16)
            .bind(detail.map(storable))
            .execute(&self.work)
            .await
            .map_err(failed("inbox.set_state"))?;
        Ok(())
    }
}
