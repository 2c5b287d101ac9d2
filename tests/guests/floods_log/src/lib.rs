//! Logs far more than anybody will read.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    for number in 0..10_000 {
        cx.info(format!("line {number}: {}", "x".repeat(100)));
    }
    Ok(vec![])
}
