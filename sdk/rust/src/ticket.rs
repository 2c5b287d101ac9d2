//! Tickets and the people around them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::instant::Instant;

/// Further members by name, as a later contract may bring them.
pub type Extras = BTreeMap<String, Value>;

/// A ticket as it stands when the event takes effect; for a late event, as it stands now.
///
/// ```
/// use deskbell::{Ticket, testing};
///
/// let ticket: Ticket = testing::ticket(serde_json::json!({ "status": "solved", "tags": ["vip"] }));
/// assert!(ticket.is_solved() && ticket.has_tag("vip"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// The account it belongs to.
    pub source: String,
    /// Its id at its helpdesk.
    pub id: String,
    /// Its title.
    pub subject: String,
    /// The first message, where the helpdesk tells it.
    pub description: Option<String>,
    /// new, open, pending, `on_hold`, solved or closed.
    pub status: String,
    /// low, normal, high or urgent.
    pub priority: String,
    /// email, web, chat, phone or another lower-case word.
    pub channel: String,
    /// The contract's `type`: question, incident or whatever the helpdesk calls its types.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// What it is about.
    pub category: Option<String>,
    /// A BCP 47 tag.
    pub language: Option<String>,
    /// The group (team, queue) that it lies with.
    pub group: Option<String>,
    /// The id of the agent who has it.
    pub assignee: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The customer who asked.
    pub requester: Requester,
    /// Custom fields by name.
    pub custom: BTreeMap<String, Value>,
    /// When it was created.
    pub created_at: Instant,
    /// When it last changed.
    pub updated_at: Instant,
    /// The first public comment of an agent.
    pub first_response_at: Option<Instant>,
    /// The latest public comment of an agent.
    pub last_agent_reply_at: Option<Instant>,
    /// The latest comment of a customer.
    pub last_customer_comment_at: Option<Instant>,
    /// When it was last solved; none while it is not solved.
    pub solved_at: Option<Instant>,
    /// Public comments of agents.
    pub agent_replies: u32,
    /// Comments of customers, the first message not counted.
    pub customer_comments: u32,
    /// How often it was solved and then not.
    pub reopens: u32,
    /// Further members.
    #[serde(default)]
    pub extra: Extras,
}

impl Ticket {
    /// Whether its status is solved or closed.
    pub fn is_solved(&self) -> bool {
        matches!(self.status.as_str(), "solved" | "closed")
    }

    /// Whether it carries the tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }

    /// Whether an agent has answered publicly.
    pub const fn is_answered(&self) -> bool {
        self.first_response_at.is_some()
    }
}

/// The customer who asked for help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The id at the helpdesk.
    pub id: String,
    /// The name, where told.
    pub name: Option<String>,
    /// The mail address, where told.
    pub email: Option<String>,
    /// A BCP 47 tag, as the helpdesk states it.
    pub language: Option<String>,
    /// The company, where told.
    pub organization: Option<String>,
}

/// Who did something.
///
/// ```
/// use deskbell::Actor;
///
/// let actor = Actor { id: "7".to_owned(), role: "agent".to_owned(), name: None };
/// assert!(actor.is_agent() && !actor.is_customer());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The id at the helpdesk.
    pub id: String,
    /// agent, customer, bot or system.
    pub role: String,
    /// The name, where told.
    pub name: Option<String>,
}

impl Actor {
    /// A person who answers tickets.
    pub fn is_agent(&self) -> bool {
        self.role == "agent"
    }

    /// A person who asks.
    pub fn is_customer(&self) -> bool {
        self.role == "customer"
    }

    /// A program that acts like a person, Deskbell's own actions among them.
    pub fn is_bot(&self) -> bool {
        self.role == "bot"
    }

    /// The helpdesk itself.
    pub fn is_system(&self) -> bool {
        self.role == "system"
    }
}
