//! Plugins that fail, and those beside them.

use chrono::TimeDelta;
use deskbell_model::event::LaneKind;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::finish::Outcome;
use deskbell_store::hold::Hold;
use deskbell_store::inbox::{Delivery as Stored, Key, NewEvent, State};
use deskbell_store::{Connections, Store};
use deskbell_workers::decision::deferred::deferred;
use serde_json::Value;

use crate::support::config::{self, ACKNOWLEDGE, ROUTING};
use crate::support::database::Database;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::waiting::{now, wait_until};
use crate::support::webhook::{Delivery, comment, commented, created, event, event_at, new_ticket, updated};

const WRONG_RULES: &str = r#"
[[plugin]]
name = "routing"
settings = { on = ["created", "no_group"], rules = [{ name = "typo", when = { chanel = "web" }, then = { group = "billing" } }] }
"#;
const MENDED_RULES: &str = r#"
[[plugin]]
name = "routing"
settings = { on = ["created", "no_group"], rules = [{ name = "all", then = { tags = ["seen"] } }] }
"#;

async fn dead_letters(engine: &TestEngine) -> Vec<Value> {
    let listed = engine.run(&["dead-letters", "list", "--format", "json"]).await;
    assert!(listed.status.success(), "{listed:?}");
    serde_json::from_str(&listed.stdout).unwrap()
}

async fn replay_all(engine: &TestEngine) {
    let replayed = engine.run(&["dead-letters", "replay", "--all"]).await;
    assert!(replayed.status.success(), "{replayed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_never_ends_costs_the_others_nothing() {
    let helpdesk = Helpdesk::start().await;
    let loops = config::with_guest("loops", "");
    let further = ["\n[limits]\nattempts = 2\n", &loops, ROUTING];
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &further)).await;
    engine.post(&created("T-1")).await;
    // Routing has done its part while the other waits for its second attempt.
    engine.database.wait_for("the action of the other plugin", "SELECT count(*) FROM outbox WHERE state = 2", 1).await;
    engine.database.wait_for("the failed plugin is held", "SELECT count(*) FROM hold WHERE attempts = 1", 1).await;
    assert_eq!(dead_letters(&engine).await, Vec::<Value>::new());
    engine
        .database
        .execute("UPDATE hold SET next_at = now(); UPDATE lane SET next_timer = now(), wake_at = now() WHERE lease_token IS NULL")
        .await;
    engine.database.wait_for("the dead letter", "SELECT count(*) FROM dead_letter", 1).await;
    engine.work_off().await;
    let letters = dead_letters(&engine).await;
    assert_eq!(letters[0]["of"], "loops");
    assert_eq!(letters[0]["attempts"], 2);
    assert!(letters[0]["error"].as_str().unwrap().contains("loops"), "{letters:?}");
    assert_eq!(engine.database.number("SELECT count(*) FROM hold").await, 0, "it is not held any more");

    // Nothing has been mended, so a replay ends as before, and calls nobody else.
    replay_all(&engine).await;
    engine.database.wait_for("it fails again", "SELECT count(*) FROM plugin_call WHERE plugin = 'loops'", 3).await;
    assert_eq!(engine.database.number("SELECT count(*) FROM plugin_call WHERE plugin = 'routing'").await, 1);
    assert_eq!(helpdesk.received().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_keeps_failing_is_suspended_and_its_events_wait() {
    let helpdesk = Helpdesk::start().await;
    let loops = config::with_guest("loops", "");
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[&loops, ROUTING])).await;
    // So many calls of a plugin may be under way when the tenth failure suspends it; the events beyond them are never called.
    let at_once = std::thread::available_parallelism().map_or(1, usize::from) * 8;
    let n_events = at_once.clamp(8, 128) + 20;
    for n in 0..n_events {
        engine.post(&created(&format!("T-{n}"))).await;
    }
    let expected = n_events as i64;
    let acted = "SELECT count(*) FROM outbox WHERE plugin = 'routing' AND state = 2";
    engine.database.wait_for("the others' actions", acted, expected).await;
    let held = "SELECT count(*) FROM hold WHERE plugin = 'loops'";
    engine.database.wait_for("all its events wait", held, expected).await;
    let n_calls = engine.database.number("SELECT count(*) FROM plugin_call WHERE plugin = 'loops'").await;
    assert!(n_calls < expected, "it was called {n_calls} times though it had failed ten times in a row");
    assert!(engine.log().contains("suspended"), "{}", engine.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_replayed_after_the_mistake_is_mended() {
    let helpdesk = Helpdesk::start().await;
    let address = helpdesk.address.to_string();
    let mut engine = TestEngine::start(&config::with(&address, &[WRONG_RULES])).await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    let letters = dead_letters(&engine).await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0]["error"].as_str().unwrap().contains("`chanel` is no field"), "{letters:?}");

    engine.configure(&config::with(&address, &[MENDED_RULES]));
    engine.restart().await;
    replay_all(&engine).await;
    engine.database.wait_for("the replayed decision", "SELECT count(*) FROM outbox WHERE state = 2", 1).await;
    engine.work_off().await;
    assert_eq!(helpdesk.done_on("T-1").len(), 1);
    assert_eq!(dead_letters(&engine).await, Vec::<Value>::new());
    let twice = engine.run(&["dead-letters", "replay", "1"]).await;
    assert!(!twice.status.success() && twice.stderr.contains("replayed already"), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_snapshot_became_is_what_a_plugin_gets_when_it_is_replayed() {
    let helpdesk = Helpdesk::start().await;
    let address = helpdesk.address.to_string();
    let mut engine = TestEngine::start(&config::with(&address, &[WRONG_RULES])).await;
    engine.post(&event("ticket.snapshot", "T-1", new_ticket("T-1"))).await;
    engine.work_off().await;
    assert_eq!(dead_letters(&engine).await.len(), 1);

    engine.configure(&config::with(&address, &[MENDED_RULES]));
    engine.restart().await;
    replay_all(&engine).await;
    engine.database.wait_for("the replayed decision", "SELECT count(*) FROM outbox WHERE state = 2", 1).await;
    engine.work_off().await;
    let kinds = engine.sql("SELECT DISTINCT kind FROM plugin_call").await;
    assert_eq!(kinds, [serde_json::json!({ "kind": "ticket.created" })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_is_retried_gets_no_event_later_that_it_would_not_have_got_at_once() {
    let helpdesk = Helpdesk::start().await;
    let loops = config::with_guest("loops", "");
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    let further = ["\n[limits]\nattempts = 2\n", &loops, &echoes];
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &further)).await;
    engine.post(&event("ticket.snapshot", "T-1", new_ticket("T-1"))).await;
    engine.database.wait_for("the failed plugin is held", "SELECT count(*) FROM hold WHERE attempts = 1", 1).await;
    // Its second attempt comes when the test says so.
    engine
        .database
        .execute("UPDATE hold SET next_at = next_at + interval '1 h'; UPDATE lane SET next_timer = next_timer + interval '1 h', wake_at = wake_at + interval '1 h' WHERE lease_token IS NULL")
        .await;
    wait_until("the note is written", async || helpdesk.done_on("T-1").len() == 1).await;
    let note = helpdesk.done_on("T-1")[0].data["body"].clone();
    let echo = serde_json::json!({ "comment": { "public": false, "body": note }, "actor": { "id": "integration", "role": "bot" } });
    engine.post(&event("ticket.commented", "T-1", echo)).await;
    engine.post(&event("ticket.snapshot", "T-1", new_ticket("T-1"))).await;
    let decided =
        "SELECT count(*) FROM lane WHERE lease_token IS NULL AND done_event = (SELECT max(event_id) FROM event)";
    engine.database.wait_for("the echo and the same again are handled", decided, 1).await;
    assert_eq!(engine.database.number("SELECT count(*) FROM hold").await, 1, "it still waits");
    engine
        .database
        .execute("UPDATE hold SET next_at = now(); UPDATE lane SET next_timer = now(), wake_at = now() WHERE lease_token IS NULL")
        .await;
    engine.database.wait_for("the dead letter", "SELECT count(*) FROM dead_letter", 1).await;
    engine.work_off().await;
    let kinds = engine.sql("SELECT kind FROM plugin_call WHERE plugin = 'loops'").await;
    assert_eq!(kinds, vec![serde_json::json!({ "kind": "ticket.created" }); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_decides_again_on_its_own_event_alone() {
    let helpdesk = Helpdesk::start().await;
    let address = helpdesk.address.to_string();
    let mut engine = TestEngine::start(&config::with(&address, &[WRONG_RULES])).await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    engine.configure(&config::with(&address, &[MENDED_RULES]));
    engine.restart().await;
    // It works by now, so these are decided on at once.
    engine.post(&commented("T-1", "Hello?")).await;
    engine.post(&updated("T-1", serde_json::json!({ "category": "money" }))).await;
    engine.work_off().await;
    replay_all(&engine).await;
    let decided = "SELECT event_id, count(*) FROM plugin_call WHERE outcome = 0 GROUP BY 1 ORDER BY 1";
    let of_created = "SELECT count(*) FROM plugin_call WHERE outcome = 0 AND kind = 'ticket.created'";
    engine.database.wait_for("the replayed decision", of_created, 1).await;
    engine.work_off().await;
    let counts: Vec<i64> = engine.sql(decided).await.iter().map(|row| row["count"].as_i64().unwrap()).collect();
    assert_eq!(counts, [1, 1, 1], "what had been decided on was decided on again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_delivery_that_is_replayed_takes_no_other_with_it() {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[])).await;
    for n in 0..3 {
        let unreadable = Delivery::new("application/json", format!("nonsense {n}"));
        assert_eq!(engine.deliver(&unreadable).await.status, 202);
    }
    engine.database.wait_for("the dead letters", "SELECT count(*) FROM dead_letter", 3).await;
    engine.work_off().await;
    let replayed = engine.run(&["dead-letters", "replay", "1"]).await;
    assert!(replayed.status.success(), "{replayed:?}");
    wait_until("it is dead again", async || {
        engine.database.number("SELECT count(*) FROM dead_letter WHERE dead_letter_id > 3").await > 0
    })
    .await;
    engine.work_off().await;
    assert_eq!(dead_letters(&engine).await.len(), 3, "the two others, and this one anew");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_finds_its_plugin_behind_on_another_event_waits_for_a_person_again() {
    let database = Database::create().await;
    let store = Store::connect(&database.url, Connections::default()).await.unwrap();
    let (source_id, at) = (store.source("shop").await.unwrap(), Timestamp::from(now()));
    let event = |id: &str| NewEvent {
        lane_kind: LaneKind::Ticket,
        source_id,
        lane_key: "T-1".to_owned(),
        id: id.to_owned(),
        kind: "deskbell.ticket.created".to_owned(),
        at,
        data: new_ticket("T-1").to_string(),
        ..NewEvent::default()
    };
    store.add_events(&[event("first"), event("second")], None, at).await.unwrap();
    database
        .execute(
            "INSERT INTO dead_letter (tenant_id, kind, lane_id, event_id, plugin, error, attempts, set_aside_at)
            SELECT 1, 0, lane_id, min(event_id), 'routing', 'it failed', 1, now() FROM event GROUP BY lane_id",
        )
        .await;
    let lane = store.claim(1, std::time::Duration::from_secs(30)).await.unwrap().remove(0);
    // While the lane is in work somebody replays the letter, and the plugin fails on the second event.
    let letter = store.dead_letters(false, None, 1).await.unwrap().remove(0);
    assert!(store.replay(&letter, at).await.unwrap());
    assert_eq!(store.count_dead_letters().await.unwrap(), 0);
    let last = store.pending_events(std::slice::from_ref(&lane), 10).await.unwrap().pop().unwrap();
    let hold = Hold {
        lane_id: lane.lane_id,
        plugin: "routing".to_owned(),
        from_event: last.event_id,
        attempts: 1,
        next_at: Some(at),
        error: "it failed again".to_owned(),
        single: false,
    };
    let outcome = Outcome {
        lane_id: lane.lane_id,
        token: lane.token,
        source_id,
        lane_kind: lane.kind,
        lane_key: lane.key.clone(),
        arrivals: lane.arrivals,
        done_event: last.event_id,
        retime: true,
        holds: vec![hold.clone()],
        ..Outcome::default()
    };
    assert_eq!(store.finish(&[outcome], at).await.unwrap(), [lane.lane_id]);
    assert_eq!(store.count_dead_letters().await.unwrap(), 1, "it is there again");
    let held = store.holds(&[lane.lane_id]).await.unwrap();
    assert_eq!((held.len(), held[0].from_event), (1, hold.from_event));
    store.close().await;
}

/// More than are read at a time.
const DEFERRED: i64 = 70;

/// Webhooks of these numbers that were answered 202 and are to be read.
async fn put_off(engine: &TestEngine, numbers: std::ops::Range<i64>) {
    let store = Store::connect(&engine.database.url, Connections::default()).await.unwrap();
    let source_id = store.source("desk").await.unwrap();
    let received_at = Timestamp::from(now());
    let deliveries = numbers.map(|n| Stored {
        source_id,
        received_at,
        key: Key::of(&format!("deferred-{n}")),
        delivery_id: None,
        headers: r#"{"content-type":"application/cloudevents+json"}"#.to_owned(),
        body: created(&format!("T-{n}")).to_string().into(),
        state: State::Later,
        detail: Some("its connector failed".to_owned()),
        events: vec![deferred(source_id, &n.to_string(), received_at)],
    });
    store.take_in(&deliveries.collect::<Vec<_>>(), None).await.unwrap();
    store.close().await;
}

/// Webhooks that wait for a connector that has failed.
async fn wait_for_a_connector(engine: &TestEngine, connector: &str) {
    put_off(engine, 0..DEFERRED).await;
    let hold = format!(
        "INSERT INTO hold (tenant_id, lane_id, plugin, from_event, attempts, next_at, error)
            SELECT tenant_id, lane_id, '{connector}', min(event_id), 1, now(), 'it failed'
            FROM event WHERE kind = 'delivery.deferred' GROUP BY 1, 2;
        UPDATE lane SET done_event = (SELECT max(event_id) FROM event), next_timer = now(), wake_at = now()
            WHERE lane_id IN (SELECT lane_id FROM hold)"
    );
    engine.database.execute(&hold).await;
}

const READ: &str = "SELECT count(*) FROM inbox WHERE state = 1";

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_wait_for_a_connector_are_read_by_the_one_that_replaced_it() {
    let helpdesk = Helpdesk::start().await;
    let mut engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[])).await;
    assert!(engine.stop().await.success());
    wait_for_a_connector(&engine, "the-old-one").await;
    engine.start_again(None).await;
    engine.database.wait_for("all are read", READ, DEFERRED).await;
    engine.work_off().await;
    let tickets = "SELECT count(*) FROM event WHERE kind = 'deskbell.ticket.created'";
    assert_eq!(engine.database.number(tickets).await, DEFERRED);
    assert_eq!(dead_letters(&engine).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_that_wait_for_a_connector_that_was_replaced_are_overtaken_by_none() {
    let helpdesk = Helpdesk::start().await;
    let mut engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[])).await;
    assert!(engine.stop().await.success());
    wait_for_a_connector(&engine, "the-old-one").await;
    let not_yet = "UPDATE hold SET next_at = now() + interval '1 hour';
        UPDATE lane SET next_timer = now() + interval '1 hour', wake_at = now() + interval '1 hour'
            WHERE lane_id IN (SELECT lane_id FROM hold)";
    engine.database.execute(not_yet).await;
    put_off(&engine, DEFERRED..DEFERRED + 1).await;
    engine.start_again(None).await;
    engine.database.wait_for("all are read", READ, DEFERRED + 1).await;
    engine.work_off().await;
    let last = "SELECT lane.key FROM event AS e JOIN lane USING (tenant_id, lane_id)
        WHERE e.kind = 'deskbell.ticket.created' ORDER BY e.event_id DESC LIMIT 1";
    assert_eq!(engine.sql(last).await[0]["key"], format!("T-{DEFERRED}"), "the one that came last");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_that_was_taken_out_was_behind_with_is_not_read_as_webhooks() {
    let helpdesk = Helpdesk::start().await;
    let mut engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[])).await;
    let store = Store::connect(&engine.database.url, Connections::default()).await.unwrap();
    let at = Timestamp::from(now());
    let of_the_source = NewEvent {
        lane_kind: LaneKind::Source,
        source_id: store.source("desk").await.unwrap(),
        id: "of the source".to_owned(),
        kind: "source.silent".to_owned(),
        at,
        data: "{}".to_owned(),
        ..NewEvent::default()
    };
    store.add_events(&[of_the_source], None, at).await.unwrap();
    store.close().await;
    for n in 0..2 {
        let unreadable = Delivery::new("application/json", format!("nonsense {n}"));
        assert_eq!(engine.deliver(&unreadable).await.status, 202);
    }
    engine.database.wait_for("the dead letters", "SELECT count(*) FROM dead_letter", 2).await;
    engine.work_off().await;
    assert!(engine.stop().await.success());
    let hold = "INSERT INTO hold (tenant_id, lane_id, plugin, from_event, attempts, next_at, error)
            SELECT tenant_id, lane_id, 'taken-out', min(event_id), 1, now(), 'it failed' FROM event
            WHERE lane_id IN (SELECT lane_id FROM event WHERE kind = 'delivery.deferred') GROUP BY 1, 2;
        UPDATE lane SET next_timer = now(), wake_at = now() WHERE lane_id IN (SELECT lane_id FROM hold)";
    engine.database.execute(hold).await;
    engine.start_again(None).await;
    engine.database.wait_for("the hold is gone", "SELECT count(*) FROM hold", 0).await;
    engine.work_off().await;
    assert_eq!(dead_letters(&engine).await.len(), 2, "they were not set aside once more");
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_of_a_source_that_was_taken_out_are_dead_letters_until_it_is_back() {
    let helpdesk = Helpdesk::start().await;
    let config = config::with(&helpdesk.address.to_string(), &[]);
    let mut engine = TestEngine::start(&config).await;
    assert!(engine.stop().await.success());
    wait_for_a_connector(&engine, "generic").await;
    engine.configure(&config.replace("name = \"desk\"", "name = \"another\""));
    engine.start_again(None).await;
    let open = "SELECT count(*) FROM dead_letter WHERE kind = 2 AND replayed_at IS NULL";
    engine.database.wait_for("all are dead letters", open, DEFERRED).await;
    engine.work_off().await;
    let letters = dead_letters(&engine).await;
    assert!(letters[0]["error"].as_str().unwrap().contains("'desk' has no connector any more"), "{}", letters[0]);

    engine.configure(&config);
    engine.restart().await;
    replay_all(&engine).await;
    engine.database.wait_for("all are read", READ, DEFERRED).await;
    engine.work_off().await;
    assert_eq!(dead_letters(&engine).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_is_not_suspended_for_webhooks_that_cannot_be_read() {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[])).await;
    // Each is refused twice: when it comes, and when it is read again. A plugin that failed so often would be suspended.
    for n in 0..12 {
        let unreadable = Delivery::new("application/json", format!("nonsense {n}"));
        assert_eq!(engine.deliver(&unreadable).await.status, 202);
    }
    engine.database.wait_for("the dead letters", "SELECT count(*) FROM dead_letter", 12).await;
    engine.post(&created("T-1")).await;
    assert_eq!(engine.database.number(READ).await, 1, "it was read when it came");
    engine.work_off().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_plugin_may_not_ask_for_becomes_a_dead_letter_that_says_how_to_allow_it() {
    let helpdesk = Helpdesk::start().await;
    let ok = config::with_guest("ok", "");
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[&ok])).await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    let letters = dead_letters(&engine).await;
    let error = letters[0]["error"].as_str().unwrap();
    assert!(error.contains("ticket.tag") && error.contains("grant"), "{error}");
    assert_eq!(helpdesk.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_promises_what_first_responses_took() {
    let helpdesk = Helpdesk::start().await;
    let mut engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[ACKNOWLEDGE])).await;
    let reason = |ticket| helpdesk.done_on(ticket).into_iter().find_map(|action| action.reason).unwrap();
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    assert!(reason("T-1").contains("no wait promised"), "{}", reason("T-1"));

    let yesterday = now() - TimeDelta::days(1);
    let history = [10, 20, 30, 40, 500].into_iter().flat_map(|minutes| {
        let (ticket, answered) = (format!("old-{minutes}"), yesterday + TimeDelta::minutes(minutes));
        [
            event_at("ticket.created", &ticket, yesterday, new_ticket(&ticket)).to_string(),
            event_at("ticket.commented", &ticket, answered, comment("on it", "agent")).to_string(),
        ]
    });
    let file = engine.folder().join("history.ndjson");
    std::fs::write(&file, history.collect::<Vec<_>>().join("\n")).unwrap();
    let imported = engine.run(&["import", file.to_str().unwrap()]).await;
    assert!(imported.status.success(), "{imported:?}");

    // A running engine reads it once a minute; one that starts, at once.
    engine.restart().await;
    engine.post(&created("T-2")).await;
    engine.work_off().await;
    let expected = "average first response of the last 28 days 7200s over 5 tickets";
    assert!(reason("T-2").contains(expected), "{}", reason("T-2"));
}
