//! Engines as processes: stopping, sharing a database, refusing to start.

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::support::config::{self, ROUTING};
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::invariants;
use crate::support::load::{Load, Shape};
use crate::support::waiting::wait_until;
use crate::support::webhook::created;

const SHAPE: Shape = Shape { prefix: "T-", tickets: 30, events_per_ticket: 4, senders: 8 };

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_stopped_hands_everything_back() {
    let helpdesk = Helpdesk::start().await;
    let mut engine = TestEngine::start(&config::busy(&helpdesk.address.to_string())).await;
    let mut load = Load::start(&engine.address, SHAPE);
    for n_before_next_stop in [20, 60, 100] {
        wait_until("some of the load is taken", async || load.n_taken() >= n_before_next_stop || load.is_sent()).await;
        let started = std::time::Instant::now();
        let status = engine.stop().await;
        assert!(status.success(), "{status}: {}", engine.log());
        // Sooner than its leases would end by themselves.
        assert!(started.elapsed().as_secs() < 30, "stopping took {:?}", started.elapsed());
        for held in ["lane", "outbox_lane"] {
            let held = format!("SELECT count(*) FROM {held} WHERE lease_token IS NOT NULL");
            assert_eq!(engine.database.number(&held).await, 0, "{held}");
        }
        assert_eq!(engine.database.number("SELECT count(*) FROM node").await, 0, "it signed off");
        engine.start_again(None).await;
    }
    let taken = load.sent().await;
    engine.work_off().await;
    invariants::check(&engine.database, &helpdesk, &taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_in_the_middle_of_a_request_does_not_keep_an_engine_from_handing_everything_back() {
    let helpdesk = Helpdesk::start().await;
    let mut engine = TestEngine::start(&config::busy(&helpdesk.address.to_string())).await;
    let address = engine.address.lock().unwrap().trim_start_matches("http://").to_owned();
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"POST /hooks/desk HTTP/1.1\r\nhost: localhost\r\ncontent-le").await.unwrap();
    // By the time others have been answered, its beginning has been read.
    assert_eq!(engine.get("/healthz").await.0, 200);
    engine.post(&created("T-1")).await;
    let status = engine.stop().await;
    assert!(status.success(), "{status}: {}", engine.log());
    let log = engine.log();
    assert!(log.contains("some requests had not ended"), "{log}");
    assert!(!log.contains("some work was still under way"), "{log}");
    for held in ["lane", "outbox_lane"] {
        let held = format!("SELECT count(*) FROM {held} WHERE lease_token IS NOT NULL");
        assert_eq!(engine.database.number(&held).await, 0, "{held}");
    }
    drop(slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_share_a_database_and_one_takes_over_from_another() {
    let helpdesk = Helpdesk::start().await;
    let config = config::busy(&helpdesk.address.to_string());
    let mut first = TestEngine::start(&config).await;
    let second = first.beside(&config).await;
    let load = Load::start(&first.address, SHAPE);
    let other_load = Load::start(&second.address, Shape { prefix: "U-", ..SHAPE });
    wait_until("some of the load is taken", async || load.n_taken() > 30).await;
    first.kill9();
    // Its senders turn to the other one.
    let address = second.address.lock().unwrap().clone();
    address.clone_into(&mut first.address.lock().unwrap());
    let mut taken = load.sent().await;
    taken.events.extend(other_load.sent().await.events);
    wait_until("everything is worked off", async || {
        first.database.end_lost_deliveries().await;
        invariants::is_quiet(&first.database).await
    })
    .await;
    invariants::check(&second.database, &helpdesk, &taken).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_with_another_configuration_is_refused() {
    let helpdesk = Helpdesk::start().await;
    let address = helpdesk.address.to_string();
    let mut first = TestEngine::start(&config::with(&address, &[])).await;
    let mut other = TestEngine::prepare(&config::with(&address, &[ROUTING]), first.database.clone()).await;
    other.launch(None);
    let status = other.end().await;
    assert_eq!(status.code(), Some(1));
    assert!(other.log().contains("another configuration"), "{}", other.log());
    // What may differ may differ.
    let mut elsewhere = first.beside(&config::with(&address, &["\n[intake]\ncommitters = 3\n"])).await;
    assert!(elsewhere.stop().await.success());
    // Once the first has signed off, the new configuration holds.
    assert!(first.stop().await.success());
    other.start_again(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_not_there_is_named() {
    let engine = TestEngine::prepare(&config::with("127.0.0.1:1", &[]), Database::create().await).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    for (url, expected) in [
        (format!("postgres://deskbell@{closed}/deskbell"), "could not be reached"),
        (engine.database.cluster().url("nobody_made_this"), "nobody_made_this"),
        ("not a url".to_owned(), "DATABASE_URL"),
    ] {
        let mut engine = TestEngine::prepare(&config::with("127.0.0.1:1", &[]), engine.database.clone()).await;
        engine.reach_database_at(&url);
        let started = std::time::Instant::now();
        let ended = engine.run(&["serve", "--listen", "127.0.0.1:0"]).await;
        assert_eq!(ended.status.code(), Some(1), "{ended:?}");
        assert!(ended.stderr.contains("DATABASE_URL") && ended.stderr.contains(expected), "{ended:?}");
        assert!(started.elapsed().as_secs() < 20, "it took {:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_use_is_told_from_work_that_failed() {
    let engine = TestEngine::prepare("[server]\nlisten = 5\n[servr]\n", Database::create().await).await;
    for (arguments, code) in [(&["serve", "--listne"][..], 2), (&["serve"][..], 1), (&["no-such-command"][..], 2)] {
        let ended = engine.run(arguments).await;
        assert_eq!(ended.status.code(), Some(code), "{ended:?}");
        assert_eq!(ended.stdout, "", "talk goes to stderr");
    }
    let ended = engine.run(&["serve"]).await;
    assert!(ended.stderr.contains("server.listen") && ended.stderr.contains("servr"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_tries_a_plugins_settings_and_compares_hosts_with_where_actions_go() {
    let sound = config::with("127.0.0.1:1", &[ROUTING]);
    for (config, problem) in [
        (sound.clone(), None),
        (sound.replace("group = \"billing\"", "grup = \"billing\""), Some("routing rule 1")),
        (sound.replace("hosts = [\"127.0.0.1:1\"]", "hosts = [\"127.0.0.1\"]"), Some("which `hosts` does not list")),
    ] {
        let engine = TestEngine::prepare(&config, Database::create().await).await;
        let checked = engine.run(&["check"]).await;
        assert_eq!(checked.status.success(), problem.is_none(), "{checked:?}");
        assert!(problem.is_none_or(|problem| checked.stdout.contains(problem)), "{problem:?}: {checked:?}");
    }
}
