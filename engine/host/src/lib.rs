#![doc = include_str!("../README.md")]

mod cache;
mod call;
mod capability;
mod ceilings;
mod compile;
mod effects;
mod engine;
mod failure;
mod host;
mod inspect;
mod linking;
mod log;
mod memories;
mod meter;
mod permits;
mod plugin;
mod reads;
mod refused;
mod state;
mod wasi;
mod work;

pub use call::Call;
pub use ceilings::{Ceilings, Limit, Limits};
pub use compile::{CompileError, compile};
pub use failure::{Busy, Failure, Identity};
pub use host::{Compiler, Error, Host, Options};
pub use inspect::{ENGINE_CONTRACT, Inspected, MAX_COMPONENT_BYTES};
pub use plugin::{Plugin, Turn};
pub use reads::{Answer, Asker, NoReads, Reads, Refusal};
pub use refused::Refused;
