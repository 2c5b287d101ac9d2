//! The plugin host with real components, good and hostile, from `tests/guests`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod answers;
mod capabilities;
mod connectors;
mod limits;
mod loading;
mod sandbox;
mod support;
