//! All facts and activities as of one instant, in bulk, for figures of a period.
//!
//! One transaction sees the database as of its beginning and lends that view to those that read beside it. Rows come as
//! the server sends a copy of its tables, by ranges of their pages, so that nothing is sorted, joined or collected.
//!
//! An answer does not depend on how far the dispatcher is: the few lanes with events that have not been handled are found
//! by one statement and folded apart, and what their events tell is put among the stored activities.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use deskbell_model::facts::Facts;
use deskbell_model::timestamp::Timestamp;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::activity::ActivityRow;
use crate::pool::Lent;
use crate::{Result, Store, at_all, failed};

mod copied;

/// What is read.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Of this source alone.
    pub source_id: Option<i32>,
    /// What ends before this matters to no figure, but for what every later report looks at.
    pub from: Timestamp,
    /// What begins at or after this is unknown to the report.
    pub to: Timestamp,
}

// Lanes with work are due, or claimed and due again within the longest lease there can be; the rest of those that wake
// some time wait for a timer. A minute is for clocks that were set back.
const PENDING: &str = "
SELECT l.lane_id, l.done_event FROM lane AS l
WHERE l.tenant_id = $1 AND l.wake_at <= now() + interval '2 hours'
    AND (l.lease_token IS NOT NULL OR l.wake_at <= now() + interval '1 minute')
    AND ($2::int IS NULL OR l.source_id = $2)
    AND EXISTS (SELECT FROM event AS e WHERE e.tenant_id = l.tenant_id AND e.lane_id = l.lane_id AND e.event_id > l.done_event)";

const SNAPSHOT: &str = "
SELECT pg_export_snapshot(), pg_relation_size('ticket_fact') / current_setting('block_size')::int";

const NAMES: &str = "SELECT source_id, name FROM source WHERE tenant_id = $1";

const PENDING_ACTIVITIES: &str = "
SELECT e.lane_id, e.event_id, e.source_id, e.id, e.kind, coalesce(e.subject, CASE WHEN l.kind <> 2 THEN l.key END), e.at, e.data
FROM unnest($2::bigint[], $3::bigint[]) AS p (lane_id, done_event)
JOIN lane AS l ON l.tenant_id = $1 AND l.lane_id = p.lane_id
JOIN event AS e ON e.tenant_id = $1 AND e.lane_id = p.lane_id AND e.event_id > p.done_event
WHERE e.kind LIKE 'deskbell.%' AND e.kind NOT LIKE 'deskbell.ticket.%'
ORDER BY e.event_id";

// A range at a time, so that each is looked up by itself.
const CREATED: &str = "
SELECT f.lane_id, f.facts FROM unnest($3::timestamptz[], $4::timestamptz[]) AS w (since, until)
CROSS JOIN LATERAL (
    SELECT lane_id, facts FROM ticket_fact
    WHERE tenant_id = $1 AND source_id = $2 AND created_at >= w.since AND created_at < w.until OFFSET 0) AS f";

const FIRST: &str = "
SELECT lane_id, facts FROM ticket_fact WHERE tenant_id = $1 AND source_id = $2 ORDER BY created_at LIMIT $3";

const FIRST_CREATED: &str = "SELECT min(created_at) FROM ticket_fact WHERE tenant_id = $1 AND source_id = $2";

const SOURCES_OF: &str = "SELECT lane_id, source_id FROM lane WHERE tenant_id = $1 AND kind = 0 AND lane_id = ANY ($2)";

pub(crate) const STATEMENTS: &[(&str, &str)] = &[
    ("figures.pending", PENDING),
    ("figures.snapshot", SNAPSHOT),
    ("figures.names", NAMES),
    ("figures.pending_activities", PENDING_ACTIVITIES),
    ("figures.created", CREATED),
    ("figures.first", FIRST),
    ("figures.first_created", FIRST_CREATED),
    ("figures.sources_of", SOURCES_OF),
];

/// How many may read beside a [`Reading`].
pub const READERS: u32 = 4;

/// Pages of a table that are read at a stretch: about 16 MiB.
const STRETCH: i64 = 2048;
/// Lanes whose histories are in memory at a time.
const FOLDED_AT_A_TIME: usize = 500;

/// A ticket's facts as they are stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredFacts<'a> {
    /// Stands for the ticket: no two have the same, whatever their sources.
    pub lane_id: i64,
    pub source_id: i32,
    /// For [`Facts::from_bytes`].
    pub facts: &'a [u8],
}

/// An activity as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredActivity<'a> {
    /// The ticket's, where it has one.
    pub lane_id: i64,
    pub source_id: i32,
    /// By this they are in the order of arrival.
    pub event_id: i64,
    /// For [`Activity::from_bytes`](deskbell_model::activity::Activity::from_bytes).
    pub data: &'a [u8],
}

/// A stretch of a table's pages; the last one has no end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pages: Range<i64>,
    is_last: bool,
}

/// A view of the database, as of one instant.
pub struct Reading {
    store: Store,
    connection: Lent,
    scope: Scope,
    snapshot: String,
    n_fact_pages: i64,
    /// Lanes with pending events, and up to which event they have been handled.
    pending: Arc<HashMap<i64, i64>>,
    names: Arc<BTreeMap<i32, String>>,
}

/// One of those that read beside a [`Reading`], with a connection of its own.
pub struct Reader {
    connection: Lent,
    tenant: i32,
    scope: Scope,
    pending: Arc<HashMap<i64, i64>>,
}

impl Store {
    /// Begins to read what figures of a period are computed from. It ends when it is dropped, with its connections.
    pub async fn read_figures(&self, scope: Scope) -> Result<Reading> {
        self.figures.within("figures.begin", self.begin_figures(scope)).await
    }

    async fn begin_figures(&self, scope: Scope) -> Result<Reading> {
        let mut connection = self.figures.acquire().await.map_err(failed("figures.begin"))?;
        begin_alike(&mut connection, None).await?;
        let row = sqlx::query(SNAPSHOT).fetch_one(&mut *connection).await.map_err(failed("figures.snapshot"))?;
        let (snapshot, n_fact_pages) = (row.get(0), row.get(1));
        let query = sqlx::query(PENDING).bind(self.tenant).bind(scope.source_id);
        let pending = query.fetch_all(&mut *connection).await.map_err(failed("figures.pending"))?;
        let pending = pending.iter().map(|row| (row.get(0), row.get(1))).collect();
        let names = sqlx::query(NAMES).bind(self.tenant).fetch_all(&mut *connection).await;
        let names = names.map_err(failed("figures.names"))?.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Reading {
            store: self.clone(),
            connection,
            scope,
            snapshot,
            n_fact_pages,
            pending: Arc::new(pending),
            names: Arc::new(names),
        })
    }
}

impl Store {
    /// The facts, by lane, of a source's tickets that were created within any of these stretches, from..until, as far as
    /// the dispatcher is.
    pub async fn facts_created(
        &self,
        source_id: i32,
        within: &[(Timestamp, Timestamp)],
    ) -> Result<BTreeMap<i64, Vec<u8>>> {
        let query = sqlx::query(CREATED)
            .bind(self.tenant)
            .bind(source_id)
            .bind(at_all(within.iter().map(|(since, _)| since)))
            .bind(at_all(within.iter().map(|(_, until)| until)));
        let rows = query.fetch_all(&self.reads).await.map_err(failed("figures.created"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// The same of a source's first `limit` tickets.
    pub async fn facts_of_first(&self, source_id: i32, limit: i64) -> Result<BTreeMap<i64, Vec<u8>>> {
        let query = sqlx::query(FIRST).bind(self.tenant).bind(source_id).bind(limit);
        let rows = query.fetch_all(&self.reads).await.map_err(failed("figures.first"))?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// When the first of a source's tickets was created, whether or not it is gone.
    pub async fn first_created(&self, source_id: i32) -> Result<Option<Timestamp>> {
        let query = sqlx::query(FIRST_CREATED).bind(self.tenant).bind(source_id);
        let row = query.fetch_one(&self.reads).await.map_err(failed("figures.first_created"))?;
        Ok(row.get::<Option<DateTime<Utc>>, _>(0).map(Timestamp::from))
    }
}

impl Reading {
    /// The names of sources by their numbers.
    pub fn names(&self) -> Arc<BTreeMap<i32, String>> {
        Arc::clone(&self.names)
    }

    /// The stretches of tickets' facts.
    pub fn fact_stretches(&self) -> Vec<Stretch> {
        stretches(self.n_fact_pages)
    }

    /// One more connection that sees the same.
    pub async fn reader(&self) -> Result<Reader> {
        let begun = async {
            let mut connection = self.store.figures.acquire().await.map_err(failed("figures.begin"))?;
            begin_alike(&mut connection, Some(&self.snapshot)).await?;
            Ok(connection)
        };
        let connection = self.store.figures.within("figures.begin", begun).await?;
        let pending = Arc::clone(&self.pending);
        Ok(Reader { connection, tenant: self.store.tenant, scope: self.scope, pending })
    }

    /// Reads the activities in the order of arrival, those that pending events tell of among them.
    pub async fn activities(&mut self, mut take: impl FnMut(StoredActivity<'_>)) -> Result<()> {
        let pending = self.pending_activities().await?;
        let mut pending = pending.iter().peekable();
        let mut take_pending = |before: i64, take: &mut dyn FnMut(StoredActivity<'_>)| {
            while let Some((lane_id, source_id, row)) = pending.next_if(|(.., row)| row.event_id < before) {
                let data = row.activity.to_bytes();
                take(StoredActivity { lane_id: *lane_id, source_id: *source_id, event_id: row.event_id, data: &data });
            }
        };
        let statement = format!(
            "COPY (SELECT lane_id, source_id, event_id, data FROM activity
                WHERE tenant_id = {}{} AND at < {} AND (until IS NULL OR until >= {})
                ORDER BY event_id) TO STDOUT (FORMAT binary)",
            self.store.tenant,
            of_source(self.scope),
            literal(self.scope.to),
            literal(self.scope.from),
        );
        copied::copy(&mut self.connection, &statement, |fields| {
            let (lane_id, source_id, event_id) = (fields.int8()?, fields.int4()?, fields.int8()?);
            take_pending(event_id, &mut take);
            take(StoredActivity { lane_id, source_id, event_id, data: fields.bytes()? });
            Some(())
        })
        .await
        .map_err(failed("figures.activities"))?;
        take_pending(i64::MAX, &mut take);
        Ok(())
    }

    async fn pending_activities(&mut self) -> Result<Vec<(i64, i32, ActivityRow)>> {
        if self.pending.is_empty() {
            return Ok(Vec::new());
        }
        let (lanes, done): (Vec<i64>, Vec<i64>) = self.pending.iter().map(|(lane, done)| (*lane, *done)).unzip();
        let query = sqlx::query(PENDING_ACTIVITIES).bind(self.store.tenant).bind(lanes).bind(done);
        let rows = async { query.fetch_all(&mut *self.connection).await.map_err(failed("figures.pending_activities")) };
        let rows = self.store.figures.within("figures.pending_activities", rows).await?;
        Ok(rows.iter().filter_map(crate::activity::of_event_row).collect())
    }

    /// Folds the tickets with pending events, and those of `further` lanes, whose stored facts are of another form;
    /// `take` gets lane, source and facts.
    pub async fn folded(&mut self, further: &[i64], mut take: impl FnMut(i64, i32, &Facts)) -> Result<()> {
        let lanes: Vec<i64> = self.pending.keys().chain(further).copied().collect();
        for lanes in lanes.chunks(FOLDED_AT_A_TIME) {
            let tenant = self.store.tenant;
            let folded = async {
                let query = sqlx::query(SOURCES_OF).bind(tenant).bind(lanes);
                let rows = query.fetch_all(&mut *self.connection).await.map_err(failed("figures.sources_of"))?;
                let sources: HashMap<i64, i32> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
                let of_tickets: Vec<i64> = sources.keys().copied().collect();
                Ok((crate::fact::fold_lanes(&mut self.connection, tenant, &of_tickets).await?, sources))
            };
            let (folded, sources) = self.store.figures.within("figures.folded", folded).await?;
            for (lane_id, facts) in folded {
                if let Some(source_id) = sources.get(&lane_id) {
                    take(lane_id, *source_id, &facts);
                }
            }
        }
        Ok(())
    }
}

impl Reader {
    /// Reads a stretch of tickets' facts. Tickets with pending events are left out.
    pub async fn facts(&mut self, stretch: &Stretch, mut take: impl FnMut(StoredFacts<'_>)) -> Result<()> {
        let statement = format!(
            "COPY (SELECT lane_id, source_id, facts FROM ticket_fact
                WHERE tenant_id = {} AND {}{} AND created_at < {}) TO STDOUT (FORMAT binary)",
            self.tenant,
            stretch.condition(),
            of_source(self.scope),
            literal(self.scope.to),
        );
        copied::copy(&mut self.connection, &statement, |fields| {
            let (lane_id, source_id, facts) = (fields.int8()?, fields.int4()?, fields.bytes()?);
            if !self.pending.contains_key(&lane_id) {
                take(StoredFacts { lane_id, source_id, facts });
            }
            Some(())
        })
        .await
        .map_err(failed("figures.facts"))
    }
}

fn of_source(scope: Scope) -> String {
    scope.source_id.map(|source_id| format!(" AND source_id = {source_id}")).unwrap_or_default()
}

impl Stretch {
    fn condition(&self) -> String {
        let from = format!("ctid >= '({},0)'", self.pages.start);
        if self.is_last { from } else { format!("{from} AND ctid < '({},0)'", self.pages.end) }
    }
}

fn stretches(n_pages: i64) -> Vec<Stretch> {
    let last = (n_pages - 1).max(0) / STRETCH;
    let stretch = |n| Stretch { pages: n * STRETCH..(n + 1) * STRETCH, is_last: n == last };
    (0..=last).map(stretch).collect()
}

/// A time as it stands in a statement, for a copy takes no parameters; within the years that have four digits.
fn literal(time: Timestamp) -> String {
    let (first, last) = (Timestamp::from_seconds(-62_135_596_800), Timestamp::from_seconds(253_402_300_799));
    format!("timestamptz '{}'", time.clamp(first, last))
}

async fn begin_alike(connection: &mut PgConnection, snapshot: Option<&str>) -> Result<()> {
    let mut statements = String::from("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY");
    if let Some(snapshot) = snapshot {
        // As the server named it: hexadecimal numbers and dashes. Writing to a text cannot fail.
        let _ = write!(statements, "; SET TRANSACTION SNAPSHOT '{}'", snapshot.replace('\'', ""));
    }
    // Activities lie nearly in the order of their keys, so the index gives them in order for less than sorting costs.
    statements.push_str("; SET LOCAL enable_sort = off");
    let begun = sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await;
    begun.map(drop).map_err(failed("figures.begin"))
}
