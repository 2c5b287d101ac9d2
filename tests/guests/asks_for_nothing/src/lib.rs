//! Uses capabilities that its manifest does not ask for.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    cx.kv(Scope::Plugin).set("key", "value")?;
    Ok(vec![])
}
