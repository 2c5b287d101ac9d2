//! The helpdesk itself: tickets in memory, and an event for every change to them.
//!
//! It knows no clock and no network: whoever changes something says when, and takes the events that it made. Events of
//! one ticket get rising times, so that their order does not depend on the way they take.

use std::collections::BTreeMap;

use deskbell_model::ticket::{Actor, Fields, Role, Status};
use deskbell_model::timestamp::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::{flattened, set, value_of};

/// Two events of one ticket lie at least so far apart.
const APART_MICROS: i64 = 1_000;

/// A helpdesk.
#[derive(Debug)]
pub(crate) struct Desk {
    source: String,
    /// Ids of events begin with it, so that those of another run are others.
    run: String,
    tickets: BTreeMap<String, Ticket>,
    next_ticket: u64,
    n_events: u64,
    n_comments: u64,
    /// The time of the last event that belongs to no ticket.
    last_at: Timestamp,
    made: Vec<Made>,
}

/// A ticket as the helpdesk has it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ticket {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) fields: Fields,
    pub(crate) created_at: Timestamp,
    /// The time of its last event.
    pub(crate) updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) merged_into: Option<String>,
    pub(crate) comments: Vec<Comment>,
}

/// Something said on a ticket.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comment {
    pub(crate) id: String,
    pub(crate) public: bool,
    pub(crate) body: String,
    pub(crate) author: Actor,
    pub(crate) at: Timestamp,
}

/// An event that was made and has to be told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    /// The ticket it belongs to; empty where it belongs to none. Within it the order counts.
    pub(crate) lane: String,
    pub(crate) id: String,
    pub(crate) at: Timestamp,
    /// The whole CloudEvent.
    pub(crate) event: Value,
}

/// Why the helpdesk does not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("there is no ticket '{0}'")]
    NoTicket(String),
    #[error("the ticket '{0}' was merged into another one and cannot change any more")]
    Merged(String),
    #[error("'{name}' {problem}")]
    Field { name: String, problem: &'static str },
}

impl Desk {
    /// An empty helpdesk. `run` sets its events' ids apart from those of other runs.
    pub(crate) fn new(source: &str, run: &str, first_ticket: u64) -> Self {
        Self {
            source: source.to_owned(),
            run: run.to_owned(),
            tickets: BTreeMap::new(),
            next_ticket: first_ticket,
            n_events: 0,
            n_comments: 0,
            last_at: Timestamp::default(),
            made: Vec::new(),
        }
    }

    /// Sets it up for another run that goes on with the same tickets.
    pub(crate) fn continue_as(&mut self, run: &str, first_ticket: u64) {
        run.clone_into(&mut self.run);
        self.next_ticket = self.next_ticket.max(first_ticket);
    }

    pub(crate) fn ticket(&self, id: &str) -> Option<&Ticket> {
        self.tickets.get(id)
    }

    pub(crate) fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.values()
    }

    /// The events made since it was last asked, in their order.
    pub(crate) fn take_made(&mut self) -> Vec<Made> {
        std::mem::take(&mut self.made)
    }

    /// Opens a ticket and gives its id.
    pub(crate) fn open(&mut self, fields: Fields, actor: &Actor, session: Option<&str>, at: Timestamp) -> String {
        let id = self.next_ticket.to_string();
        self.next_ticket += 1;
        let mut data = json!({ "ticket": fields, "actor": actor });
        if let (Some(session), Some(members)) = (session, data.as_object_mut()) {
            members.insert("session".to_owned(), session.into());
        }
        let ticket = Ticket {
            id: id.clone(),
            fields,
            created_at: at,
            updated_at: Timestamp::from_micros(i64::MIN),
            merged_into: None,
            comments: Vec::new(),
        };
        self.tickets.insert(id.clone(), ticket);
        self.tell("deskbell.ticket.created", Some(&id), data, at);
        id
    }

    /// Sets fields, and gives what changed: by name, from what to what. Nothing changes where one of them cannot be.
    pub(crate) fn change(
        &mut self,
        id: &str,
        wanted: &Map<String, Value>,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Map<String, Value>, Refused> {
        let ticket = self.changeable(id)?;
        let mut fields = ticket.fields.clone();
        let mut changes = Map::new();
        for (name, to) in flattened(wanted) {
            let from = value_of(&fields, &name);
            set(&mut fields, &name, &to)?;
            if from != to {
                changes.insert(name, json!({ "from": from, "to": to }));
            }
        }
        if !changes.is_empty() {
            ticket.fields = fields;
            let data = json!({ "changes": changes, "actor": actor });
            self.tell("deskbell.ticket.updated", Some(id), data, at);
        }
        Ok(changes)
    }

    /// Adds and removes tags, and gives what changed.
    pub(crate) fn tag(
        &mut self,
        id: &str,
        add: &[String],
        remove: &[String],
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Map<String, Value>, Refused> {
        let mut tags = self.changeable(id)?.fields.tags.clone();
        tags.retain(|tag| !remove.contains(tag));
        for tag in add {
            if !tags.contains(tag) {
                tags.push(tag.clone());
            }
        }
        let wanted = Map::from_iter([("tags".to_owned(), json!(tags))]);
        self.change(id, &wanted, actor, at)
    }

    /// Adds a comment and gives its id. A customer's comment opens a ticket again that waits or is solved.
    pub(crate) fn comment(
        &mut self,
        id: &str,
        public: bool,
        body: &str,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<String, Refused> {
        let comment_id = format!("{}-c{}", self.run, self.n_comments + 1);
        let ticket = self.changeable(id)?;
        let reopens = actor.role == Role::Customer
            && matches!(ticket.fields.status, Status::Pending | Status::Solved | Status::Closed);
        let comment = Comment { id: comment_id.clone(), public, body: body.to_owned(), author: actor.clone(), at };
        let channel = ticket.fields.channel.clone();
        ticket.comments.push(comment);
        self.n_comments += 1;
        let data = json!({
            "comment": { "id": comment_id, "public": public, "body": body, "channel": channel },
            "actor": actor,
        });
        self.tell("deskbell.ticket.commented", Some(id), data, at);
        if reopens {
            let open = Map::from_iter([("status".to_owned(), json!(Status::Open))]);
            self.change(id, &open, actor, at)?;
        }
        Ok(comment_id)
    }

    /// Escalates a ticket, and gives what changed: the group, if one is named.
    pub(crate) fn escalate(
        &mut self,
        id: &str,
        escalation: &Escalation<'_>,
        actor: &Actor,
        at: Timestamp,
    ) -> Result<Map<String, Value>, Refused> {
        self.changeable(id)?;
        let mut data = json!({ "actor": actor });
        if let Some(members) = data.as_object_mut() {
            members.extend(escalation.tier.map(|tier| ("tier".to_owned(), json!(tier))));
            members.extend(escalation.reason.map(|reason| ("reason".to_owned(), json!(reason))));
        }
        self.tell("deskbell.ticket.escalated", Some(id), data, at);
        let wanted = escalation.group.map(|group| ("group".to_owned(), json!(group)));
        self.change(id, &wanted.into_iter().collect(), actor, at)
    }

    /// Merges a ticket into another one, for good.
    pub(crate) fn merge(&mut self, id: &str, into: &str, actor: &Actor, at: Timestamp) -> Result<(), Refused> {
        if !self.tickets.contains_key(into) {
            return Err(Refused::NoTicket(shortened(into)));
        }
        self.changeable(id)?.merged_into = Some(into.to_owned());
        self.tell("deskbell.ticket.merged", Some(id), json!({ "into": into, "actor": actor }), at);
        Ok(())
    }

    /// Tells something: about a ticket that is here, an agent, or nothing in particular.
    pub(crate) fn tell(&mut self, kind: &str, subject: Option<&str>, data: Value, at: Timestamp) {
        let ticket = subject.and_then(|subject| self.tickets.get_mut(subject));
        let (lane, last_at) = match ticket {
            Some(ticket) => (ticket.id.clone(), &mut ticket.updated_at),
            None => (String::new(), &mut self.last_at),
        };
        let at = at.max(last_at.plus_micros(APART_MICROS));
        *last_at = at;
        self.n_events += 1;
        let id = format!("{}-{}", self.run, self.n_events);
        let mut event = Map::new();
        let mut say = |name: &str, value: Value| event.insert(name.to_owned(), value);
        say("specversion", "1.0".into());
        say("id", id.as_str().into());
        say("source", self.source.as_str().into());
        say("type", kind.into());
        say("time", at.to_string().into());
        say("datacontenttype", "application/json".into());
        say("data", data);
        if let Some(subject) = subject {
            say("subject", subject.into());
        }
        let event = Value::Object(event);
        self.made.push(Made { lane, id, at, event });
    }

    fn changeable(&mut self, id: &str) -> Result<&mut Ticket, Refused> {
        match self.tickets.get_mut(id) {
            None => Err(Refused::NoTicket(shortened(id))),
            Some(ticket) if ticket.merged_into.is_some() => Err(Refused::Merged(shortened(id))),
            Some(ticket) => Ok(ticket),
        }
    }
}

/// How a ticket is escalated.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Escalation<'a> {
    pub(crate) tier: Option<u64>,
    pub(crate) group: Option<&'a str>,
    pub(crate) reason: Option<&'a str>,
}

fn shortened(id: &str) -> String {
    id.chars().take(64).collect()
}

#[cfg(test)]
#[path = "desk/tests.rs"]
mod tests;
