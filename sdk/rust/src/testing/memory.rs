//! What the host in memory keeps.

mod answers;

use std::collections::BTreeMap;

use super::{TestCalendar, TestHost, Timer};
use crate::error::{Refusal, Result};
use crate::event::Event;
use crate::host::Scope;
use crate::instant::Instant;
use crate::ticket::Ticket;

/// The engine's bounds.
const MAX_KEY_BYTES: usize = 512;
const MAX_VALUE_BYTES: usize = 64 << 10;

/// A ticket's source and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TicketKey {
    source: String,
    id: String,
}

impl TicketKey {
    pub(super) fn new(source: &str, id: &str) -> Self {
        Self { source: source.to_owned(), id: id.to_owned() }
    }
}

/// Whom a value belongs to; no ticket means the plugin.
pub(super) type Owner = Option<TicketKey>;

#[derive(Clone)]
struct Remembered {
    value: String,
    /// From then on it is forgotten.
    until: Option<Instant>,
}

/// What outlasts a call, to be put back where a call fails.
#[derive(Clone, Default)]
pub(super) struct Memory {
    values: BTreeMap<(Owner, String), Remembered>,
    pub(super) timers: BTreeMap<(TicketKey, String), Timer>,
    /// Every ticket as it was seen last.
    pub(super) tickets: BTreeMap<TicketKey, Ticket>,
    /// The source, ticket and time of the call.
    source: Option<String>,
    current: Option<TicketKey>,
    time: Option<Instant>,
}

impl Memory {
    pub(super) fn begin(&mut self, event: &Event) {
        self.source = Some(event.source.clone());
        self.time = Some(event.time);
        self.current = match (&event.ticket, &event.subject) {
            (Some(ticket), _) => Some(TicketKey::new(&ticket.source, &ticket.id)),
            (None, Some(subject)) if event.is("ticket.*") || event.is("timer.*") => {
                Some(TicketKey::new(&event.source, subject))
            }
            _ => None,
        };
        if let Some(ticket) = &event.ticket {
            self.see(ticket.clone());
        }
    }

    pub(super) fn begin_delivery(&mut self, source: &str, time: Instant) {
        self.source = Some(source.to_owned());
        self.time = Some(time);
        self.current = None;
    }

    pub(super) fn see(&mut self, ticket: Ticket) {
        let key = TicketKey::new(&ticket.source, &ticket.id);
        self.tickets.insert(key, ticket);
    }

    pub(super) fn remember(&mut self, owner: Owner, key: &str, value: String) {
        self.values.insert((owner, key.to_owned()), Remembered { value, until: None });
    }

    pub(super) fn recall(&self, owner: &Owner, key: &str, now: Instant) -> Option<String> {
        let remembered = self.values.get(&(owner.clone(), key.to_owned()))?;
        remembered.lives(now).then(|| remembered.value.clone())
    }
}

impl Remembered {
    fn lives(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl TestHost {
    /// The owner of values looked at from outside a call: without an event yet, that of the sample ticket.
    pub(super) fn owner(&self, scope: Scope) -> Owner {
        match scope {
            Scope::Plugin => None,
            Scope::Ticket => {
                Some(self.memory.borrow().current.clone().unwrap_or_else(|| TicketKey::new("support", "1")))
            }
        }
    }

    fn owner_in_call(&self, scope: Scope) -> Result<Owner, Refusal> {
        match scope {
            Scope::Plugin => Ok(None),
            Scope::Ticket => self.ticket_in_call().map(Some),
        }
    }

    fn ticket_in_call(&self) -> Result<TicketKey, Refusal> {
        self.memory
            .borrow()
            .current
            .clone()
            .ok_or_else(|| Refusal::new(Refusal::INVALID, "this event belongs to no ticket"))
    }

    /// Whether a key, or a timer's name, can be stored.
    fn check_key(what: &str, key: &str) -> Result<(), Refusal> {
        if key.is_empty() {
            return Err(Refusal::new(Refusal::INVALID, format!("the {what} is empty")));
        }
        Self::check_size(what, key, MAX_KEY_BYTES)
    }

    fn check_size(what: &str, text: &str, allowed: usize) -> Result<(), Refusal> {
        if text.len() > allowed {
            let message = format!("the {what} has {} bytes, and {allowed} are allowed", text.len());
            return Err(Refusal::new(Refusal::LIMIT, message));
        }
        Ok(())
    }

    fn granted(&self, capability: &str) -> Result<(), Refusal> {
        if self.denied.contains(capability) {
            let message =
                format!("{capability} is not granted: ask for it with reads = [\"{capability}\"] in plugin.toml");
            return Err(Refusal::new(Refusal::DENIED, message));
        }
        Ok(())
    }

    fn business_calendar(&self, name: &str) -> Result<TestCalendar, Refusal> {
        self.granted("calendars")?;
        match self.calendars.get(name) {
            Some(calendar) => Ok(calendar.clone()),
            None if name == "always" => Ok(TestCalendar::always()),
            None => Err(Refusal::new(Refusal::INVALID, format!("no calendar is named '{name}'"))),
        }
    }
}

#[cfg(test)]
mod tests;
