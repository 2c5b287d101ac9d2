//! The plugin as a whole, on a host in memory.
#![expect(clippy::needless_pass_by_value, reason = "short cases")]

use deskbell::prelude::*;
use deskbell::testing::TestHost;

use crate::handle;

fn breach() -> Value {
    json!({
        "kind": "sla.breached",
        "ticket": { "id": "7", "subject": "Printer", "priority": "high", "group": "billing" },
        "data": {
            "ticket": "7", "metric": "resolution", "cycle": 1, "policy": "standard", "target": "4h",
            "at": "2026-01-05T12:00:00Z", "started_at": "2026-01-05T08:00:00Z", "due_at": "2026-01-05T12:00:00Z",
            "counted_seconds": 14400,
        },
    })
}

#[track_caller]
fn effects(rules: Value, event: Value) -> Vec<(String, Value)> {
    let mut host = TestHost::new().settings(json!({ "rules": rules }));
    let effects = host.call(handle, &deskbell::testing::event(event)).unwrap();
    assert!(effects.iter().all(|effect| effect.reason.as_ref().is_some_and(|reason| reason.contains("[[sla_on]]"))));
    effects.into_iter().map(|effect| (effect.kind, effect.data)).collect()
}

#[track_caller]
fn check_do(reaction: Value, kind: &str, data: Value) {
    let made = effects(json!([{ "event": "breached", "do": [reaction] }]), breach());
    assert_eq!(made, [(kind.to_owned(), data)]);
}

#[test]
fn each_reaction_becomes_its_effect() {
    check_do(json!({ "escalate": { "group": "tier-2" } }), "ticket.escalate", json!({ "group": "tier-2" }));
    check_do(json!({ "escalate": { "tier": 2 } }), "ticket.escalate", json!({ "tier": 2 }));
    check_do(json!({ "priority": "urgent" }), "ticket.update", json!({ "priority": "urgent" }));
    check_do(json!({ "assign": "a-1" }), "ticket.update", json!({ "assignee": "a-1" }));
    check_do(json!({ "group": "g" }), "ticket.update", json!({ "group": "g" }));
    check_do(json!({ "tag": "late" }), "ticket.tag", json!({ "add": ["late"] }));
    check_do(json!({ "tag": ["late", "sla"] }), "ticket.tag", json!({ "add": ["late", "sla"] }));
    check_do(
        json!({ "note": "{{ticket.id}}: {{sla.metric}}, {{sla.target}}, due {{sla.due_at}}" }),
        "ticket.note",
        json!({ "body": "7: resolution, 4h, due 2026-01-05T12:00:00Z" }),
    );
    check_do(
        json!({ "notify": { "to": "ops", "subject": "late", "text": "{{ticket.group|nobody}}" } }),
        "notify",
        json!({ "to": "ops", "subject": "late", "text": "billing" }),
    );
    let shipped = "Ticket 7 (high) has missed its target for resolution of 4h: Printer\nGroup billing, assignee nobody";
    check_do(
        json!({ "notify": "ops" }),
        "notify",
        json!({ "to": "ops", "subject": "Ticket 7: Printer", "text": shipped }),
    );
    // A text with a gap is no reason to keep silent.
    check_do(json!({ "note": "{{custom.nothing}}" }), "ticket.note", json!({ "body": shipped }));
}

#[test]
fn a_rule_speaks_of_what_its_conditions_name() {
    for (conditions, holds) in [
        (json!({ "event": "breached" }), true),
        (json!({ "event": ["warning", "breached"] }), true),
        (json!({ "event": "warning" }), false),
        (json!({ "event": "breached", "metric": "resolution", "policy": "standard", "priority": "high" }), true),
        (json!({ "event": "breached", "metric": "first_response" }), false),
        (json!({ "event": "breached", "policy": ["gold", "silver"] }), false),
        (json!({ "event": "breached", "priority": ["urgent", "high"], "group": "billing" }), true),
        (json!({ "event": "breached", "group": "sales" }), false),
        (json!({ "event": "breached", "warning": "75%" }), false),
    ] {
        let mut rule = conditions.clone();
        rule["do"] = json!([{ "tag": "x" }]);
        assert_eq!(!effects(json!([rule]), breach()).is_empty(), holds, "{conditions}");
    }
}

#[test]
fn a_ticket_that_is_solved_by_now_is_left_as_it_is() {
    let mut event = breach();
    event["ticket"]["status"] = json!("solved");
    let rule = json!([{ "event": "breached", "do": [{ "escalate": { "tier": 2 } }, { "priority": "urgent" }, { "notify": "ops" }] }]);
    let made = effects(rule, event);
    assert_eq!(made.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["notify"]);
}

#[test]
fn an_effect_says_what_has_happened() {
    for (kind, further, expected) in [
        ("sla.breached", json!({}), "the target for resolution was missed"),
        ("sla.warning", json!({ "warning": "75%" }), "the target for resolution is close (75% of it)"),
        ("sla.met", json!({ "breached": true }), "resolution came after its target"),
        ("sla.met", json!({ "breached": false }), "the target for resolution was met"),
        ("sla.retracted", json!({}), "what was told of resolution does not hold any more"),
    ] {
        let mut event = breach();
        event["kind"] = json!(kind);
        event["data"].as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
        let of = kind.strip_prefix("sla.").unwrap();
        let mut host = TestHost::new().settings(json!({ "rules": [{ "event": of, "do": [{ "tag": "x" }] }] }));
        let effects = host.call(handle, &deskbell::testing::event(event)).unwrap();
        let reason = effects[0].reason.clone().unwrap();
        assert!(
            reason.contains(expected) && reason.contains("policy standard, target 4h, due 2026-01-05T12:00:00Z"),
            "{reason}"
        );
    }
}
