//! Answers with an effect that its manifest does not ask for.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    Ok(vec![Effect::reply("Hello!")])
}
