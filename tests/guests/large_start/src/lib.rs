//! Wants 300 MiB of memory to begin with; the build script asks the linker for it.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    Ok(vec![])
}
