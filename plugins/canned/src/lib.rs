#![doc = include_str!("../README.md")]

mod orders;
mod settings;

#[cfg(test)]
mod tests;

use deskbell::prelude::*;
use deskbell_wording::template;
use serde_json::{Map, Value};

use orders::Order;
use settings::{Reply, Settings};

deskbell::automation!(handle);

/// A list of names longer than this helps nobody.
const MAX_LISTED: usize = 50;

/// Posts the canned replies that an agent asks for.
pub fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings = Settings::read(cx)?;
    let Some(ticket) = event.ticket.as_ref() else {
        return Ok(vec![]);
    };
    let mut effects = Vec::new();
    for order in orders::read(event, ticket, &settings, cx)? {
        let (name, how) = match &order {
            Order::Command(None) => {
                effects.push(Effect::note(list(&settings)).because("an agent asked which canned replies there are"));
                continue;
            }
            Order::Command(Some(name)) => (name, "in a note".to_owned()),
            Order::Tag { tag, name } => (name, format!("with the tag {tag}")),
        };
        let asked = format!("{} asked for the canned reply '{name}' {how}", who(event));
        match fill(name, event, ticket, &settings) {
            Ok((text, language, reply)) => {
                effects.extend(post(&text, &language, reply, ticket, &asked));
            }
            Err(problem) => effects.push(Effect::note(&problem).because(format!("{asked}, but it was not sent"))),
        }
        if let Order::Tag { tag, .. } = &order {
            effects.push(Effect::remove_tags([tag]).because("the tag has been seen to and can be set again"));
        }
    }
    Ok(effects)
}

/// The reply's text with its language; the error is a note to the agent.
fn fill<'a>(
    name: &str,
    event: &Event,
    ticket: &Ticket,
    settings: &'a Settings,
) -> Result<(String, String, &'a Reply), String> {
    let shown: String = name.chars().take(60).collect();
    let Some(reply) = settings.replies.get(name) else {
        return Err(format!("There is no canned reply '{shown}'. {}", list(settings)));
    };
    if event.late && ticket.last_agent_reply_at.is_some_and(|replied| replied > event.time) {
        return Err(format!(
            "The canned reply '{shown}' was not sent: it was asked for at {}, and the customer has had an answer since.",
            event.time
        ));
    }
    let (text, language) = settings.text(reply, ticket);
    let mut values = template::ticket_values(ticket);
    values.insert("agent".to_owned(), agent(event).into());
    let filled = template::fill(text, &Value::Object(values));
    match filled {
        Ok(text) if !text.trim().is_empty() => Ok((text, language, reply)),
        Ok(_) => Err(format!("The canned reply '{shown}' was not sent: nothing is left of its text for this ticket.")),
        Err(problem) => Err(format!("The canned reply '{shown}' was not sent: {problem}.")),
    }
}

fn post(text: &str, language: &str, reply: &Reply, ticket: &Ticket, asked: &str) -> Vec<Effect> {
    let language = if language.is_empty() { String::new() } else { format!(", in {language}") };
    let reason = format!("{asked}{language}");
    let mut effects = vec![Effect::reply(text).because(reason.as_str())];
    if let Some(status) = reply.status.as_deref().filter(|status| *status != ticket.status) {
        effects.push(Effect::set_status(status).because(reason.as_str()));
    }
    let tags: Vec<&String> = reply.tags.iter().filter(|tag| !tag.is_empty() && !ticket.has_tag(tag)).collect();
    if !tags.is_empty() {
        effects.push(Effect::add_tags(tags).because(reason));
    }
    effects
}

/// What texts may use of the agent who asks.
fn agent(event: &Event) -> Map<String, Value> {
    let mut values = Map::new();
    if let Some(actor) = event.actor.as_ref().filter(|actor| actor.is_agent()) {
        values.insert("id".to_owned(), actor.id.as_str().into());
        template::add_name(&mut values, actor.name.as_deref());
    }
    values
}

fn who(event: &Event) -> String {
    event.actor.as_ref().map_or_else(|| "somebody".to_owned(), |actor| format!("{} {}", actor.role, actor.id))
}

fn list(settings: &Settings) -> String {
    if settings.replies.is_empty() {
        return "No canned replies are configured yet; they go into the settings of the plugin canned.".to_owned();
    }
    let names: Vec<&str> = settings.replies.keys().take(MAX_LISTED).map(String::as_str).collect();
    let n_more = settings.replies.len().saturating_sub(names.len());
    let more = if n_more > 0 { format!(" and {n_more} more") } else { String::new() };
    format!("Canned replies: {}{more}.", names.join(", "))
}
