//! Connections to the database that are lent out, and that nobody waits for without end.
//!
//! Who lives here: the pool behind every verb of the store. What it guarantees: a statement whose answer does not come is
//! given up after the pool's patience, and so is a connection that cannot be made; a connection on which anything went
//! wrong, or whose user went away in the middle, is closed and never lent again, for what it would answer next is
//! anybody's guess. What it does not: that what was given up did not take effect. Verbs can be repeated, or say so.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use sqlx::postgres::{PgConnectOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{Connection as _, Either, Execute, Executor, PgConnection, Postgres, SqlStr};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::{Error, Result};

/// A server that is starting is asked again after this, and then after twice that, up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_millis(500);
/// Saying goodbye to the server is a courtesy.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// Up to so many connections. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    places: Arc<Semaphore>,
    n_places: u32,
    /// The one that came back last is lent first: the server has its memory at hand.
    idle: Mutex<Vec<PgConnection>>,
    patience: Duration,
}

/// A connection on loan. It is closed when it is dropped without having been given back.
pub(crate) struct Lent {
    connection: PgConnection,
    pool: Pool,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// `patience` is how long a connection, a statement's next row or a whole transaction may take.
    pub(crate) fn new(size: u32, patience: Duration, options: PgConnectOptions) -> Self {
        let n_places = size.max(1);
        let places = Arc::new(Semaphore::new(n_places as usize));
        Self(Arc::new(Inner { options, places, n_places, idle: Mutex::default(), patience }))
    }

    /// Lends a connection, waiting for one as long as the pool's patience lasts.
    pub(crate) async fn acquire(&self) -> sqlx::Result<Lent> {
        let until = Instant::now() + self.0.patience;
        let place = tokio::time::timeout_at(until, Arc::clone(&self.0.places).acquire_owned()).await;
        let place = place.map_err(|_elapsed| sqlx::Error::PoolTimedOut)?.map_err(|_closed| sqlx::Error::PoolClosed)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect(until).await?,
        };
        Ok(Lent { connection, pool: self.clone(), _place: place })
    }

    /// Does something with connections of this pool, and gives it up where that takes longer than the pool's patience.
    pub(crate) async fn within<T>(&self, verb: &'static str, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.within_limit(verb, self.0.patience, work).await
    }

    /// The same with a limit of its own.
    pub(crate) async fn within_limit<T>(
        &self,
        verb: &'static str,
        limit: Duration,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let done = timeout(limit, work).await;
        let done = done.unwrap_or_else(|_elapsed| Err(Error::Database { verb, source: silent(limit) }));
        if let Err(Error::Database { source, .. }) = &done {
            self.look_at(source);
        }
        done
    }

    /// Lends nothing any more, and closes the connections as they come back.
    pub(crate) async fn close(&self) {
        let all = Arc::clone(&self.0.places).acquire_many_owned(self.0.n_places);
        let all = timeout(self.0.patience, all).await;
        self.0.places.close();
        let connections = std::mem::take(&mut *self.idle());
        for connection in connections {
            let _ = timeout(CLOSE_WITHIN, connection.close()).await;
        }
        drop(all);
    }

    async fn connect(&self, until: Instant) -> sqlx::Result<PgConnection> {
        let mut pause = FIRST_PAUSE;
        loop {
            let connected = tokio::time::timeout_at(until, PgConnection::connect_with(&self.0.options)).await;
            match connected.unwrap_or_else(|_elapsed| Err(silent(self.0.patience))) {
                Err(error) if is_starting(&error) && Instant::now() + pause < until => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LAST_PAUSE);
                }
                connected => return connected,
            }
        }
    }

    /// Runs one statement and gives everything that it answers.
    async fn answers<'q, E>(&self, query: E) -> sqlx::Result<Vec<Either<PgQueryResult, PgRow>>>
    where
        E: 'q + Execute<'q, Postgres>,
    {
        let mut lent = self.acquire().await?;
        let asked = async {
            let mut answers = lent.fetch_many(query);
            let mut all = Vec::new();
            // The limit is for each answer: many rows may take their time as long as they keep coming.
            while let Some(answer) = self.hear(answers.try_next()).await? {
                all.push(answer);
            }
            Ok(all)
        };
        let asked = asked.await;
        self.settle(lent, asked)
    }

    /// Waits for the database's next word.
    async fn hear<T>(&self, next: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
        timeout(self.0.patience, next).await.unwrap_or_else(|_elapsed| Err(silent(self.0.patience)))
    }

    /// Takes back a connection after a statement, unless that went wrong.
    fn settle<T>(&self, lent: Lent, answered: sqlx::Result<T>) -> sqlx::Result<T> {
        match &answered {
            Ok(_) => lent.give_back(),
            Err(error) => self.look_at(error),
        }
        answered
    }

    /// Where one connection was cut off, the idle ones were too, as a rule: better made anew than found out one by one.
    fn look_at(&self, error: &sqlx::Error) {
        let cut_off = match error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
            sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P")),
            _ => false,
        };
        if cut_off {
            self.idle().clear();
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<PgConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    /// Gives the connection back, with nothing under way on it.
    pub(crate) fn give_back(self) {
        let Self { connection, pool, _place } = self;
        if !pool.0.places.is_closed() {
            pool.idle().push(connection);
        }
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options hold a password.
        f.debug_struct("Pool").field("n_places", &self.0.n_places).field("patience", &self.0.patience).finish()
    }
}

impl<'p> Executor<'p> for &'_ Pool {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Either<PgQueryResult, PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        let answers = async move { pool.answers(query).await.map(|all| stream::iter(all.into_iter().map(Ok))) };
        stream::once(answers).try_flatten().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> futures::future::BoxFuture<'e, sqlx::Result<Option<PgRow>>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let pool = self.clone();
        Box::pin(async move {
            let answers = pool.answers(query).await?;
            Ok(answers.into_iter().find_map(Either::right))
        })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> futures::future::BoxFuture<'e, sqlx::Result<PgStatement>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut lent = pool.acquire().await?;
            let prepared = pool.hear(lent.prepare_with(sql, parameters)).await;
            pool.settle(lent, prepared)
        })
    }

    fn describe<'e>(self, sql: SqlStr) -> futures::future::BoxFuture<'e, sqlx::Result<sqlx::Describe<Postgres>>>
    where
        'p: 'e,
    {
        let pool = self.clone();
        Box::pin(async move {
            let mut lent = pool.acquire().await?;
            let described = pool.hear(lent.describe(sql)).await;
            pool.settle(lent, described)
        })
    }
}

fn silent(patience: Duration) -> sqlx::Error {
    let message = format!("the database said nothing for {patience:?}");
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, message))
}

/// Whether the server is not there yet, or has no room yet.
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => {
            matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
        }
        sqlx::Error::Database(error) => error.code().is_some_and(|code| ["57P03", "53300"].contains(&code.as_ref())),
        _ => false,
    }
}
