//! The host in memory answers as the engine does.

use serde_json::{Value, json};

use super::*;
use crate::context::Context;
use crate::effect::Effect;
use crate::host::{Agent, Summary};
use crate::testing::event;

#[track_caller]
fn call(host: &mut TestHost, time: &str, author: impl FnOnce(&mut Context<'_>) -> Result<()>) -> Result<()> {
    let event = event(json!({ "time": time }));
    let handle = |_: &Event, cx: &mut Context<'_>| author(cx).map(|()| Vec::<Effect>::new());
    host.call(handle, &event).map(drop)
}

const START: &str = "2026-01-05T08:00:00Z";
const MINUTE_LATER: &str = "2026-01-05T08:01:00Z";

#[test]
fn values_are_forgotten_when_their_time_is_over() {
    let mut host = TestHost::new();
    call(&mut host, START, |cx| {
        let kv = cx.kv(Scope::Plugin);
        kv.set_for("short", "1", 60)?;
        kv.set_for("renewed", "1", 60)?;
        kv.set("renewed", "2")?;
        assert_eq!(kv.increment("short", 1)?, 2);
        Ok(())
    })
    .unwrap();
    call(&mut host, MINUTE_LATER, |cx| {
        let kv = cx.kv(Scope::Plugin);
        assert_eq!(kv.get("short")?, None);
        assert_eq!(kv.list("", 10)?, [("renewed".to_owned(), "2".to_owned())]);
        assert_eq!(kv.increment("short", 5)?, 5);
        Ok(())
    })
    .unwrap();
}

#[test]
fn lists_stay_within_scope_prefix_and_limit() {
    let mut host = TestHost::new();
    call(&mut host, START, |cx| {
        let (plugin, ticket) = (cx.kv(Scope::Plugin), cx.kv(Scope::Ticket));
        for key in ["b/2", "a/1", "b/1", "b/3"] {
            plugin.set(key, key)?;
        }
        ticket.set("b/4", "")?;
        plugin.delete("b/1")?;
        let keys: Vec<_> = plugin.list("b/", 1)?.into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["b/2"]);
        assert_eq!(ticket.list("", 9)?.len(), 1);
        plugin.set_json("list", &[1, 2])?;
        assert_eq!(plugin.get_json::<Vec<u8>>("list")?, Some(vec![1, 2]));
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_no_number_cannot_be_counted() {
    let mut host = TestHost::new();
    host.set_kv(Scope::Plugin, "word", "abc");
    let error = call(&mut host, START, |cx| cx.kv(Scope::Plugin).increment("word", 1).map(drop)).unwrap_err();
    assert!(error.message.contains("'word'"), "{error}");
}

#[test]
fn what_the_engine_would_not_store_is_refused() {
    let mut host = TestHost::new();
    call(&mut host, START, |cx| {
        let kv = cx.kv(Scope::Plugin);
        let long = "x".repeat(513);
        for refused in [
            kv.set("", "a"),
            kv.set(&long, "a"),
            kv.set("a", "x".repeat((64 << 10) + 1)),
            kv.set_for("a", "b", 0),
            kv.get("").map(drop),
            kv.delete(&long),
            kv.increment("", 1).map(drop),
            cx.set_timer("", cx.now(), &Value::Null),
            cx.set_timer("a", cx.now(), &json!("x".repeat(64 << 10))),
            cx.cancel_timer(long),
        ] {
            assert!(refused.is_err_and(|error| !error.retry));
        }
        Ok(())
    })
    .unwrap();
    assert!(host.timers().is_empty());
}

#[test]
fn denied_capabilities_name_the_manifests_line() {
    type Read = fn(&mut Context<'_>) -> Result<()>;
    let reads: [(&str, Read); 6] = [
        ("kv", |cx| cx.kv(Scope::Plugin).get("a").map(drop)),
        ("timers", |cx| cx.cancel_timer("a")),
        ("tickets", |cx| cx.history(1).map(drop)),
        ("agents", |cx| cx.agents(None).map(drop)),
        ("calendars", |cx| cx.calendar("always").is_open(cx.now()).map(drop)),
        ("figures", |cx| cx.first_response(7, None).map(drop)),
    ];
    for (capability, read) in reads {
        assert_eq!(call(&mut TestHost::new(), START, read), Ok(()), "{capability}");
        let error = call(&mut TestHost::new().deny(capability), START, read).unwrap_err();
        let line = format!("reads = [\"{capability}\"]");
        assert!(error.message.contains(&line) && !error.retry, "{error}");
    }
}

#[test]
fn events_without_a_ticket_have_no_ticket_scope_and_no_timers() {
    let mut host = TestHost::new();
    let event = event(json!({ "kind": "agent.status", "subject": "anna" }));
    let handle = |_: &Event, cx: &mut Context<'_>| {
        assert!(cx.kv(Scope::Ticket).get("a").is_err());
        assert!(cx.set_timer("a", cx.now(), &Value::Null).is_err() && cx.history(1).is_err());
        cx.kv(Scope::Plugin).set("a", "b")?;
        Ok(vec![])
    };
    host.call(handle, &event).unwrap();
    assert_eq!(host.kv(Scope::Plugin, "a").as_deref(), Some("b"));
}

#[test]
fn reads_give_what_the_test_set_up() {
    let figures = Summary { count: 3, ..Summary::default() };
    let mut host = TestHost::new()
        .agent(json!({ "id": "ben", "groups": ["a"] }))
        .agent(json!({ "id": "anna" }))
        .first_response(Some("a"), figures)
        .history([json!({ "id": "h1" }), json!({ "id": "h2" })])
        .ticket(json!({ "id": "old", "requester": { "id": "c9" }, "created_at": "2026-01-01T00:00:00Z" }))
        .ticket(json!({ "id": "new", "requester": { "id": "c9" }, "created_at": "2026-01-02T00:00:00Z" }))
        .ticket(json!({ "id": "else", "source": "sales", "requester": { "id": "c9" } }));
    call(&mut host, START, |cx| {
        let ids = |agents: Vec<Agent>| agents.into_iter().map(|agent| agent.id).collect::<Vec<_>>();
        assert_eq!(ids(cx.agents(None)?), ["anna", "ben"]);
        assert_eq!(ids(cx.agents(Some("a"))?), ["ben"]);
        assert_eq!(cx.first_response(30, Some("a"))?, Some(figures));
        assert_eq!(cx.first_response(30, None)?, None);
        assert_eq!(cx.history(1)?[0].id, "h2");
        let tickets = cx.tickets_of("c9", 5)?;
        assert_eq!(tickets.iter().map(|ticket| ticket.id.as_str()).collect::<Vec<_>>(), ["new", "old"]);
        assert!(cx.calendar("nowhere").is_open(cx.now()).is_err());
        Ok(())
    })
    .unwrap();
}
