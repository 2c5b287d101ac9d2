//! Time: events that come late or out of order, timers, and automations that would answer themselves.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::config;
use crate::support::engine::TestEngine;
use crate::support::helpdesk::{Helpdesk, Then};
use crate::support::waiting::{now, wait_until};
use crate::support::webhook::{Delivery, change, comment, created, event_at, new_ticket, updated};

/// A ticket's life. The first is its creation; two are of one instant.
fn life(ticket: &str) -> Vec<Value> {
    let begun = "2026-03-02T09:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let at = |minutes| begun + TimeDelta::minutes(minutes);
    vec![
        event_at("ticket.created", ticket, at(0), new_ticket("x")),
        event_at("ticket.updated", ticket, at(1), change(json!({ "group": "billing", "status": "open" }))),
        event_at("ticket.commented", ticket, at(2), comment("We look at it.", "agent")),
        event_at("ticket.updated", ticket, at(3), change(json!({ "priority": "high", "tags": ["vip"] }))),
        event_at("ticket.updated", ticket, at(4), change(json!({ "status": "pending" }))),
        event_at("ticket.commented", ticket, at(5), comment("Still wrong.", "customer")),
        event_at("ticket.updated", ticket, at(6), change(json!({ "status": "open", "assignee": "agent-2" }))),
        event_at(
            "ticket.escalated",
            ticket,
            at(7),
            json!({ "tier": 2, "actor": { "id": "agent-1", "role": "agent" } }),
        ),
        event_at("ticket.commented", ticket, at(8), comment("Mended.", "agent")),
        event_at("ticket.updated", ticket, at(9), change(json!({ "status": "solved" }))),
        event_at("ticket.updated", ticket, at(10), change(json!({ "status": "open" }))),
        event_at("ticket.updated", ticket, at(11), change(json!({ "status": "solved", "custom.cause": "typo" }))),
    ]
}

/// The same numbers in an order that only `seed` decides.
fn shuffled(n: usize, mut seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for last in (1..n).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(last, (seed >> 33) as usize % (last + 1));
    }
    order
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_any_order_of_arrival_come_to_the_same_ticket() {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[])).await;
    for event in life("in-time") {
        engine.post(&event).await;
    }
    for seed in 0..24 {
        let events = life(&format!("shuffled-{seed}"));
        let order = shuffled(events.len(), seed);
        if seed % 2 == 0 {
            for place in order {
                engine.post(&events[place]).await;
            }
        } else {
            let batch: Vec<Value> = order.into_iter().map(|place| events[place].clone()).collect();
            assert_eq!(engine.deliver(&Delivery::batch(&batch)).await.status, 202);
        }
    }
    engine.work_off().await;
    let tickets = engine
        .sql(
            "SELECT lane.key, t.state, t.last_at, t.n_held, t.open, encode(f.facts, 'hex') AS facts FROM ticket AS t
            JOIN lane USING (tenant_id, lane_id) JOIN ticket_fact AS f USING (tenant_id, lane_id) ORDER BY lane.key",
        )
        .await;
    assert_eq!(tickets.len(), 25);
    let without_counts = |row: &Value| {
        let mut row = row.clone();
        let row = row.as_object_mut().unwrap();
        row.remove("key");
        row.remove("n_held");
        json!(row)
    };
    let expected = without_counts(&tickets[0]);
    for ticket in &tickets {
        assert_eq!(without_counts(ticket), expected, "{}", ticket["key"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_is_told_that_an_event_is_late_and_sees_the_ticket_as_it_is() {
    let helpdesk = Helpdesk::start().await;
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[&echoes])).await;
    let begun = now() - TimeDelta::minutes(10);
    engine.post(&event_at("ticket.created", "T-1", begun, new_ticket("T-1"))).await;
    engine
        .post(&event_at(
            "ticket.updated",
            "T-1",
            begun + TimeDelta::minutes(5),
            change(json!({ "priority": "urgent" })),
        ))
        .await;
    engine
        .post(&event_at("ticket.commented", "T-1", begun + TimeDelta::minutes(1), comment("earlier", "customer")))
        .await;
    engine.work_off().await;
    let notes: Vec<String> =
        helpdesk.done_on("T-1").iter().map(|done| done.data["body"].as_str().unwrap().to_owned()).collect();
    let late: Vec<bool> = notes.iter().map(|note| note.contains("late: true")).collect();
    assert_eq!(late, [false, false, true]);
    assert!(notes[2].contains("\"urgent\"") && notes[2].contains("ticket.commented"), "{}", notes[2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_fires_once_even_if_the_engine_was_away_when_it_was_due() {
    let helpdesk = Helpdesk::start().await;
    let remembers = config::with_guest("remembers", r#""ticket.note", "kv", "timers""#);
    let mut engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[&remembers])).await;
    // The guest sets a timer for a minute after the event.
    let nearly_a_minute_ago = now() - TimeDelta::milliseconds(58_500);
    engine.post(&event_at("ticket.created", "T-1", nearly_a_minute_ago, new_ticket("T-1"))).await;
    let fired = "SELECT count(*) FROM plugin_call WHERE kind = 'timer.fired' AND outcome = 0";
    engine.database.wait_for("the timer fires", fired, 1).await;
    let lateness = engine
        .sql("SELECT extract(epoch FROM received_at - at)::float8 AS late FROM event WHERE kind = 'timer.fired'")
        .await;
    let late = lateness[0]["late"].as_f64().unwrap();
    assert!((-0.1..1.0).contains(&late), "it fired {late} s after its time");

    // The next one is a minute after the first. Time passes while the engine is down.
    engine.work_off().await;
    engine.kill9();
    engine
        .database
        .execute("UPDATE timer SET fire_at = fire_at - interval '70 s'; UPDATE lane SET next_timer = next_timer - interval '70 s', wake_at = wake_at - interval '70 s'")
        .await;
    engine.start_again(None).await;
    engine.database.wait_for("the timer fires after the restart", fired, 2).await;
    engine.work_off().await;
    assert_eq!(engine.database.number(fired).await, 2);
    assert_eq!(engine.database.number("SELECT count(*) FROM timer").await, 1, "the next one waits");
    assert_eq!(
        engine.database.number("SELECT count(*) FROM lane WHERE wake_at > now() AND lease_token IS NULL").await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_echo_of_an_own_write_reaches_no_plugin() {
    let helpdesk = Helpdesk::start().await;
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[config::ROUTING, &echoes])).await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    for done in helpdesk.done_on("T-1") {
        let echo = if done.kind == "ticket.update" {
            updated("T-1", done.data.clone())
        } else {
            let body = format!("<p>{}</p>", done.data["body"].as_str().unwrap());
            let mut echo = crate::support::webhook::commented("T-1", &body);
            echo["data"] = json!({ "comment": { "public": false, "body": done.data["body"] }, "actor": { "id": "integration", "role": "bot" } });
            echo
        };
        engine.post(&echo).await;
    }
    engine.work_off().await;
    assert_eq!(helpdesk.done_on("T-1").len(), 2, "{:#?}", helpdesk.done_on("T-1"));
    assert_eq!(engine.database.number("SELECT count(*) FROM event").await, 3);
    assert_eq!(engine.database.number("SELECT count(DISTINCT event_id) FROM plugin_call").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_names_the_action_that_wrote_it_reaches_no_plugin_however_garbled_it_is() {
    let helpdesk = Helpdesk::start().await;
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[&echoes])).await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;
    let mut garbled = crate::support::webhook::commented("T-1", "something else");
    garbled["data"]["action"] = json!(helpdesk.done_on("T-1")[0].key);
    engine.post(&garbled).await;
    engine.work_off().await;
    assert_eq!(engine.database.number("SELECT count(*) FROM event").await, 2);
    assert_eq!(engine.database.number("SELECT count(DISTINCT event_id) FROM plugin_call").await, 1);
    assert_eq!(helpdesk.done_on("T-1").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loop_over_a_helpdesk_that_garbles_echoes_ends_at_the_limit() {
    let helpdesk = Helpdesk::start().await;
    let echoes = config::with_guest("echoes", r#""ticket.note""#);
    let config = config::with(&helpdesk.address.to_string(), &[&echoes]);
    let engine =
        TestEngine::start(&config.replace("actions_per_ticket_per_hour = 1000", "actions_per_ticket_per_hour = 6"))
            .await;
    // The helpdesk tells of each note as if a customer had written something else.
    let (notes, mut written) = tokio::sync::mpsc::unbounded_channel();
    helpdesk.answer(move |_| {
        let _ = notes.send(());
        Then::Done
    });
    let address = engine.address.lock().unwrap().clone();
    let echoing = tokio::spawn(async move {
        let mut n_echoes = 0;
        while written.recv().await.is_some() {
            n_echoes += 1;
            let garbled = crate::support::webhook::commented("T-1", &format!("something else {n_echoes}"));
            assert_eq!(Delivery::of(&garbled).send(&address).await.unwrap().status, 202);
        }
    });
    engine.post(&created("T-1")).await;
    let stopped = "SELECT count(*) FROM plugin_call WHERE effects LIKE '%which is the limit (loop_guard.%'";
    wait_until("the guard stops it", async || engine.database.number(stopped).await == 1).await;
    engine.work_off().await;
    assert_eq!(helpdesk.done_on("T-1").len(), 6);
    echoing.abort();
}
