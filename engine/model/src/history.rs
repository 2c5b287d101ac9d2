//! Folding a ticket's history, in the order in which its events take effect, into what it shows and into its facts.
//!
//! Events take effect in the order of their time, ties in the order of arrival. A ticket begins with its first creation
//! (or snapshot); what is dated before it takes effect at its instant, right after it. So an event that arrives late
//! means folding the whole history again, and the result is what it would have been had it arrived in time.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::event::{Change, Data, Event};
use crate::facts::{Changed, Entry, Facts, Initial, Party, What};
use crate::ticket::{Actor, End, Fields, Role, Status, Ticket};
use crate::timestamp::Timestamp;

/// A ticket so far.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How it stands; absent before its creation is known.
    pub ticket: Option<Arc<Ticket>>,
    pub facts: Option<Facts>,
    /// The youngest event folded.
    pub last_time: Option<Timestamp>,
    /// How many events are held until the creation is known.
    pub n_held: u32,
}

/// What an event did.
#[derive(Clone, Debug, PartialEq)]
pub enum Applied {
    /// The ticket began.
    Created,
    /// It changed or was commented on; the fields that changed, with what they were and are.
    Changed(Vec<Difference>),
    /// Nothing: a repeated creation, a change to what is there already, anything after the end, anything before the creation.
    Nothing,
}

/// A field that changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub field: String,
    pub from: Value,
    pub to: Value,
}

impl History {
    /// Whether `event` can be applied as the next one, or else the whole history must be folded again.
    pub fn is_next(&self, event: &Event) -> bool {
        let in_order = self.last_time.is_none_or(|last| event.time >= last);
        let begins = matches!(event.data, Data::Created { .. } | Data::Snapshot { .. });
        in_order && !(self.ticket.is_none() && begins && self.n_held > 0)
    }

    /// Folds a whole history: events in the order of arrival. Each event's index comes with what it did, in the order
    /// of taking effect.
    pub fn fold(events: &[&Event]) -> (Self, Vec<(usize, Applied)>) {
        let mut order: Vec<usize> = (0..events.len()).collect();
        order.sort_by_key(|&index| events.get(index).map(|event| event.time));
        let begins = |&index: &usize| {
            events.get(index).is_some_and(|event| matches!(event.data, Data::Created { .. } | Data::Snapshot { .. }))
        };
        let mut history = Self::default();
        let mut applied = Vec::with_capacity(order.len());
        if let Some(start) = order.iter().position(begins) {
            // The creation first, then what is dated before it, in its own order.
            if let Some(head) = order.get_mut(..=start) {
                head.rotate_right(1);
            }
        }
        for index in order {
            if let Some(event) = events.get(index) {
                applied.push((index, history.apply(event)));
            }
        }
        history.last_time = events.iter().map(|event| event.time).max();
        (history, applied)
    }

    /// Applies the next event; the caller has seen to it that it is the next ([`Self::is_next`]).
    pub fn apply(&mut self, event: &Event) -> Applied {
        self.last_time = self.last_time.max(Some(event.time));
        let Some(ticket) = &mut self.ticket else {
            let begun = match &event.data {
                Data::Created { ticket, actor, session } => Some((ticket, Some(actor), session.clone())),
                Data::Snapshot { ticket, actor } => Some((ticket, actor.as_ref(), None)),
                _ => None,
            };
            let Some((fields, actor, session)) = begun else {
                self.n_held += 1;
                return Applied::Nothing;
            };
            self.facts = Some(Facts {
                created_at: event.time,
                creator: actor.map(party),
                session,
                initial: Initial::from(&**fields),
                entries: Vec::new(),
            });
            self.ticket = Some(Arc::new(begin(fields, actor, event.time)));
            return Applied::Created;
        };
        let ticket = Arc::make_mut(ticket);
        if ticket.end.is_some() {
            return Applied::Nothing;
        }
        // What is dated before the creation takes effect at its instant.
        let at = event.time.max(ticket.created_at);
        let (what, differences) = match &event.data {
            Data::Updated { changes, .. } => change(ticket, changes, at),
            Data::Snapshot { ticket: fields, .. } => change(ticket, &compare(&ticket.fields, fields), at),
            Data::Commented { comment, actor } => {
                if comment.public {
                    comment_publicly(ticket, actor.role, at);
                }
                (comment.public.then_some(What::PublicComment), Vec::new())
            }
            Data::Escalated { tier, .. } => {
                ticket.escalations += 1;
                (Some(What::Escalated { tier: *tier }), Vec::new())
            }
            Data::Merged { into, .. } => {
                ticket.end = Some(End::Merged(into.clone()));
                (Some(What::Merged { into: into.clone() }), Vec::new())
            }
            Data::Deleted { .. } => {
                ticket.end = Some(End::Deleted);
                (Some(What::Deleted), Vec::new())
            }
            _ => return Applied::Nothing,
        };
        let private = matches!(&event.data, Data::Commented { comment, .. } if !comment.public);
        let Some(what) = what else {
            return if private { Applied::Changed(Vec::new()) } else { Applied::Nothing };
        };
        ticket.updated_at = ticket.updated_at.max(at);
        if let Some(facts) = &mut self.facts {
            facts.entries.push(Entry { at, by: event.actor().map(party), what });
        }
        Applied::Changed(differences)
    }
}

/// The data that plugins get for an event that was derived from a snapshot: that of `created` or of `updated`.
pub fn derived_data(event: &Event, applied: &Applied) -> Option<(&'static str, Value)> {
    let Data::Snapshot { ticket, actor } = &event.data else { return None };
    let actor = actor.clone().unwrap_or(Actor { id: String::new(), role: Role::System, name: None });
    match applied {
        Applied::Created => Some(("ticket.created", json!({ "ticket": &**ticket, "actor": actor }))),
        Applied::Changed(differences) => {
            let changes: Map<String, Value> = differences
                .iter()
                .map(|change| (change.field.clone(), json!({ "from": change.from, "to": change.to })))
                .collect();
            Some(("ticket.updated", json!({ "changes": changes, "actor": actor })))
        }
        Applied::Nothing => None,
    }
}

fn party(actor: &Actor) -> Party {
    Party { id: actor.id.clone(), role: actor.role }
}

fn begin(fields: &Fields, actor: Option<&Actor>, at: Timestamp) -> Ticket {
    Ticket {
        fields: fields.clone(),
        created_at: at,
        updated_at: at,
        created_by: actor.map(|actor| actor.role),
        first_response_at: None,
        last_agent_reply_at: None,
        last_customer_comment_at: None,
        solved_at: fields.status.is_solved().then_some(at),
        agent_replies: 0,
        customer_comments: 0,
        reopens: 0,
        escalations: 0,
        end: None,
    }
}

fn comment_publicly(ticket: &mut Ticket, role: Role, at: Timestamp) {
    match role {
        Role::Agent => {
            ticket.agent_replies += 1;
            ticket.first_response_at.get_or_insert(at);
            ticket.last_agent_reply_at = Some(at);
        }
        Role::Customer => {
            ticket.customer_comments += 1;
            ticket.last_customer_comment_at = Some(at);
        }
        Role::Bot | Role::System => {}
    }
}

/// The changes that make `old` into `new`, the status last.
fn compare(old: &Fields, new: &Fields) -> Vec<Change> {
    let mut changes = vec![
        Change::Subject(new.subject.clone()),
        Change::Priority(new.priority),
        Change::Group(new.group.clone()),
        Change::Assignee(new.assignee.clone()),
        Change::Category(new.category.clone()),
        Change::Kind(new.kind.clone()),
        Change::Language(new.language.clone()),
        Change::Tags(new.tags.clone()),
    ];
    let gone = old.custom.keys().filter(|name| !new.custom.contains_key(*name));
    changes.extend(gone.map(|name| Change::Custom(name.clone(), Value::Null)));
    changes.extend(new.custom.iter().map(|(name, value)| Change::Custom(name.clone(), value.clone())));
    changes.push(Change::Status(new.status));
    changes
}

/// Makes those changes that are changes; what they were goes into the facts and to the plugins.
fn change(ticket: &mut Ticket, changes: &[Change], at: Timestamp) -> (Option<What>, Vec<Difference>) {
    let mut made = Vec::new();
    let mut differences = Vec::new();
    for change in changes {
        make(ticket, change, at, &mut made, &mut differences);
    }
    let subject_alone = made.is_empty() && !differences.is_empty();
    let what = (!made.is_empty() || subject_alone).then_some(What::Changed(made));
    (what, differences)
}

fn make(
    ticket: &mut Ticket,
    change: &Change,
    at: Timestamp,
    made: &mut Vec<Changed>,
    differences: &mut Vec<Difference>,
) {
    let mut differ = |field: &str, from: Value, to: Value| {
        differences.push(Difference { field: field.to_owned(), from, to });
    };
    let fields = &mut ticket.fields;
    let mut text =
        |field: &str, held: &mut Option<String>, to: &Option<String>, fact: fn(Option<String>) -> Changed| {
            if held != to {
                differ(field, json!(held), json!(to));
                held.clone_from(to);
                made.push(fact(to.clone()));
            }
        };
    match change {
        Change::Group(to) => text("group", &mut fields.group, to, Changed::Group),
        Change::Assignee(to) => text("assignee", &mut fields.assignee, to, Changed::Assignee),
        Change::Category(to) => text("category", &mut fields.category, to, Changed::Category),
        Change::Kind(to) => text("type", &mut fields.kind, to, Changed::Kind),
        Change::Language(to) => text("language", &mut fields.language, to, Changed::Language),
        Change::Subject(to) if fields.subject != *to => {
            differ("subject", json!(fields.subject), json!(to));
            fields.subject.clone_from(to);
        }
        Change::Priority(to) if fields.priority != *to => {
            differ("priority", json!(fields.priority), json!(to));
            fields.priority = *to;
            made.push(Changed::Priority(*to));
        }
        Change::Tags(to) if fields.tags != *to => {
            differ("tags", json!(fields.tags), json!(to));
            fields.tags.clone_from(to);
            made.push(Changed::Tags(to.clone()));
        }
        Change::Custom(name, to) => {
            let held = fields.custom.get(name).cloned().unwrap_or(Value::Null);
            if held != *to {
                differ(&format!("custom.{name}"), held, to.clone());
                made.push(Changed::Custom(name.clone(), (!to.is_null()).then(|| to.to_string())));
                if to.is_null() {
                    fields.custom.remove(name);
                } else {
                    fields.custom.insert(name.clone(), to.clone());
                }
            }
        }
        Change::Status(to) if fields.status != *to => {
            differ("status", json!(fields.status), json!(to));
            move_to(ticket, *to, at);
            made.push(Changed::Status(*to));
        }
        Change::Subject(_) | Change::Priority(_) | Change::Tags(_) | Change::Status(_) => {}
    }
}

fn move_to(ticket: &mut Ticket, status: Status, at: Timestamp) {
    match (ticket.fields.status.is_solved(), status.is_solved()) {
        (false, true) => ticket.solved_at = Some(at),
        (true, false) => {
            ticket.solved_at = None;
            ticket.reopens += 1;
        }
        _ => {}
    }
    ticket.fields.status = status;
}

#[cfg(test)]
#[path = "history/tests.rs"]
mod tests;
