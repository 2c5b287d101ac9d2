//! Asks for more effects than one event can be worth.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    Ok((0..10_000).map(|number| Effect::add_tags([number.to_string()])).collect())
}
