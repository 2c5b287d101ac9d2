//! Fails as a plugin should; whether it asks for another call is the event's subject.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    match event.subject.as_deref() {
        Some("retry") => Err(Error::retry("the phase of the moon is wrong")),
        _ => Err(Error::fail("there is no such group")),
    }
}
