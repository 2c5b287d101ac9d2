//! The plugin as a whole, on a host in memory.
#![expect(clippy::needless_pass_by_value, reason = "short cases")]

use deskbell::prelude::*;
use deskbell::testing::{TestHost, event};

use crate::handle;

mod agents;

fn by_customer(ticket: Value) -> Event {
    event(
        json!({ "actor": { "id": "customer-1", "role": "customer" }, "data": { "ticket": stated(&ticket) }, "ticket": ticket }),
    )
}

/// What the event itself says of the ticket.
fn stated(ticket: &Value) -> Value {
    json!({ "group": ticket.get("group"), "assignee": ticket.get("assignee") })
}

fn rules(rules: Value) -> Value {
    json!({ "rules": rules })
}

#[track_caller]
fn check(settings: Value, event: &Event, expected: Value) -> Vec<Effect> {
    let mut host = TestHost::new().settings(settings);
    let effects = host.call(handle, event).unwrap();
    let data: Vec<&Value> = effects.iter().map(|effect| &effect.data).collect();
    assert_eq!(json!(data), expected);
    effects
}

fn billing() -> Value {
    rules(json!([
        { "name": "billing", "when": { "words": ["invoice", "Rechnung", "счёт", "发票"] }, "then": { "group": "billing", "tags": ["money"] } },
        { "name": "vip", "when": { "tags": "vip" }, "then": { "priority": "high", "group": "vip-desk" } },
        { "name": "rest", "then": { "group": "first-line" } },
    ]))
}

#[test]
fn the_first_rule_that_matches_wins_and_says_why() {
    for (subject, expected) in [
        ("My invoice is wrong", "rule 'billing': “invoice” in the subject"),
        ("Frage zur RECHNUNG", "rule 'billing': “Rechnung” in the subject"),
        ("Где мой счет?", "rule 'billing': “счёт” in the subject"),
        ("我的发票有错误", "rule 'billing': “发票” in the subject"),
    ] {
        let event = by_customer(json!({ "subject": subject, "tags": ["vip"] }));
        let effects = check(billing(), &event, json!([{ "group": "billing" }, { "add": ["money"] }]));
        for effect in effects {
            assert_eq!(effect.reason.as_deref(), Some(expected));
        }
    }
    let event = by_customer(json!({ "subject": "Hello" }));
    let effects = check(billing(), &event, json!([{ "group": "first-line" }]));
    assert_eq!(effects[0].reason.as_deref(), Some("rule 'rest': it matches every ticket"));
}

#[test]
fn with_all_rules_the_first_decides_on_each_field_and_tags_add_up() {
    let mut settings = billing();
    settings["all"] = json!(true);
    let event = by_customer(json!({ "subject": "invoice", "tags": ["vip"] }));
    let effects = check(settings, &event, json!([{ "group": "billing", "priority": "high" }, { "add": ["money"] }]));
    assert_eq!(
        effects[0].reason.as_deref(),
        Some("rule 'billing': “invoice” in the subject | rule 'vip': tags is vip")
    );
}

#[test]
fn a_rule_does_not_hold_where_its_exception_does() {
    let settings = rules(json!([{
        "name": "sales", "when": { "channel": "web" }, "unless": { "email_domain": "example.com" }, "then": { "group": "sales" },
    }]));
    let customer = |email: &str| by_customer(json!({ "channel": "web", "requester": { "email": email } }));
    check(settings.clone(), &customer("a@other.org"), json!([{ "group": "sales" }]));
    check(settings, &customer("a@mail.example.com"), json!([]));
}

#[test]
fn what_a_person_has_assigned_stays() {
    let by = |role: &str, ticket: Value, now: Value| {
        let mut data = ticket.clone();
        for (name, value) in now.as_object().unwrap() {
            data[name] = value.clone();
        }
        event(json!({ "actor": { "id": "x", "role": role }, "data": { "ticket": stated(&ticket) }, "ticket": data }))
    };
    let routed = json!([{ "group": "first-line" }]);
    for (event, expected) in [
        (by("agent", json!({ "group": "legal" }), json!({})), json!([])),
        (by("agent", json!({ "assignee": "anna" }), json!({})), json!([])),
        (by("agent", json!({}), json!({})), routed.clone()),
        // The helpdesk's own first group is no decision of a person.
        (by("customer", json!({ "group": "Users" }), json!({})), routed.clone()),
        (by("customer", json!({}), json!({ "status": "solved" })), json!([])),
        // A late event shows the ticket as it is now: somebody has taken it meanwhile.
        (by("customer", json!({}), json!({ "group": "legal" })), json!([])),
        (by("customer", json!({}), json!({ "assignee": "anna" })), json!([])),
    ] {
        check(billing(), &event, expected);
    }
}

#[test]
fn later_events_are_left_alone_unless_asked_for_and_without_group() {
    let updated = |group: Value| {
        event(
            json!({ "kind": "ticket.updated", "ticket": { "group": group }, "data": { "changes": { "group": { "to": group } } } }),
        )
    };
    check(billing(), &updated(Value::Null), json!([]));
    let mut settings = billing();
    settings["on"] = json!(["created", "no_group"]);
    check(settings.clone(), &updated(Value::Null), json!([{ "group": "first-line" }]));
    check(settings, &updated(json!("legal")), json!([]));
}

#[test]
fn what_is_there_already_is_not_asked_for_again() {
    let event = by_customer(json!({ "subject": "invoice", "group": "billing", "tags": ["money"] }));
    check(billing(), &event, json!([]));
}

#[test]
fn odd_tickets_do_no_harm() {
    let words = "слово 词 word ".repeat(200_000);
    for ticket in [
        json!({ "subject": "", "description": null }),
        json!({ "subject": words, "description": words }),
        json!({ "subject": "\u{0}\u{202e}\u{feff}", "custom": { "form": null, "x": [[]], "y": { "a": 1 } } }),
        json!({ "requester": { "id": "", "email": "@" } }),
    ] {
        check(billing(), &by_customer(ticket), json!([{ "group": "first-line" }]));
    }
    let mut orphan = by_customer(json!({}));
    orphan.ticket = None;
    check(billing(), &orphan, json!([]));
    check(json!({}), &by_customer(json!({})), json!([]));
}

#[test]
fn bad_settings_name_the_rule_and_the_member() {
    for (settings, expected) in [
        (json!({ "rule": [] }), "unknown field `rule`"),
        (json!({ "on": ["never"] }), "unknown variant `never`"),
        (rules(json!([{ "then": { "group": "a" } }])), "routing rule 1: missing field `name`"),
        (
            rules(
                json!([{ "name": "a", "then": { "group": "a" } }, { "name": "b", "when": { "grup": "x" }, "then": { "group": "b" } }]),
            ),
            "routing rule 2 'b': `when`: `grup` is no field",
        ),
        (rules(json!([{ "name": "a", "then": {} }])), "routing rule 1 'a': `then` does nothing"),
        (rules(json!([{ "name": "a", "then": { "priority": "asap" } }])), "`then`: unknown variant `asap`"),
        (
            rules(json!([{ "name": "a", "unless": { "words": [] }, "then": { "group": "b" } }])),
            "`unless`: `words` lists nothing",
        ),
        (
            rules(json!([{ "name": "a", "then": { "assignee": "x", "assign": { "strategy": "round_robin" } } }])),
            "give either",
        ),
        (rules(json!([{ "name": "a", "then": { "assign": { "strategy": "random" } } }])), "unknown variant `random`"),
        (rules(json!([{ "name": "a", "then": { "group": "x" }, "wen": {} }])), "unknown field `wen`"),
    ] {
        let error = TestHost::new().settings(settings).call(handle, &by_customer(json!({}))).unwrap_err();
        assert!(error.message.contains(expected) && !error.retry, "{error}");
    }
}

#[test]
fn fixtures_hold() {
    for name in ["billing-in-russian", "least-loaded-german", "assigned-by-agent", "bad-rule"] {
        TestHost::check_fixture(handle, format!("fixtures/{name}.json"));
    }
}
