//! Does what a good plugin does: tags each ticket and says why.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let ticket = event.ticket()?;
    cx.info(format!("ticket {} at {}", ticket.id, cx.now()));
    Ok(vec![Effect::add_tags([&ticket.channel]).because("tickets are found by channel")])
}
