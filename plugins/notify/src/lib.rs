#![doc = include_str!("../README.md")]

mod settings;

#[cfg(test)]
mod tests;

use deskbell::prelude::*;
use deskbell_wording::{fallback, notices, template};
use serde_json::Map;

use settings::{Rule, Settings};

deskbell::automation!(handle);

/// More characters than this are cut off: a notice is no place for a letter.
const MAX_TEXT_CHARS: usize = 2_000;

/// Tells destinations of the events that the rules name.
pub fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings = Settings::read(cx)?;
    if settings.rules.is_empty() {
        cx.warn("notify has neither rules nor a destination in `to`; there is nothing it could do");
    }
    let mut effects = Vec::new();
    for rule in &settings.rules {
        let Some(matched) = rule.matched(event) else {
            continue;
        };
        let values = values(event);
        for to in &rule.to {
            if concerns(event, to) {
                cx.warn(format!("rule '{}': {to} is not told that a notice to it has failed", rule.name));
            } else if !was_told(rule, to, event, cx)? {
                effects.push(notice(rule, to, event, &values, cx)?.because(format!(
                    "rule '{}': {}",
                    rule.name,
                    matched.join("; ")
                )));
            }
        }
    }
    Ok(effects)
}

/// Whether the event is about a notice to that destination: telling it there would go round in circles. The engine names
/// destinations of the configuration `destination:NAME`, which tells them from helpdesks (`source:NAME`).
fn concerns(event: &Event, to: &str) -> bool {
    let stated = |member: &str| event.data.get(member).and_then(Value::as_str);
    event.kind == "delivery.failed"
        && stated("kind") == Some(Effect::NOTIFY)
        && stated("destination").and_then(|destination| destination.strip_prefix("destination:")) == Some(to)
}

/// Whether the destination was told the same lately; if not, it will have been.
fn was_told(rule: &Rule, to: &str, event: &Event, cx: &Context) -> Result<bool> {
    let forgotten = cx.calendar("always").add(cx.now(), &rule.repeat);
    let forgotten = forgotten
        .map_err(|error| error.while_doing(format!("notify rule '{}', `repeat` = '{}'", rule.name, rule.repeat)))?;
    let Ok(seconds @ 1..) = u64::try_from(forgotten.seconds_since(cx.now())) else {
        return Ok(false);
    };
    let about = event.data.get("metric").and_then(Value::as_str).unwrap_or_default();
    let key = format!("told/{}/{to}/{}/{about}", rule.name, event.kind);
    let (kv, key) = if event.ticket.is_some() {
        (cx.kv(Scope::Ticket), key)
    } else {
        let subject = event.subject.as_deref().unwrap_or_default();
        (cx.kv(Scope::Plugin), format!("{key}/{}/{subject}", event.source))
    };
    let was_told = kv.get(&key)?.is_some();
    if !was_told {
        kv.set_for(&key, event.time.to_rfc3339(), seconds)?;
    }
    Ok(was_told)
}

fn notice(rule: &Rule, to: &str, event: &Event, values: &Value, cx: &Context) -> Result<Effect> {
    let complain = |member: &'static str| {
        let rule = &rule.name;
        move |problem: &str| {
            cx.warn(format!("rule '{rule}', `{member}`: {problem}; the shipped text was used instead"));
        }
    };
    let text = fallback::fill_or(rule.text.as_deref(), notices::text(event), values, complain("text"))?;
    let subject = fallback::fill_or(rule.subject.as_deref(), notices::subject(event), values, complain("subject"))?;
    let one_line = subject.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Effect::notify(to, shortened(&text)).with("subject", shortened(&one_line)))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What texts may use: the ticket's values, the event and its data.
fn values(event: &Event) -> Value {
    let none = || Value::Object(Map::new());
    let mut values = match &event.ticket {
        Some(ticket) => template::ticket_values(ticket),
        None => ["ticket", "requester", "custom"].map(|name| (name.to_owned(), none())).into_iter().collect(),
    };
    let mut actor = Map::new();
    if let Some(stated) = &event.actor {
        actor.insert("id".to_owned(), stated.id.as_str().into());
        actor.insert("role".to_owned(), stated.role.as_str().into());
        template::add_name(&mut actor, stated.name.as_deref());
    }
    let about = json!({
        "kind": event.kind, "source": event.source, "subject": event.subject, "time": event.time, "actor": actor,
    });
    values.insert("event".to_owned(), template::present(about));
    let data = if event.data.is_object() { event.data.clone() } else { none() };
    values.insert("data".to_owned(), template::present(data));
    Value::Object(values)
}
