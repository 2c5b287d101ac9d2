//! Calls itself for ever; whether it takes data along is the event's subject.

#![allow(unconditional_recursion)]

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    let number = event.id.len() as u64;
    let sum = if event.subject.as_deref() == Some("data") { with_data(number) } else { without_data(number) };
    Ok(vec![Effect::note(sum.to_string())])
}

/// The data lies on a stack in the plugin's own memory, which ends first.
#[inline(never)]
fn with_data(number: u64) -> u64 {
    let room = std::hint::black_box([number; 64]);
    let below = with_data(number.wrapping_add(1));
    below.wrapping_add(room[(number % 64) as usize])
}

/// Nothing but return addresses, on the stack that the host gives.
#[inline(never)]
fn without_data(number: u64) -> u64 {
    // Nothing that a loop could do instead.
    without_data(number.wrapping_add(1)).rotate_left(3) ^ number
}
