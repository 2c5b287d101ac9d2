//! Prints to both streams and does not end its last line.

use std::io::Write as _;

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    println!("to the author");
    eprintln!("something is odd");
    print!("no end");
    std::io::stdout().flush().map_err(|error| error.to_string())?;
    Ok(vec![])
}
