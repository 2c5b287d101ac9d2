//! Looks around for secrets.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    let seen: Vec<String> =
        std::env::vars().map(|(name, value)| format!("{name}={value}")).chain(std::env::args()).collect();
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed).map_err(|error| error.to_string())?;
    Ok(vec![Effect::note(format!("saw {seen:?} and {typed:?}"))])
}
