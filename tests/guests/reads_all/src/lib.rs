//! Uses every capability once and tells what came of it.

use deskbell::prelude::*;

deskbell::automation!(handle);

fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let outcomes = [
        told("kv", cx.kv(Scope::Plugin).get("key")),
        told("timers", cx.set_timer("t", cx.now(), &Value::Null)),
        told("history", cx.history(5)),
        told("tickets", cx.tickets_of("r-1", 5)),
        told("agents", cx.agents(Some("billing"))),
        told("figures", cx.first_response(30, None)),
        told("between", cx.calendar("office").between(cx.now(), cx.now() + seconds(60))),
        told("closed", cx.calendar("office").closed_dates(cx.now(), 7)),
    ];
    Ok(vec![Effect::note(outcomes.join("\n"))])
}

fn told<T: std::fmt::Debug>(what: &str, outcome: Result<T>) -> String {
    match outcome {
        Ok(value) => format!("{what}: {value:?}"),
        Err(error) => format!("{what} failed: {error}"),
    }
}
