//! What comes in: deliveries and the events they hold.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::instant::Instant;
use crate::ticket::Extras;

/// A webhook as it arrived, its signature verified, without credentials.
///
/// ```
/// use deskbell::testing;
/// use serde_json::{Value, json};
///
/// let delivery = testing::delivery(json!({ "headers": { "x-kind": "ticket" }, "body": { "id": 7 } }));
/// assert_eq!(delivery.header("X-Kind"), Some("ticket"));
/// assert_eq!(delivery.json::<Value>()?["id"], 7);
/// # Ok::<(), deskbell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// The sender's id of this delivery.
    pub id: Option<String>,
    /// The account it was posted to.
    pub source: String,
    /// Headers in their order; names are lower case.
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// When it arrived.
    pub received_at: Instant,
    /// Further members.
    pub extra: Extras,
}

impl Delivery {
    /// The first header of that name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        super::http::find(&self.headers, name)
    }

    /// The body, read as JSON into your type or a `serde_json::Value`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::fail(format!("the webhook's body cannot be read as JSON: {error}")))
    }
}

/// A canonical event; the members are the attributes of its CloudEvents envelope.
///
/// ```
/// use deskbell::prelude::*;
///
/// let event = CanonicalEvent::new("deskbell.ticket.merged", "m-7", Instant::from_unix_seconds(0))
///     .subject("7")
///     .data(json!({ "into": "8", "actor": { "id": "a1", "role": "agent" } }));
/// assert_eq!(event.subject.as_deref(), Some("7"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CanonicalEvent {
    /// Unique per source; the same id again is a duplicate and changes nothing. So it has to come from what the helpdesk sends
    /// (its event id, or ticket id and time), never from the moment.
    pub id: String,
    /// Such as `deskbell.ticket.created`.
    pub kind: String,
    /// The ticket's id at its helpdesk, unless the kind says otherwise.
    #[serde(default)]
    pub subject: Option<String>,
    /// When it happened (not when it was sent).
    pub time: Instant,
    /// What belongs to the kind, an object.
    pub data: Value,
    /// Further members.
    #[serde(default)]
    pub extra: Extras,
}

impl Default for CanonicalEvent {
    fn default() -> Self {
        Self::new("", "", Instant::default())
    }
}

impl CanonicalEvent {
    /// An event without subject and data.
    pub fn new(kind: impl Into<String>, id: impl Into<String>, time: Instant) -> Self {
        Self {
            id: id.into(),
            kind: kind.into(),
            subject: None,
            time,
            data: Value::Object(Map::new()),
            extra: Extras::new(),
        }
    }

    /// Says which ticket it is about.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Gives it its data, an object.
    #[must_use]
    pub fn data(mut self, data: Value) -> Self {
        self.data = data;
        self
    }
}

/// Which events a webhook holds.
///
/// ```
/// use deskbell::Parsed;
///
/// assert_eq!(Parsed::ignored("a ping").ignored.as_deref(), Some("a ping"));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parsed {
    /// The events, in the order in which they happened.
    pub events: Vec<CanonicalEvent>,
    /// Why there are none, where that is right: a ping, a kind that says nothing about tickets.
    pub ignored: Option<String>,
    /// Further members.
    pub extra: Extras,
}

impl Parsed {
    /// These events.
    pub fn events(events: Vec<CanonicalEvent>) -> Self {
        Self { events, ..Self::default() }
    }

    /// No events, for this reason.
    pub fn ignored(why: impl Into<String>) -> Self {
        Self { ignored: Some(why.into()), ..Self::default() }
    }
}
