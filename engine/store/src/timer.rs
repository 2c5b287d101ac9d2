//! Timers: what plugins want to be woken for.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::{Result, Store, failed};

/// A timer that is due.
#[derive(Clone, Debug)]
pub struct Due {
    pub lane_id: i64,
    pub plugin: String,
    pub name: String,
    pub fire_at: Timestamp,
    /// JSON text.
    pub payload: String,
}

const DUE: &str = "
SELECT lane_id, plugin, name, fire_at, payload FROM unnest($2::bigint[]) AS l (id)
CROSS JOIN LATERAL (SELECT * FROM timer WHERE tenant_id = $1 AND lane_id = l.id AND fire_at <= $3 OFFSET 0) AS t
ORDER BY lane_id, fire_at, plugin, name";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("timer.due", DUE)];

impl Store {
    /// The timers of these lanes that are due at `now`, earliest first within a lane.
    pub async fn due_timers(&self, lanes: &[i64], now: Timestamp) -> Result<Vec<Due>> {
        let query = sqlx::query(DUE).bind(self.tenant).bind(lanes).bind(crate::at(now));
        let rows = query.fetch_all(&self.work).await.map_err(failed("timer.due"))?;
        let due = rows.iter().map(|row| Due {
            lane_id: row.get(0),
            plugin: row.get(1),
            name: row.get(2),
            fire_at: row.get::<DateTime<Utc>, _>(3).into(),
            payload: row.get(4),
        });
        Ok(due.collect())
    }
}
