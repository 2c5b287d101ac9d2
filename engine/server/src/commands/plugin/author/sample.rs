//! Samples: events, deliveries and actions as fixtures state them, with defaults for what they leave out.
//!
//! The defaults are the SDK's, so that a fixture means the same here and in `cargo test`. A member that the SDK's samples
//! do not have is an error, and so is one that this engine has no means to give to a plugin: a test that passes for a
//! value that never comes would be worth nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use deskbell_model::plugin::{Action, Agent, Delivery, Event, LowRating, ReportRequest};
use deskbell_model::ticket::{Actor, End, Ticket};
use deskbell_model::timestamp::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

type Object = Map<String, Value>;

/// 2026-01-05T08:00:00Z, a Monday.
pub(super) const TIME: Timestamp = Timestamp::from_seconds(1_767_600_000);

/// The kinds of events that are about a ticket unless they say otherwise.
const ABOUT_TICKETS: [&str; 4] = ["ticket.", "sla.", "timer.", "delivery."];

#[derive(Deserialize)]
struct WholeEvent {
    id: String,
    source: String,
    kind: String,
    subject: Option<String>,
    time: Timestamp,
    received_at: Timestamp,
    late: bool,
    actor: Option<Actor>,
    data: Object,
    extra: BTreeMap<String, Value>,
}

/// An event.
pub(in crate::commands) fn event(given: Value) -> anyhow::Result<Event> {
    let mut given = object("an event", given)?;
    let text = |name: &str, otherwise: &str| given.get(name).and_then(Value::as_str).unwrap_or(otherwise).to_owned();
    let (source, kind) = (text("source", "support"), text("kind", "ticket.created"));
    let id = given.get("ticket").and_then(|ticket| ticket.get("id")).and_then(Value::as_str).unwrap_or("1");
    let subject = text("subject", id);
    let time = given.get("time").cloned().unwrap_or_else(|| json!(TIME));
    // Other times have this one as their default, and are not to be blamed for it.
    let _: Timestamp = read("an event's time", time.clone())?;
    let is_about_ticket = ABOUT_TICKETS.iter().any(|prefix| kind.starts_with(prefix));
    let ticket = match given.remove("ticket") {
        None if is_about_ticket => Some(json!({})),
        stated => stated.filter(|ticket| !ticket.is_null()),
    };
    let defaults = json!({
        "id": "event-1", "source": source, "kind": kind, "subject": subject, "time": time, "received_at": time,
        "late": false, "actor": null, "data": {}, "extra": {},
    });
    let whole: WholeEvent = read("an event", overlay("an event", defaults, given)?)?;
    let ticket = ticket.map(|ticket| whole_ticket(&source, &subject, &time, ticket)).transpose()?;
    if let Some((of, _, _)) = ticket.as_ref().filter(|(of, _, _)| *of != whole.source) {
        bail!("the event comes from '{}' and its ticket from '{of}'; they have one source", whole.source);
    }
    Ok(Event {
        id: whole.id,
        source: whole.source,
        kind: whole.kind,
        subject: whole.subject,
        time: whole.time,
        received_at: whole.received_at,
        late: whole.late,
        actor: whole.actor,
        ticket: ticket.map(|(_, id, ticket)| (id, ticket)),
        data: Value::Object(whole.data).to_string(),
        extra: whole.extra.into_iter().map(|(name, value)| (name, value.to_string())).collect(),
    })
}

/// A canonical event (as in an import) in the form of a fixture's.
pub(super) fn from_canonical(given: &Value) -> Value {
    let kind = given["type"].as_str().unwrap_or_default();
    let mut event = Object::new();
    for name in ["id", "source", "subject", "time", "data"] {
        if let Some(value) = given.get(name) {
            event.insert(name.to_owned(), value.clone());
        }
    }
    event.insert("kind".to_owned(), json!(kind.strip_prefix("deskbell.").unwrap_or(kind)));
    for name in ["actor", "ticket"] {
        if let Some(value) = given["data"].get(name).filter(|value| value.is_object()) {
            event.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(event)
}

/// What a reporter is asked for. The period is the week before the usual time unless it is stated, and the one before it is
/// as long.
pub(super) fn request(given: Value) -> anyhow::Result<ReportRequest> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Period {
        from: Timestamp,
        to: Timestamp,
    }
    #[derive(Deserialize)]
    struct Whole {
        name: String,
        report: String,
        period: Period,
        previous: Option<Period>,
        tz: String,
        language: String,
        calendar: Option<String>,
        source: Option<String>,
        names: BTreeMap<String, String>,
    }
    let what = "a request";
    let defaults = json!({
        "name": "report", "report": null, "period": { "from": TIME.plus_seconds(-7 * 86_400), "to": TIME },
        "previous": null, "tz": "UTC", "language": "en", "calendar": null, "source": null, "names": {},
    });
    let whole: Whole = read(what, overlay(what, defaults, object(what, given)?)?)?;
    let (from, to) = (whole.period.from, whole.period.to);
    Ok(ReportRequest {
        name: whole.name,
        report: whole.report,
        period: (from, to),
        previous: match whole.previous {
            Some(previous) => (previous.from, previous.to),
            None => (from.plus_micros(-to.since(from)), from),
        },
        tz: whole.tz,
        language: whole.language,
        calendar: whole.calendar,
        source: whole.source,
        names: whole.names.into_iter().collect(),
    })
}

/// A comment beside a bad rating.
pub(super) fn low_rating(given: Value) -> anyhow::Result<LowRating> {
    #[derive(Deserialize)]
    struct Whole {
        at: Timestamp,
        kind: String,
        normalized: f64,
        ticket: Option<String>,
        agent: Option<String>,
        comment: String,
    }
    let what = "a low rating";
    let defaults = json!({
        "at": TIME.plus_seconds(-86_400), "kind": "csat", "normalized": 0.0, "ticket": "1", "agent": null, "comment": null,
    });
    let whole: Whole = read(what, overlay(what, defaults, object(what, given)?)?)?;
    Ok(LowRating {
        at: whole.at,
        kind: whole.kind,
        normalized: whole.normalized,
        ticket: whole.ticket,
        agent: whole.agent,
        comment: whole.comment,
    })
}

/// A webhook.
pub(super) fn delivery(given: Value) -> anyhow::Result<Delivery> {
    #[derive(Deserialize)]
    struct Whole {
        id: Option<String>,
        source: String,
        headers: BTreeMap<String, String>,
        body: Value,
        received_at: Timestamp,
        extra: Object,
    }
    let what = "a delivery";
    let defaults = json!({
        "id": null, "source": "support", "headers": {}, "body": "", "received_at": TIME, "extra": {},
    });
    let whole: Whole = read(what, overlay(what, defaults, object(what, given)?)?)?;
    no_extra(what, &whole.extra)?;
    Ok(Delivery {
        id: whole.id,
        source: whole.source,
        headers: whole.headers.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect(),
        body: Bytes::from(body(Some(whole.body))),
        received_at: whole.received_at,
    })
}

/// An action.
pub(super) fn action(given: Value) -> anyhow::Result<Action> {
    #[derive(Deserialize)]
    struct Whole {
        kind: String,
        data: Object,
        key: String,
        subject: Option<String>,
        ticket: Value,
        extra: Object,
    }
    let what = "an action";
    let defaults = json!({ "kind": null, "data": {}, "key": "key-1", "subject": "1", "ticket": null, "extra": {} });
    let mut whole: Whole = read(what, overlay(what, defaults, object(what, given)?)?)?;
    // The engine says why, where the plugin that asked said it.
    let reason = whole.extra.remove("reason");
    no_extra(what, &whole.extra)?;
    let ticket = match whole.ticket {
        Value::Null => None,
        stated => {
            let created = stated.get("created_at").cloned().unwrap_or_else(|| json!(TIME));
            Some(whole_ticket("support", "1", &created, stated)?)
        }
    };
    Ok(Action {
        kind: whole.kind,
        data: Value::Object(whole.data).to_string(),
        key: whole.key,
        subject: whole.subject,
        ticket,
        extra: reason.map(|reason| ("reason".to_owned(), reason.to_string())).into_iter().collect(),
    })
}

/// An agent.
pub(super) fn agent(given: Value) -> anyhow::Result<Agent> {
    let what = "an agent";
    let defaults = json!({
        "id": null, "status": "online", "capacity": null, "groups": [], "skills": [], "languages": [],
        "open_tickets": 0, "extra": {},
    });
    let whole = overlay(what, defaults, object(what, given)?)?;
    if let Some(extra) = whole.get("extra").and_then(Value::as_object) {
        no_extra(what, extra)?;
    }
    read(what, whole)
}

/// The body of a sample: a text as it is, other JSON written out.
pub(super) fn body(given: Option<Value>) -> Vec<u8> {
    match given {
        None => Vec::new(),
        Some(Value::String(text)) => text.into_bytes(),
        Some(json) => json.to_string().into_bytes(),
    }
}

/// A ticket, with its source and id.
fn whole_ticket(source: &str, id: &str, time: &Value, given: Value) -> anyhow::Result<(String, String, Arc<Ticket>)> {
    #[derive(Deserialize)]
    struct Identity {
        source: String,
        id: String,
        extra: BTreeMap<String, Value>,
    }
    let (what, whose) = ("a ticket", "a ticket's requester");
    let defaults = json!({
        "source": source, "id": id, "subject": "Test ticket", "description": null, "status": "new",
        "priority": "normal", "channel": "email", "type": null, "category": null, "language": null, "group": null,
        "assignee": null, "tags": [], "requester": {}, "custom": {}, "created_at": time, "updated_at": time,
        "first_response_at": null, "last_agent_reply_at": null, "last_customer_comment_at": null,
        "solved_at": null, "agent_replies": 0, "customer_comments": 0, "reopens": 0, "extra": {},
    });
    let mut whole = overlay(what, defaults, object(what, given)?)?;
    let defaults = json!({ "id": "customer-1", "name": null, "email": null, "language": null, "organization": null });
    let requester = object(whose, whole["requester"].take())?;
    whole["requester"] = overlay(whose, defaults, requester)?;
    let Identity { source, id, extra } = read(what, whole.clone())?;
    let mut ticket: Ticket = read(what, whole)?;
    for (name, value) in extra {
        match (name.as_str(), &value) {
            ("escalations", _) => ticket.escalations = read("a ticket's escalations", value)?,
            ("deleted", Value::Bool(true)) => ticket.end = Some(End::Deleted),
            ("merged_into", Value::String(into)) => ticket.end = Some(End::Merged(into.clone())),
            _ => bail!(
                "a ticket's extra has '{name}': {value}; this engine gives escalations, deleted (true) and merged_into there"
            ),
        }
    }
    Ok((source, id, Arc::new(ticket)))
}

fn no_extra(what: &str, extra: &Object) -> anyhow::Result<()> {
    match extra.keys().next() {
        None => Ok(()),
        Some(name) => {
            bail!("{what}'s extra has '{name}'; this engine gives nothing there, and plugins must do without")
        }
    }
}

/// The defaults, with what is given in their place.
fn overlay(what: &str, defaults: Value, given: Object) -> anyhow::Result<Value> {
    let mut whole = object(what, defaults)?;
    for (name, value) in given {
        match whole.get_mut(&name) {
            Some(place) => *place = value,
            None => bail!("{what} has no member '{name}'"),
        }
    }
    Ok(Value::Object(whole))
}

fn object(what: &str, value: Value) -> anyhow::Result<Object> {
    match value {
        Value::Object(members) => Ok(members),
        other => bail!("{what} is a JSON object, not {other}"),
    }
}

fn read<T: DeserializeOwned>(what: &str, value: Value) -> anyhow::Result<T> {
    serde_path_to_error::deserialize(value).with_context(|| format!("{what} cannot be read"))
}

#[cfg(test)]
#[path = "sample/tests.rs"]
mod tests;
