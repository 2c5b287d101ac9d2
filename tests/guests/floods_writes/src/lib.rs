//! Remembers more than it may: too often, or too much where the event's subject says so.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let value = "x".repeat(if event.subject.as_deref() == Some("large") { 60 << 10 } else { 5 });
    for number in 0..10_000 {
        cx.kv(Scope::Plugin).set(format!("key {number}"), &value)?;
    }
    Ok(vec![])
}
