#![doc = include_str!("../README.md")]

mod settings;

#[cfg(test)]
mod tests;

use deskbell::event::data::Sla;
use deskbell::prelude::*;
use deskbell_wording::{fallback, notices, template};
use serde_json::Map;

use settings::{Reaction, Rule, Settings};

deskbell::automation!(handle);

/// Does what the rules say of the event.
pub fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings = Settings::read(cx)?;
    let Some(sla) = event.sla() else {
        return Ok(vec![]);
    };
    let ticket = event.ticket()?;
    let values = values(ticket, &sla, event);
    let mut effects = Vec::new();
    for (place, rule) in settings.rules.iter().enumerate() {
        if !rule.is_for(event, &sla, ticket) {
            continue;
        }
        let reason = format!("rule {} of [[sla_on]]: {}", place + 1, in_words(event, &sla));
        for reaction in &rule.reactions {
            if is_over(ticket) && reaction.changes_ticket() {
                cx.info(format!("ticket {} is {} by now, so it is left as it is", ticket.id, ticket.status));
            } else {
                effects.push(effect(rule, reaction, event, &values, cx)?.because(reason.as_str()));
            }
        }
    }
    Ok(effects)
}

/// A ticket that is done by the time a breach is told of needs nobody to hurry.
fn is_over(ticket: &Ticket) -> bool {
    matches!(ticket.status.as_str(), "solved" | "closed")
}

fn effect(rule: &Rule, reaction: &Reaction, event: &Event, values: &Value, cx: &Context) -> Result<Effect> {
    let fill = |member: &str, own: Option<&str>, shipped: &str| {
        fallback::fill_or(own, shipped, values, |problem| {
            cx.warn(format!(
                "[[sla_on]] for {}, `{member}`: {problem}; the shipped text was used instead",
                rule.event.0.join(", ")
            ));
        })
    };
    Ok(match reaction {
        Reaction::Escalate(escalation) => Effect::escalate(escalation.tier, escalation.group.as_deref()),
        Reaction::Notify(notice) => {
            let text = fill("text", notice.text.as_deref(), notices::text(event))?;
            let subject = fill("subject", notice.subject.as_deref(), notices::subject(event))?;
            let one_line = subject.split_whitespace().collect::<Vec<_>>().join(" ");
            Effect::notify(&notice.to, text).with("subject", one_line)
        }
        Reaction::Assign(agent) => Effect::set_assignee(agent),
        Reaction::Group(group) => Effect::set_group(group),
        Reaction::Priority(priority) => Effect::set_priority(priority),
        Reaction::Note(text) => Effect::note(fill("note", Some(text), notices::text(event))?),
        Reaction::Tag(tags) => Effect::add_tags(&tags.0),
    })
}

/// What has happened, for whoever asks why.
fn in_words(event: &Event, sla: &Sla) -> String {
    let Sla { metric, policy, target, .. } = sla;
    let (at, due) = (sla.at, sla.due_at.map(|due| format!(", due {due}")).unwrap_or_default());
    let what = match event.kind.as_str() {
        "sla.warning" => {
            format!("the target for {metric} is close ({} of it)", sla.warning.as_deref().unwrap_or("a part"))
        }
        "sla.breached" => format!("the target for {metric} was missed"),
        "sla.met" if sla.breached => format!("{metric} came after its target"),
        "sla.met" => format!("the target for {metric} was met"),
        "sla.cancelled" => format!("the target for {metric} does not hold any more"),
        _ => format!("what was told of {metric} does not hold any more"),
    };
    format!("{what} at {at} (policy {policy}, target {target}{due})")
}

/// What texts may use: the ticket's values, and `sla` with what has happened (as `data` too, as in notices).
fn values(ticket: &Ticket, sla: &Sla, event: &Event) -> Value {
    let mut values = template::ticket_values(ticket);
    let about = json!({ "kind": event.kind, "source": event.source, "time": event.time });
    values.insert("event".to_owned(), about);
    let sla = serde_json::to_value(sla).map_or_else(|_| Value::Object(Map::new()), template::present);
    values.insert("data".to_owned(), sla.clone());
    values.insert("sla".to_owned(), sla);
    Value::Object(values)
}
