//! What the macros' exports call: convert, call the author's function, convert back.

use std::panic;
use std::sync::Once;

use super::actions::{action_in, delivery_in, exchanges_in, parsed_out, probe_out, reconcile_out, render_out};
use super::convert::{effect_out, event_in, failure_out};
use super::imports::{AUTOMATION, CONNECTOR};
use crate::bindings::automation::deskbell::plugin::log;
use crate::bindings::automation::deskbell::plugin::types::{Effect, Event, Failure};
use crate::bindings::connector::deskbell::plugin::connecting::{self, Action, Delivery, Parsed};
use crate::bindings::connector::deskbell::plugin::http::Exchange;
use crate::connector::Connector;
use crate::context::Context;

/// The automation world's `handle`.
pub fn handle(
    event: Event,
    author: fn(&crate::Event, &mut Context<'_>) -> crate::Result<Vec<crate::Effect>>,
) -> Result<Vec<Effect>, Failure> {
    log_panics();
    let event = event_in(event).map_err(failure_out)?;
    let effects = author(&event, &mut Context::of(&AUTOMATION)).map_err(failure_out)?;
    Ok(effects.into_iter().map(effect_out).collect())
}

/// The connector world's `parse`.
pub fn parse<C: Connector>(delivery: Delivery) -> Result<Parsed, Failure> {
    log_panics();
    let delivery = delivery_in(delivery);
    let parsed = C::parse(&delivery, &mut Context::of(&CONNECTOR));
    parsed.map(parsed_out).map_err(failure_out)
}

/// The connector world's `render`.
pub fn render<C: Connector>(action: Action, so_far: Vec<Exchange>) -> Result<connecting::RenderStep, Failure> {
    log_panics();
    let action = action_in(action).map_err(failure_out)?;
    let step = C::render(&action, &exchanges_in(so_far), &mut Context::of(&CONNECTOR));
    step.map(render_out).map_err(failure_out)
}

/// The connector world's `probe`.
pub fn probe<C: Connector>(action: Action, so_far: Vec<Exchange>) -> Result<connecting::ProbeStep, Failure> {
    log_panics();
    let action = action_in(action).map_err(failure_out)?;
    let step = C::probe(&action, &exchanges_in(so_far), &mut Context::of(&CONNECTOR));
    step.map(probe_out).map_err(failure_out)
}

/// The connector world's `reconcile`.
#[expect(clippy::needless_pass_by_value, reason = "the export's signature")]
pub fn reconcile<C: Connector>(
    cursor: Option<String>,
    so_far: Vec<Exchange>,
) -> Result<connecting::ReconcileStep, Failure> {
    log_panics();
    let step = C::reconcile(cursor.as_deref(), &exchanges_in(so_far), &mut Context::of(&CONNECTOR));
    step.map(reconcile_out).map_err(failure_out)
}

/// A panic ends in a trap, which tells the host nothing; so its message goes to the plugin's log first.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(|panic| log::write("error", &panic.to_string()))));
}
