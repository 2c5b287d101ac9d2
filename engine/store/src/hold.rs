//! Holds: a plugin that failed on an event of a lane gets it again later, and the lane's later events after it.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::{Result, Store, failed};

/// A plugin that is behind on a lane.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    pub lane_id: i64,
    /// Who waits: an automation, or a source's connector. A delivery that is replayed waits under a name of its own.
    pub plugin: String,
    pub from_event: i64,
    /// Failed attempts at that event.
    pub attempts: i32,
    /// None: blocked until somebody replays it.
    pub next_at: Option<Timestamp>,
    pub error: String,
    /// It gets that event alone: a dead letter that is replayed.
    pub single: bool,
}

const OF_LANES: &str = "
SELECT lane_id, plugin, from_event, attempts, next_at, error, single FROM unnest($2::bigint[]) AS l (id)
CROSS JOIN LATERAL (SELECT * FROM hold WHERE tenant_id = $1 AND lane_id = l.id OFFSET 0) AS h";

const RELEASE: &str = "
WITH released AS (
    UPDATE hold SET next_at = now(), attempts = 0 WHERE tenant_id = $1 AND lane_id = $2 AND plugin = $3 RETURNING lane_id)
UPDATE lane SET arrivals = arrivals + 1, next_timer = least(next_timer, now()),
    wake_at = CASE WHEN lease_token IS NULL THEN now() ELSE wake_at END
WHERE tenant_id = $1 AND lane_id IN (SELECT lane_id FROM released)";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("hold.of_lanes", OF_LANES), ("hold.release", RELEASE)];

impl Store {
    /// The holds of these lanes.
    pub async fn holds(&self, lanes: &[i64]) -> Result<Vec<Hold>> {
        let query = sqlx::query(OF_LANES).bind(self.tenant).bind(lanes);
        let rows = query.fetch_all(&self.work).await.map_err(failed("hold.of_lanes"))?;
        let holds = rows.iter().map(|row| Hold {
            lane_id: row.get(0),
            plugin: row.get(1),
            from_event: row.get(2),
            attempts: row.get(3),
            next_at: row.get::<Option<DateTime<Utc>>, _>(4).map(Timestamp::from),
            error: row.get(5),
            single: row.get(6),
        });
        Ok(holds.collect())
    }

    /// Lets a held plugin have its events again now. False where it is not held.
    pub async fn release_hold(&self, lane_id: i64, plugin: &str) -> Result<bool> {
        let query = sqlx::query(RELEASE).bind(self.tenant).bind(lane_id).bind(plugin);
        let done = query.execute(&self.work).await.map_err(failed("hold.release"))?;
        Ok(done.rows_affected() > 0)
    }
}
