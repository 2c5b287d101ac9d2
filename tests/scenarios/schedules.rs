//! Schedules while engines run: each run once, and what becomes of runs that were missed.

use serde_json::Value;

use crate::support::config;
use crate::support::engine::TestEngine;
use crate::support::waiting::wait_until;

const EVERY_SECOND: &str = r#"
[[schedule]]
name = "ticks"
cron = "* * * * * *"
plugin = "notify"
data = { what = "tick" }
"#;

fn with(schedule: &str) -> String {
    config::with("127.0.0.1:1", &["\n[[plugin]]\nname = \"notify\"\n", schedule])
}

async fn runs(engine: &TestEngine, state: i64) -> i64 {
    engine.database.number(&format!("SELECT count(*) FROM schedule_run WHERE state = {state}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_run_becomes_one_event_for_its_plugin_whichever_process_sees_it() {
    let mut engine = TestEngine::start(&with(EVERY_SECOND)).await;
    let beside = engine.beside(&with(EVERY_SECOND)).await;
    wait_until("some runs are completed", async || runs(&engine, 2).await >= 3).await;
    engine.kill9();
    engine.start_again(None).await;
    wait_until("more runs are completed", async || runs(&engine, 2).await >= 6).await;
    let fired = engine
        .sql("SELECT id, convert_from(data, 'UTF8') AS data FROM event WHERE kind = 'schedule.fired' ORDER BY event_id")
        .await;
    let ids: std::collections::BTreeSet<&str> = fired.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), fired.len());
    let data: Value = serde_json::from_str(fired[0]["data"].as_str().unwrap()).unwrap();
    assert_eq!((&data["schedule"], &data["data"]["what"]), (&"ticks".into(), &"tick".into()));
    let twice = "SELECT count(*) FROM (SELECT event_id FROM plugin_call WHERE kind = 'schedule.fired' AND outcome = 0
        GROUP BY event_id HAVING count(*) > 1) AS t";
    assert_eq!(engine.database.number(twice).await, 0);
    drop(beside);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_schedule_does_not_run_and_what_was_missed_runs_once() {
    let hourly = EVERY_SECOND.replace("* * * * * *", "0 * * * *");
    let mut engine = TestEngine::start(&with(&hourly)).await;
    wait_until("the schedule is known", async || engine.database.number("SELECT count(*) FROM schedule").await == 1)
        .await;
    assert!(engine.stop().await.success());
    // Nobody was there for half a day.
    let half_a_day_ago = "UPDATE schedule SET checked_to = checked_to - interval '12 hours'";
    engine.database.execute(half_a_day_ago).await;
    engine.start_again(None).await;
    wait_until("the missed run is completed", async || runs(&engine, 2).await == 1).await;
    let n_skipped = runs(&engine, 4).await;
    assert!((11..=12).contains(&n_skipped), "{n_skipped}");

    let paused = engine.run(&["schedule", "pause", "ticks"]).await;
    assert!(paused.status.success(), "{paused:?}");
    assert!(engine.stop().await.success());
    engine.database.execute(half_a_day_ago).await;
    engine.start_again(None).await;
    let listed = engine.run(&["schedule", "list", "--format", "json"]).await;
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert!(listed[0]["paused_since"].is_string() && listed[0]["next_run"].is_null(), "{listed}");
    assert_eq!((&listed[0]["name"], &listed[0]["state"]), (&"ticks".into(), &"completed".into()));
    let resumed = engine.run(&["schedule", "resume", "ticks"]).await;
    assert!(resumed.status.success(), "{resumed:?}");
    engine.work_off().await;
    assert_eq!(runs(&engine, 2).await, 1, "what was due while it was paused does not run");
    let unknown = engine.run(&["schedule", "pause", "tocks"]).await;
    assert!(!unknown.status.success() && unknown.stderr.contains("there is no schedule 'tocks'"), "{unknown:?}");
}
