//! Says that it is a connector, and is an automation.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    Ok(vec![])
}
