//! Canonical events, and posting them signed.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use deskbell_model::timestamp::Timestamp;
use deskbell_workers::signature::standard_webhooks::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, seconds, sign};
use serde_json::{Value, json};

use super::waiting::now;

/// Signs whatever is signed in the tests.
pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A valid one that signs nothing.
pub(crate) const WRONG_SECRET: &str = "whsec_AAAQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// A sender that waits longer gives up and tries again.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);

/// A webhook.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) secret: &'static str,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What a webhook was answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Delivery {
    /// A webhook to the account `desk` with this body, and an id that no other has.
    pub(crate) fn new(content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { id: unique("msg"), account: "desk".to_owned(), secret: SECRET, headers, body: body.into() }
    }

    /// One with an event.
    pub(crate) fn of(event: &Value) -> Self {
        Self::new("application/cloudevents+json", event.to_string())
    }

    /// One with several.
    pub(crate) fn batch(events: &[Value]) -> Self {
        Self::new("application/cloudevents-batch+json", json!(events).to_string())
    }

    pub(crate) fn to(mut self, account: &str) -> Self {
        account.clone_into(&mut self.account);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Posts it to an engine at `address`.
    pub(crate) async fn send(&self, address: &str) -> Result<Answer, reqwest::Error> {
        let now = Timestamp::from(now());
        let signature = sign(self.secret.as_bytes(), &self.id, now, &self.body).unwrap();
        let mut request = client().post(format!("{address}/hooks/{}", self.account)).body(self.body.clone());
        request = request.header(ID_HEADER, &self.id).header(TIMESTAMP_HEADER, seconds(now).to_string());
        request = request.header(SIGNATURE_HEADER, signature);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let body = response.text().await?;
        Ok(Answer { status, body: serde_json::from_str(&body).unwrap_or(Value::String(body)) })
    }
}

/// Fetches a page.
pub(crate) async fn get(url: &str) -> Result<(u16, String), reqwest::Error> {
    let response = client().get(url).send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

/// The same with a token of the API. There is no limit to its time but the test's patience.
pub(crate) async fn get_as(url: &str, token: &str) -> Result<(u16, String), reqwest::Error> {
    let response = client().get(url).timeout(super::waiting::PATIENCE).bearer_auth(token).send().await?;
    Ok((response.status().as_u16(), response.text().await?))
}

/// Asks the API for something.
pub(crate) async fn ask(method: &str, url: &str, token: Option<&str>) -> Answer {
    let mut request = client().request(method.parse().unwrap(), url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    Answer { status, body: serde_json::from_str(&body).unwrap_or(Value::String(body)) }
}

/// Posts a body with these headers and no others.
pub(crate) async fn post(url: &str, headers: &[(String, String)], body: &[u8]) -> Answer {
    let mut request = client().post(url).body(body.to_vec());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let body = response.text().await.unwrap();
    Answer { status, body: serde_json::from_str(&body).unwrap_or(Value::String(body)) }
}

/// A client whose connections nobody else has: each test has a runtime of its own.
fn client() -> reqwest::Client {
    static PROVIDER: OnceLock<()> = OnceLock::new();
    PROVIDER.get_or_init(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().timeout(ANSWER_WITHIN).build().unwrap()
}

/// An id that no other has.
pub(crate) fn unique(prefix: &str) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// An event on a ticket, of now.
pub(crate) fn event(kind: &str, ticket: &str, data: Value) -> Value {
    event_at(kind, ticket, now(), data)
}

pub(crate) fn event_at(kind: &str, ticket: &str, at: DateTime<Utc>, data: Value) -> Value {
    json!({ "specversion": "1.0", "id": unique("event"), "source": "desk", "type": format!("deskbell.{kind}"),
        "subject": ticket, "time": at.to_rfc3339_opts(SecondsFormat::Micros, true), "data": data })
}

/// A customer's new ticket about an invoice.
pub(crate) fn created(ticket: &str) -> Value {
    event("ticket.created", ticket, new_ticket(ticket))
}

/// The data of that.
pub(crate) fn new_ticket(ticket: &str) -> Value {
    let customer = format!("customer-{ticket}");
    json!({ "ticket": { "subject": "My invoice is wrong", "description": "Please look at it.", "channel": "email",
            "requester": { "id": customer, "email": format!("{customer}@example.com") } },
        "actor": { "id": customer, "role": "customer" } })
}

/// What a customer says on a ticket.
pub(crate) fn commented(ticket: &str, text: &str) -> Value {
    event("ticket.commented", ticket, comment(text, "customer"))
}

/// The data of a public comment.
pub(crate) fn comment(text: &str, role: &str) -> Value {
    json!({ "comment": { "public": true, "body": text }, "actor": { "id": format!("{role}-1"), "role": role } })
}

/// An agent's change of a ticket.
pub(crate) fn updated(ticket: &str, changes: Value) -> Value {
    event("ticket.updated", ticket, change(changes))
}

/// The data of that: each field with its new value.
pub(crate) fn change(to: Value) -> Value {
    let fields = to.as_object().unwrap().iter();
    let changes: serde_json::Map<String, Value> =
        fields.map(|(field, value)| (field.clone(), json!({ "to": value }))).collect();
    json!({ "changes": changes, "actor": { "id": "agent-1", "role": "agent" } })
}
