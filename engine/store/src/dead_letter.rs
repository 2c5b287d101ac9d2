//! Dead letters: what could not be done, where a person can see it and have it tried again.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::{Connection as _, Row};

use crate::{Result, Store, at, failed};

/// What was set aside.
#[derive(Clone, Debug)]
pub struct DeadLetter {
    pub dead_letter_id: i64,
    pub what: What,
    pub source: Option<String>,
    pub ticket: Option<String>,
    pub error: String,
    pub attempts: i32,
    pub set_aside_at: Timestamp,
    pub replayed_at: Option<Timestamp>,
}

/// The kinds of dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A plugin failed on an event.
    Plugin { lane_id: i64, event_id: i64, plugin: String },
    /// An action could not be delivered.
    Action { destination_id: i32, destination: String, lane_id: i64, outbox_id: i64 },
    /// A delivery could not be read.
    Delivery { lane_id: i64, event_id: i64, inbox_id: i64, connector: String },
}

const LIST: &str = "
SELECT d.dead_letter_id, d.kind, d.lane_id, d.event_id, d.plugin, d.outbox_id, d.destination_id, t.name, d.inbox_id,
    s.name, l.key, d.error, d.attempts, d.set_aside_at, d.replayed_at
FROM dead_letter AS d
LEFT JOIN lane AS l ON l.tenant_id = d.tenant_id AND l.lane_id = d.lane_id
LEFT JOIN source AS s ON s.tenant_id = d.tenant_id AND s.source_id = l.source_id
LEFT JOIN destination AS t ON t.tenant_id = d.tenant_id AND t.destination_id = d.destination_id
WHERE d.tenant_id = $1 AND ($2 OR d.replayed_at IS NULL) AND ($3::bigint IS NULL OR d.dead_letter_id = $3)
ORDER BY d.set_aside_at DESC, d.dead_letter_id DESC LIMIT $4";

const REPLAYED: &str = "
UPDATE dead_letter SET replayed_at = $3 WHERE tenant_id = $1 AND dead_letter_id = $2 AND replayed_at IS NULL";

const COUNT: &str = "SELECT count(*) FROM dead_letter WHERE tenant_id = $1 AND replayed_at IS NULL";

// A statement of its own: the next one sees what was so when the lock came, and with it whether somebody else has
// replayed the letter meanwhile.
const HOLD_STILL: &str = "SELECT lane_id FROM lane WHERE tenant_id = $1 AND lane_id = $2 FOR UPDATE";

// The plugin gets that event alone, now: the later ones have been decided on. Where it is blocked at that event it goes on
// from there. Where it is behind on another event there is no row, and the letter stays. All of it is done under the
// lane's lock, for whoever finishes the lane next may find no place for that hold and puts the letter back. The lane is
// written where the letter is marked; else what was held for it is taken back with the transaction.
const REPLAY_PLUGIN: &str = "
WITH locked AS MATERIALIZED (SELECT lane_id FROM lane WHERE tenant_id = $1 AND lane_id = $2), held AS (
    INSERT INTO hold (tenant_id, lane_id, plugin, from_event, attempts, next_at, error, single)
    SELECT $1, lane_id, $3, $4, 0, now(), 'replayed', true FROM locked ON CONFLICT (tenant_id, lane_id, plugin) DO UPDATE
        SET attempts = 0, next_at = now() WHERE hold.from_event = excluded.from_event
    RETURNING lane_id
), replayed AS (
    UPDATE dead_letter SET replayed_at = $6
    WHERE tenant_id = $1 AND dead_letter_id = $5 AND replayed_at IS NULL AND EXISTS (SELECT FROM held)
    RETURNING dead_letter_id
)
UPDATE lane SET arrivals = arrivals + 1, next_timer = least(next_timer, now()),
    wake_at = CASE WHEN lease_token IS NULL THEN now() ELSE wake_at END
WHERE tenant_id = $1 AND lane_id IN (SELECT lane_id FROM held) AND EXISTS (SELECT FROM replayed)";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("dead_letter.list", LIST),
    ("dead_letter.replayed", REPLAYED),
    ("dead_letter.count", COUNT),
    ("dead_letter.hold_still", HOLD_STILL),
    ("dead_letter.replay_plugin", REPLAY_PLUGIN),
];

impl Store {
    /// Dead letters, youngest first: those that wait, or with `all` those replayed too; with `id` that one alone.
    pub async fn dead_letters(&self, all: bool, id: Option<i64>, limit: i64) -> Result<Vec<DeadLetter>> {
        let query = sqlx::query(LIST).bind(self.tenant).bind(all).bind(id).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("dead_letter.list"))?;
        let each = rows.iter().map(|row| {
            let lane_id: i64 = row.get::<Option<i64>, _>(2).unwrap_or_default();
            let event_id: i64 = row.get::<Option<i64>, _>(3).unwrap_or_default();
            let plugin: String = row.get::<Option<String>, _>(4).unwrap_or_default();
            let what = match row.get::<i16, _>(1) {
                0 => What::Plugin { lane_id, event_id, plugin },
                1 => What::Action {
                    destination_id: row.get::<Option<i32>, _>(6).unwrap_or_default(),
                    destination: row.get::<Option<String>, _>(7).unwrap_or_default(),
                    lane_id,
                    outbox_id: row.get::<Option<i64>, _>(5).unwrap_or_default(),
                },
                _ => What::Delivery {
                    lane_id,
                    event_id,
                    inbox_id: row.get::<Option<i64>, _>(8).unwrap_or_default(),
                    connector: plugin,
                },
            };
            DeadLetter {
                dead_letter_id: row.get(0),
                what,
                source: row.get(9),
                ticket: row.get(10),
                error: row.get(11),
                attempts: row.get(12),
                set_aside_at: row.get::<DateTime<Utc>, _>(13).into(),
                replayed_at: row.get::<Option<DateTime<Utc>>, _>(14).map(Into::into),
            }
        });
        Ok(each.collect())
    }

    /// How many wait for a person.
    pub async fn count_dead_letters(&self) -> Result<i64> {
        let row = sqlx::query(COUNT).bind(self.tenant).fetch_one(&self.reads).await;
        Ok(row.map_err(failed("dead_letter.count"))?.get(0))
    }

    /// Has a dead letter tried again. False where it has been replayed already, be it by somebody else just now, where
    /// what it speaks of is gone, or where its plugin is behind on another event of the lane.
    pub async fn replay(&self, letter: &DeadLetter, now: Timestamp) -> Result<bool> {
        match &letter.what {
            What::Plugin { lane_id, event_id, plugin } => {
                let replayed = self.replay_event(letter, *lane_id, *event_id, plugin, now);
                self.work.within("dead_letter.replay_plugin", replayed).await
            }
            // Its connector may be another by now. Each has a hold of its own, so that any number can be replayed at a time.
            What::Delivery { lane_id, event_id, .. } => {
                let held_as = format!("delivery:{event_id}");
                let replayed = self.replay_event(letter, *lane_id, *event_id, &held_as, now);
                self.work.within("dead_letter.replay_plugin", replayed).await
            }
            What::Action { destination_id, lane_id, outbox_id, .. } => {
                if !self.replay_action(*destination_id, *lane_id, *outbox_id).await? {
                    return Ok(false);
                }
                let query = sqlx::query(REPLAYED).bind(self.tenant).bind(letter.dead_letter_id).bind(at(now));
                let done = query.execute(&self.work).await.map_err(failed("dead_letter.replayed"))?;
                Ok(done.rows_affected() > 0)
            }
        }
    }

    async fn replay_event(
        &self,
        letter: &DeadLetter,
        lane_id: i64,
        event_id: i64,
        held_as: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let failed = || failed("dead_letter.replay_plugin");
        let mut connection = self.work.acquire().await.map_err(failed())?;
        let mut transaction = connection.begin().await.map_err(failed())?;
        let query = sqlx::query(HOLD_STILL).bind(self.tenant).bind(lane_id);
        query.execute(&mut *transaction).await.map_err(failed())?;
        let query = sqlx::query(REPLAY_PLUGIN).bind(self.tenant).bind(lane_id).bind(held_as).bind(event_id);
        let query = query.bind(letter.dead_letter_id).bind(at(now));
        let done = query.execute(&mut *transaction).await.map_err(failed())?;
        let is_replayed = done.rows_affected() > 0;
        let end = if is_replayed { transaction.commit().await } else { transaction.rollback().await };
        end.map_err(failed())?;
        connection.give_back();
        Ok(is_replayed)
    }
}
