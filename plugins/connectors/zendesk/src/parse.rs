//! Which kind of webhook it is.

use deskbell::prelude::*;

use crate::settings::Settings;
use crate::{events, trigger};

const EVENT_TYPE: &str = "zen:event-type:";

/// The events of a webhook: an event webhook names its type, the body of a trigger or automation is the admin's own.
pub(crate) fn parse(delivery: &Delivery, settings: &Settings, cx: &Context<'_>) -> Result<Parsed> {
    let body: Value = delivery.json()?;
    if !body.is_object() {
        return Err(Error::fail("the webhook's body is not a JSON object; Zendesk's always are"));
    }
    match body.get("type").and_then(Value::as_str).and_then(|kind| kind.strip_prefix(EVENT_TYPE)) {
        // A conversation's messages come as events of a domain of its own, but are about a ticket all the same.
        Some(kind) => match kind.strip_prefix("ticket.").or_else(|| kind.strip_prefix("messaging_ticket.")) {
            Some(kind) => events::parse(kind, &body, delivery, settings, cx),
            None => Ok(Parsed::ignored(format!("{kind} says nothing about tickets"))),
        },
        None => Ok(trigger::parse(&body, delivery, settings, cx)),
    }
}
