//! Write plugins and connectors for the Deskbell engine.
//!
//! A plugin is a WebAssembly component: data in, effects out. It reads through its [`Context`] and returns what it wants done; it never
//! acts by itself, so the engine can repeat, replay and compare its calls. `sdk/README.md` in the repository is the tutorial.
//!
//! An automation is one function, made a component by [`automation!`]:
//!
//! ```
//! use deskbell::prelude::*;
//!
//! // deskbell::automation!(handle);   exports it and stamps plugin.toml into the component
//!
//! fn handle(event: &Event, _cx: &mut Context) -> Result<Vec<Effect>> {
//!     let ticket = event.ticket()?;
//!     if ticket.requester.organization.as_deref() == Some("acme") {
//!         return Ok(vec![Effect::set_priority("high").because("acme is a premium customer")]);
//!     }
//!     Ok(vec![])
//! }
//!
//! // And its test, natively, without an engine.
//! use deskbell::testing::{TestHost, event};
//!
//! let created = event(json!({ "ticket": { "requester": { "organization": "acme" } } }));
//! let effects = TestHost::new().call(handle, &created)?;
//! assert_eq!(effects[0].data, json!({ "priority": "high" }));
//! # Ok::<(), Error>(())
//! ```
//!
//! A reporter is one function too, made a component by [`reporter!`]; see [`report`].
//!
//! A connector is a type that implements [`Connector`], made a component by [`connector!`].

#[cfg(any(test, target_family = "wasm"))]
#[doc(hidden)]
pub mod bindings;
mod connector;
mod context;
mod effect;
mod error;
pub mod event;
#[cfg(any(test, target_family = "wasm"))]
mod guest;
pub mod host;
mod instant;
mod macros;
pub mod prelude;
pub mod report;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod ticket;

pub use connector::{
    Action, CanonicalEvent, Connector, Delivery, Exchange, Page, Parsed, ProbeStep, ReconcileStep, RenderStep, Request,
    Response, Signing, encode,
};
pub use context::{Calendar, Context, Kv};
pub use effect::Effect;
pub use error::{Error, Refusal, Result};
pub use event::Event;
pub use host::{Agent, Level, Scope, Summary};
pub use instant::{Instant, Seconds, seconds};
pub use ticket::{Actor, Extras, Requester, Ticket};

/// The newest version of the contract that this SDK speaks. Automations and connectors are as they were in 1.0.0;
/// reporters came with 1.1.0.
pub const CONTRACT: &str = "1.1.0";

/// What the macros need. Not for authors: it changes without notice.
#[doc(hidden)]
pub mod __private {
    /// The content of the section `deskbell:sdk`.
    pub const STAMP: &[u8; STAMP_TEXT.len()] = match STAMP_TEXT.as_bytes().first_chunk() {
        Some(bytes) => bytes,
        None => &[0; STAMP_TEXT.len()],
    };
    const STAMP_TEXT: &str = concat!("rust ", env!("CARGO_PKG_VERSION"), "; contract 1.1.0");

    #[cfg(target_family = "wasm")]
    pub use crate::guest::{handle, parse, probe, reconcile, render, report};

    #[cfg(target_family = "wasm")]
    pub use crate::bindings::{automation, connector, reporter};
}

/// Runs the README's examples as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(test)]
mod tests;
