//! What plugins remember. Writes go through `finish`.

use deskbell_model::timestamp::Timestamp;
use sqlx::Row;

use crate::{Result, Store, at, failed};

const GET: &str = "
SELECT value FROM kv WHERE tenant_id = $1 AND plugin = $2 AND lane_id = $3 AND key = $4
    AND (expires_at IS NULL OR expires_at > $5)";

const LIST: &str = "
SELECT key, value FROM kv WHERE tenant_id = $1 AND plugin = $2 AND lane_id = $3 AND starts_with(key, $4)
    AND (expires_at IS NULL OR expires_at > $5) ORDER BY key COLLATE \"C\" LIMIT $6";

const EXPIRE: &str = "
DELETE FROM kv WHERE ctid = ANY (ARRAY(SELECT ctid FROM kv WHERE expires_at <= $1 LIMIT 10000))";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("kv.get", GET), ("kv.list", LIST), ("kv.expire", EXPIRE)];

impl Store {
    /// The value of a key; lane 0 is the plugin's own.
    pub async fn kv_get(&self, plugin: &str, lane_id: i64, key: &str, now: Timestamp) -> Result<Option<String>> {
        let query = sqlx::query(GET).bind(self.tenant).bind(plugin).bind(lane_id).bind(key).bind(at(now));
        let row = query.fetch_optional(&self.reads).await.map_err(failed("kv.get"))?;
        Ok(row.map(|row| row.get(0)))
    }

    /// Up to `limit` pairs whose key begins with `prefix`, by key.
    pub async fn kv_list(
        &self,
        plugin: &str,
        lane_id: i64,
        prefix: &str,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<(String, String)>> {
        let query = sqlx::query(LIST).bind(self.tenant).bind(plugin).bind(lane_id);
        let query = query.bind(prefix).bind(at(now)).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("kv.list"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Forgets what has expired, up to 10,000 values at a time; how many it were.
    pub async fn expire_kv(&self, now: Timestamp) -> Result<u64> {
        let done = sqlx::query(EXPIRE).bind(at(now)).execute(&self.reads).await.map_err(failed("kv.expire"))?;
        Ok(done.rows_affected())
    }
}
