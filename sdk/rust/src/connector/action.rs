//! What goes out: actions and the steps that carry them out.

use super::delivery::CanonicalEvent;
use super::http::Request;
use crate::error::{Error, Result};
use crate::ticket::{Extras, Ticket};

use serde_json::Value;

/// An effect on its way to the helpdesk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// The effect's kind, such as `ticket.reply`.
    pub kind: String,
    /// The effect's arguments, an object.
    pub data: Value,
    /// Unique to this action and the same at every attempt: where the helpdesk takes an idempotency key, this is it.
    pub key: String,
    /// The ticket's id at its helpdesk.
    pub subject: Option<String>,
    /// The ticket as the engine knows it.
    pub ticket: Option<Ticket>,
    /// Further members.
    pub extra: Extras,
}

impl Action {
    /// The ticket's id, or an error where the action belongs to none.
    pub fn subject(&self) -> Result<&str> {
        self.subject
            .as_deref()
            .ok_or_else(|| Error::fail(format!("the action {} of kind {} names no ticket", self.key, self.kind)))
    }

    /// A text among the arguments.
    ///
    /// ```
    /// use deskbell::testing;
    /// use serde_json::json;
    ///
    /// let action = testing::action(json!({ "kind": "ticket.note", "data": { "body": "seen" } }));
    /// assert_eq!(action.text("body")?, "seen");
    /// assert!(action.text("subject").is_err());
    /// # Ok::<(), deskbell::Error>(())
    /// ```
    pub fn text(&self, name: &str) -> Result<&str> {
        self.data.get(name).and_then(Value::as_str).ok_or_else(|| {
            Error::fail(format!("the action {} of kind {} has no text '{name}' in its data", self.key, self.kind))
        })
    }
}

/// How carrying out an action goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum RenderStep {
    /// Send these and come back with the responses.
    Requests(Vec<Request>),
    /// The action has taken effect; with the helpdesk's own reference to what was made, where it gives one.
    Done(Option<String>),
    /// This helpdesk cannot do it, for this reason. It will not be tried again.
    Impossible(String),
}

/// How finding out about an action goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum ProbeStep {
    /// Send these and come back with the responses.
    Requests(Vec<Request>),
    /// All of it took effect: nothing more of it is sent.
    Effective,
    /// It did not take effect, so it may be sent again.
    NotEffective,
    /// The helpdesk gives no way to tell, for this reason.
    Unknown(String),
}

/// A page of what changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// What happened, as `parse` would give it, with the same ids.
    pub events: Vec<CanonicalEvent>,
    /// Where the next call goes on.
    pub cursor: String,
    /// Whether there is more to read at once.
    pub more: bool,
}

/// How reading what changed goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum ReconcileStep {
    /// Send these and come back with the responses.
    Requests(Vec<Request>),
    /// The changes.
    Page(Page),
    /// This connector cannot read changes.
    Unsupported,
}
