//! Remembers more than it may.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    for number in 0..10_000 {
        cx.kv(Scope::Plugin).set(format!("key {number}"), "value")?;
    }
    Ok(vec![])
}
