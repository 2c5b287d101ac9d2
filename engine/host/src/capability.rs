//! The contract's imports, one file each, implemented on a call's [`State`].
//!
//! Every one of them first asks whether the plugin may use it. A refusal is an answer that the plugin can read and act
//! on; only what must end the call is an error.

mod agents;
mod calendars;
mod figures;
pub(crate) mod kv;
mod reporting;
mod surroundings;
mod tickets;
mod timers;
