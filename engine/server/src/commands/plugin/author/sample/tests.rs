use deskbell_model::ticket::{Priority, Role};

use super::*;

#[track_caller]
fn check_refused<T>(sample: anyhow::Result<T>, expected: &str) {
    let error = format!("{:#}", sample.err().unwrap());
    assert!(error.contains(expected), "{error}");
}

#[test]
fn an_empty_event_is_a_new_ticket() {
    let event = event(json!({})).unwrap();
    assert_eq!(
        (event.id.as_str(), event.source.as_str(), event.kind.as_str()),
        ("event-1", "support", "ticket.created")
    );
    assert_eq!((event.time, event.received_at, event.subject.as_deref()), (TIME, TIME, Some("1")));
    assert_eq!((TIME.to_string().as_str(), event.data.as_str()), ("2026-01-05T08:00:00Z", "{}"));
    let (id, ticket) = event.ticket.unwrap();
    assert_eq!((id.as_str(), ticket.fields.requester.id.as_str(), ticket.created_at), ("1", "customer-1", TIME));
}

#[test]
fn what_is_given_reaches_event_and_ticket() {
    let event = event(json!({
        "source": "sales", "subject": "9", "time": "2026-02-01T00:00:00Z", "actor": { "id": "a", "role": "agent" },
        "ticket": {
            "type": "question", "priority": "urgent", "tags": ["vip"], "custom": { "seats": 40 },
            "requester": { "name": "Cleo" }, "reopens": 2, "extra": { "escalations": 3, "merged_into": "7" },
        },
        "data": { "a": 1 }, "extra": { "b": [2] },
    }))
    .unwrap();
    let (id, ticket) = event.ticket.unwrap();
    assert_eq!((id.as_str(), ticket.created_at), ("9", event.time));
    assert_eq!((ticket.fields.kind.as_deref(), ticket.fields.priority), (Some("question"), Priority::Urgent));
    assert_eq!(
        (ticket.fields.requester.name.as_deref(), ticket.fields.requester.id.as_str()),
        (Some("Cleo"), "customer-1")
    );
    assert_eq!((ticket.reopens, ticket.escalations, &ticket.end), (2, 3, &Some(End::Merged("7".to_owned()))));
    assert_eq!((event.actor.unwrap().role, event.data.as_str()), (Role::Agent, r#"{"a":1}"#));
    assert_eq!(event.extra, [("b".to_owned(), "[2]".to_owned())]);
}

#[test]
fn only_events_about_tickets_have_one_by_default() {
    for (given, expected) in [
        (json!({ "kind": "sla.breached" }), true),
        (json!({ "kind": "timer.fired" }), true),
        (json!({ "kind": "agent.status" }), false),
        (json!({ "kind": "agent.status", "ticket": {} }), true),
        (json!({ "kind": "ticket.created", "ticket": null }), false),
    ] {
        assert_eq!(event(given.clone()).unwrap().ticket.is_some(), expected, "{given}");
    }
}

#[test]
fn what_plugins_cannot_get_is_refused() {
    check_refused(event(json!({ "knid": "x" })), "an event has no member 'knid'");
    check_refused(event(json!({ "ticket": { "titel": "x" } })), "a ticket has no member 'titel'");
    check_refused(event(json!({ "ticket": { "requester": { "mail": "x" } } })), "requester has no member 'mail'");
    check_refused(event(json!({ "ticket": { "status": "done" } })), "unknown variant `done`");
    check_refused(event(json!({ "ticket": { "source": "sales" } })), "they have one source");
    check_refused(event(json!({ "ticket": { "extra": { "x": 1 } } })), "a ticket's extra has 'x'");
    check_refused(event(json!({ "time": "today" })), "an event's time cannot be read: 'today' is not an RFC 3339 time");
    check_refused(event(json!({ "data": 1 })), "an event cannot be read");
    check_refused(agent(json!({})), "an agent cannot be read");
    check_refused(delivery(json!([])), "a delivery is a JSON object");
    check_refused(delivery(json!({ "extra": { "x": 1 } })), "a delivery's extra has 'x'");
    check_refused(action(json!({ "kind": "notify", "extra": { "x": 1 } })), "an action's extra has 'x'");
    check_refused(action(json!({})), "an action cannot be read: kind");
}

#[test]
fn deliveries_and_actions_are_made_from_json() {
    let sample = delivery(json!({ "id": "d1", "headers": { "X-Kind": "a" }, "body": { "a": 1 } })).unwrap();
    assert_eq!(sample.headers, [("x-kind".to_owned(), "a".to_owned())]);
    assert_eq!((&sample.body[..], sample.id.as_deref()), (&br#"{"a":1}"#[..], Some("d1")));
    assert_eq!(&delivery(json!({ "body": "a=1" })).unwrap().body[..], b"a=1");

    let sample = action(json!({ "kind": "ticket.note", "ticket": { "status": "open" } })).unwrap();
    assert_eq!((sample.key.as_str(), sample.subject.as_deref()), ("key-1", Some("1")));
    let (source, id, _) = sample.ticket.unwrap();
    assert_eq!((source.as_str(), id.as_str()), ("support", "1"));
}

#[test]
fn a_canonical_event_is_an_event_too() {
    let canonical = json!({
        "specversion": "1.0", "id": "e1", "source": "desk", "type": "deskbell.ticket.created", "subject": "7",
        "time": "2026-02-01T00:00:00Z", "datacontenttype": "application/json",
        "data": {
            "ticket": { "subject": "Help", "channel": "web", "requester": { "id": "c-1" } },
            "actor": { "id": "c-1", "role": "customer" },
        },
    });
    let event = event(from_canonical(&canonical)).unwrap();
    let (id, ticket) = event.ticket.unwrap();
    assert_eq!((event.kind.as_str(), id.as_str(), ticket.fields.channel.as_str()), ("ticket.created", "7", "web"));
    assert_eq!(event.actor.unwrap().role, Role::Customer);
}
