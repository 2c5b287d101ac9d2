#![doc = include_str!("../README.md")]

mod follow_up;
mod settings;
mod span;
mod waiting;

#[cfg(test)]
mod tests;

use deskbell::prelude::*;

use settings::Settings;

deskbell::automation!(handle);

/// Keeps the ticket's timers in line with what happens to it, and reminds when they fire.
pub fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings = Settings::read(cx)?;
    let Some(ticket) = event.ticket.as_ref() else {
        return Ok(vec![]);
    };
    if let Some(timer) = event.timer() {
        return match timer.name.as_str() {
            "no-reply" => waiting::remind(&timer.payload, ticket, &settings, cx),
            "follow-up" => follow_up::remind(&timer.payload, ticket, &settings, cx),
            _ => Ok(vec![]),
        };
    }
    if matches!(event.kind.as_str(), "ticket.merged" | "ticket.deleted") {
        waiting::forget(cx)?;
        follow_up::forget(cx)?;
    } else if event.is("ticket.*") {
        waiting::follow(event, ticket, &settings, cx)?;
        follow_up::follow(ticket, &settings, cx)?;
    }
    Ok(vec![])
}
