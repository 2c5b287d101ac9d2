//! The component's side of the border: exports come in here, imports go out here, types are converted on the way.

mod actions;
mod convert;
#[cfg(target_family = "wasm")]
mod exports;
#[cfg(target_family = "wasm")]
mod imports;
#[cfg(target_family = "wasm")]
mod reporting;

#[cfg(target_family = "wasm")]
pub use exports::{handle, parse, probe, reconcile, render};
#[cfg(target_family = "wasm")]
pub(crate) use imports::Imports;
#[cfg(target_family = "wasm")]
pub use reporting::report;
