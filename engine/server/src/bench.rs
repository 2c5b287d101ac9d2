//! `deskbell bench`: signed webhooks against a running engine, and how long it takes to answer them.
//!
//! Open loop (with a rate): deliveries are due at fixed times, whether or not earlier ones were answered. One that had
//! to wait because every connection was busy counts from when it was due, so that a stall of the engine shows in the
//! figures of all deliveries that it kept waiting (coordinated omission). Closed loop (without): each connection sends
//! its next delivery when the last was answered; that finds the most that the engine takes, and says little about
//! how long customers of it wait.
//!
//! It shares the machine with the engine, so it is made to cost little: bare connections, requests put together in
//! one buffer, one thread. What it does not do: encrypted connections, for it is the engine that is measured.
//!
//! Nothing is left out of the account: what was never answered or could not be sent in time is counted. What timed out
//! or was never sent stands in the latencies with the time that it had waited when it was given up; what ended with its
//! connection has no latency.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use deskbell_workers::signature::{Invalid, Scheme};
use secrecy::{ExposeSecret, SecretString};

pub(crate) use command::{Args, command};
pub(crate) use report::Report;

use clock::Wall;
use deliveries::Deliveries;
use load::Shape;
use target::Target;

mod answer;
mod clock;
mod command;
mod connection;
mod deliveries;
mod history;
mod load;
mod report;
mod signer;
mod tally;
mod target;
mod template;

/// What is sent where.
pub(crate) struct Options {
    /// The engine, `http://HOST:PORT`, or the whole URL of the account, with `/hooks/` in it.
    pub(crate) url: String,
    /// The account that is posted to, and the `source` of built-in events.
    pub(crate) source: String,
    pub(crate) secret: SecretString,
    /// How the account wants its webhooks signed.
    pub(crate) scheme: Scheme,
    /// How long it measures, after the warm-up.
    pub(crate) seconds: f64,
    /// Deliveries a second; none: each connection as fast as it is answered.
    pub(crate) rate: Option<u32>,
    pub(crate) connections: usize,
    /// The size of a built-in event, and what `{{pad}}` in a template fills up to.
    pub(crate) body_bytes: usize,
    /// A template of the body; none: a canonical event that creates a ticket.
    pub(crate) body: Option<PathBuf>,
    /// Further headers; their values are templates too.
    pub(crate) headers: Vec<(String, String)>,
    /// How long it sends before it measures, in seconds.
    pub(crate) warmup: f64,
}

/// Why there is no measurement.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("'{0}' is no URL for this; give http://HOST:PORT (encrypted connections are not measured)")]
    Url(String),
    #[error("the body {} cannot be read", path.display())]
    Body { path: PathBuf, source: std::io::Error },
    #[error("the template has '{{{{{0}}}}}'; known are n, uuid, time and pad")]
    Placeholder(String),
    #[error("the header '{0}' cannot be sent")]
    Header(String),
    #[error("the signature scheme cannot sign")]
    Scheme(#[from] Invalid),
    #[error("{name} = {value} makes no sense; give {expected}")]
    Number { name: &'static str, value: String, expected: &'static str },
    #[error("there is no room for the latencies")]
    Histogram(#[from] hdrhistogram::CreationError),
    #[error("a connection of the load broke off; this is a mistake in the bench itself")]
    Task(#[from] tokio::task::JoinError),
}

/// Sends the load and reports. Meant for a runtime of its own with one thread.
pub(crate) async fn run(options: &Options) -> Result<Report, Error> {
    let shape = shape(options)?;
    let target = Target::parse(&options.url, &options.source)?;
    let body = body(options).await?;
    let deliveries = Deliveries::new(&deliveries::Settings {
        target: &target,
        body: &body,
        body_bytes: options.body_bytes,
        is_canonical: options.body.is_none(),
        headers: &options.headers,
        scheme: &options.scheme,
        secret: options.secret.expose_secret().as_bytes(),
    })?;
    let tally = load::run(&shape, &Arc::new(deliveries), &target, &Wall::start()).await?;
    Ok(Report::new(&target.url(), &shape, &tally))
}

fn shape(options: &Options) -> Result<Shape, Error> {
    let number = |name, value: String, expected| Error::Number { name, value, expected };
    let is_length = |seconds: f64| (0.0..=86_400.0).contains(&seconds);
    if !is_length(options.seconds) || options.seconds <= 0.0 {
        return Err(number("seconds", options.seconds.to_string(), "more than 0 and at most 86400"));
    }
    if !is_length(options.warmup) {
        return Err(number("warmup", options.warmup.to_string(), "0 to 86400 seconds"));
    }
    if !(1..=10_000).contains(&options.connections) {
        return Err(number("connections", options.connections.to_string(), "1 to 10000"));
    }
    if options.rate == Some(0) {
        return Err(number("rate", "0".to_owned(), "at least 1, or leave it out"));
    }
    Ok(Shape {
        rate: options.rate,
        warmup: Duration::from_secs_f64(options.warmup),
        length: Duration::from_secs_f64(options.seconds),
        connections: options.connections,
        timeout: Duration::from_secs(10),
    })
}

async fn body(options: &Options) -> Result<String, Error> {
    match &options.body {
        None => Ok(deliveries::canonical(&options.source)),
        Some(path) => {
            tokio::fs::read_to_string(path).await.map_err(|source| Error::Body { path: path.clone(), source })
        }
    }
}

#[cfg(test)]
mod tests;
