//! Asks every clock and rolls every die.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    use std::hash::{BuildHasher, RandomState};
    use std::time::{Instant as Stopwatch, SystemTime};
    let start = Stopwatch::now();
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(|error| error.to_string())?;
    let rolled = RandomState::new().hash_one("die");
    Ok(vec![Effect::note(format!("{} {} {:?} {rolled}", cx.now(), wall.as_micros(), start.elapsed()))])
}
