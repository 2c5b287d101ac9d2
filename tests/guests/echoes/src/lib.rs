//! Answers with all that it was given, so that a test can compare.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let given = format!("{event:?} settings {:?} now {}", cx.settings::<Value>()?, cx.now());
    Ok(vec![Effect::note(given)])
}
