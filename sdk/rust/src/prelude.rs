//! Everything a plugin usually needs: `use deskbell::prelude::*;`.
//!
//! `Result` is the SDK's, with [`Error`] as the default error; `json!` and `Value` are `serde_json`'s.

pub use serde_json::{Value, json};

pub use crate::{
    Action, Actor, Agent, CanonicalEvent, Connector, Context, Delivery, Effect, Error, Event, Exchange, Extras,
    Instant, Level, Page, Parsed, ProbeStep, ReconcileStep, RenderStep, Request, Requester, Response, Result, Scope,
    Signing, Summary, Ticket, seconds,
};
