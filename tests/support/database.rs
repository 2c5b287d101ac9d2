//! A database for a test, from a migrated template.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use deskbell_store::{Connections, Store};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::cluster::Cluster;
use super::waiting::wait_until;

const TEMPLATE: &str = "migrated";

/// A database. Each query has a connection of its own, so that it does not matter what happens to the server between.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) url: String,
    /// None: the shared one.
    cluster: Option<Arc<Cluster>>,
}

impl Database {
    /// A new one in the cluster that all tests share.
    pub(crate) async fn create() -> Self {
        Self::create_in(Cluster::shared(), None).await
    }

    /// A new one in a cluster of the test's own.
    pub(crate) async fn create_alone(cluster: Arc<Cluster>) -> Self {
        Self::create_in(&cluster, Some(Arc::clone(&cluster))).await
    }

    async fn create_in(cluster: &Cluster, own: Option<Arc<Cluster>>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        cluster.template.get_or_init(|| make_template(cluster)).await;
        let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        run(&cluster.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE {TEMPLATE}")).await.unwrap();
        Self { url: cluster.url(&name), name, cluster: own }
    }

    /// Runs statements.
    #[track_caller]
    pub(crate) fn execute(&self, statements: &str) -> impl Future<Output = ()> {
        let (url, statements) = (self.url.clone(), statements.to_owned());
        async move { run(&url, &statements).await.unwrap_or_else(|error| panic!("{statements}: {error}")) }
    }

    /// The rows of a query, each as a JSON object.
    pub(crate) async fn rows(&self, query: &str) -> Vec<Value> {
        let query = format!("SELECT coalesce(json_agg(r), '[]')::text FROM ({query}) AS r");
        let text: String = self.one(&query).await.unwrap_or_else(|error| panic!("{query}: {error}"));
        serde_json::from_str(&text).unwrap()
    }

    /// The number that a query gives; 0 for null.
    pub(crate) async fn number(&self, query: &str) -> i64 {
        self.try_number(query).await.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    pub(crate) async fn try_number(&self, query: &str) -> Result<i64, sqlx::Error> {
        self.one(&format!("SELECT coalesce(({query})::bigint, 0)")).await
    }

    async fn one<T>(&self, query: &str) -> Result<T, sqlx::Error>
    where
        T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        let mut connection = PgConnection::connect(&self.url).await?;
        let value = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(value)
    }

    /// Waits until a query that counts gives `expected`.
    pub(crate) async fn wait_for(&self, what: &str, query: &str, expected: i64) {
        let mut last = 0;
        wait_until(&format!("{what} ({query} = {expected})"), async || {
            last = self.number(query).await;
            last == expected
        })
        .await;
    }

    /// Lets all leases end now, as time would. Only while no engine runs: theirs would end too.
    pub(crate) async fn end_leases(&self) {
        self.execute("UPDATE lane SET wake_at = now() WHERE lease_token IS NOT NULL").await;
        self.execute("UPDATE outbox_lane SET wake_at = now() WHERE lease_token IS NOT NULL").await;
    }

    /// Lets the leases of actions end whose engine is gone or has lost them. Those last three minutes; this takes
    /// whatever is older than an attempt under the tests' limits can be.
    pub(crate) async fn end_lost_deliveries(&self) {
        self.wake_outbox_lanes("lease_token IS NOT NULL AND wake_at < now() + interval '175 s'").await;
    }

    /// Lets what waits for its next attempt at a destination have it now, as time would.
    pub(crate) async fn end_delivery_waits(&self) {
        self.wake_outbox_lanes("wake_at IS NOT NULL AND lease_token IS NULL").await;
    }

    /// Without waiting for anybody: the test must not be the one who locks in another order.
    async fn wake_outbox_lanes(&self, which: &str) {
        self.execute(&format!(
            "UPDATE outbox_lane SET wake_at = now() WHERE (tenant_id, destination_id, lane_id) IN
                (SELECT tenant_id, destination_id, lane_id FROM outbox_lane WHERE {which} FOR UPDATE SKIP LOCKED)"
        ))
        .await;
    }

    /// What the server has logged about it.
    pub(crate) fn server_log(&self) -> Vec<String> {
        self.cluster().log_of(&self.name)
    }

    pub(crate) fn cluster(&self) -> &Cluster {
        self.cluster.as_deref().unwrap_or_else(|| Cluster::shared())
    }
}

async fn run(url: &str, statements: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))).await?;
    connection.close().await
}

async fn make_template(cluster: &Cluster) {
    run(&cluster.url("postgres"), &format!("CREATE DATABASE {TEMPLATE}")).await.unwrap();
    let store = Store::connect(&cluster.url(TEMPLATE), Connections::default()).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
}
