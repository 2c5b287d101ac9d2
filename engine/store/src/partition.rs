//! Partitions: made ahead, a day each, and dropped whole when their time is over.

use chrono::{Days, NaiveDate};
use deskbell_model::timestamp::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use crate::{Result, Store, failed};

/// The tables that are partitioned by day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partitioned {
    Inbox,
    PluginCall,
    Attempt,
}

impl Partitioned {
    pub const ALL: [Self; 3] = [Self::Inbox, Self::PluginCall, Self::Attempt];

    fn table(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::PluginCall => "plugin_call",
            Self::Attempt => "attempt",
        }
    }
}

const LIST: &str = "
SELECT c.relname::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = $1::text::regclass ORDER BY 1";

const FORGET_DELIVERIES: &str = "
DELETE FROM delivery_key WHERE ctid = ANY (ARRAY(SELECT ctid FROM delivery_key WHERE seen_at < $1 LIMIT 20000))";

pub(crate) const STATEMENTS: &[(&str, &str)] =
    &[("partition.list", LIST), ("partition.forget_deliveries", FORGET_DELIVERIES)];

impl Store {
    /// Makes the partitions from the day of `now` on, `days` of them, as far as they are not there.
    pub async fn make_partitions(&self, now: Timestamp, days: u64) -> Result<()> {
        let today = now.to_chrono().date_naive();
        for table in Partitioned::ALL {
            let existing = self.partitions(table).await?;
            for day in (0..days).filter_map(|n| today.checked_add_days(Days::new(n))) {
                let name = format!("{}_{}", table.table(), day.format("%Y%m%d"));
                if existing.contains(&name) {
                    continue;
                }
                let Some(end) = day.succ_opt() else { continue };
                // Names and dates are our own; a partition's bounds cannot be parameters.
                let statement = format!(
                    "CREATE TABLE IF NOT EXISTS {name} PARTITION OF {} FOR VALUES FROM ('{day}') TO ('{end}')",
                    table.table()
                );
                sqlx::query(AssertSqlSafe(statement)).execute(&self.reads).await.map_err(failed("partition.make"))?;
            }
        }
        Ok(())
    }

    /// Drops the partitions of days that ended before `before`; their names.
    pub async fn drop_partitions(&self, table: Partitioned, before: Timestamp) -> Result<Vec<String>> {
        let limit = before.to_chrono().date_naive();
        let mut dropped = Vec::new();
        for name in self.partitions(table).await? {
            let day = name.rsplit('_').next().and_then(|day| NaiveDate::parse_from_str(day, "%Y%m%d").ok());
            if day.is_none_or(|day| day >= limit) {
                continue;
            }
            let statement = format!("DROP TABLE IF EXISTS {name}");
            sqlx::query(AssertSqlSafe(statement)).execute(&self.reads).await.map_err(failed("partition.drop"))?;
            dropped.push(name);
        }
        Ok(dropped)
    }

    async fn partitions(&self, table: Partitioned) -> Result<Vec<String>> {
        let query = sqlx::query(LIST).bind(table.table());
        let rows = query.fetch_all(&self.reads).await.map_err(failed("partition.list"))?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Forgets delivery ids seen before `before`, up to 20,000 at a time; how many it were.
    pub async fn forget_deliveries(&self, before: Timestamp) -> Result<u64> {
        let query = sqlx::query(FORGET_DELIVERIES).bind(crate::at(before));
        let done = query.execute(&self.reads).await.map_err(failed("partition.forget_deliveries"))?;
        Ok(done.rows_affected())
    }
}
