//! Sleeps for an hour.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    std::thread::sleep(std::time::Duration::from_secs(3600));
    Ok(vec![])
}
