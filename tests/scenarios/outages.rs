//! A database that crashes, drops sessions and loses answers under load.

use std::sync::Arc;
use std::time::Duration;

use crate::support::cluster::Cluster;
use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::invariants;
use crate::support::load::{Load, Shape};
use crate::support::proxy::{Loss, Proxy};
use crate::support::waiting::{wait_until, wait_within};
use crate::support::webhook::{Delivery, commented, created};

const SHAPE: Shape = Shape { prefix: "T-", tickets: 24, events_per_ticket: 4, senders: 8 };

/// Several connections that fall silent one after the other cost their patience each.
const LIMIT: Duration = Duration::from_secs(80);

async fn work_off(engine: &TestEngine) {
    wait_within(LIMIT, "everything is worked off", async || {
        engine.database.end_lost_deliveries().await;
        invariants::is_quiet(&engine.database).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_postgres_crashes() {
    let cluster = Arc::new(tokio::task::spawn_blocking(Cluster::start).await.unwrap());
    let helpdesk = Helpdesk::start().await;
    let config = config::busy(&helpdesk.address.to_string());
    let mut engine = TestEngine::prepare(&config, Database::create_alone(Arc::clone(&cluster)).await).await;
    engine.start_again(None).await;
    let mut load = Load::start(&engine.address, SHAPE);
    for n_before_next_crash in [15, 50, 80] {
        wait_until("some of the load is taken", async || load.n_taken() >= n_before_next_crash || load.is_sent()).await;
        let cluster = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || cluster.crash()).await.unwrap();
    }
    let taken = load.sent().await;
    work_off(&engine).await;
    let counts = invariants::check(&engine.database, &helpdesk, &taken).await;
    println!("3 crashes of Postgres: {} attempts of senders failed, {counts}", taken.n_failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_sessions_are_ended() {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::busy(&helpdesk.address.to_string())).await;
    let mut load = Load::start(&engine.address, SHAPE);
    let mut n_ended = 0;
    while !load.is_sent() {
        n_ended += engine
            .database
            .number("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'deskbell'")
            .await;
        let n_before = load.n_taken();
        wait_until("some more of the load is taken", async || load.n_taken() >= n_before + 12 || load.is_sent()).await;
    }
    let taken = load.sent().await;
    work_off(&engine).await;
    let counts = invariants::check(&engine.database, &helpdesk, &taken).await;
    println!("{n_ended} sessions ended: {} attempts of senders failed, {counts}", taken.n_failed);
    assert!(n_ended > 10);
}

/// An engine that reaches its database through a proxy.
async fn behind_a_proxy() -> (Helpdesk, Proxy, TestEngine) {
    let helpdesk = Helpdesk::start().await;
    let config = config::busy(&helpdesk.address.to_string());
    let mut engine = TestEngine::prepare(&config, Database::create().await).await;
    let proxy = Proxy::start(Cluster::shared()).await;
    engine.reach_database_at(&proxy.url(&engine.database.name));
    engine.start_again(None).await;
    (helpdesk, proxy, engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_takes_effect_once() {
    let (helpdesk, proxy, engine) = behind_a_proxy().await;
    let load = Load::start(&engine.address, SHAPE);
    wait_until("some of the load is taken", async || load.n_taken() >= 5).await;
    proxy.lose("COMMIT", 12, Loss::Broken);
    let taken = load.sent().await;
    work_off(&engine).await;
    assert_eq!(proxy.n_lost(), 12);
    let counts = invariants::check(&engine.database, &helpdesk, &taken).await;
    println!("12 answers to COMMIT lost: {counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_whose_commit_is_in_doubt_is_not_acknowledged_and_not_doubled() {
    let (helpdesk, proxy, engine) = behind_a_proxy().await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    proxy.lose("in doubt", 1, Loss::Broken);
    let delivery = Delivery::of(&commented("T-1", "in doubt"));
    let first = engine.deliver(&delivery).await;
    assert_eq!(proxy.n_lost(), 1);
    assert_eq!(first.status, 503, "{first:?}");
    let second = engine.deliver(&delivery).await;
    assert_eq!(second.status, 200, "{second:?}");
    engine.work_off().await;
    assert_eq!(engine.database.number("SELECT count(*) FROM event WHERE kind = 'deskbell.ticket.commented'").await, 1);
    // `echoes` repeats each comment as a note.
    let done = helpdesk.done_on("T-1");
    let notes = done.iter().filter(|done| done.data["body"].as_str().is_some_and(|body| body.contains("in doubt")));
    assert_eq!(notes.count(), 1, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_fall_silent_do_not_stop_the_work() {
    let (helpdesk, proxy, engine) = behind_a_proxy().await;
    let load = Load::start(&engine.address, SHAPE);
    wait_until("some of the load is taken", async || load.n_taken() >= 5).await;
    // More than there are connections for any one kind of work.
    proxy.lose("COMMIT", 7, Loss::Silent);
    let taken = load.sent().await;
    work_off(&engine).await;
    let counts = invariants::check(&engine.database, &helpdesk, &taken).await;
    println!("{} connections fell silent: {counts}", proxy.n_lost());
}
