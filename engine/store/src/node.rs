//! The engine processes that share a database.

use sqlx::Row;
use uuid::Uuid;

use crate::{Result, Store, failed};

/// Seconds after which a process that has not been seen counts as gone.
const GONE_AFTER: f64 = 20.0;

const JOIN: &str = "
INSERT INTO node (tenant_id, node_id, digest, started_at, seen_at) VALUES ($1, $2, $3, now(), now())
ON CONFLICT (tenant_id, node_id) DO UPDATE SET seen_at = now()";

const OTHERS: &str = "
SELECT digest FROM node
WHERE tenant_id = $1 AND node_id <> $2 AND digest <> $3 AND seen_at > now() - make_interval(secs => $4) LIMIT 1";

const LEAVE: &str = "DELETE FROM node WHERE tenant_id = $1 AND (node_id = $2 OR seen_at < now() - interval '1 day')";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[("node.join", JOIN), ("node.others", OTHERS), ("node.leave", LEAVE)];

impl Store {
    /// Joins, or says again that this process is running. False, and not joined, where another process that is running
    /// has another configuration.
    pub async fn join(&self, node: Uuid, digest: &[u8]) -> Result<bool> {
        let others = sqlx::query(OTHERS).bind(self.tenant).bind(node).bind(digest).bind(GONE_AFTER);
        let other = others.fetch_optional(&self.reads).await.map_err(failed("node.others"))?;
        if other.map(|row| row.get::<Vec<u8>, _>(0)).is_some() {
            return Ok(false);
        }
        let join = sqlx::query(JOIN).bind(self.tenant).bind(node).bind(digest);
        join.execute(&self.reads).await.map_err(failed("node.join"))?;
        Ok(true)
    }

    /// Leaves.
    pub async fn leave(&self, node: Uuid) -> Result<()> {
        let leave = sqlx::query(LEAVE).bind(self.tenant).bind(node);
        leave.execute(&self.reads).await.map_err(failed("node.leave"))?;
        Ok(())
    }
}
