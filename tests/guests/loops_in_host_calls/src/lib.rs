//! Never ends, and spends its time in host calls.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    loop {
        cx.debug("still here");
    }
}
