//! Answers with nonsense; of which kind is the event's subject.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    let effect = match event.subject.as_deref() {
        Some("kind") => Effect::new("ticket.burn", json!({})),
        Some("data") => Effect::new("ticket.tag", json!(["a", "b"])),
        Some("member") => Effect::set_status("finished"),
        Some("nothing") => Effect::update(json!({})),
        Some("nul") => Effect::note("before\0after"),
        _ => Effect::new("", Value::Null),
    };
    Ok(vec![Effect::add_tags(["good"]), effect])
}
