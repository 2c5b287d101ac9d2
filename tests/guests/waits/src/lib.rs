//! Waits for a read that is never answered.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    cx.kv(Scope::Plugin).get("key")?;
    Ok(vec![])
}
