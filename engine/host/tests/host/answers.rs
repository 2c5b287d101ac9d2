//! What comes back from a call.

use std::sync::Arc;

use deskbell_host::{Failure, NoReads};
use deskbell_model::effect::Effect;
use deskbell_model::manifest::Grants;

use crate::support::{Stored, call, component, event, failed, host, note, plugin, settings};

#[tokio::test]
async fn a_good_answer_comes_back_with_log_and_figures() {
    let call = call("ok", "7").await;
    let decision = call.result.unwrap();
    let expected = r#"{"kind":"ticket.tag","data":{"add":["email"]},"reason":"tickets are found by channel"}"#;
    assert_eq!(decision.effects, [serde_json::from_str::<Effect>(expected).unwrap()]);
    assert_eq!(decision.writes, []);
    assert_eq!(call.log.len(), 1);
    assert!(call.log[0].message.starts_with("ticket 7 at 2026-01-05T08:00:00"), "{:?}", call.log);
    assert_eq!(call.log_dropped, 0);
    assert!(call.usage.memory_peak_bytes >= 1 << 16);
    assert!(call.usage.host_calls >= 2);
    assert_eq!(call.usage.fuel, None);
}

#[tokio::test]
async fn the_event_arrives_whole() {
    let plugin = plugin("echoes").await;
    let call = plugin.handle(&event(), &settings(), Arc::new(NoReads)).await;
    let given = note(&call);
    for part in [
        r#"id: "e-1""#,
        r#"source: "support""#,
        r#"kind: "ticket.created""#,
        r#"subject: Some("7")"#,
        r#"subject: "No dial tone""#,
        r#"tags: ["phone"]"#,
        r#""floor": Number(3)"#,
        r#""escalations": Number(2)"#,
        r#""session": String("s-1")"#,
        r#"role: "customer""#,
        r#"status: "new""#,
        r#"priority: "normal""#,
        "customer_comments: 1",
        r#""base_url": String("https://acme.example")"#,
    ] {
        assert!(given.contains(part), "{part} is missing in {given}");
    }
}

#[tokio::test]
async fn an_event_without_ticket_and_actor_arrives_too() {
    let plugin = plugin("echoes").await;
    let event = deskbell_model::plugin::Event { subject: None, actor: None, ticket: None, ..event() };
    let call = plugin.handle(&event, &settings(), Arc::new(NoReads)).await;
    let message = failed(&call);
    assert!(message.contains("ticket.note acts on a ticket, but the event belongs to none"), "{message}");
}

#[tokio::test]
async fn a_plugin_says_itself_whether_a_later_call_may_help() {
    let retry = call("gives_up", "retry").await;
    assert!(retry.result.as_ref().unwrap_err().retryable());
    assert!(failed(&retry).contains("plugin gives-up 1.2.3 failed: the phase of the moon"), "{}", failed(&retry));
    let fail = call("gives_up", "fail").await;
    assert!(!fail.result.as_ref().unwrap_err().retryable());
}

#[tokio::test]
async fn nonsense_takes_no_effect_at_all_and_is_named() {
    for (subject, expected) in [
        ("kind", "effect 2: there is no effect kind 'ticket.burn'"),
        ("data", "effect 2: its data is no JSON object"),
        ("member", "effect 2: ticket.update: 'status' must be new"),
        ("nothing", "effect 2: ticket.update: it asks for nothing"),
        ("nul", "effect 2: a text contains a NUL"),
        ("other", "effect 2: its data is no JSON object"),
    ] {
        let call = call("garbage", subject).await;
        let message = failed(&call);
        assert!(message.contains(expected), "{subject}: {message}");
        assert!(message.contains("plugin garbage 1.2.3"), "{message}");
        assert!(!call.result.unwrap_err().retryable());
    }
}

#[tokio::test]
async fn an_effect_that_is_not_asked_for_is_denied_with_the_line_that_would_allow_it() {
    let call = call("ungranted_effect", "7").await;
    let message = failed(&call);
    assert!(message.contains(r#"in plugin.toml say effects = ["ticket.tag", "ticket.reply"]"#), "{message}");
    assert!(matches!(call.result, Err(Failure::Denied { .. })));
}

#[tokio::test]
async fn an_effect_that_is_not_granted_is_denied_with_the_line_that_would_allow_it() {
    let grants = Grants::only(["kv"]).unwrap();
    let plugin = host().load(component("ok"), grants).await.unwrap();
    let call = plugin.handle(&event(), &settings(), Arc::new(Stored::default())).await;
    let message = failed(&call);
    assert!(message.contains(r#"in deskbell.toml, in its [[plugin]], say grant = ["kv", "ticket.tag"]"#), "{message}");
}

#[tokio::test]
async fn a_trap_ends_the_call_alone_and_says_where() {
    for (subject, expected) in [("panic", "unreachable"), ("divide", "unreachable"), ("abort", "unreachable")] {
        let call = call("traps", subject).await;
        let message = failed(&call);
        assert!(message.contains("plugin traps 1.2.3 trapped") && message.contains(expected), "{subject}: {message}");
        match call.result {
            Err(Failure::Trap { backtrace: Some(trace), .. }) => assert!(trace.contains("handle"), "{trace}"),
            other => panic!("{other:?}"),
        }
    }
    let panic = call("traps", "panic").await;
    assert!(panic.log.iter().any(|line| line.level == "error" && line.message.contains("this plugin is broken")));
    assert!(call("ok", "7").await.result.is_ok());
}

#[tokio::test]
async fn an_automation_is_not_called_as_a_connector() {
    let plugin = plugin("ok").await;
    let call = plugin.reconcile(None, &[], &settings(), crate::support::NOON).await;
    assert!(call.result.unwrap_err().to_string().contains("is no connector"));
}
