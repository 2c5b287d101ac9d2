#![doc = include_str!("../README.md")]

pub mod activity;
pub mod agent;
pub mod call;
pub mod chaos;
pub mod clock;
pub mod dead_letter;
pub mod event;
pub mod explain;
pub mod fact;
pub mod figures;
pub mod finish;
pub mod hold;
pub mod import;
pub mod inbox;
pub mod kv;
pub mod lane;
pub mod node;
pub mod outbox;
mod packed;
pub mod partition;
pub mod plugin;
mod pool;
pub mod report;
pub mod schedule;
pub mod sealed;
pub mod secret;
pub mod source;
pub mod statements;
pub mod story;
pub mod ticket;
pub mod timer;
pub mod token;

use std::time::Duration;

use chrono::{DateTime, Utc};
use deskbell_model::timestamp::Timestamp;
use sqlx::Row;
use sqlx::postgres::PgConnectOptions;

use crate::pool::Pool;

/// The tenant that exists.
pub const DEFAULT_TENANT: i32 = 1;

/// No answer for so long, and a connection is given up. A sender of webhooks waits for the first no longer than that.
const INTAKE_PATIENCE: Duration = Duration::from_secs(5);
/// Claiming and finishing are under leases, which are not much longer.
const WORK_PATIENCE: Duration = Duration::from_secs(10);
/// Reads may have to go through a long history.
const READ_PATIENCE: Duration = Duration::from_secs(30);
/// What the server itself stops, in case the engine is gone: a statement; a transaction that nobody goes on with.
const STATEMENT_TIMEOUT: &str = "60s";
const IDLE_TIMEOUT: &str = "10s";
/// New tables may take their time in a full database.
const MIGRATE_WITHIN: Duration = Duration::from_hours(1);

/// The oldest Postgres that is supported, as `server_version_num` has it.
const OLDEST_SERVER: i32 = 140_000;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be reached, or refused a statement.
    #[error("the database did not do what was asked ({verb})")]
    Database { verb: &'static str, source: sqlx::Error },
    #[error("the database could not be reached")]
    Unreachable(#[source] sqlx::Error),
    #[error("the database is Postgres {0}; Deskbell needs 14 or newer")]
    TooOld(String),
    #[error("the database could not be brought to this version's tables")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A row that no version of the engine writes.
    #[error("the row {row} of {table} makes no sense: {problem}")]
    Inconsistent { table: &'static str, row: String, problem: String },
    /// A plugin's call that ended for want of an answer.
    #[error("the database took {waited_ms} ms over what plugin {plugin} wanted to know")]
    Slow { plugin: String, waited_ms: u64 },
    /// A plugin that could not be called for want of room, which is not its fault.
    #[error("there was no room to call plugin {plugin} for {waited_ms} ms")]
    Full { plugin: String, waited_ms: u64 },
    #[error(transparent)]
    Sealing(#[from] secret::SealError),
}

impl Error {
    /// Whether the same call may work later: the connection was lost, the server is restarting, a lock was in the way.
    pub fn is_passing(&self) -> bool {
        let (Self::Database { source, .. } | Self::Unreachable(source)) = self else { return false };
        match source {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => true,
            // Connection exceptions, serialisation and deadlock, resources, operator intervention.
            sqlx::Error::Database(error) => error
                .code()
                .is_some_and(|code| ["08", "40", "53", "57", "58"].iter().any(|class| code.starts_with(class))),
            _ => false,
        }
    }
}

pub type Result<T> = std::result::Result<T, Error>;

/// Names the verb in which a statement failed.
pub(crate) fn failed(verb: &'static str) -> impl Fn(sqlx::Error) -> Error {
    move |source| Error::Database { verb, source }
}

/// How many connections each kind of work may hold.
#[derive(Clone, Copy, Debug)]
pub struct Connections {
    pub intake: u32,
    pub work: u32,
    pub reads: u32,
}

impl Default for Connections {
    fn default() -> Self {
        Self { intake: 3, work: 6, reads: 4 }
    }
}

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) tenant: i32,
    /// Takes deliveries in; kept apart, so that no other work can keep a webhook waiting.
    pub(crate) intake: Pool,
    /// Claims lanes; losing a claim is harmless, so its commits do not wait for the disk.
    pub(crate) claims: Pool,
    /// Finishes lanes.
    pub(crate) work: Pool,
    /// Reads everything for the figures of a period, which takes seconds.
    pub(crate) figures: Pool,
    /// Everything else.
    pub(crate) reads: Pool,
    /// Changes tables, for which a large database needs its time.
    migrations: Pool,
}

impl Store {
    /// Connects and checks the server's version. Nothing is changed in the database.
    pub async fn connect(url: &str, connections: Connections) -> Result<Self> {
        let options: PgConnectOptions = url.parse().map_err(Error::Unreachable)?;
        let options = options.application_name("deskbell").options([
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("idle_in_transaction_session_timeout", IDLE_TIMEOUT),
            // The server finds out about an engine that vanished with its machine, and lets its locks go.
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
            ("tcp_user_timeout", "30000"),
            ("timezone", "UTC"),
            ("jit", "off"),
        ]);
        let probe = Pool::new(1, WORK_PATIENCE, options.clone());
        let supports_lz4 = supports_lz4(&probe).await;
        // Not on every system.
        let sees_clients_go = sqlx::query(statements::SEE_CLIENTS_GO).execute(&probe).await.is_ok();
        probe.close().await;
        let mut options = options;
        if supports_lz4? {
            options = options.options([("default_toast_compression", "lz4")]);
        }
        if sees_clients_go {
            // A statement that was given up while it waits for a lock ends, instead of taking effect some time.
            options = options.options([("client_connection_check_interval", "2s")]);
        }
        // The intake statement joins what it inserts with what it was given, never a table: a nested loop is always wrong.
        // One plan serves all: planning anew costs a small batch more than carrying it out.
        let planned_once = ("plan_cache_mode", "force_generic_plan");
        let intake = options.clone().options([("enable_nestloop", "off"), ("enable_mergejoin", "off"), planned_once]);
        // The others touch some rows of a large table by key: whatever reads more is a plan from when it was small.
        let by_key = [("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off"), planned_once];
        let work = options.clone().options(by_key);
        let claims = work.clone().options([("synchronous_commit", "off")]);
        // A reading's view of the database is held by a transaction that idles while others read.
        let figures =
            options.clone().options([("statement_timeout", "10min"), ("idle_in_transaction_session_timeout", "10min")]);
        Ok(Self {
            tenant: DEFAULT_TENANT,
            intake: Pool::new(connections.intake, INTAKE_PATIENCE, intake),
            claims: Pool::new(2, WORK_PATIENCE, claims),
            work: Pool::new(connections.work, WORK_PATIENCE, work),
            figures: Pool::new(1 + figures::READERS, READ_PATIENCE, figures),
            migrations: Pool::new(1, MIGRATE_WITHIN, options.clone().options([("statement_timeout", "0")])),
            reads: Pool::new(connections.reads, READ_PATIENCE, options),
        })
    }

    /// Brings the tables to this version. Several processes may do this at once.
    pub async fn migrate(&self) -> Result<()> {
        let connecting = tokio::time::timeout(READ_PATIENCE, self.migrations.acquire()).await;
        let connected = connecting.unwrap_or(Err(sqlx::Error::PoolTimedOut));
        let mut connection = connected.map_err(Error::Unreachable)?;
        let migrator = sqlx::migrate!("./migrations");
        let migrated = tokio::time::timeout(MIGRATE_WITHIN, migrator.run(&mut *connection)).await;
        migrated.unwrap_or_else(|_elapsed| Err(sqlx::Error::PoolTimedOut.into())).map_err(Error::Migration)?;
        connection.give_back();
        self.migrations.close().await;
        self.fill_activities().await
    }

    /// Whether the database answers, within `limit`.
    pub async fn ping(&self, limit: Duration) -> Result<()> {
        let answer = tokio_timeout(limit, sqlx::query(statements::PING).execute(&self.reads)).await;
        answer.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|_| ()).map_err(failed("ping"))
    }

    /// Closes all connections, waiting for what they are doing.
    pub async fn close(&self) {
        for pool in [&self.intake, &self.claims, &self.work, &self.figures, &self.reads, &self.migrations] {
            pool.close().await;
        }
    }

    /// The tenant whose rows this store touches.
    pub fn tenant(&self) -> i32 {
        self.tenant
    }
}

async fn tokio_timeout<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(limit, work).await.ok()
}

async fn supports_lz4(pool: &Pool) -> Result<bool> {
    let row = sqlx::query(statements::SERVER).fetch_one(pool).await.map_err(Error::Unreachable)?;
    let (version, name): (i32, String) = (row.get(0), row.get(1));
    if version < OLDEST_SERVER {
        return Err(Error::TooOld(name));
    }
    Ok(row.get(2))
}

/// A text as Postgres can keep it: it has no place for the character U+0000, which stands for nothing in a text either.
pub fn storable(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}

pub(crate) fn at(time: Timestamp) -> DateTime<Utc> {
    time.to_chrono()
}

pub(crate) fn at_all<'a>(times: impl IntoIterator<Item = &'a Timestamp>) -> Vec<DateTime<Utc>> {
    times.into_iter().map(|time| time.to_chrono()).collect()
}
