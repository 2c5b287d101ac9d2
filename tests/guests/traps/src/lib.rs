//! Ends in the middle; how is the event's subject.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(event: &Event, _: &mut Context) -> Result<Vec<Effect>> {
    match event.subject.as_deref() {
        Some("panic") => panic!("this plugin is broken"),
        Some("divide") => {
            let zero = std::hint::black_box(event.data.as_array().map_or(0, Vec::len));
            Ok(vec![Effect::note((1 / zero).to_string())])
        }
        _ => std::process::abort(),
    }
}
