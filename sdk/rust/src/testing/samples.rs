//! Samples from JSON: what a test leaves out has a default, a misspelt member is noticed.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::connector::{Action, Delivery};
use crate::event::Event;
use crate::host::Agent;
use crate::instant::{Instant, days_before};
use crate::ticket::Ticket;

/// 2026-01-05T08:00:00Z, a Monday.
pub(super) const SAMPLE_TIME: Instant = Instant::from_unix_seconds(days_before(2026, 1, 5) * 86_400 + 8 * 3_600);

/// What a test may give where a `T` is needed: the `T` itself, or a short form of it (JSON with defaults, a time as text).
pub trait Sample<T> {
    /// The `T` it stands for.
    ///
    /// # Panics
    /// Where it stands for none.
    fn sample(self) -> T;
}

impl<T> Sample<T> for T {
    fn sample(self) -> T {
        self
    }
}

impl Sample<Instant> for &str {
    fn sample(self) -> Instant {
        Instant::parse_rfc3339(self).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Sample<Event> for Value {
    fn sample(self) -> Event {
        event(self)
    }
}

impl Sample<Ticket> for Value {
    fn sample(self) -> Ticket {
        ticket(self)
    }
}

impl Sample<Agent> for Value {
    fn sample(self) -> Agent {
        agent(self)
    }
}

/// An event from JSON. What it leaves out is that of a ticket "1" created at the source "support" on 2026-01-05T08:00:00Z;
/// kinds that are not about tickets have no ticket unless one is given.
///
/// ```
/// use deskbell::testing;
/// use serde_json::json;
///
/// let event = testing::event(json!({ "ticket": { "id": "7", "priority": "urgent" } }));
/// assert_eq!((event.kind.as_str(), event.subject.as_deref()), ("ticket.created", Some("7")));
/// assert_eq!(event.ticket()?.status, "new");
/// # Ok::<(), deskbell::Error>(())
/// ```
///
/// # Panics
/// Where a member is unknown or of the wrong type.
pub fn event(given: Value) -> Event {
    let given = object("an event", given);
    let text = |name: &str, otherwise: &str| given.get(name).and_then(Value::as_str).unwrap_or(otherwise).to_owned();
    let source = text("source", "support");
    let kind = text("kind", "ticket.created");
    let time = given.get("time").cloned().unwrap_or_else(|| json!(SAMPLE_TIME));
    let id = given.get("ticket").and_then(|ticket| ticket.get("id")).and_then(Value::as_str).unwrap_or("1");
    let subject = text("subject", id);
    let about_ticket = ["ticket.", "sla.", "timer.", "delivery."].iter().any(|prefix| kind.starts_with(prefix));
    let mut given_ticket = given.get("ticket").cloned();
    if given_ticket.is_none() && about_ticket {
        given_ticket = Some(json!({}));
    }
    let ticket = given_ticket.filter(|ticket| !ticket.is_null()).map(|ticket| {
        let mut defaults = ticket_defaults(&time);
        defaults.insert("source".to_owned(), json!(source));
        defaults.insert("id".to_owned(), json!(subject));
        whole_ticket(defaults, ticket)
    });
    let mut given = given;
    given.remove("ticket");
    let defaults = json!({
        "id": "event-1", "source": source, "kind": kind, "subject": subject, "time": time, "received_at": time, "late": false,
        "actor": null, "ticket": ticket, "data": {}, "extra": {},
    });
    read("an event", overlay("an event", object("an event", defaults), given))
}

/// A ticket from JSON. What it leaves out is that of a new ticket "1" of the requester "customer-1".
///
/// # Panics
/// Where a member is unknown or of the wrong type.
pub fn ticket(given: Value) -> Ticket {
    let created = given.get("created_at").cloned().unwrap_or_else(|| json!(SAMPLE_TIME));
    read("a ticket", whole_ticket(ticket_defaults(&created), given))
}

/// An agent from JSON: online, without groups, skills, languages and tickets unless it says otherwise; only `id` is needed.
///
/// # Panics
/// Where a member is missing, unknown or of the wrong type.
pub fn agent(given: Value) -> Agent {
    let defaults = json!({
        "id": null, "status": "online", "capacity": null, "groups": [], "skills": [], "languages": [], "open_tickets": 0, "extra": {},
    });
    read("an agent", overlay("an agent", object("an agent", defaults), object("an agent", given)))
}

/// A delivery from JSON: `headers` is an object, `body` a text or any other JSON, which is written as it is.
///
/// # Panics
/// Where a member is unknown or of the wrong type.
pub fn delivery(given: Value) -> Delivery {
    let what = "a delivery";
    let defaults = json!({
        "id": null, "source": "support", "headers": {}, "body": "", "received_at": SAMPLE_TIME, "extra": {},
    });
    let mut all = object(what, overlay(what, object(what, defaults), object(what, given)));
    let headers = headers(what, all.remove("headers"));
    Delivery {
        id: read(what, all.remove("id").unwrap_or_default()),
        source: read(what, all.remove("source").unwrap_or_default()),
        headers: headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
        body: body(all.remove("body")),
        received_at: read(what, all.remove("received_at").unwrap_or_default()),
        extra: read(what, all.remove("extra").unwrap_or_default()),
    }
}

/// An action from JSON. What it leaves out: the key "key-1", the ticket "1", `data` {}; `kind` is needed.
///
/// # Panics
/// Where a member is missing, unknown or of the wrong type.
pub fn action(given: Value) -> Action {
    let what = "an action";
    let defaults = json!({ "kind": null, "data": {}, "key": "key-1", "subject": "1", "ticket": null, "extra": {} });
    let mut all = object(what, overlay(what, object(what, defaults), object(what, given)));
    let ticket_given = all.remove("ticket").filter(|ticket| !ticket.is_null());
    Action {
        kind: read(what, all.remove("kind").unwrap_or_default()),
        data: all.remove("data").unwrap_or_default(),
        key: read(what, all.remove("key").unwrap_or_default()),
        subject: read(what, all.remove("subject").unwrap_or_default()),
        ticket: ticket_given.map(ticket),
        extra: read(what, all.remove("extra").unwrap_or_default()),
    }
}

/// Headers of a sample, an object of texts.
pub(super) fn headers(what: &str, given: Option<Value>) -> Vec<(String, String)> {
    let given = object("headers", given.unwrap_or_else(|| json!({})));
    given.into_iter().map(|(name, value)| (name, read(what, value))).collect()
}

/// The body of a sample: a text as it is, other JSON written out.
pub(super) fn body(given: Option<Value>) -> Vec<u8> {
    match given {
        None => Vec::new(),
        Some(Value::String(text)) => text.into_bytes(),
        Some(json) => json.to_string().into_bytes(),
    }
}

fn ticket_defaults(time: &Value) -> Map<String, Value> {
    let defaults = json!({
        "source": "support", "id": "1", "subject": "Test ticket", "description": null, "status": "new", "priority": "normal",
        "channel": "email", "type": null, "category": null, "language": null, "group": null, "assignee": null, "tags": [],
        "requester": {}, "custom": {}, "created_at": time, "updated_at": time, "first_response_at": null,
        "last_agent_reply_at": null, "last_customer_comment_at": null, "solved_at": null, "agent_replies": 0,
        "customer_comments": 0, "reopens": 0, "extra": {},
    });
    object("a ticket", defaults)
}

fn whole_ticket(defaults: Map<String, Value>, given: Value) -> Value {
    let what = "a ticket's requester";
    let mut ticket = object("a ticket", overlay("a ticket", defaults, object("a ticket", given)));
    let requester = object(what, ticket.remove("requester").unwrap_or_default());
    let defaults = json!({ "id": "customer-1", "name": null, "email": null, "language": null, "organization": null });
    let requester = overlay(what, object(what, defaults), requester);
    ticket.insert("requester".to_owned(), requester);
    Value::Object(ticket)
}

/// The defaults, with what is given in their place.
fn overlay(what: &str, mut defaults: Map<String, Value>, given: Map<String, Value>) -> Value {
    for (name, value) in given {
        match defaults.get_mut(&name) {
            Some(place) => *place = value,
            None => panic!("{what} has no member '{name}'"),
        }
    }
    Value::Object(defaults)
}

fn object(what: &str, value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{what} is a JSON object, not {other}"),
    }
}

pub(super) fn read<T: DeserializeOwned>(what: &str, value: Value) -> T {
    serde_json::from_value(value).unwrap_or_else(|error| panic!("{what} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_panic(make: impl FnOnce() + std::panic::UnwindSafe, expected: &str) {
        let panic = std::panic::catch_unwind(make).unwrap_err();
        let message = panic.downcast_ref::<String>().unwrap();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn an_empty_event_is_a_new_ticket() {
        let event = event(json!({}));
        assert_eq!(event.time.to_string(), "2026-01-05T08:00:00Z");
        assert_eq!((event.received_at, event.late), (event.time, false));
        let ticket = event.ticket.unwrap();
        assert_eq!((ticket.source.as_str(), ticket.id.as_str(), ticket.created_at), ("support", "1", event.time));
        assert_eq!((ticket.requester.id.as_str(), ticket.priority.as_str()), ("customer-1", "normal"));
    }

    #[test]
    fn what_is_given_reaches_the_ticket() {
        let event = event(json!({
            "source": "sales", "subject": "9", "time": "2026-02-01T00:00:00Z",
            "ticket": { "type": "question", "requester": { "name": "Cleo" } },
        }));
        let ticket = event.ticket.unwrap();
        assert_eq!((ticket.source.as_str(), ticket.id.as_str(), ticket.created_at), ("sales", "9", event.time));
        assert_eq!(ticket.kind.as_deref(), Some("question"));
        assert_eq!((ticket.requester.id.as_str(), ticket.requester.name.as_deref()), ("customer-1", Some("Cleo")));
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
            assert_eq!(event(given.clone()).ticket.is_some(), expected, "{given}");
        }
    }

    #[test]
    fn misspelt_members_are_noticed() {
        check_panic(|| drop(event(json!({ "knid": "x" }))), "an event has no member 'knid'");
        check_panic(|| drop(event(json!({ "ticket": { "titel": "x" } }))), "a ticket has no member 'titel'");
        check_panic(
            || drop(ticket(json!({ "requester": { "mail": "x" } }))),
            "a ticket's requester has no member 'mail'",
        );
        check_panic(|| drop(agent(json!({}))), "an agent cannot be read");
        check_panic(|| drop(event(json!({ "time": "today" }))), "'today' is not an RFC 3339 time");
        check_panic(|| drop(delivery(json!([]))), "a delivery is a JSON object");
    }

    #[test]
    fn deliveries_and_actions_are_made_from_json() {
        let sample = delivery(json!({ "id": "d1", "headers": { "X-Kind": "a" }, "body": { "a": 1 } }));
        assert_eq!(sample.headers, [("x-kind".to_owned(), "a".to_owned())]);
        assert_eq!((sample.body.as_slice(), sample.id.as_deref()), (&b"{\"a\":1}"[..], Some("d1")));
        assert_eq!(delivery(json!({ "body": "a=1" })).body, b"a=1");

        let sample = action(json!({ "kind": "ticket.note", "ticket": { "status": "open" } }));
        assert_eq!((sample.key.as_str(), sample.subject.as_deref()), ("key-1", Some("1")));
        assert_eq!(sample.ticket.unwrap().status, "open");
    }
}
