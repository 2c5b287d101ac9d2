//! Never ends, and asks nobody for anything.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    let mut number = 1_u64;
    loop {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        if std::hint::black_box(number) == 0 {
            return Err(Error::fail("zero came up"));
        }
    }
}
