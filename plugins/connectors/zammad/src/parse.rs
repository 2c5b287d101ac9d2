//! Webhooks. Their body is the same for every trigger: the ticket as it is and, where there is one, the article that set
//! the trigger off. What changed it does not say.

use deskbell::prelude::*;

use crate::article::{body, commented, opens};
use crate::digest::digest;
use crate::people::{actor, customer_id};
use crate::reading::{put, text, time};
use crate::settings::Settings;
use crate::ticket::ticket;

/// How long after its creation a ticket still shows what it was created with: Zammad sets `updated_at` while the first
/// article is stored, and its triggers run at once.
const FRESH_SECONDS: i64 = 5;

/// The ticket's creation, a snapshot of what it is now, and the comment that came with it.
///
/// The creation comes with every webhook, always with the same id, so that a ticket begins when and by whom it was
/// created, whichever webhook Deskbell sees first; repeats change nothing.
pub(crate) fn parse(delivery: &Delivery, settings: &Settings, cx: &Context<'_>) -> Result<Parsed> {
    let message: Value = delivery.json()?;
    let Some(stated) = message.get("ticket").filter(|ticket| ticket.is_object()) else {
        return Ok(Parsed::ignored("the body holds no ticket; the connector reads Zammad's default webhook body"));
    };
    let Some(id) = text(stated.get("id")) else {
        return Err(Error::fail("the webhook's ticket has no id"));
    };
    let article = message.get("article").filter(|article| article.get("id").is_some());
    let opening = article.filter(|article| opens(article, stated)).map(body);
    let at = time(stated.get("updated_at")).unwrap_or(delivery.received_at);
    let mut now = ticket(stated, settings, cx);
    put(&mut now, "description", opening.clone());

    let mut events = Vec::new();
    events.extend(created(stated, &now, &id, at, settings));
    events.push(snapshot(stated, &now, &id, at, settings));
    if let (Some(article), None) = (article, &opening) {
        events.extend(commented(article, stated, &id, settings, at));
    }
    Ok(Parsed::events(events))
}

fn created(stated: &Value, now: &Value, id: &str, at: Instant, settings: &Settings) -> Option<CanonicalEvent> {
    let begun = time(stated.get("created_at"))?;
    let customer = customer_id(stated);
    let actor = actor(stated, "created_by", customer.as_deref(), settings)?;
    let mut first = now.clone();
    if at.seconds_since(begun) > FRESH_SECONDS {
        // What it began with is not known any more; what may have changed is left to the snapshot.
        let ticket = first.as_object_mut()?;
        ticket.retain(|member, _| matches!(member.as_str(), "subject" | "channel" | "requester"));
    }
    Some(
        CanonicalEvent::new("deskbell.ticket.created", format!("ticket-{id}-created"), begun)
            .subject(id)
            .data(json!({ "ticket": first, "actor": actor })),
    )
}

/// Its id is made of what it shows, so that neither a repeated delivery nor a second trigger makes it another event.
fn snapshot(stated: &Value, now: &Value, id: &str, at: Instant, settings: &Settings) -> CanonicalEvent {
    let content = format!("{} {now}", at.to_rfc3339());
    let mut data = json!({ "ticket": now });
    let customer = customer_id(stated);
    if let (Some(data), Some(actor)) =
        (data.as_object_mut(), actor(stated, "updated_by", customer.as_deref(), settings))
    {
        data.insert("actor".to_owned(), actor);
    }
    let event_id = format!("ticket-{id}-{}", digest(content.as_bytes()));
    CanonicalEvent::new("deskbell.ticket.snapshot", event_id, at).subject(id).data(data)
}
