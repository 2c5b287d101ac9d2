//! HTTP that leaves the house, in one place.
//!
//! Who calls: the deliverer, with requests that connectors rendered, and with notices to chats. What it guarantees: a
//! request goes only to a host that every list it comes with allows, over a connection to an address that was checked
//! and not looked up again, encrypted unless the operator listed the address; it follows no redirect and no proxy
//! setting; secrets are filled in after the host is approved and appear in no error, log line or answer; the answer is
//! of limited size and arrives in limited time. What it does not: repeat, record, or decide what an answer means.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, redirect};
use tokio::time::{Instant, timeout_at};

use deskbell_model::timestamp::Timestamp;

pub mod address_guard;
pub mod error;
pub mod hosts;
pub mod network;
mod request;
pub mod resolver;
pub mod response;
pub mod retry_after;
pub mod secrets;
pub mod signing;
#[cfg(test)]
pub(crate) mod tests;

use address_guard::{AddressGuard, Denied, Scheme};
use error::{Failure, Refusal, SendError, find_in};
use hosts::{AllowedHosts, Target};
use network::Network;
use resolver::{GuardedResolver, Lookup, SystemLookup};
use response::Outcome;
use secrets::{Filled, Secrets};
use signing::Signing;

/// Idle connections are closed before most servers do so (some after 5 s), for a request on a connection that is just
/// being closed at the other end has an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// A burst to one destination shares these; more would only hold sockets open.
const MAX_IDLE_PER_HOST: usize = 8;

/// The limits of all requests of a sender.
#[derive(Clone, Debug)]
pub struct Options {
    /// For name, connection and TLS together. At most half of `timeout` is used, so that a connection that does not come
    /// about is known as one.
    pub connect_timeout: Duration,
    /// For the whole exchange, the answer's body included.
    pub timeout: Duration,
    /// Bodies of answers are cut here.
    pub max_response_bytes: usize,
    /// Addresses that requests may go to although they are not public, with http as well as https.
    pub allow_private: Vec<Network>,
    /// Certificates of further authorities, PEM, for helpdesks with a private one.
    pub extra_roots_pem: Vec<u8>,
}

impl Default for Options {
    /// 10 s to connect, 30 s in all, 64 KiB, the public internet, the machine's authorities.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(30),
            max_response_bytes: 64 * 1024,
            allow_private: Vec::new(),
            extra_roots_pem: Vec::new(),
        }
    }
}

/// One request.
#[derive(Clone)]
pub struct Call<'a> {
    pub method: &'a str,
    /// May hold placeholders behind the host.
    pub url: &'a str,
    /// Values may hold placeholders.
    pub headers: &'a [(String, String)],
    /// Sent as it is: placeholders in it are text.
    pub body: Option<Bytes>,
    pub sign: Option<&'a Signing>,
    /// The action's idempotency key; a signed request carries it as its id.
    pub key: &'a str,
    /// The time that a signature states.
    pub now: Timestamp,
    /// Each of them must allow the host; without any, nothing is allowed.
    pub hosts: &'a [&'a AllowedHosts],
    pub secrets: &'a dyn Secrets,
    /// Instead of the sender's.
    pub timeout: Option<Duration>,
    /// Instead of the sender's.
    pub max_response_bytes: Option<usize>,
}

/// Without URL, headers and body: each may hold a secret or a ticket's text.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("method", &self.method).field("key", &self.key).finish_non_exhaustive()
    }
}

/// A sender that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("the certificates of further authorities cannot be read; they must be PEM")]
    Roots(#[source] reqwest::Error),
    #[error("the HTTP client cannot be set up; are the system's CA certificates installed (package ca-certificates)?")]
    Client(#[source] reqwest::Error),
}

/// Sends requests. Cheap to clone; clones share connections.
#[derive(Clone, Debug)]
pub struct Sender {
    https: Client,
    http: Client,
    guard: Arc<AddressGuard>,
    timeout: Duration,
    max_response_bytes: usize,
}

impl Sender {
    /// A sender that asks the machine's resolver for names.
    pub fn new(options: &Options) -> Result<Self, BuildError> {
        Self::with_lookup(options, Arc::new(SystemLookup))
    }

    /// A sender that asks `lookup` for names; what it answers is checked like everything else.
    pub fn with_lookup(options: &Options, lookup: Arc<dyn Lookup>) -> Result<Self, BuildError> {
        // Fails where the process has a provider already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let guard = Arc::new(AddressGuard::new(options.allow_private.clone()));
        let for_https =
            GuardedResolver { lookup: Arc::clone(&lookup), guard: Arc::clone(&guard), scheme: Scheme::Https };
        let for_http = GuardedResolver { lookup, guard: Arc::clone(&guard), scheme: Scheme::Http };
        Ok(Self {
            https: build_client(options, for_https)?,
            http: build_client(options, for_http)?,
            guard,
            timeout: options.timeout,
            max_response_bytes: options.max_response_bytes,
        })
    }

    /// The time that a request has that brings none of its own.
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends `call` once and gives the answer, whatever its status.
    pub async fn send(&self, call: Call<'_>) -> Result<Outcome, SendError> {
        let started = Instant::now();
        let timeout = call.timeout.unwrap_or(self.timeout);
        let max_bytes = call.max_response_bytes.unwrap_or(self.max_response_bytes);
        let target = request::approve(&call, &self.guard)?;
        let (request, filled) = request::build(call, &target)?;
        let client = match target.scheme {
            Scheme::Https => &self.https,
            Scheme::Http => &self.http,
        };
        let deadline = Deadline { at: started + timeout, seconds: timeout.as_secs_f64() };
        let response = match timeout_at(deadline.at, client.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(classified(error, &target)),
            Err(_) => return Err(deadline.missed(&target, None)),
        };
        finish(response, &target, &filled, max_bytes, &deadline, started).await
    }
}

struct Deadline {
    at: Instant,
    seconds: f64,
}

impl Deadline {
    fn missed(&self, target: &Target, status: Option<u16>) -> SendError {
        let cause = Failure::TimedOut { seconds: self.seconds };
        SendError::Ambiguous { target: target.to_string(), status, cause }
    }
}

async fn finish(
    response: reqwest::Response,
    target: &Target,
    filled: &Filled,
    max_bytes: usize,
    deadline: &Deadline,
    started: Instant,
) -> Result<Outcome, SendError> {
    let status = response.status().as_u16();
    let headers = response::limited_headers(response.headers(), filled);
    let (body, is_truncated) = match timeout_at(deadline.at, response::read_body(response, max_bytes)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => {
            let cause = Failure::Connection(error.without_url().into());
            return Err(SendError::Ambiguous { target: target.to_string(), status: Some(status), cause });
        }
        Err(_) => return Err(deadline.missed(target, Some(status))),
    };
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::debug!(http.host = %target, http.status = status, elapsed_ms, "request answered");
    Ok(Outcome { status, headers, body: filled.removed_from(body), is_truncated, elapsed_ms })
}

/// What an error of the client means for sending again.
fn classified(error: reqwest::Error, target: &Target) -> SendError {
    let error = error.without_url();
    if let Some(denied) = find_in::<Denied>(&error) {
        return request::refused(&target.to_string(), Refusal::Address(*denied));
    }
    if error.is_builder() {
        return request::refused(&target.to_string(), Refusal::Request(error.into()));
    }
    let target = target.to_string();
    if error.is_connect() || error.is_dns() {
        return SendError::NotSent { target, cause: Failure::Connection(error.into()) };
    }
    SendError::Ambiguous { target, status: None, cause: Failure::Connection(error.into()) }
}

fn build_client(options: &Options, resolver: GuardedResolver) -> Result<Client, BuildError> {
    let mut builder = Client::builder()
        .user_agent(concat!("deskbell/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .dns_resolver(resolver)
        .connect_timeout(options.connect_timeout.min(options.timeout / 2))
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(MAX_IDLE_PER_HOST);
    if !options.extra_roots_pem.is_empty() {
        let roots = reqwest::Certificate::from_pem_bundle(&options.extra_roots_pem).map_err(BuildError::Roots)?;
        builder = builder.tls_certs_merge(roots);
    }
    builder.build().map_err(BuildError::Client)
}
