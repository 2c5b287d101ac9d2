//! Answers with a text larger than the host takes; which member holds it is the event's subject.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let huge = "x".repeat(8 << 20);
    match event.subject.as_deref() {
        Some("body") => Ok(vec![Effect::note(huge)]),
        Some("reason") => Ok(vec![Effect::note("short").because(huge)]),
        Some("log") => {
            cx.info(huge);
            Ok(vec![])
        }
        Some("one effect") => Ok(vec![Effect::note(&huge[..600 << 10])]),
        _ => Err(Error::fail(huge)),
    }
}
