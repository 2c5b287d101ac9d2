//! Takes 16 MiB, uses them, and gives a good answer.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    let block = std::hint::black_box(vec![1_u8; 16 << 20]);
    let sum: usize = block.iter().map(|byte| usize::from(*byte)).sum();
    Ok(vec![Effect::note(sum.to_string())])
}
