//! Connectors: pure functions that know one helpdesk.

mod action;
mod delivery;
mod http;

pub use action::{Action, Page, ProbeStep, ReconcileStep, RenderStep};
pub use delivery::{CanonicalEvent, Delivery, Parsed};
pub use http::{Exchange, Request, Response, Signing, encode};

use crate::context::Context;
use crate::error::Result;

/// Knows one helpdesk: which events its webhooks hold, and which requests carry out an action there.
///
/// The host verifies, sends and holds the credentials. A function that needs answers of the helpdesk returns requests and is called
/// again with all exchanges so far; it holds no state of its own, so the same input has to give the same answer.
///
/// ```
/// use deskbell::prelude::*;
///
/// pub struct Acme;
///
/// impl Connector for Acme {
///     fn parse(delivery: &Delivery, _: &mut Context) -> Result<Parsed> {
///         let body: Value = delivery.json()?;
///         let Some(id) = body["ticket"].as_str() else { return Ok(Parsed::ignored("not about a ticket")) };
///         let event = CanonicalEvent::new("deskbell.ticket.deleted", format!("deleted-{id}"), delivery.received_at)
///             .subject(id)
///             .data(json!({ "actor": { "id": "acme", "role": "system" } }));
///         Ok(Parsed::events(vec![event]))
///     }
///
///     fn render(action: &Action, so_far: &[Exchange], _: &mut Context) -> Result<RenderStep> {
///         if action.kind != "ticket.note" {
///             return Ok(RenderStep::Impossible(format!("Acme knows no {}", action.kind)));
///         }
///         match so_far.last() {
///             None => Ok(RenderStep::Requests(vec![
///                 Request::post("https://acme.example/notes").json(&action.data).bearer("token"),
///             ])),
///             Some(last) => {
///                 last.response.check_available("Acme")?;
///                 Ok(RenderStep::Done(None))
///             }
///         }
///     }
/// }
/// ```
pub trait Connector {
    /// Which events a webhook holds. Its signature has been verified.
    fn parse(delivery: &Delivery, cx: &mut Context<'_>) -> Result<Parsed>;

    /// How an action is carried out, given what the helpdesk answered so far.
    ///
    /// Of the requests of a step those are sent up to the first that is not answered 2xx; then this is called again, and
    /// returns the rest where it is still wanted.
    ///
    /// An answer that may change by itself (429, 5xx) is an [`Error::retry`](crate::Error::retry), see
    /// [`Response::check_available`]; one that never will is [`RenderStep::Impossible`].
    fn render(action: &Action, so_far: &[Exchange], cx: &mut Context<'_>) -> Result<RenderStep>;

    /// Whether an action whose outcome is unknown took effect. Asked before an action is sent a second time, unless its requests
    /// are idempotent.
    ///
    /// [`ProbeStep::Effective`] means that all of the action is done: nothing more of it is sent. So the request that must not be
    /// repeated belongs last in what `render` returns, or this checks what comes after it.
    fn probe(_action: &Action, _so_far: &[Exchange], _cx: &mut Context<'_>) -> Result<ProbeStep> {
        Ok(ProbeStep::Unknown("this connector has no way to tell".to_owned()))
    }

    /// What changed since the cursor, for reconciliation; no cursor means from now on.
    fn reconcile(_cursor: Option<&str>, _so_far: &[Exchange], _cx: &mut Context<'_>) -> Result<ReconcileStep> {
        Ok(ReconcileStep::Unsupported)
    }
}
