//! Calls of plugins: what each decided, used and logged. Rows are written by `finish`.

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::{Result, Store, failed};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Decided = 0,
    /// Failed and will be retried.
    Retry = 1,
    /// Failed and set aside as a dead letter.
    SetAside = 2,
    /// Failed and passed over, as the plugin's policy says.
    Skipped = 3,
}

/// A call to note.
#[derive(Clone, Debug)]
pub struct NewCall {
    pub event_id: i64,
    pub called_at: Timestamp,
    pub plugin: String,
    pub version: String,
    /// The event's kind.
    pub kind: String,
    pub attempt: i16,
    pub outcome: Outcome,
    pub error: Option<String>,
    /// JSON text.
    pub effects: Option<String>,
    /// JSON text.
    pub log: Option<String>,
    pub cpu_us: i32,
    pub wall_us: i32,
    pub memory_bytes: i64,
}

/// A call as it is listed.
#[derive(Clone, Debug)]
pub struct Listed {
    pub called_at: Timestamp,
    pub source: String,
    pub ticket: String,
    pub plugin: String,
    pub version: String,
    pub kind: String,
    pub outcome: i16,
    pub error: Option<String>,
    pub effects: Option<String>,
    pub log: Option<String>,
    pub cpu_us: i32,
    pub wall_us: i32,
    pub memory_bytes: i64,
}

const RECENT: &str = "
SELECT c.called_at, s.name, l.key, c.plugin, c.version, c.kind, c.outcome, c.error, c.effects, c.log, c.cpu_us, c.wall_us, c.memory_bytes
FROM plugin_call AS c JOIN lane AS l USING (tenant_id, lane_id) JOIN source AS s USING (tenant_id, source_id)
WHERE c.tenant_id = $1 AND ($2::text IS NULL OR c.plugin = $2) AND c.called_at >= $3
ORDER BY c.called_at DESC LIMIT $4";

const USAGE: &str = "
SELECT plugin, count(*), count(*) FILTER (WHERE outcome <> 0), coalesce(percentile_cont(0.5) WITHIN GROUP (ORDER BY wall_us), 0),
    coalesce(percentile_cont(0.95) WITHIN GROUP (ORDER BY wall_us), 0), coalesce(max(memory_bytes), 0), coalesce(sum(cpu_us), 0)::bigint
FROM plugin_call WHERE tenant_id = $1 AND called_at >= $2 GROUP BY plugin ORDER BY plugin";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("call.recent", RECENT), ("call.usage", USAGE)];

/// What a plugin used over a time.
#[derive(Clone, Debug)]
pub struct Used {
    pub plugin: String,
    pub n_calls: i64,
    pub n_failed: i64,
    pub wall_us_p50: f64,
    pub wall_us_p95: f64,
    pub memory_peak_bytes: i64,
    pub cpu_us: i64,
}

impl Store {
    /// The latest calls since `since`, youngest first.
    pub async fn recent_calls(&self, plugin: Option<&str>, since: Timestamp, limit: i64) -> Result<Vec<Listed>> {
        let query = sqlx::query(RECENT).bind(self.tenant).bind(plugin).bind(crate::at(since)).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("call.recent"))?;
        let calls = rows.iter().map(|row| Listed {
            called_at: row.get::<DateTime<Utc>, _>(0).into(),
            source: row.get(1),
            ticket: row.get(2),
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
        });
        Ok(calls.collect())
    }

    /// What each plugin used since `since`.
    pub async fn plugin_usage(&self, since: Timestamp) -> Result<Vec<Used>> {
        let query = sqlx::query(USAGE).bind(self.tenant).bind(crate::at(since));
        let rows = query.fetch_all(&self.reads).await.map_err(failed("call.usage"))?;
        let used = rows.iter().map(|row| Used {
            plugin: row.get(0),
            n_calls: row.get(1),
            n_failed: row.get(2),
            wall_us_p50: row.get(3),
            wall_us_p95: row.get(4),
            memory_peak_bytes: row.get(5),
            cpu_us: row.get(6),
        });
        Ok(used.collect())
    }
}
