//! A ticket's facts: its history as it took effect, compact and in order.
//!
//! Facts are what figures and clocks are computed from, for any moment of the past: who created the ticket with which
//! fields, and each event that had an effect, with the changes that were changes. They are written by the transaction
//! that finishes a ticket's events and read in bulk, so they leave out texts and everything that takes no effect.

use serde::{Deserialize, Serialize};

use crate::ticket::{Fields, Priority, Role, Status};
use crate::timestamp::Timestamp;

pub mod view;

/// The facts of one ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    pub created_at: Timestamp,
    /// Whoever created it; a snapshot may not say.
    pub creator: Option<Party>,
    /// The session that it came out of.
    pub session: Option<String>,
    /// As created, without subject and description; the values of custom fields are JSON texts.
    pub initial: Initial,
    pub entries: Vec<Entry>,
}

/// Somebody in a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub id: String,
    pub role: Role,
}

/// A ticket's fields at its creation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Initial {
    pub channel: String,
    pub priority: Priority,
    pub status: Status,
    pub kind: Option<String>,
    pub category: Option<String>,
    pub language: Option<String>,
    pub group: Option<String>,
    pub assignee: Option<String>,
    pub tags: Vec<String>,
    pub requester: String,
    pub organization: Option<String>,
    pub custom: Vec<(String, String)>,
}

/// One event that took effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    pub by: Option<Party>,
    pub what: What,
}

/// What an event did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum What {
    /// Changes that took effect together, the status last.
    Changed(Vec<Changed>),
    /// A comment that customers can see; `by` says whose.
    PublicComment,
    Escalated {
        tier: Option<i64>,
    },
    Merged {
        into: String,
    },
    Deleted,
}

/// A field and its new value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Changed {
    Priority(Priority),
    Status(Status),
    Group(Option<String>),
    Assignee(Option<String>),
    Category(Option<String>),
    Kind(Option<String>),
    Language(Option<String>),
    Tags(Vec<String>),
    /// The value as JSON text; absent where the field was cleared.
    Custom(String, Option<String>),
}

/// Stored facts that do not read back; they are folded again from the history.
#[derive(Debug, thiserror::Error)]
#[error("the stored facts of the ticket do not read back")]
pub struct Unreadable(#[source] postcard::Error);

/// The first byte of the stored form. A change of the types above needs a new number, so that old rows are folded again.
const FORM: u8 = 1;

impl Facts {
    /// The stored form: one byte for the form, then postcard.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain data into memory has no way to fail.
        postcard::to_extend(self, vec![FORM]).unwrap_or_default()
    }

    /// Reads the stored form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        match bytes.split_first() {
            Some((&FORM, rest)) => postcard::from_bytes(rest).map_err(Unreadable),
            _ => Err(Unreadable(postcard::Error::DeserializeBadEncoding)),
        }
    }

    /// The group it is in after all entries.
    pub fn group_now(&self) -> Option<&str> {
        let changes = self.entries.iter().rev().filter_map(|entry| match &entry.what {
            What::Changed(changes) => Some(changes),
            _ => None,
        });
        let last = changes.flatten().find_map(|change| match change {
            Changed::Group(group) => Some(group),
            _ => None,
        });
        last.unwrap_or(&self.initial.group).as_deref()
    }

    /// When the first agent reply came, and after how many microseconds, unless an agent created the ticket.
    pub fn first_response(&self) -> Option<(Timestamp, i64)> {
        if self.creator.as_ref().is_some_and(|creator| creator.role == Role::Agent) {
            return None;
        }
        let reply = self.entries.iter().find(|entry| entry.is_agent_reply())?;
        Some((reply.at, reply.at.since(self.created_at)))
    }
}

impl Entry {
    /// Whether it is a public comment of an agent.
    pub fn is_agent_reply(&self) -> bool {
        self.what == What::PublicComment && self.by.as_ref().is_some_and(|by| by.role == Role::Agent)
    }
}

impl From<&Fields> for Initial {
    fn from(fields: &Fields) -> Self {
        Self {
            channel: fields.channel.clone(),
            priority: fields.priority,
            status: fields.status,
            kind: fields.kind.clone(),
            category: fields.category.clone(),
            language: fields.language.clone(),
            group: fields.group.clone(),
            assignee: fields.assignee.clone(),
            tags: fields.tags.clone(),
            requester: fields.requester.id.clone(),
            organization: fields.requester.organization.clone(),
            custom: fields.custom.iter().map(|(name, value)| (name.clone(), value.to_string())).collect(),
        }
    }
}
