//! Looks for what other plugins remember.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let kv = cx.kv(Scope::Plugin);
    let mut seen = kv.list("", 1000)?;
    for key in ["secret", "../routing/secret", "routing/secret", "routing\u{1f}secret"] {
        seen.extend(kv.get(key)?.map(|value| (key.to_owned(), value)));
    }
    Ok(vec![Effect::note(format!("saw {seen:?}"))])
}
