#![doc = include_str!("../README.md")]

mod autoreply;
mod phrases;
mod settings;
mod wait;

#[cfg(test)]
mod tests;

use deskbell::prelude::*;
use deskbell_wording::{detect, fallback, language, template};
use serde_json::{Value, json};

use phrases::Tongue;
use settings::Settings;
use wait::Outlook;

deskbell::automation!(handle);

const DAY_SECONDS: u64 = 86_400;

/// Answers a customer's new ticket with when to expect a reply.
pub fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings = Settings::read(cx)?;
    let Some(ticket) = event.ticket.as_ref() else {
        return Ok(vec![]);
    };
    if let Some(why) = reason_for_silence(event, ticket, &settings, cx)? {
        cx.info(format!("no acknowledgement of ticket {}: {why}", ticket.id));
        return Ok(vec![]);
    }
    let (language, whose) = language_of(ticket, &settings);
    let tongue = Tongue::of(&language);
    let outlook = Outlook::read(ticket, &settings, cx)?;
    let (text, remark) = text(ticket, &language, tongue, &outlook, &settings, cx)?;
    remember(ticket, cx)?;
    let reason = format!("a customer wrote in; language {language} ({whose}){remark}; {}", outlook.reason);
    Ok(vec![Effect::reply(text).because(reason)])
}

/// Why this event gets no acknowledgement; none where it gets one.
fn reason_for_silence(event: &Event, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Option<String>> {
    if event.kind != "ticket.created" {
        return Ok(Some("it is not new".to_owned()));
    }
    // Where the helpdesk does not say who created the ticket, the channel tells whether the customer did.
    match event.actor.as_ref() {
        Some(actor) if !actor.is_customer() => {
            return Ok(Some(format!("its author is a {}, not a customer", actor.role)));
        }
        None if ticket.channel == "phone" => return Ok(Some("it was taken by phone".to_owned())),
        _ => {}
    }
    if ticket.is_solved() || ticket.agent_replies > 0 || ticket.is_answered() {
        return Ok(Some("it has been answered".to_owned()));
    }
    if let Some(why) = settings.excludes(ticket) {
        return Ok(Some(why));
    }
    if let Some(why) = autoreply::sign(ticket) {
        return Ok(Some(why));
    }
    let oldest = cx.calendar("always").add(event.time, &settings.max_age);
    let oldest = oldest.map_err(|error| error.while_doing("acknowledge setting `max_age`"))?;
    if oldest < event.received_at {
        return Ok(Some(format!("it reached us more than {} after it was written", settings.max_age)));
    }
    let key = key_of_requester(ticket);
    let sent = cx.kv(Scope::Plugin).list(&key, settings.per_day.saturating_add(1))?;
    if sent.iter().any(|(_, id)| *id == ticket.id) {
        return Ok(Some("it has been acknowledged before".to_owned()));
    }
    let n_sent = u32::try_from(sent.len()).unwrap_or(u32::MAX);
    Ok((n_sent >= settings.per_day).then(|| format!("the requester has had {n_sent} acknowledgements within a day")))
}

fn remember(ticket: &Ticket, cx: &Context) -> Result<()> {
    let key = key_of_requester(ticket) + &ticket.id;
    cx.kv(Scope::Plugin).set_for(key, &ticket.id, DAY_SECONDS)
}

/// The address tells the same person under several ids, as helpdesks make them for mail loops.
fn key_of_requester(ticket: &Ticket) -> String {
    let requester = ticket.requester.email.as_deref().filter(|email| !email.is_empty()).unwrap_or(&ticket.requester.id);
    format!("sent/{}/{}/", ticket.source, requester.to_lowercase())
}

/// The language to answer in, and whose word it is.
fn language_of(ticket: &Ticket, settings: &Settings) -> (String, &'static str) {
    let known = |code: String| (Tongue::of(&code).is_some() || settings.template(&code).is_some()).then_some(code);
    let stated = |tag: &Option<String>| tag.as_deref().map(language::primary).and_then(known);
    let description = ticket.description.as_deref().unwrap_or_default();
    let detected = || detect::language_of(&format!("{}\n{description}", ticket.subject)).and_then(known);
    stated(&ticket.requester.language)
        .map(|code| (code, "the requester's"))
        .or_else(|| stated(&ticket.language).map(|code| (code, "the ticket's")))
        .or_else(|| settings.detect_language.then(detected).flatten().map(|code| (code, "detected")))
        .unwrap_or_else(|| (settings.default_language.clone(), "the default"))
}

/// The acknowledgement, and a remark where the operator's own text could not be used.
fn text(
    ticket: &Ticket,
    language: &str,
    tongue: Option<Tongue>,
    outlook: &Outlook,
    settings: &Settings,
    cx: &Context,
) -> Result<(String, String)> {
    let mut values = template::ticket_values(ticket);
    values.extend(outlook.values(tongue.unwrap_or(Tongue::English)));
    values.insert("language".to_owned(), json!(language));
    let mut remark = String::new();
    let shipped = tongue.unwrap_or(Tongue::English).template();
    let text = fallback::fill_or(settings.template(language), shipped, &Value::Object(values), |problem| {
        cx.warn(format!("acknowledge setting `templates.{language}`: {problem}; the shipped text was sent instead"));
        remark = format!(" (with the shipped text, for `templates.{language}` could not be filled in)");
    })?;
    Ok((text, remark))
}
