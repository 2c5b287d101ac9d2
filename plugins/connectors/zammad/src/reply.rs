//! Replies and notes, which are articles in Zammad.

use deskbell::prelude::*;

use crate::answers::{follow, refusal};
use crate::reading::text;
use crate::render::authorized;
use crate::settings::{ReplyType, Settings};

/// A note that only agents see.
pub(crate) fn note(action: &Action, ticket: u64, settings: &Settings) -> Result<Request> {
    article(action, ticket, settings, json!({ "type": "note", "internal": true }))
}

/// A reply to the customer. A mail needs the customer's address; where the engine does not know it, Zammad is asked.
pub(crate) fn render(action: &Action, ticket: u64, so_far: &[Exchange], settings: &Settings) -> Result<RenderStep> {
    if settings.reply_type == ReplyType::Web {
        let reply = article(action, ticket, settings, json!({ "type": "web", "internal": false }))?;
        return follow(vec![reply], so_far);
    }
    let known = action.ticket.as_ref().and_then(|ticket| ticket.requester.email.clone());
    if let Some(address) = known.filter(|address| address.contains('@')) {
        return follow(vec![mail(action, ticket, &address, settings)?], so_far);
    }
    for exchange in so_far {
        if let Some(reason) = refusal(exchange)? {
            return Ok(RenderStep::Impossible(reason));
        }
    }
    let read = match so_far {
        [] => format!("tickets/{ticket}"),
        [shown] => match text(shown.response.json::<Value>()?.get("customer_id")) {
            Some(customer) if customer.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("users/{customer}")
            }
            _ => {
                return Ok(RenderStep::Impossible("Zammad's ticket shows no customer to reply to".to_owned()));
            }
        },
        [_, customer, sent @ ..] => {
            let customer: Value = customer.response.json()?;
            return match text(customer.get("email")).filter(|address| address.contains('@')) {
                Some(address) => follow(vec![mail(action, ticket, &address, settings)?], sent),
                None => Ok(RenderStep::Impossible(
                    "the customer has no mail address in Zammad; settings.reply_type = \"web\" replies in the portal"
                        .to_owned(),
                )),
            };
        }
    };
    Ok(RenderStep::Requests(vec![authorized(Request::get(settings.url(&read)?))]))
}

fn mail(action: &Action, ticket: u64, address: &str, settings: &Settings) -> Result<Request> {
    let mut fields = json!({ "type": "email", "internal": false, "to": address });
    let subject = action.ticket.as_ref().map(|ticket| ticket.subject.clone());
    crate::reading::put(&mut fields, "subject", subject.filter(|subject| !subject.is_empty()));
    article(action, ticket, settings, fields)
}

/// An article with the action's key among its preferences, where `probe` finds it and webhooks show it.
fn article(action: &Action, ticket: u64, settings: &Settings, mut fields: Value) -> Result<Request> {
    let body = action.text("body")?;
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("ticket_id".to_owned(), Value::from(ticket));
        fields.insert("body".to_owned(), Value::from(body));
        fields.insert("content_type".to_owned(), Value::from("text/plain"));
        fields.insert("sender".to_owned(), Value::from("Agent"));
        fields.insert("preferences".to_owned(), json!({ "deskbell": { "key": action.key } }));
    }
    Ok(authorized(Request::post(settings.url("ticket_articles")?).json(&fields)))
}
