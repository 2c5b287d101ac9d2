//! Every statement of the store against the tables that its migrations make.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use crate::support::database::Database;

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_can_be_prepared() {
    let database = Database::create().await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    let all = deskbell_store::statements::all();
    assert!(all.len() > 80, "only {} statements", all.len());
    let mut wrong = Vec::new();
    for (name, statement) in all {
        // Most begin with the tenant, and the engine tells the types of what it binds.
        let mut prepared = Ok(());
        for types in ["", "(int)"] {
            let prepare = format!("PREPARE tried {types} AS {statement}");
            prepared = connection.execute(sqlx::raw_sql(AssertSqlSafe(prepare))).await.map(drop);
            if prepared.is_ok() {
                connection.execute("DEALLOCATE tried").await.unwrap();
                break;
            }
        }
        if let Err(error) = prepared {
            wrong.push(format!("{name}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_names_are_told_apart() {
    let mut names: Vec<&str> = deskbell_store::statements::all().into_iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let n_names = names.len();
    names.dedup();
    assert_eq!(names.len(), n_names);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_explains_itself() {
    let database = Database::create().await;
    let tables = "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = 'public'::regnamespace AND relname <> '_sqlx_migrations' AND obj_description(oid) IS NULL";
    assert_eq!(database.rows(tables).await, Vec::<serde_json::Value>::new(), "tables without a comment");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_migrations_can_run_twice_and_at_a_time() {
    let database = Database::create().await;
    let migrate = async || {
        let store =
            deskbell_store::Store::connect(&database.url, deskbell_store::Connections::default()).await.unwrap();
        store.migrate().await.unwrap();
        store.close().await;
    };
    tokio::join!(migrate(), migrate(), migrate());
}
