//! Reading, remembering, timers: denied, allowed, wrong.

use std::sync::Arc;

use deskbell_model::manifest::Grants;
use deskbell_model::plugin::{Event, Scope, Write};

use crate::support::{NOON, Stored, call, component, event, failed, host, note, plugin, settings};

#[tokio::test]
async fn a_call_reads_what_it_wrote_and_the_writes_come_back_in_order() {
    let call = call("remembers", "7").await;
    let seen = note(&call);
    assert_eq!(
        seen,
        r#"Some("own") None Some("stored") Some("ticket's") 87 [("a", "own"), ("b", "short"), ("count", "45"), ("d", "stored"), ("e", "stored")] [("a", "own"), ("b", "short")]"#
    );
    let text = str::to_owned;
    let plugin = Scope::Plugin;
    assert_eq!(
        call.result.unwrap().writes,
        [
            Write::KvSet { scope: plugin, key: text("a"), value: text("own"), expires_at: None },
            Write::KvSet {
                scope: plugin,
                key: text("b"),
                value: text("short"),
                expires_at: Some(NOON.plus_seconds(60))
            },
            Write::KvDelete { scope: plugin, key: text("c") },
            Write::KvIncrement { scope: plugin, key: text("count"), by: 2 },
            Write::KvIncrement { scope: plugin, key: text("count"), by: 3 },
            Write::KvSet { scope: Scope::Ticket, key: text("a"), value: text("ticket's"), expires_at: None },
            Write::TimerSet { name: text("remind"), at: NOON.plus_seconds(60), payload: text(r#"{"round":1}"#) },
            Write::TimerCancel { name: text("old") },
        ]
    );
}

#[tokio::test]
async fn what_a_ticket_would_be_needed_for_is_refused_without_one() {
    let plugin = plugin("remembers").await;
    let event = Event { ticket: None, ..event() };
    let call = plugin.handle(&event, &settings(), Arc::new(Stored::default())).await;
    assert!(failed(&call).contains("the event belongs to no ticket (invalid)"), "{}", failed(&call));
}

#[tokio::test]
async fn nobody_reads_what_others_remember() {
    assert_eq!(note(&call("reads_others_kv", "7").await), "saw []");
}

#[tokio::test]
async fn what_is_asked_for_and_granted_is_read() {
    let told = note(&call("reads_all", "7").await);
    let lines: Vec<&str> = told.lines().collect();
    for (line, expected) in lines.iter().zip([
        r#"kv: Some("value")"#,
        "timers: ()",
        "history: [Event { id: \"e-1\"",
        "tickets: [Ticket { source: \"support\", id: \"of r-1\"",
        "agents: [Agent { id: \"a-1\"",
        "figures: Some(Summary { count: 30",
        "between: 60",
        r#"closed: ["2026-01-06"]"#,
    ]) {
        assert!(line.starts_with(expected), "{line}");
    }
    assert_eq!(lines.len(), 8);
}

#[tokio::test]
async fn what_is_not_granted_is_refused_one_by_one() {
    let grants = Grants::only(["ticket.note", "agents"]).unwrap();
    let plugin = host().load(component("reads_all"), grants).await.unwrap();
    let told = note(&plugin.handle(&event(), &settings(), Arc::new(Stored::default())).await);
    let refused: Vec<&str> = told.lines().filter(|line| line.ends_with("(denied)")).collect();
    assert_eq!(refused.len(), 7, "{told}");
    assert!(told.contains("agents: [Agent"), "{told}");
    let line = r#"in deskbell.toml, in its [[plugin]], say grant = ["agents", "ticket.note", "figures"]"#;
    assert!(told.contains(line), "{told}");
}

#[tokio::test]
async fn what_is_not_asked_for_is_refused_whoever_grants_it() {
    let call = call("asks_for_nothing", "7").await;
    assert!(failed(&call).contains(r#"'kv' is not asked for by the manifest; in plugin.toml say reads = ["kv"]"#));
}

#[tokio::test]
async fn writes_are_bounded_and_the_plugin_is_told() {
    let call = call("floods_writes", "7").await;
    assert!(failed(&call).contains("the call has used up its 1000 writes"), "{}", failed(&call));
    let call = self::call("floods_writes", "large").await;
    let expected = "the call has used up its 1 MiB of keys and values written";
    assert!(failed(&call).contains(expected), "{}", failed(&call));
}
