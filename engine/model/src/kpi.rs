//! Key figures, definition 1: each figure has one definition, so that two people who compute it from the same events get
//! the same number.
//!
//! The way of a report: [`Options`] say what is asked for, [`Settings`] what is judged and weighed with. First
//! [`Activities`] takes every activity that happens before the end of the period, in the order of arrival; then each
//! [`Tickets`] takes the facts of some of the tickets in any order, so that several threads can share them; the parts are
//! merged, and [`Tickets::finish`] gives the [`Report`]. Sums are kept as integers, so neither the order of the tickets
//! nor that of the merge shows in the result.

mod activities;
mod attainment;
pub mod explain;
mod few;
mod finish;
mod forecast;
mod handled;
mod number;
pub mod options;
mod period;
mod ratings;
pub mod report;
pub mod settings;
mod story;
mod sums;
mod surges;
mod table;
mod tickets;
mod watch;

pub use activities::{Activities, Ready};
pub use options::{Bucket, Dimension, Fcr, Options, Request};
pub use report::Report;
pub use settings::Settings;
pub use tickets::Tickets;
pub use watch::Watch;

/// The number of the definition that the figures follow.
pub const DEFINITION: u32 = 1;

#[cfg(test)]
mod tests;
