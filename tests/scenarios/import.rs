//! Importing history.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt as _;

use nix::sys::signal::Signal;
use serde_json::{Value, json};

use crate::support::config;
use crate::support::database::Database;
use crate::support::engine::{Ended, TestEngine};
use crate::support::waiting::now;
use crate::support::webhook::created;

const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/kpi-golden/events.ndjson.gz");
const EXPECTED: &str = include_str!("../fixtures/kpi-golden/import.json");

/// Everything that an import leaves, in one number: tickets, facts, events, agents.
const LEFT: &str = "
    SELECT ('x' || left(md5(string_agg(line, E'\\n' ORDER BY line)), 15))::bit(60)::bigint FROM (
        SELECT concat_ws('|', 'ticket', s.name, l.key, t.state, t.last_at, t.n_held, t.open, encode(f.facts, 'hex')) AS line
        FROM lane AS l JOIN source AS s USING (tenant_id, source_id) JOIN ticket AS t USING (tenant_id, lane_id)
            LEFT JOIN ticket_fact AS f USING (tenant_id, lane_id)
        UNION ALL
        SELECT concat_ws('|', 'event', s.name, l.kind, l.key, e.id, e.kind, e.at, e.data, e.hop)
        FROM event AS e JOIN lane AS l USING (tenant_id, lane_id) JOIN source AS s ON s.source_id = l.source_id
        UNION ALL
        SELECT concat_ws('|', 'activity', s.name, l.kind, l.key, e.id, a.at, a.until, encode(a.data, 'hex'))
        FROM activity AS a JOIN event AS e USING (tenant_id, lane_id, event_id) JOIN lane AS l USING (tenant_id, lane_id)
            JOIN source AS s ON s.source_id = a.source_id
        UNION ALL
        SELECT concat_ws('|', 'agent', s.name, a.agent_id, a.status, a.groups, a.stated_at)
        FROM agent AS a JOIN source AS s USING (tenant_id, source_id)) AS lines";

async fn prepare() -> TestEngine {
    TestEngine::prepare(&config::with("127.0.0.1:1", &[config::ROUTING]), Database::create().await).await
}

fn report(ended: &Ended) -> Value {
    assert!(ended.status.success(), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_imported_counted_and_imported_again_without_effect() {
    let engine = prepare().await;
    let first = report(&engine.run(&["import", EVENTS, "--format", "json"]).await);
    let expected: Value = serde_json::from_str(EXPECTED).unwrap();
    for count in ["lines", "accepted", "duplicates", "unknown_types", "blank"] {
        assert_eq!(first[count], expected[count], "{count}");
    }
    let told = |report: &Value| -> Vec<(i64, String)> {
        let rejected = report["rejected"].as_array().unwrap().iter();
        rejected.map(|r| (r["line"].as_i64().unwrap(), r["member"].as_str().unwrap().to_owned())).collect()
    };
    assert_eq!(told(&first), told(&expected));
    let left = engine.database.number(LEFT).await;

    let second = report(&engine.run(&["import", EVENTS, "--format", "json"]).await);
    let n_known =
        ["accepted", "duplicates", "unknown_types"].iter().map(|name| expected[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!(
        (&second["accepted"], &second["unknown_types"], &second["duplicates"]),
        (&json!(0), &json!(0), &json!(n_known))
    );
    assert_eq!(told(&second), told(&expected));
    assert_eq!(engine.database.number(LEFT).await, left, "the second import changed something");

    // It runs no plugin, sends nothing, and leaves nothing for an engine to do.
    for table in ["plugin_call", "outbox", "dead_letter", "inbox"] {
        assert_eq!(engine.database.number(&format!("SELECT count(*) FROM {table}")).await, 0, "{table}");
    }
    engine.work_off().await;

    // Interrupted at any place and begun again it comes to the same.
    let again = prepare().await;
    let mut n_accepted = 0;
    for n in [2, 4] {
        let died =
            again.run_with(&["import", EVENTS, "--format", "json"], Some(&format!("after-import-commit:{n}"))).await;
        assert_eq!(died.status.signal(), Some(Signal::SIGABRT as i32), "{died:?}");
        let n_events = again.database.number("SELECT count(*) FROM event").await;
        assert!(n_events > n_accepted, "it goes on from where it was");
        n_accepted = n_events;
    }
    let last = report(&again.run(&["import", EVENTS, "--format", "json"]).await);
    let n_new = last["accepted"].as_i64().unwrap() + last["unknown_types"].as_i64().unwrap();
    let n_all = expected["accepted"].as_i64().unwrap() + expected["unknown_types"].as_i64().unwrap();
    assert_eq!(n_new + n_accepted, n_all);
    assert_eq!(again.database.number(LEFT).await, left);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_too_long_costs_only_itself_and_what_is_not_told_is_counted() {
    let engine = prepare().await;
    let file = engine.folder().join("history.ndjson");
    let (first, last) = (created("T-1").to_string(), created("T-2").to_string());
    let long = format!(r#"{{"specversion":"{}"}}"#, "x".repeat(9 << 20));
    let import = async |lines: &str| {
        std::fs::write(&file, lines).unwrap();
        engine.run(&["import", file.to_str().unwrap()]).await
    };
    let ended = import(&format!("{first}\n{long}\n{last}\n{long}")).await;
    assert!(ended.status.success(), "{ended:?}");
    for told in [
        "line 2: (line) is longer than 8388608 bytes\n",
        "line 4: (line) is longer than 8388608 bytes\n",
        "4 lines: 2 events accepted, 0 duplicates, 0 of unknown types, 0 blank, 2 rejected\n",
    ] {
        assert!(ended.stdout.contains(told), "{told} {ended:?}");
    }
    let ended = import(&"1\n".repeat(1005)).await;
    assert!(ended.stdout.contains("line 1000: (event) must be a JSON object\nand 5 more\n1005 lines:"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn history_can_be_imported_into_tickets_that_an_engine_works_on() {
    let helpdesk = crate::support::helpdesk::Helpdesk::start().await;
    let engine = TestEngine::start(&config::busy(&helpdesk.address.to_string())).await;
    let shape = crate::support::load::Shape { prefix: "T-", tickets: 12, events_per_ticket: 4, senders: 6 };
    let load = crate::support::load::Load::start(&engine.address, shape);
    // Older than anything that the load sends, on the same tickets.
    let lines: Vec<String> = (0..12)
        .flat_map(|n| (0..20).map(move |round| (n, round)))
        .map(|(n, round)| {
            let at = now() - chrono::TimeDelta::days(30) + chrono::TimeDelta::minutes(round);
            let data = crate::support::webhook::comment("long ago", "customer");
            crate::support::webhook::event_at("ticket.commented", &format!("T-{n}"), at, data).to_string()
        })
        .collect();
    let file = engine.folder().join("history.ndjson");
    std::fs::write(&file, lines.join("\n")).unwrap();
    let imported = report(&engine.run(&["import", file.to_str().unwrap(), "--format", "json"]).await);
    assert_eq!(imported["accepted"], 240);
    let taken = load.sent().await;
    engine.work_off().await;
    // No plugin was called for what was imported, and each ticket shows all of it.
    let called =
        "SELECT count(*) FROM plugin_call AS c JOIN event AS e USING (tenant_id, lane_id, event_id) WHERE e.hop = -1";
    assert_eq!(engine.database.number(called).await, 0);
    let comments: BTreeSet<i64> = engine
        .sql("SELECT (state::json ->> 'customer_comments')::int AS n FROM ticket")
        .await
        .iter()
        .map(|row| row["n"].as_i64().unwrap())
        .collect();
    assert_eq!(comments, BTreeSet::from([22]), "20 imported and 2 of the load on each ticket");
    assert_eq!(taken.events.len(), 48);
    crate::support::invariants::no_locks_crossed(&engine.database);
}
