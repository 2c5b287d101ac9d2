//! Service level clocks while the engine runs: what is told, when, and what becomes of it when history changes.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::config;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::waiting::now;
use crate::support::webhook::{Delivery, change, comment, event_at, new_ticket};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/sla-golden/scenarios");

/// One policy with calendar time and a warning, whose targets a test chooses.
fn policy(first_response: &str, resolution: &str) -> String {
    format!(
        "\n[[sla]]\nname = \"standard\"\n[sla.targets.normal]\nfirst_response = \"{first_response}\"\nresolution = \"{resolution}\"\n\
         [[sla.warn]]\nat = \"75%\"\n"
    )
}

fn echoes() -> String {
    config::with_guest("echoes", r#""ticket.note""#)
}

async fn start(further: &[&str]) -> (Helpdesk, TestEngine) {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), further)).await;
    (helpdesk, engine)
}

fn ago(seconds: i64) -> DateTime<Utc> {
    now() - TimeDelta::seconds(seconds)
}

async fn create(engine: &TestEngine, ticket: &str, at: DateTime<Utc>) {
    engine.post(&creation(ticket, at)).await;
}

/// Posts events in one delivery: nothing is told of what lies between them.
async fn post_together(engine: &TestEngine, events: &[Value]) {
    assert_eq!(engine.deliver(&Delivery::batch(events)).await.status, 202);
}

fn creation(ticket: &str, at: DateTime<Utc>) -> Value {
    event_at("ticket.created", ticket, at, new_ticket(ticket))
}

fn answer(ticket: &str, at: DateTime<Utc>) -> Value {
    event_at("ticket.commented", ticket, at, comment("Hello", "agent"))
}

async fn reply(engine: &TestEngine, ticket: &str, at: DateTime<Utc>) {
    engine.post(&answer(ticket, at)).await;
}

/// What has been told of a ticket's clocks: kind, metric and what it corrects.
async fn told(engine: &TestEngine, ticket: &str) -> Vec<String> {
    let query = format!(
        "SELECT e.kind, convert_from(e.data, 'UTF8') AS data FROM event AS e JOIN lane USING (tenant_id, lane_id)
         WHERE e.kind LIKE 'sla.%' AND lane.key = '{ticket}' ORDER BY e.event_id"
    );
    let in_words = |row: &Value| {
        let data: Value = serde_json::from_str(row["data"].as_str().unwrap()).unwrap();
        let corrects = data["corrects"]["kind"].as_str().map(|kind| format!(" instead of {kind}"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        format!("{} {}{}", text(&row["kind"]), text(&data["metric"]), corrects.unwrap_or_default())
    };
    engine.sql(&query).await.iter().map(in_words).collect()
}

async fn wait_for_kind(engine: &TestEngine, kind: &str, n: i64) {
    let query = format!("SELECT count(*) FROM event WHERE kind = '{kind}'");
    engine.database.wait_for(kind, &query, n).await;
}

/// The longest time from when something befell a clock until it was recorded, in seconds.
async fn latest(engine: &TestEngine, kind: &str) -> f64 {
    let query =
        format!("SELECT max(extract(epoch FROM received_at - at))::float8 AS late FROM event WHERE kind = '{kind}'");
    engine.sql(&query).await[0]["late"].as_f64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sleeping_ticket_is_woken_by_its_clock_alone_and_plugins_are_told_once() {
    let (helpdesk, mut engine) = start(&[&policy("1h", "2h"), &echoes()]).await;
    // Warned of long ago, and due in a moment.
    create(&engine, "T-1", ago(3_599) + TimeDelta::milliseconds(500)).await;
    wait_for_kind(&engine, "sla.warning", 1).await;
    wait_for_kind(&engine, "sla.breached", 1).await;
    engine.work_off().await;
    assert_eq!(told(&engine, "T-1").await, ["sla.warning first_response", "sla.breached first_response"]);
    assert!(latest(&engine, "sla.breached").await < 1.0, "recorded {} s late", latest(&engine, "sla.breached").await);
    let data = engine.sql("SELECT convert_from(data, 'UTF8') AS data, at FROM event WHERE kind = 'sla.breached'").await;
    let breach: Value = serde_json::from_str(data[0]["data"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&breach["ticket"], &breach["policy"], &breach["target"], &breach["counted_seconds"]),
        (&json!("T-1"), &json!("standard"), &json!("1h"), &json!(3600))
    );
    let notes = helpdesk.done_on("T-1");
    let of_breach = notes.iter().filter(|note| note.data["body"].as_str().unwrap().contains("sla.breached")).count();
    assert_eq!(of_breach, 1, "{notes:#?}");

    // Started again it tells nothing anew.
    engine.kill9();
    engine.start_again(None).await;
    reply(&engine, "T-1", now()).await;
    wait_for_kind(&engine, "sla.met", 1).await;
    engine.work_off().await;
    assert_eq!(told(&engine, "T-1").await[2..], ["sla.met first_response"]);
    let shown = engine.run(&["sla", "--ticket", "T-1", "--format", "json"]).await;
    let rows: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((&rows[0]["metric"], &rows[0]["state"]), (&json!("first_response"), &json!("breached_met")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_while_the_engine_was_away_comes_late_once_with_its_true_time() {
    let (_helpdesk, mut engine) = start(&[&policy("1h", "2h")]).await;
    create(&engine, "T-1", ago(3_598)).await;
    engine.work_off().await;
    engine.kill9();
    engine.database.wait_for("the breach is due", "SELECT count(*) FROM lane WHERE next_clock <= now()", 1).await;
    assert_eq!(told(&engine, "T-1").await, ["sla.warning first_response"]);
    // It dies in the middle of recording it.
    engine.launch(Some("after-decision:1"));
    crate::support::waiting::wait_until("the engine dies", async || engine.has_died()).await;
    engine.database.end_leases().await;
    engine.start_again(None).await;
    wait_for_kind(&engine, "sla.breached", 1).await;
    engine.work_off().await;
    let times = engine
        .sql("SELECT extract(epoch FROM b.at - c.at)::float8 AS after FROM event AS b, event AS c WHERE b.kind = 'sla.breached' AND c.kind = 'deskbell.ticket.created'")
        .await;
    assert!((times[0]["after"].as_f64().unwrap() - 3600.0).abs() < 1e-6, "{times:?}");
    // Nobody is called for it, so nothing is left pending either.
    assert_eq!(engine.database.number("SELECT count(*) FROM plugin_call").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_reply_takes_back_what_no_longer_holds() {
    let (_helpdesk, engine) = start(&[&policy("1h", "3h"), &echoes()]).await;
    create(&engine, "T-1", ago(4_000)).await;
    wait_for_kind(&engine, "sla.breached", 1).await;
    // Written after ten minutes, and told of only now.
    reply(&engine, "T-1", ago(3_400)).await;
    wait_for_kind(&engine, "sla.met", 1).await;
    engine.work_off().await;
    assert_eq!(
        told(&engine, "T-1").await,
        [
            "sla.warning first_response",
            "sla.breached first_response",
            "sla.met first_response instead of sla.breached",
            "sla.retracted first_response instead of sla.warning",
        ]
    );
    let called = "SELECT count(*) FROM plugin_call WHERE kind IN ('sla.met', 'sla.retracted') AND outcome = 0";
    assert_eq!(engine.database.number(called).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clocks_due_together_are_recorded_in_time() {
    let (_helpdesk, engine) = start(&[&policy("1h", "2h")]).await;
    let created_at = ago(3_594);
    for part in 0..10 {
        let events: Vec<Value> = (0..50)
            .map(|n| format!("T-{part}-{n}"))
            .map(|ticket| event_at("ticket.created", &ticket, created_at, new_ticket(&ticket)))
            .collect();
        assert_eq!(engine.deliver(&Delivery::batch(&events)).await.status, 202);
    }
    wait_for_kind(&engine, "sla.breached", 500).await;
    engine.work_off().await;
    let late = latest(&engine, "sla.breached").await;
    assert!(late < 1.0, "the last one was recorded {late} s after its time");
    assert_eq!(engine.database.number("SELECT count(*) FROM event WHERE kind = 'sla.warning'").await, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_change_of_policy_open_clocks_are_computed_anew_and_the_others_keep_what_they_have() {
    let helpdesk = Helpdesk::start().await;
    let config = |policy: &str| config::with(&helpdesk.address.to_string(), &[policy]);
    let mut engine = TestEngine::start(&config(&policy("1h", "8h"))).await;
    post_together(&engine, &[creation("T-met", ago(3_000)), answer("T-met", ago(2_400))]).await;
    create(&engine, "T-breached", ago(4_000)).await;
    create(&engine, "T-open", ago(1_300)).await;
    wait_for_kind(&engine, "sla.breached", 1).await;
    engine.work_off().await;
    assert!(engine.stop().await.success());
    // Stricter for the first response, looser for the resolution.
    engine.configure(&config(&policy("5m", "24h")));
    engine.start_again(None).await;
    wait_for_kind(&engine, "sla.breached", 2).await;
    engine.work_off().await;
    assert_eq!(told(&engine, "T-met").await, ["sla.met first_response"]);
    assert_eq!(told(&engine, "T-breached").await, ["sla.warning first_response", "sla.breached first_response"]);
    assert_eq!(told(&engine, "T-open").await, ["sla.warning first_response", "sla.breached first_response"]);
    // What is shown is what was told: the target that each clock was judged by.
    let shown = engine.run(&["sla", "--format", "json"]).await;
    let rows: Vec<Value> = serde_json::from_str(&shown.stdout).unwrap();
    let target = |ticket: &str| {
        let of = |row: &&Value| row["ticket"] == ticket && row["metric"] == "first_response";
        rows.iter().find(of).unwrap()["target"].as_str().unwrap().to_owned()
    };
    assert_eq!([target("T-met"), target("T-breached"), target("T-open")], ["1h", "1h", "5m"]);
    // A start that changes nothing looks at nothing.
    engine.restart().await;
    engine.work_off().await;
    assert_eq!(engine.database.number("SELECT count(*) FROM sla_edition").await, 2);
    assert_eq!(engine.database.number("SELECT count(*) FROM event WHERE kind LIKE 'sla.%'").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_goes_or_comes_concerns_its_own_tickets_alone() {
    let helpdesk = Helpdesk::start().await;
    let both = "sources = [\"shop-eu\", \"shop-us\"]";
    let config = |sources: &str| {
        config::with(&helpdesk.address.to_string(), &[&policy("5h", "8h")]).replace("sources = [\"shop-eu\"]", sources)
    };
    let mut engine = TestEngine::start(&config(both)).await;
    create(&engine, "T-stays", now()).await;
    let mut left = creation("T-leaves", now());
    left["source"] = json!("shop-us");
    assert_eq!(engine.deliver(&Delivery::of(&left).to("shop")).await.status, 202);
    engine.work_off().await;
    let arrivals = "SELECT l.key, l.arrivals FROM lane AS l JOIN ticket USING (tenant_id, lane_id) ORDER BY l.key";
    let mut seen = vec![engine.sql(arrivals).await];
    for sources in ["sources = [\"shop-eu\"]", both] {
        assert!(engine.stop().await.success());
        engine.configure(&config(sources));
        engine.start_again(None).await;
        engine.work_off().await;
        seen.push(engine.sql(arrivals).await);
    }
    let counted = |place: usize| seen.iter().map(move |rows| rows[place]["arrivals"].as_i64().unwrap());
    let (leaves, stays): (Vec<i64>, Vec<i64>) = (counted(0).collect(), counted(1).collect());
    assert_eq!(leaves, [leaves[0], leaves[0] + 1, leaves[0] + 2]);
    assert_eq!(stays, [stays[0]; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_history_is_told_to_nobody_and_its_open_clocks_run_on() {
    let (helpdesk, engine) = start(&[&policy("1h", "2h"), &echoes()]).await;
    let lines: Vec<String> = [("T-old", 90_000), ("T-due", 3_590)]
        .iter()
        .map(|(ticket, seconds)| event_at("ticket.created", ticket, ago(*seconds), new_ticket(ticket)).to_string())
        .collect();
    let file = engine.folder().join("history.ndjson");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let imported = engine.run(&["import", file.to_str().unwrap()]).await;
    assert!(imported.status.success(), "{imported:?}");
    wait_for_kind(&engine, "sla.breached", 1).await;
    engine.work_off().await;
    assert_eq!(told(&engine, "T-due").await, ["sla.breached first_response"]);
    assert_eq!(told(&engine, "T-old").await, Vec::<String>::new());
    // What comes of it from now on is told.
    reply(&engine, "T-old", now()).await;
    wait_for_kind(&engine, "sla.met", 1).await;
    engine.work_off().await;
    assert_eq!(told(&engine, "T-old").await, ["sla.met first_response"]);
    let calls = engine.sql("SELECT DISTINCT kind FROM plugin_call ORDER BY kind").await;
    let kinds: Vec<&str> = calls.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["sla.breached", "sla.met", "ticket.commented"]);
    assert!(helpdesk.done_on("T-due").len() == 1, "{:?}", helpdesk.done_on("T-due"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_clock_wakes_nobody_until_it_runs_again() {
    let (_helpdesk, engine) = start(&[&policy("1h", "2h")]).await;
    let pending = event_at("ticket.updated", "T-1", ago(7_000), change(json!({ "status": "pending" })));
    post_together(&engine, &[creation("T-1", ago(7_190)), answer("T-1", ago(7_100)), pending]).await;
    engine.work_off().await;
    let asleep = "SELECT count(*) FROM lane WHERE wake_at IS NULL AND next_clock IS NULL";
    assert_eq!(engine.database.number(asleep).await, 1, "paused clocks have no due time");
    engine.post(&event_at("ticket.updated", "T-1", now(), change(json!({ "status": "open" })))).await;
    engine.work_off().await;
    let waits = "SELECT count(*) FROM lane WHERE wake_at > now() + interval '1 hour' AND wake_at = next_clock";
    assert_eq!(engine.database.number(waits).await, 1);
    assert_eq!(told(&engine, "T-1").await, ["sla.met first_response"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breach_escalates_at_the_helpdesk_and_a_warning_is_noted() {
    let rules = r#"
[[sla_on]]
event = "breached"
metric = "resolution"
do = [{ escalate = { group = "tier-2" } }, { priority = "urgent" }, { tag = "overdue" }]

[[sla_on]]
event = "warning"
metric = "resolution"
do = [{ note = "{{sla.metric}} of {{ticket.id}} is due at {{sla.due_at}} ({{sla.policy}}, {{sla.target}})" }]
"#;
    let (helpdesk, engine) = start(&[&policy("8h", "1h"), rules]).await;
    create(&engine, "T-1", ago(3_599)).await;
    wait_for_kind(&engine, "sla.breached", 1).await;
    engine.work_off().await;
    let done = helpdesk.done_on("T-1");
    let kinds: Vec<&str> = done.iter().map(|action| action.kind.as_str()).collect();
    assert_eq!(kinds, ["ticket.note", "ticket.escalate", "ticket.update", "ticket.tag"], "{done:#?}");
    assert!(done[0].data["body"].as_str().unwrap().starts_with("resolution of T-1 is due at "), "{done:#?}");
    assert_eq!(done[1].data["group"], "tier-2");
    assert!(done[1].reason.as_deref().unwrap().contains("the target for resolution was missed"), "{done:#?}");
    let told = engine.run(&["explain", "T-1"]).await;
    for expected in ["sla.warning", "sla.breached", "ticket.escalated", "the target for resolution was missed"] {
        assert!(told.stdout.contains(expected), "{expected}: {}", told.stdout);
    }
}

/// What was reasoned out by hand is what an engine shows that got the events as webhooks, in the order of their arrival.
#[tokio::test(flavor = "multi_thread")]
async fn webhooks_come_to_the_clocks_that_were_reasoned_by_hand() {
    for scenario in [
        "10-paused-to-solved",
        "17-next-response-cycles",
        "21-reopened-late",
        "23-order-and-duplicates",
        "29-two-helpdesks",
    ] {
        let read = |file: &str| std::fs::read_to_string(format!("{GOLDEN}/{scenario}/{file}")).unwrap();
        let events: Vec<Value> =
            read("events.ndjson").lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let sources: std::collections::BTreeSet<&str> =
            events.iter().filter_map(|event| event["source"].as_str()).collect();
        let sources: Vec<String> = sources.iter().map(|source| format!("{source:?}")).collect();
        let account = format!("sources = [{}]", sources.join(", "));
        let config = config::with("127.0.0.1:1", &["\n", &read("config.toml")]);
        let engine = TestEngine::start(&config.replace("sources = [\"shop-eu\"]", &account)).await;
        for event in &events {
            let delivery = Delivery::of(event).to("shop");
            assert!([200, 202].contains(&engine.deliver(&delivery).await.status), "{scenario}: {event}");
        }
        engine.work_off().await;
        for file in std::fs::read_dir(format!("{GOLDEN}/{scenario}")).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let Some(at) = name.strip_prefix("expected-").and_then(|rest| rest.strip_suffix(".json")) else { continue };
            let at = chrono::NaiveDateTime::parse_from_str(at, "%Y%m%dT%H%M%SZ").unwrap().and_utc().to_rfc3339();
            let shown = engine.run(&["sla", "--at", &at, "--format", "json"]).await;
            let rows: Value = serde_json::from_str(&shown.stdout).unwrap_or_else(|_| panic!("{shown:?}"));
            let expected: Value = serde_json::from_str(&read(&name)).unwrap();
            assert_eq!(rows, expected, "{scenario} at {at}");
        }
    }
}
