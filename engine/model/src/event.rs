//! Canonical events, format 1: the one language for what happens at a helpdesk.
//!
//! An event is a CloudEvents 1.0 envelope whose `type` is one of the types below. [`Event::from_json`] checks it to the
//! letter: what is wrong is refused with the member at fault, an unknown type is kept and takes no effect.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ticket::{Actor, Fields, Priority, Role, Status};
use crate::timestamp::Timestamp;

mod reading;
mod types;

/// The most bytes of an event's id, source or subject: indexes have no room for more.
pub const MAX_KEY_BYTES: usize = 512;

/// A canonical event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Unique per source.
    pub id: String,
    pub source: String,
    /// The type, with its `deskbell.` prefix where it has one.
    pub kind: String,
    pub subject: Option<String>,
    /// When it happened.
    pub time: Timestamp,
    pub data: Data,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    Created {
        ticket: Box<Fields>,
        actor: Actor,
        session: Option<String>,
    },
    Snapshot {
        ticket: Box<Fields>,
        actor: Option<Actor>,
    },
    Updated {
        changes: Vec<Change>,
        actor: Actor,
    },
    Commented {
        comment: Comment,
        actor: Actor,
    },
    Escalated {
        tier: Option<i64>,
        reason: Option<String>,
        actor: Actor,
    },
    Merged {
        into: String,
        actor: Actor,
    },
    Deleted {
        actor: Actor,
    },
    Interaction(Interaction),
    Work {
        agent: String,
        kind: WorkKind,
        seconds: f64,
    },
    Rating(Rating),
    Shift {
        start: Timestamp,
        end: Timestamp,
        break_seconds: f64,
    },
    AgentStatus(AgentStatus),
    Searched {
        session: String,
        query: String,
        results: u64,
    },
    Viewed {
        session: String,
        article: String,
    },
    ArticleRated {
        session: String,
        article: String,
        helpful: bool,
    },
    ChatMessage {
        session: Option<String>,
        text: String,
        language: Option<String>,
        actor: Actor,
    },
    Cost {
        amount: f64,
        currency: String,
        from: Timestamp,
        to: Timestamp,
    },
    /// A type this engine does not know: kept, counted, without effect.
    Unknown,
}

/// One field that an event changes.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    Subject(String),
    Priority(Priority),
    Status(Status),
    Group(Option<String>),
    Assignee(Option<String>),
    Category(Option<String>),
    Kind(Option<String>),
    Language(Option<String>),
    Tags(Vec<String>),
    /// A custom field; null clears it.
    Custom(String, Value),
}

/// Something said on a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    pub id: Option<String>,
    pub public: bool,
    pub body: String,
    pub channel: Option<String>,
}

/// Whether an interaction was a call or a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InteractionKind {
    Phone,
    Chat,
}

/// What a piece of logged work was on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum WorkKind {
    Email,
    Phone,
    Chat,
    Other,
}

/// What a rating is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RatingKind {
    Csat,
    Nps,
    Ces,
    Qa,
    AgentSatisfaction,
}

/// A call or chat that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    pub kind: InteractionKind,
    pub queued_at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub ended_at: Timestamp,
    pub ended_by: Role,
    pub agent: Option<String>,
    pub talk_seconds: f64,
    pub hold_seconds: f64,
    pub wrap_up_seconds: f64,
}

/// What somebody thought of something, on a scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Rating {
    pub kind: RatingKind,
    pub score: f64,
    pub min: f64,
    pub max: f64,
    pub comment: Option<String>,
    pub agent: Option<String>,
    pub criteria: BTreeMap<String, f64>,
}

/// What an agent is up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentStatus {
    /// online, away or offline.
    pub status: String,
    pub capacity: Option<u32>,
    pub groups: Vec<String>,
    pub skills: Vec<String>,
    pub languages: Vec<String>,
}

/// Why an event is refused: the member at fault (`(json)`: no JSON, `(event)`: no object) and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{member}: {problem}")]
pub struct Rejected {
    pub member: String,
    pub problem: String,
}

/// The kinds of lane: what the order of events is kept for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LaneKind {
    #[default]
    Ticket,
    Conversation,
    /// What belongs to no ticket: agents, costs, knowledge.
    Source,
}

impl Event {
    /// Reads an event from JSON text.
    pub fn from_json(text: &[u8]) -> Result<Self, Rejected> {
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| Rejected { member: "(json)".to_owned(), problem: format!("is no JSON: {error}") })?;
        Self::from_value(&value)
    }

    /// Reads an event from a JSON value.
    pub fn from_value(value: &Value) -> Result<Self, Rejected> {
        types::event(value)
    }

    /// Puts an event together again from what was kept of it. `data` is JSON text.
    pub fn from_parts(
        id: String,
        source: String,
        kind: String,
        subject: Option<String>,
        time: Timestamp,
        data: &str,
    ) -> Result<Self, Rejected> {
        let value: Value = serde_json::from_str(data)
            .map_err(|error| Rejected { member: "(json)".to_owned(), problem: format!("is no JSON: {error}") })?;
        let data = types::data_of(&kind, &value)?;
        Ok(Self { id, source, kind, subject, time, data })
    }

    /// Checks an event that a connector states.
    pub fn from_stated(stated: &crate::plugin::StatedEvent, source: &str) -> Result<Self, Rejected> {
        let data: Value = serde_json::from_str(&stated.data)
            .map_err(|error| Rejected { member: "data".to_owned(), problem: format!("is no JSON: {error}") })?;
        types::stated(stated, source, &data)
    }

    /// The type without the `deskbell.` prefix, as plugins see it.
    pub fn short_kind(&self) -> &str {
        self.kind.strip_prefix("deskbell.").unwrap_or(&self.kind)
    }

    /// The lane that keeps this event in order, and its key.
    pub fn lane(&self) -> (LaneKind, &str) {
        let on_ticket = matches!(
            self.data,
            Data::Created { .. }
                | Data::Snapshot { .. }
                | Data::Updated { .. }
                | Data::Commented { .. }
                | Data::Escalated { .. }
                | Data::Merged { .. }
                | Data::Deleted { .. }
                | Data::Interaction(_)
                | Data::Work { .. }
                | Data::Rating(_)
        );
        match (&self.subject, &self.data) {
            (Some(ticket), _) if on_ticket => (LaneKind::Ticket, ticket),
            // What a helpdesk says of its own, such as of its service levels, is kept with its ticket and judges nothing.
            (Some(ticket), Data::Unknown) if self.kind.starts_with("deskbell.vendor.") => (LaneKind::Ticket, ticket),
            (Some(conversation), Data::ChatMessage { .. }) => (LaneKind::Conversation, conversation),
            _ => (LaneKind::Source, ""),
        }
    }

    /// Who did it, where the event says so.
    pub fn actor(&self) -> Option<&Actor> {
        match &self.data {
            Data::Created { actor, .. }
            | Data::Updated { actor, .. }
            | Data::Commented { actor, .. }
            | Data::Escalated { actor, .. }
            | Data::Merged { actor, .. }
            | Data::Deleted { actor }
            | Data::ChatMessage { actor, .. } => Some(actor),
            Data::Snapshot { actor, .. } => actor.as_ref(),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "event/tests.rs"]
mod tests;
