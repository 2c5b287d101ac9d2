//! Writes, reads what it wrote, and sets timers.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let kv = cx.kv(Scope::Plugin);
    kv.set("a", "own")?;
    kv.set_for("b", "short", 60)?;
    kv.delete("c")?;
    let sum = kv.increment("count", 2)? + kv.increment("count", 3)?;
    let ticket = cx.kv(Scope::Ticket);
    ticket.set("a", "ticket's")?;
    let seen = format!(
        "{:?} {:?} {:?} {:?} {sum} {:?} {:?}",
        kv.get("a")?,
        kv.get("c")?,
        kv.get("d")?,
        ticket.get("a")?,
        kv.list("", 10)?,
        kv.list("", 2)?
    );
    cx.set_timer("remind", cx.now() + seconds(60), &json!({ "round": 1 }))?;
    cx.cancel_timer("old")?;
    Ok(vec![Effect::note(seen)])
}
