//! What happened.

pub mod data;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::instant::Instant;
use crate::ticket::{Actor, Extras, Ticket};
use data::{Change, Comment, Sla, TimerFired};

/// Something that happened, with the ticket it happened to.
///
/// ```
/// use deskbell::testing;
/// use serde_json::json;
///
/// let event = testing::event(json!({
///     "kind": "ticket.updated",
///     "data": { "changes": { "status": { "from": "open", "to": "solved" } } },
/// }));
/// assert!(event.is("ticket.updated") && event.is("ticket.*"));
/// assert_eq!(event.change("status").unwrap().to, "solved");
/// assert_eq!(event.ticket()?.id, "1");
/// # Ok::<(), deskbell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Unique per source.
    pub id: String,
    /// The account it comes from.
    pub source: String,
    /// Such as `ticket.created` or `timer.fired`; [`data`] has what each brings.
    pub kind: String,
    /// The ticket's, agent's or conversation's id.
    pub subject: Option<String>,
    /// When it happened.
    pub time: Instant,
    /// When the engine got to know of it.
    pub received_at: Instant,
    /// The ticket already showed something younger when this event arrived.
    pub late: bool,
    /// Who did it.
    pub actor: Option<Actor>,
    /// The ticket, where the event belongs to one.
    pub ticket: Option<Ticket>,
    /// What belongs to this kind, an object.
    pub data: Value,
    /// Further members.
    #[serde(default)]
    pub extra: Extras,
}

impl Event {
    /// Whether it is of that kind; `ticket.*` stands for all kinds of tickets, `*` for all.
    pub fn is(&self, kind: &str) -> bool {
        match kind.strip_suffix('*') {
            Some(prefix) => self.kind.starts_with(prefix),
            None => self.kind == kind,
        }
    }

    /// The ticket, or an error where the event has none.
    pub fn ticket(&self) -> Result<&Ticket> {
        self.ticket.as_ref().ok_or_else(|| {
            Error::fail(format!(
                "the event {} of kind {} has no ticket; take this kind out of the manifest's events",
                self.id, self.kind
            ))
        })
    }

    /// The event's data as one of the types in [`data`], or your own.
    ///
    /// ```
    /// use deskbell::event::data::Rating;
    /// use deskbell::testing;
    ///
    /// let event = testing::event(serde_json::json!({
    ///     "kind": "rating.submitted",
    ///     "data": { "kind": "csat", "score": 2, "scale": { "min": 1, "max": 5 } },
    /// }));
    /// assert_eq!(event.data_as::<Rating>()?.score, 2.0);
    /// # Ok::<(), deskbell::Error>(())
    /// ```
    pub fn data_as<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.data)
            .map_err(|error| Error::fail(format!("the data of the event {} of kind {}: {error}", self.id, self.kind)))
    }

    /// What a `ticket.updated` changed, by field; empty for other kinds. The engine's own state decides what a ticket shows,
    /// so read the new value from the ticket and the fact of the change from here.
    pub fn changes(&self) -> BTreeMap<String, Change> {
        self.member("changes").unwrap_or_default()
    }

    /// The change of one field (`status`, `custom.NAME`), where this event changed it.
    pub fn change(&self, field: &str) -> Option<Change> {
        Change::deserialize(self.data.get("changes")?.get(field)?).ok()
    }

    /// The comment of a `ticket.commented`.
    pub fn comment(&self) -> Option<Comment> {
        self.member("comment")
    }

    /// The timer of a `timer.fired`.
    pub fn timer(&self) -> Option<TimerFired> {
        if self.kind == "timer.fired" { TimerFired::deserialize(&self.data).ok() } else { None }
    }

    /// What befell a service level clock, of the kinds `sla.*`.
    pub fn sla(&self) -> Option<Sla> {
        if self.kind.starts_with("sla.") { Sla::deserialize(&self.data).ok() } else { None }
    }

    /// Whether a customer did it.
    pub fn by_customer(&self) -> bool {
        self.actor.as_ref().is_some_and(Actor::is_customer)
    }

    /// Whether an agent did it.
    pub fn by_agent(&self) -> bool {
        self.actor.as_ref().is_some_and(Actor::is_agent)
    }

    fn member<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        T::deserialize(self.data.get(name)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::event;

    #[test]
    fn kinds_match_with_and_without_a_star() {
        let event = event(json!({ "kind": "ticket.commented" }));
        for (kind, expected) in [
            ("ticket.commented", true),
            ("ticket.*", true),
            ("*", true),
            ("ticket", false),
            ("ticket.created", false),
            ("sla.*", false),
        ] {
            assert_eq!(event.is(kind), expected, "{kind}");
        }
    }

    #[test]
    fn data_are_read_by_kind() {
        let commented = event(json!({
            "kind": "ticket.commented",
            "actor": { "id": "c1", "role": "customer" },
            "data": { "comment": { "public": true, "body": "hello" } },
        }));
        assert_eq!(commented.comment().unwrap().body, "hello");
        assert!(commented.by_customer() && !commented.by_agent());
        assert!(commented.timer().is_none() && commented.changes().is_empty());

        let fired = event(json!({
            "kind": "timer.fired",
            "data": { "name": "nag", "payload": { "round": 2 }, "due": "2026-01-05T09:00:00Z" },
        }));
        let timer = fired.timer().unwrap();
        assert_eq!((timer.name.as_str(), &timer.payload), ("nag", &json!({ "round": 2 })));

        let updated = event(json!({ "kind": "ticket.updated", "data": { "changes": { "assignee": { "to": null } } } }));
        assert_eq!(updated.change("assignee").unwrap().to, Value::Null);
        assert!(updated.change("status").is_none());
        assert_eq!(updated.changes().len(), 1);
    }

    #[test]
    fn an_event_without_a_ticket_says_so() {
        let mut event = event(json!({ "id": "e9", "kind": "agent.status" }));
        event.ticket = None;
        let message = event.ticket().unwrap_err().message;
        assert!(message.contains("e9") && message.contains("agent.status"), "{message}");
    }

    #[test]
    fn wrong_data_name_the_event() {
        let error = event(json!({ "id": "e7" })).data_as::<Comment>().unwrap_err();
        assert!(error.message.contains("e7") && !error.retry, "{error}");
    }
}
