//! Webhooks in: `POST /hooks/{account}`.
//!
//! What it guarantees: a 2xx is given after what came is durable, and then it is never lost. Nothing but its size and
//! its signature fails a webhook, for senders disable webhooks that fail: an unknown kind or an unreadable body is
//! stored, counted and shown. Who is next: the committer, which takes many deliveries in with one statement, and the
//! dispatcher, which it wakes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use deskbell_host::Failure;
use deskbell_model::manifest::DeliveryId;
use deskbell_model::plugin::{Delivery as PluginDelivery, Parsed};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::inbox::{Delivery, Key, NewEvent, State as Read, Taken};
use deskbell_workers::decision::deferred::{deferred, detail_of, sort};
use deskbell_workers::engine::{Engine, Source};
use deskbell_workers::registry::{Connector, Suspended};
use deskbell_workers::signature::{Verified, Verifier};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::signature;
use cloudevents::{Batch, Rejections};
use committer::{Committer, Refused};

pub(crate) mod cloudevents;
pub(crate) mod committer;

/// Bodies may take this long to arrive.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// A source's last webhook is noted this often at most.
const HEARD_EVERY_SECONDS: i64 = 60;
/// Headers that hold credentials of their own; those of the account's signature scheme come on top.
const CREDENTIALS: &[&str] = &["authorization", "proxy-authorization", "cookie", "x-api-key"];

/// An account that webhooks are posted to.
pub(crate) struct Account {
    pub(crate) source: Arc<Source>,
    pub(crate) verifier: Verifier,
    /// Headers, in lower case, that hold a secret.
    pub(crate) credential_headers: Vec<String>,
    pub(crate) delivery_id: Vec<DeliveryId>,
    /// For canonical events: what their `source` may be, with its number.
    pub(crate) sources: HashMap<String, i32>,
    last_heard: AtomicI64,
}

impl Account {
    pub(crate) fn new(
        source: Arc<Source>,
        verifier: Verifier,
        credential_headers: Vec<String>,
        delivery_id: Vec<DeliveryId>,
        sources: HashMap<String, i32>,
    ) -> Self {
        Self { source, verifier, credential_headers, delivery_id, sources, last_heard: AtomicI64::new(0) }
    }
}

/// What the intake needs.
pub(crate) struct Intake {
    pub(crate) engine: Arc<Engine>,
    pub(crate) accounts: HashMap<String, Account>,
    pub(crate) committer: Committer,
    pub(crate) max_body_bytes: usize,
}

/// Why a webhook is refused. The sender learns no more than it needs.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error("there is no account '{0}' here; the engine's configuration names its accounts in [[source]]")]
    NoAccount(String),
    #[error("the body is larger than {0} bytes (server.max_body)")]
    TooLarge(usize),
    #[error("the body did not arrive")]
    NoBody,
    #[error("the signature does not hold")]
    Signature,
    #[error("the engine cannot take this in at the moment; send it again")]
    Busy,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, reason) = match &self {
            Self::NoAccount(_) => (StatusCode::NOT_FOUND, "no_account"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::NoBody => (StatusCode::BAD_REQUEST, "no_body"),
            Self::Signature => (StatusCode::UNAUTHORIZED, "signature"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        };
        metrics::counter!("deskbell_webhooks_refused_total", "reason" => reason).increment(1);
        let body = axum::Json(json!({ "error": self.to_string() }));
        match status {
            StatusCode::SERVICE_UNAVAILABLE => (status, [(header::RETRY_AFTER, "2")], body).into_response(),
            _ => (status, body).into_response(),
        }
    }
}

/// `POST /hooks/{account}`.
pub(crate) async fn post(
    State(intake): State<Arc<Intake>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let started = std::time::Instant::now();
    let response = match take(&intake, &name, &headers, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    };
    metrics::histogram!("deskbell_webhook_seconds").record(started.elapsed().as_secs_f64());
    response
}

/// `OPTIONS /hooks/{account}`: the handshake of CloudEvents webhooks.
pub(crate) async fn options(headers: HeaderMap) -> Response {
    let origin = headers.get("webhook-request-origin").cloned();
    match origin {
        Some(origin) => (StatusCode::OK, [("webhook-allowed-origin", origin), ("allow", POST)]).into_response(),
        None => (StatusCode::NO_CONTENT, [("allow", POST)]).into_response(),
    }
}

const POST: axum::http::HeaderValue = axum::http::HeaderValue::from_static("POST");

async fn take(intake: &Intake, name: &str, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let account = intake.accounts.get(name).ok_or_else(|| Refusal::NoAccount(name.chars().take(80).collect()))?;
    let body = read(headers, body, intake.max_body_bytes).await?;
    let now = intake.engine.now();
    let verified = signature::verify(&account.verifier, headers, &body, now).map_err(|refused| {
        tracing::warn!(source = account.source.name, %refused, "a webhook's signature was refused");
        Refusal::Signature
    })?;
    heard(intake, account, now);
    metrics::counter!("deskbell_webhooks_total", "source" => account.source.name.clone()).increment(1);
    let (delivery, rejections) = match &account.source.connector {
        Some(connector) => {
            (with_connector(intake, account, connector, headers, &verified, body, now).await, Rejections::default())
        }
        None => canonical(account, headers, &verified, body, now),
    };
    let n_events = delivery.events.len();
    let taken = intake.committer.take_in(delivery).await.map_err(|Refused| Refusal::Busy)?;
    Ok(match taken {
        Taken::Duplicate => (StatusCode::OK, axum::Json(json!({ "duplicate": true }))).into_response(),
        Taken::New { n_events: n_new, .. } => {
            let mut answer = json!({ "accepted": n_new, "duplicates": n_events as i64 - i64::from(n_new) });
            if rejections.n_all > 0 {
                answer["rejected"] = rejections.told();
                answer["rejected_total"] = json!(rejections.n_all);
            }
            (StatusCode::ACCEPTED, axum::Json(answer)).into_response()
        }
    })
}

async fn read(headers: &HeaderMap, body: Body, max_bytes: usize) -> Result<Bytes, Refusal> {
    let stated = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if stated.is_some_and(|length| length > max_bytes) {
        return Err(Refusal::TooLarge(max_bytes));
    }
    match tokio::time::timeout(READ_TIMEOUT, axum::body::to_bytes(body, max_bytes)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // The reader says why only in words; a body without a stated length that does not end in time is no body.
        Ok(Err(error)) if format!("{error:?}").contains("LengthLimit") => Err(Refusal::TooLarge(max_bytes)),
        Ok(Err(_)) | Err(_) => Err(Refusal::NoBody),
    }
}

fn heard(intake: &Intake, account: &Account, now: Timestamp) {
    let last = account.last_heard.load(Ordering::Relaxed);
    let seconds = now.micros() / 1_000_000;
    if seconds - last < HEARD_EVERY_SECONDS
        || account.last_heard.compare_exchange(last, seconds, Ordering::Relaxed, Ordering::Relaxed).is_err()
    {
        return;
    }
    let (store, source_id) = (intake.engine.store.clone(), account.source.source_id);
    tokio::spawn(async move {
        if let Err(error) = store.heard(source_id, now).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "a source's last webhook was not noted");
        }
    });
}

/// A delivery that a connector reads, now or later.
async fn with_connector(
    intake: &Intake,
    account: &Account,
    connector: &str,
    headers: &HeaderMap,
    verified: &Verified,
    body: Bytes,
    now: Timestamp,
) -> Delivery {
    let delivery_id = verified.delivery_id.clone().or_else(|| delivery_id(&account.delivery_id, headers, &body));
    let shown = shown_headers(headers, &account.credential_headers);
    let delivery = PluginDelivery {
        id: delivery_id.clone(),
        source: account.source.name.clone(),
        headers: shown.clone(),
        body: body.clone(),
        received_at: now,
    };
    let read = match intake.engine.registry.connectors.get(connector) {
        Some(connector) => parse(account, connector, &delivery, now).await,
        None => Err(format!("there is no connector '{connector}'")),
    };
    let key = key_of(delivery_id.as_deref());
    let (state, detail, events) = match read {
        Ok(parsed) => {
            let sorted = sort(&parsed, &account.source.name, account.source.source_id);
            let state = if sorted.events.is_empty() { Read::Ignored } else { Read::Read };
            count_events(&account.source.name, &sorted.events, sorted.rejections.len());
            (state, detail_of(&parsed, &sorted), sorted.events)
        }
        Err(why) => {
            metrics::counter!("deskbell_webhooks_deferred_total", "source" => account.source.name.clone()).increment(1);
            let event = deferred(account.source.source_id, &Uuid::now_v7().to_string(), now);
            (Read::Later, Some(why), vec![event])
        }
    };
    Delivery {
        source_id: account.source.source_id,
        received_at: now,
        key,
        delivery_id,
        headers: headers_json(&shown),
        body,
        state,
        detail,
        events,
    }
}

async fn parse(
    account: &Account,
    connector: &Connector,
    delivery: &PluginDelivery,
    now: Timestamp,
) -> Result<Parsed, String> {
    let _turn = connector.turn().await.map_err(|busy| later(account, &busy.into()))?;
    if connector.suspended_until(now).is_some() {
        return Err("the connector is suspended because it kept failing".to_owned());
    }
    let call = connector.plugin.parse(delivery, &account.source.settings).await;
    metrics::histogram!("deskbell_plugin_call_seconds", "plugin" => connector.name.clone())
        .record(call.usage.wall_us as f64 / 1e6);
    connector.note_read(&call.result, now, now);
    call.result.map_err(|failure| later(account, &failure))
}

/// Says in the log why a webhook is read later, and gives the reason.
fn later(account: &Account, failure: &Failure) -> String {
    tracing::warn!(source = account.source.name, %failure, "a webhook could not be read now; it is stored and read later");
    failure.to_string()
}

/// A delivery of canonical events, and why some of them are rejected.
fn canonical(
    account: &Account,
    headers: &HeaderMap,
    verified: &Verified,
    body: Bytes,
    now: Timestamp,
) -> (Delivery, Rejections) {
    let Batch { events, rejections, .. } = cloudevents::read(headers, &body, &account.sources);
    let n_rejected = rejections.n_all;
    count_events(&account.source.name, &events, n_rejected);
    let state = match (events.is_empty(), n_rejected) {
        (false, _) => Read::Read,
        (true, 0) => Read::Ignored,
        (true, _) => Read::Unreadable,
    };
    let detail = || json!({ "rejected": rejections.told(), "rejected_total": n_rejected }).to_string();
    let delivery = Delivery {
        source_id: account.source.source_id,
        received_at: now,
        key: key_of(verified.delivery_id.as_deref()),
        delivery_id: verified.delivery_id.clone(),
        headers: headers_json(&shown_headers(headers, &account.credential_headers)),
        body,
        state,
        detail: (n_rejected > 0).then(detail),
        events,
    };
    (delivery, rejections)
}

fn count_events(source: &str, events: &[NewEvent], n_rejected: usize) {
    metrics::counter!("deskbell_events_total", "source" => source.to_owned()).increment(events.len() as u64);
    if n_rejected > 0 {
        metrics::counter!("deskbell_events_rejected_total", "source" => source.to_owned()).increment(n_rejected as u64);
    }
}

/// A delivery without an id is always new; its events tell whether they are.
fn key_of(delivery_id: Option<&str>) -> Key {
    match delivery_id {
        Some(id) => Key::of(id),
        None => Key::of(&Uuid::now_v7().to_string()),
    }
}

fn delivery_id(places: &[DeliveryId], headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let mut parsed: Option<Value> = None;
    places.iter().find_map(|place| match place {
        DeliveryId::Header(name) => headers.get(name)?.to_str().ok().map(str::to_owned),
        DeliveryId::Json(pointer) => {
            let body = parsed.get_or_insert_with(|| serde_json::from_slice(body).unwrap_or_default());
            match body.pointer(pointer)? {
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            }
        }
    })
}

/// The headers that are kept and shown to connectors: no credentials, and only what is text.
fn shown_headers(headers: &HeaderMap, credentials: &[String]) -> Vec<(String, String)> {
    let is_secret = |name: &str| CREDENTIALS.contains(&name) || credentials.iter().any(|held| held == name);
    let text = headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    text.filter(|(name, _)| !is_secret(name)).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn headers_json(headers: &[(String, String)]) -> String {
    let members: BTreeMap<&str, &str> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    // Texts have no way to fail.
    serde_json::to_string(&members).unwrap_or_default()
}
