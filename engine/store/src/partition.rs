//! Partitions: made ahead, a day each, and dropped whole when their time is over.

use chrono::{Days, NaiveDate};
use deskbell_model::timestamp::Timestamp;
use sqlx::{AssertSqlSafe, Connection as _, Row};

use crate::{Error, Result, Store, failed};

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

    /// What a row's day goes by.
    fn time(self) -> &'static str {
        match self {
            Self::Inbox => "received_at",
            Self::PluginCall => "called_at",
            Self::Attempt => "attempted_at",
        }
    }

    fn partition(self, day: NaiveDate) -> String {
        format!("{}_{}", self.table(), day.format("%Y%m%d"))
    }
}

const LIST: &str = "
SELECT c.relname::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
WHERE i.inhparent = $1::text::regclass ORDER BY 1";

const FORGET_DELIVERIES: &str = "
DELETE FROM delivery_key WHERE ctid = ANY (ARRAY(SELECT ctid FROM delivery_key WHERE seen_at < $1 LIMIT 20000))";

pub(crate) const STATEMENTS: &[(&str, &str)] =
    &[("partition.list", LIST), ("partition.forget_deliveries", FORGET_DELIVERIES)];

/// Writers wait behind whoever waits for a table: no longer than this.
const SOON: &str = "SET LOCAL lock_timeout = '500ms'";

/// Whether a lock did not come in time.
fn is_in_use(error: &Error) -> bool {
    has_code(error, "55P03")
}

/// Whether rows of the day lie in the partition for all others already, where they stay.
fn is_begun(error: &Error) -> bool {
    has_code(error, "23514")
}

/// Whether there is a table of that name: another process has made it meanwhile, or it is in the way. Who makes it at
/// the same moment meets the other's names in the catalogue.
fn is_made(error: &Error) -> bool {
    ["42P07", "42710", "23505"].iter().any(|code| has_code(error, code))
}

fn has_code(error: &Error, code: &str) -> bool {
    let Error::Database { source: sqlx::Error::Database(error), .. } = error else { return false };
    error.code().is_some_and(|own| own == code)
}

impl Store {
    /// Makes the partitions from the day of `now` on, `days` of them, as far as they are not there.
    ///
    /// They are made beside the table and then attached to it, which stops none of its writers. Where somebody reads the
    /// table, as a backup does, they wait for the next time; rows of a day without a partition go to the one for all others.
    ///
    /// The names of those that cannot be made, for another table has the name: one that was detached, as a rule.
    pub async fn make_partitions(&self, now: Timestamp, days: u64) -> Result<Vec<String>> {
        let today = now.to_chrono().date_naive();
        let mut in_the_way = Vec::new();
        for table in Partitioned::ALL {
            let existing = self.partitions(table).await?;
            let mut taken = Vec::new();
            for day in (0..days).filter_map(|n| today.checked_add_days(Days::new(n))) {
                let name = table.partition(day);
                if existing.contains(&name) {
                    continue;
                }
                let made = self.reads.within("partition.make", self.make_partition(table, &name, day)).await;
                match made {
                    Err(error) if is_made(&error) => taken.push(name),
                    Err(error) if is_in_use(&error) || is_begun(&error) => {}
                    made => made?,
                }
            }
            if taken.is_empty() {
                continue;
            }
            // What another process has made was made and attached in one.
            let attached = self.partitions(table).await?;
            in_the_way.extend(taken.into_iter().filter(|name| !attached.contains(name)));
        }
        Ok(in_the_way)
    }

    async fn make_partition(&self, table: Partitioned, name: &str, day: NaiveDate) -> Result<()> {
        let Some(end) = day.succ_opt() else { return Ok(()) };
        let failed = || failed("partition.make");
        let mut connection = self.reads.acquire().await.map_err(failed())?;
        let mut transaction = connection.begin().await.map_err(failed())?;
        // Names and dates are our own; a partition's bounds cannot be parameters.
        let parent = table.table();
        let statements = [
            SOON.to_owned(),
            // As the migration `analyze` has it for those that were there; a partition does not get it from its table.
            format!(
                "CREATE TABLE {name} (LIKE {parent} INCLUDING ALL EXCLUDING IDENTITY)
                WITH (autovacuum_analyze_scale_factor = 0.5)"
            ),
            format!("ALTER TABLE {parent} ATTACH PARTITION {name} FOR VALUES FROM ('{day}') TO ('{end}')"),
        ];
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await.map_err(failed())?;
        }
        transaction.commit().await.map_err(failed())?;
        connection.give_back();
        Ok(())
    }

    /// Drops the partitions of days that ended before `before`, and those days' rows in the partition for all others; the
    /// names of what was dropped. One that somebody is reading stays for the next time, for whoever waited for its lock
    /// would keep the table's writers waiting.
    pub async fn drop_partitions(&self, table: Partitioned, before: Timestamp) -> Result<Vec<String>> {
        let limit = before.to_chrono().date_naive();
        let stray = format!("DELETE FROM {0}_default WHERE {1} < '{limit}'", table.table(), table.time());
        sqlx::query(AssertSqlSafe(stray)).execute(&self.reads).await.map_err(failed("partition.stray"))?;
        let mut dropped = Vec::new();
        for name in self.partitions(table).await? {
            let day = name.rsplit('_').next().and_then(|day| NaiveDate::parse_from_str(day, "%Y%m%d").ok());
            if day.is_none_or(|day| day >= limit) {
                continue;
            }
            match self.reads.within("partition.drop", self.drop_partition(&name)).await {
                Ok(()) => dropped.push(name),
                Err(error) if is_in_use(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(dropped)
    }

    async fn drop_partition(&self, name: &str) -> Result<()> {
        let failed = || failed("partition.drop");
        let mut connection = self.reads.acquire().await.map_err(failed())?;
        let mut transaction = connection.begin().await.map_err(failed())?;
        for statement in [SOON.to_owned(), format!("DROP TABLE IF EXISTS {name}")] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut *transaction).await.map_err(failed())?;
        }
        transaction.commit().await.map_err(failed())?;
        connection.give_back();
        Ok(())
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
