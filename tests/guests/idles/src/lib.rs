//! Does nothing, for measuring what a call costs.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    Ok(vec![])
}
