//! The figures of a history, however it came in.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::golden;
use crate::support::invariants::is_quiet;
use crate::support::waiting::wait_within;
use crate::support::webhook::{Delivery, get_as};

/// Events that tell of activities.
const TOLD: &str =
    "SELECT count(*) FROM event WHERE kind = ANY (ARRAY['deskbell.interaction.ended', 'deskbell.work.logged',
    'deskbell.rating.submitted', 'deskbell.agent.shift', 'deskbell.agent.status', 'deskbell.knowledge.searched',
    'deskbell.knowledge.viewed', 'deskbell.knowledge.rated', 'deskbell.cost.recorded'])";

/// All activities in one number.
const ACTIVITIES: &str = "
    SELECT ('x' || left(md5(string_agg(line, E'\\n' ORDER BY line)), 15))::bit(60)::bigint FROM (
        SELECT concat_ws('|', s.name, l.kind, l.key, e.id, a.at, a.until, encode(a.data, 'hex')) AS line
        FROM activity AS a JOIN event AS e USING (tenant_id, lane_id, event_id) JOIN lane AS l USING (tenant_id, lane_id)
            JOIN source AS s ON s.source_id = a.source_id) AS lines";

/// An account that takes the events of all sources of the history.
fn configuration() -> String {
    let sources: BTreeSet<String> = golden::lines()
        .iter()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["source"].as_str().map(str::to_owned))
        .filter(|source| !source.is_empty())
        .collect();
    let sources = Vec::from_iter(sources);
    let account = format!(
        "\n[[source]]\nname = \"golden\"\nsources = {sources:?}\nsecrets = {{ webhook = {{ env = \"{}\" }} }}\n\n",
        config::SECRET_VARIABLE
    );
    config::with("127.0.0.1:1", &[&account, &golden::calendars()])
}

async fn prepared() -> TestEngine {
    TestEngine::prepare(&configuration(), Database::create().await).await
}

async fn import(engine: &TestEngine, file: &str) {
    let ended = engine.run(&["import", file, "--format", "json"]).await;
    assert!(ended.status.success(), "{ended:?}");
}

/// Each event that tells of an activity has one, and one alone.
async fn each_activity_is_there_once(engine: &TestEngine) {
    let told = engine.database.number(TOLD).await;
    assert!(told > 5000, "{told}");
    assert_eq!(engine.database.number("SELECT count(*) FROM activity").await, told);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_history_has_its_figures() {
    let engine = prepared().await;
    let events = golden::file("events.ndjson.gz");
    import(&engine, events.to_str().unwrap()).await;
    each_activity_is_there_once(&engine).await;
    golden::check(&engine, golden::ALL).await;

    // A second import changes nothing.
    let before = engine.database.number(ACTIVITIES).await;
    import(&engine, events.to_str().unwrap()).await;
    assert_eq!(engine.database.number(ACTIVITIES).await, before);
    golden::check(&engine, [4]).await;

    // A database from before there were activities gets them when it is opened.
    engine.database.execute("DELETE FROM activity; INSERT INTO activity_gap VALUES (1, 0, 0)").await;
    golden::check(&engine, [4, 7]).await;
    assert_eq!(engine.database.number(ACTIVITIES).await, before);
    assert_eq!(engine.database.number("SELECT count(*) FROM activity_gap").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_in_another_order_of_arrival_has_the_same_figures() {
    let engine = prepared().await;
    let lines = golden::lines();
    let shuffled = golden::shuffled(&lines, 7);
    assert_ne!(lines, shuffled);
    let file = engine.folder().join("shuffled.ndjson");
    std::fs::write(&file, shuffled.join("\n")).unwrap();
    import(&engine, file.to_str().unwrap()).await;
    each_activity_is_there_once(&engine).await;
    golden::check(&engine, golden::ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_is_posted_has_the_same_figures_before_and_after_it_is_worked_off() {
    let mut engine = prepared().await;
    engine.start_again(None).await;
    let events: Vec<Value> = golden::lines().iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for batch in events.chunks(40) {
        // In order: of two with one id the first counts.
        let answer = engine.deliver(&Delivery::batch(batch).to("golden")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
    }
    let n_pending = engine
        .database
        .number("SELECT count(*) FROM event JOIN lane USING (tenant_id, lane_id) WHERE event_id > done_event")
        .await;
    println!("{n_pending} events are pending");
    golden::check(&engine, [2]).await;
    wait_within(Duration::from_mins(5), "the history is worked off", async || is_quiet(&engine.database).await).await;
    each_activity_is_there_once(&engine).await;
    golden::check(&engine, golden::ALL).await;

    let made = engine.run(&["token", "create", "figures", "--scope", "read"]).await;
    let token = made.stdout.trim();
    let address = engine.address.lock().unwrap().clone();
    for number in golden::ALL {
        let url = format!("{address}/api/v1/kpis?{}", golden::query(number));
        let (status, report) = get_as(&url, token).await.unwrap();
        assert_eq!(status, 200, "{report}");
        golden::compare(number, &report);
    }
    for (query, expected) in [
        ("from=2026-03-01", 400),
        ("from=2026-03-01&to=2026-04-01&by=chanel", 400),
        ("from=2026-03-01&to=2026-04-01&form=x", 400),
        ("from=2026-03-01&to=2026-04-01&source=nobody", 404),
    ] {
        let (status, problem) = get_as(&format!("{address}/api/v1/kpis?{query}"), token).await.unwrap();
        assert_eq!(status, expected, "{query}: {problem}");
    }
    assert_eq!(get_as(&format!("{address}/api/v1/kpis?from=2026-03-01&to=2026-04-01"), "none").await.unwrap().0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_do_not_wait_for_the_dispatcher() {
    // Nobody works on what an import leaves to the dispatcher: here everything, as if each lane had been in work.
    let engine = prepared().await;
    import(&engine, golden::file("events.ndjson.gz").to_str().unwrap()).await;
    engine
        .database
        .execute(
            "DELETE FROM activity; DELETE FROM ticket_fact; DELETE FROM ticket;
             UPDATE lane SET done_event = 0, wake_at = now()",
        )
        .await;
    golden::check(&engine, [4, 6]).await;
    // Halfway: some lanes are done, some are not.
    let half = prepared().await;
    import(&half, golden::file("events.ndjson.gz").to_str().unwrap()).await;
    half.database
        .execute(
            "DELETE FROM activity USING lane WHERE activity.lane_id = lane.lane_id AND lane.lane_id % 2 = 0;
             DELETE FROM ticket_fact WHERE lane_id % 2 = 0;
             UPDATE lane SET done_event = 0, wake_at = now() + interval '20 s', lease_token = 1 WHERE lane_id % 2 = 0",
        )
        .await;
    golden::check(&half, [4, 6]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_option_is_named_and_costs_no_database() {
    let engine = prepared().await;
    let period = ["kpi", "--from", "2026-03-01", "--to", "2026-04-01"];
    for (further, expected) in [
        (["--by", "chanel"], "did you mean 'channel'?"),
        (["--bucket", "weak"], "did you mean 'week'?"),
        (["--tz", "Europe/Berln"], "did you mean 'Europe/Berlin'?"),
        (["--calendar", "berln"], "did you mean 'berlin'?"),
    ] {
        let ended = engine.run(&[&period[..], &further].concat()).await;
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.stderr.contains(expected), "{ended:?}");
    }
    let backwards = engine.run(&["kpi", "--from", "2026-04-01", "--to", "2026-03-01"]).await;
    assert_eq!(backwards.status.code(), Some(2), "{backwards:?}");
    let nobody = engine.run(&[&period[..], &["--source", "nobody"]].concat()).await;
    assert_eq!(nobody.status.code(), Some(1), "{nobody:?}");
    let explained = engine.run(&["kpi", "--explain", "rating"]).await;
    assert!(explained.status.success() && explained.stdout.contains("weight of quality = 1"), "{explained:?}");
    let misspelled = engine.run(&["kpi", "--explain", "raiting"]).await;
    assert!(misspelled.status.code() == Some(2) && misspelled.stderr.contains("'rating'"), "{misspelled:?}");
    for format in ["table", "csv"] {
        let ended = engine.run(&[&period[..], &["--format", format]].concat()).await;
        assert!(ended.status.success() && ended.stdout.lines().count() > 30, "{ended:?}");
    }
}
