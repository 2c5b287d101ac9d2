//! The plugin as a whole, on a host in memory.
#![expect(clippy::needless_pass_by_value, reason = "short cases")]

use deskbell::prelude::*;
use deskbell::testing::{TestHost, event};

use crate::handle;

fn usual() -> TestHost {
    TestHost::new().settings(json!({ "to": "ops" }))
}

fn rules(rules: Value) -> TestHost {
    TestHost::new().settings(json!({ "to": "ops", "rules": rules }))
}

#[track_caller]
fn check(host: &mut TestHost, event: Value, expected: &[&str]) -> Vec<Effect> {
    let effects = host.call(handle, &deskbell::testing::event(event)).unwrap();
    let texts: Vec<&str> = effects.iter().map(|effect| effect.data["text"].as_str().unwrap()).collect();
    assert_eq!(texts, expected);
    assert!(effects.iter().all(|effect| effect.kind == Effect::NOTIFY && effect.reason.is_some()));
    effects
}

#[test]
fn without_rules_the_usual_ones_hold() {
    let ticket = json!({ "priority": "urgent", "subject": "Server down", "requester": { "name": "Ann", "organization": "Acme" } });
    let effects = check(
        &mut usual(),
        json!({ "ticket": ticket }),
        &["New urgent ticket 1: Server down\nFrom Ann of Acme, group none, assignee nobody"],
    );
    assert_eq!(effects[0].data["to"], "ops");
    assert_eq!(effects[0].data["subject"], "Ticket 1: Server down");
    assert_eq!(effects[0].reason.as_deref(), Some("rule 'urgent tickets': ticket.created; priority is urgent"));
    check(&mut usual(), json!({ "ticket": { "priority": "high" } }), &[]);
    let raised = |field: &str| json!({ "kind": "ticket.updated", "data": { "changes": { field: { "to": "urgent" } } }, "ticket": ticket });
    check(&mut usual(), raised("priority"), &["Ticket 1 (urgent, new): Server down\nGroup none, assignee nobody"]);
    check(&mut usual(), raised("group"), &[]);
}

#[test]
fn every_usual_event_is_told_of() {
    let ticket = json!({ "subject": "Счёт", "group": "billing", "assignee": "anna" });
    for (kind, data, expected) in [
        (
            "sla.breached",
            json!({ "metric": "first_response", "target": "1h" }),
            "Ticket 1 (normal) has missed its target for first_response of 1h: Счёт\nGroup billing, assignee anna",
        ),
        (
            "ticket.escalated",
            json!({ "tier": 2, "reason": "no answer" }),
            "Ticket 1 has been escalated to tier 2: Счёт\nReason: no answer",
        ),
        ("ticket.escalated", json!({ "tier": null }), "Ticket 1 has been escalated: Счёт"),
        (
            "delivery.failed",
            json!({ "kind": "ticket.reply", "destination": "source:support", "error": "gone" }),
            "ticket.reply for source:support could not be delivered (ticket 1): gone\n`deskbell dead-letters list` shows it and \
             `deskbell dead-letters replay` tries it again.",
        ),
    ] {
        check(&mut usual(), json!({ "kind": kind, "data": data, "ticket": ticket }), &[expected]);
    }
    let silent = json!({ "kind": "source.silent", "source": "shop", "subject": null, "ticket": null, "data": { "silent_for_seconds": 7200 } });
    let effects = check(
        &mut usual(),
        silent,
        &[
            "Nothing has been heard from the source shop for 7200 seconds. `deskbell source test` checks whether its webhooks still arrive.",
        ],
    );
    assert_eq!(effects[0].data["subject"], "Deskbell: source.silent at shop");
    let surge =
        json!({ "kind": "source.surge", "source": "shop", "ticket": null, "data": { "count": 40, "mean": 6.5 } });
    check(&mut usual(), surge, &["Many more tickets than usual are coming in at shop: 40 in the hour, usually 6.5."]);
}

#[test]
fn the_same_is_not_told_again_for_a_time() {
    let mut host = usual();
    let breach = |minutes: i64, metric: &str, id: &str| {
        let time = Instant::parse_rfc3339("2026-01-05T08:00:00Z").unwrap() + seconds(minutes * 60);
        event(json!({ "kind": "sla.breached", "time": time, "data": { "metric": metric }, "ticket": { "id": id } }))
    };
    for (minutes, metric, id, expected) in [
        (0, "resolution", "1", 1),
        (30, "resolution", "1", 0),
        (30, "first_response", "1", 1),
        (30, "resolution", "2", 1),
        (59, "resolution", "1", 0),
        (61, "resolution", "1", 1),
    ] {
        let effects = host.call(handle, &breach(minutes, metric, id)).unwrap();
        assert_eq!(effects.len(), expected, "{minutes} {metric} {id}");
    }
    let mut always = rules(json!([{ "name": "all", "event": "sla.breached", "repeat": "0s" }]));
    for _ in 0..3 {
        assert_eq!(always.call(handle, &breach(0, "resolution", "1")).unwrap().len(), 1);
    }
}

#[test]
fn sources_are_rate_limited_by_themselves() {
    let mut host = usual();
    let silent = |source: &str| json!({ "kind": "source.silent", "source": source, "subject": null, "ticket": null });
    for (source, expected) in [("a", 1), ("b", 1), ("a", 0)] {
        assert_eq!(host.call(handle, &event(silent(source))).unwrap().len(), expected, "{source}");
    }
}

#[test]
fn the_failure_of_a_notice_is_not_told_to_whom_it_was_for() {
    let mut host = TestHost::new().settings(json!({ "to": ["ops", "boss"] }));
    let failed = |kind: &str, destination: &str| {
        let data = json!({ "kind": kind, "destination": destination });
        event(json!({ "kind": "delivery.failed", "subject": kind, "data": data, "ticket": null }))
    };
    for (kind, destination, expected) in
        [("notify", "destination:ops", vec!["boss"]), ("ticket.note", "source:ops", vec!["ops", "boss"])]
    {
        let effects = host.call(handle, &failed(kind, destination)).unwrap();
        let told: Vec<&Value> = effects.iter().map(|effect| &effect.data["to"]).collect();
        assert_eq!(json!(told), json!(expected), "{kind}");
    }
}

#[test]
fn rules_choose_by_ticket_and_data() {
    let mut host = rules(json!([
        { "name": "late first answers", "event": "sla.*", "when": { "data": { "metric": ["first_response"] }, "group": "billing" }, "to": "billing-lead" },
        { "name": "bad ratings", "event": "rating.submitted", "when": { "data": { "kind": "csat", "score": ["1", 2] } }, "text": "{{data.score}}: {{data.comment|no comment}}" },
    ]));
    let breach = |metric: &str, group: &str| json!({ "kind": "sla.breached", "data": { "metric": metric }, "ticket": { "group": group } });
    assert_eq!(host.call(handle, &event(breach("first_response", "billing"))).unwrap()[0].data["to"], "billing-lead");
    check(&mut host, breach("resolution", "billing"), &[]);
    check(&mut host, breach("first_response", "legal"), &[]);
    let rating = |score: f64| json!({ "kind": "rating.submitted", "ticket": null, "data": { "kind": "csat", "score": score, "comment": null } });
    check(
        &mut host,
        json!({ "kind": "rating.submitted", "ticket": null, "data": { "kind": "csat", "score": 2, "comment": "slow" } }),
        &["2: slow"],
    );
    check(&mut host, rating(5.0), &[]);
}

#[test]
fn own_texts_go_before_the_shipped_ones() {
    let mut host = rules(json!([{
        "name": "new", "event": "ticket.created", "to": ["ops", "mail"],
        "subject": "{{ticket.priority|upper}}\n{{ticket.id}}", "text": "{{event.source}} {{event.actor.role|nobody}}: {{custom.gap}}",
    }]));
    let effects = host.call(handle, &event(json!({ "ticket": { "subject": "Hi" } }))).unwrap();
    assert_eq!(effects.len(), 2);
    assert_eq!(effects[1].data["subject"], "NORMAL 1");
    assert!(effects[1].data["text"].as_str().unwrap().starts_with("New normal ticket 1: Hi"));
    assert!(host.logs()[0].to_string().contains("rule 'new', `text`: no value for custom.gap"));
}

#[test]
fn odd_events_do_no_harm() {
    let huge = "слово 词 ".repeat(50_000);
    let mut host = usual();
    let ticket = json!({ "priority": "urgent", "subject": huge, "requester": { "name": huge } });
    let effects = host.call(handle, &event(json!({ "ticket": ticket }))).unwrap();
    assert!(effects[0].data["text"].as_str().unwrap().chars().count() <= 2_001);
    for data in [Value::Null, json!([]), json!("x"), json!({ "metric": { "a": 1 }, "tier": [] })] {
        let kind = "sla.breached";
        let effects =
            usual().call(handle, &event(json!({ "kind": kind, "data": data, "ticket": { "subject": "" } }))).unwrap();
        assert_eq!(effects.len(), 1, "{data}");
    }
    let mut orphan = event(json!({ "ticket": { "priority": "urgent" } }));
    orphan.ticket = None;
    assert_eq!(usual().call(handle, &orphan).unwrap(), []);
}

#[test]
fn without_settings_it_says_that_it_does_nothing() {
    let mut host = TestHost::new();
    check(&mut host, json!({ "ticket": { "priority": "urgent" } }), &[]);
    assert!(host.logs()[0].to_string().contains("neither rules nor a destination"));
}

#[test]
fn bad_settings_name_the_rule_and_the_member() {
    let rule = |rule: Value| json!({ "to": "ops", "rules": [rule] });
    for (settings, expected) in [
        (json!({ "two": "ops" }), "unknown field `two`"),
        (json!({ "to": { "a": 1 } }), "setting `to` must be the name"),
        (json!({ "rules": [{ "name": "a", "event": "sla.breached" }] }), "notify rule 1 'a': `to` is missing"),
        (rule(json!({ "event": "sla.breached" })), "notify rule 1: missing field `name`"),
        (rule(json!({ "name": "a", "event": [] })), "notify rule 1 'a': `event` must not be empty"),
        (
            rule(json!({ "name": "a", "event": "x", "when": { "grup": "x" } })),
            "`when`: `grup` is no field of a ticket; known are data, changed",
        ),
        (rule(json!({ "name": "a", "event": "x", "when": { "data": 5 } })), "`when.data` must be a table"),
        (
            rule(json!({ "name": "a", "event": "x", "when": { "data": { "tier": {} } } })),
            "`when.data.tier` must be a text",
        ),
        (
            rule(json!({ "name": "a", "event": "ticket.created", "repeat": "often" })),
            "notify rule 'a', `repeat` = 'often'",
        ),
    ] {
        let error = TestHost::new().settings(settings).call(handle, &event(json!({}))).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn fixtures_hold() {
    for name in ["urgent-ticket", "breach", "told-already"] {
        TestHost::check_fixture(handle, format!("fixtures/{name}.json"));
    }
}
