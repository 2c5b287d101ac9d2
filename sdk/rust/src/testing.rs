//! Testing plugins natively: a host in memory, samples from JSON, fixture files.
//!
//! ```
//! use deskbell::prelude::*;
//! use deskbell::testing::{self, TestHost};
//!
//! fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
//!     let idle = cx.agents(event.ticket()?.group.as_deref())?.into_iter().find(Agent::has_room);
//!     Ok(idle.map(|agent| Effect::set_assignee(agent.id)).into_iter().collect())
//! }
//!
//! let mut host = TestHost::new()
//!     .agent(json!({ "id": "anna", "capacity": 1, "open_tickets": 1 }))
//!     .agent(json!({ "id": "ben" }));
//! let effects = host.call(handle, &testing::event(json!({ "kind": "ticket.created" })))?;
//! assert_eq!(effects, [Effect::set_assignee("ben")]);
//! # Ok::<(), Error>(())
//! ```
//!
//! Functions here panic, with a message that says why, where a test's own material is wrong: failing a test is what they are for.

#![allow(clippy::panic, reason = "failing a test is what this module is for")]

mod calendar;
mod connecting;
mod fixture;
mod memory;
mod samples;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::{Value, json};

pub use calendar::TestCalendar;
pub use fixture::{Fixture, fixture};
pub use samples::{Sample, action, agent, delivery, event, ticket};

use crate::context::Context;
use crate::effect::Effect;
use crate::error::Result;
use crate::event::Event;
use crate::host::{Agent, Level, Scope, Summary};
use crate::instant::Instant;
use crate::report::{Document, LowRating, Request};
use crate::ticket::Ticket;
use memory::{Memory, TicketKey};

/// A host in memory.
///
/// It keeps what plugins remember and plan from call to call, as the engine does: a call sees its own writes, and those of a call that
/// fails are undone. Every capability is granted unless the test [denies](Self::deny) it. The time is the event's, unless the test sets
/// it with [`now`](Self::now).
#[derive(Default)]
pub struct TestHost {
    settings: Option<Value>,
    now: Cell<Option<Instant>>,
    agents: Vec<Agent>,
    calendars: BTreeMap<String, TestCalendar>,
    summaries: Vec<(Option<String>, Summary)>,
    history: Vec<Event>,
    figures: Vec<(Option<Instant>, Value)>,
    low_ratings: Vec<LowRating>,
    automation_figures: Option<Value>,
    denied: BTreeSet<String>,
    memory: RefCell<Memory>,
    logs: RefCell<Vec<LogLine>>,
}

/// A timer that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct Timer {
    /// The account of its ticket.
    pub source: String,
    /// The id of its ticket.
    pub ticket: String,
    /// The name it was set under.
    pub name: String,
    /// When it is due.
    pub at: Instant,
    /// What comes back with it.
    pub payload: Value,
}

/// A line of the plugin's log. As a text it is `warn: the message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub message: String,
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.level, self.message)
    }
}

/// What the test sets up.
impl TestHost {
    /// A host without settings, agents and history; the calendar `always` is there.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the operator configured.
    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Stops the clock at this time, whatever the time of the events.
    #[must_use]
    pub fn now(self, now: impl Sample<Instant>) -> Self {
        self.now.set(Some(now.sample()));
        self
    }

    /// Sets the clock between two calls.
    pub fn set_now(&mut self, now: impl Sample<Instant>) {
        self.now.set(Some(now.sample()));
    }

    /// Adds an agent: an [`Agent`], or JSON as [`agent`] takes it.
    #[must_use]
    pub fn agent(mut self, agent: impl Sample<Agent>) -> Self {
        self.agents.push(agent.sample());
        self.agents.sort_by(|a, b| a.id.cmp(&b.id));
        self
    }

    /// Adds a business calendar: a [`TestCalendar`], or `true` for one that is always open and `false` for one that never is.
    #[must_use]
    pub fn calendar(mut self, name: impl Into<String>, calendar: impl Into<TestCalendar>) -> Self {
        self.calendars.insert(name.into(), calendar.into());
        self
    }

    /// Sets the figures of first responses, of a group or of all.
    #[must_use]
    pub fn first_response(mut self, group: Option<&str>, summary: Summary) -> Self {
        self.summaries.push((group.map(str::to_owned), summary));
        self
    }

    /// Sets the history of the event's ticket, oldest first.
    #[must_use]
    pub fn history(mut self, events: impl IntoIterator<Item = impl Sample<Event>>) -> Self {
        self.history = events.into_iter().map(Sample::sample).collect();
        self
    }

    /// Adds a ticket, to be found by its requester.
    #[must_use]
    pub fn ticket(self, ticket: impl Sample<Ticket>) -> Self {
        self.memory.borrow_mut().see(ticket.sample());
        self
    }

    /// Sets the key figures that a reporter gets, JSON as `deskbell kpi --format json` prints it: for the period that begins at
    /// `from`, or for every other one. What is set last counts.
    #[must_use]
    pub fn figures(mut self, from: Option<Instant>, figures: Value) -> Self {
        self.figures.push((from, figures));
        self
    }

    /// Adds a comment beside a bad rating.
    #[must_use]
    pub fn low_rating(mut self, rating: LowRating) -> Self {
        self.low_ratings.push(rating);
        self
    }

    /// Sets what the plugins did.
    #[must_use]
    pub fn automation_figures(mut self, figures: Value) -> Self {
        self.automation_figures = Some(figures);
        self
    }

    /// Refuses `kv`, `timers`, `tickets`, `agents`, `calendars` or `figures`, as the engine does where it is not granted.
    #[must_use]
    pub fn deny(mut self, capability: impl Into<String>) -> Self {
        self.denied.insert(capability.into());
        self
    }

    /// Has the plugin remember a value; for [`Scope::Ticket`] that of the latest event's ticket, or of the ticket "1".
    pub fn set_kv(&mut self, scope: Scope, key: impl AsRef<str>, value: impl Into<String>) {
        let owner = self.owner(scope);
        self.memory.borrow_mut().remember(owner, key.as_ref(), value.into());
    }
}

/// Calls and what came of them.
impl TestHost {
    /// Calls an automation with an event, as the engine does. Where it fails, what it wrote is undone.
    pub fn call<F>(&mut self, handle: F, event: &Event) -> Result<Vec<Effect>>
    where
        F: FnOnce(&Event, &mut Context<'_>) -> Result<Vec<Effect>>,
    {
        let before = self.memory.borrow().clone();
        self.memory.borrow_mut().begin(event);
        let result = handle(event, &mut Context::new(self));
        if result.is_err() {
            let mut memory = self.memory.borrow_mut();
            *memory = before;
            memory.begin(event);
        }
        result
    }

    /// Calls a reporter, as the engine does.
    pub fn report<F>(&mut self, report: F, request: &Request) -> Result<Document>
    where
        F: FnOnce(&Request, &mut Context<'_>) -> Result<Document>,
    {
        if self.now.get().is_none() {
            self.now.set(Some(request.period.to));
        }
        report(request, &mut Context::new(self))
    }

    /// Lets time pass: the timers that are due until then fire, in their order, as events of kind `timer.fired`. Gives all effects.
    ///
    /// ```
    /// use deskbell::prelude::*;
    /// use deskbell::testing::{self, TestHost};
    ///
    /// fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    ///     match event.timer() {
    ///         Some(timer) => Ok(vec![Effect::note(timer.payload["text"].as_str().unwrap_or_default())]),
    ///         None => {
    ///             cx.set_timer("remind", cx.now() + seconds(60), &json!({ "text": "a minute has passed" }))?;
    ///             Ok(vec![])
    ///         }
    ///     }
    /// }
    ///
    /// let mut host = TestHost::new();
    /// let event = testing::event(json!({}));
    /// host.call(handle, &event)?;
    /// assert_eq!(host.advance(handle, event.time + seconds(59))?, []);
    /// assert_eq!(host.advance(handle, event.time + seconds(60))?, [Effect::note("a minute has passed")]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn advance<F>(&mut self, handle: F, until: impl Sample<Instant>) -> Result<Vec<Effect>>
    where
        F: Fn(&Event, &mut Context<'_>) -> Result<Vec<Effect>>,
    {
        let until = until.sample();
        let stopped = self.now.take().is_some();
        let effects = self.fire_until(handle, until);
        self.now.set(stopped.then_some(until));
        effects
    }

    fn fire_until<F>(&mut self, handle: F, until: Instant) -> Result<Vec<Effect>>
    where
        F: Fn(&Event, &mut Context<'_>) -> Result<Vec<Effect>>,
    {
        let mut effects = Vec::new();
        while let Some(timer) = self.timers().into_iter().find(|timer| timer.at <= until) {
            let event = self.take(&timer);
            effects.extend(self.call(&handle, &event)?);
        }
        Ok(effects)
    }

    fn take(&self, timer: &Timer) -> Event {
        let key = TicketKey::new(&timer.source, &timer.ticket);
        let mut memory = self.memory.borrow_mut();
        memory.timers.remove(&(key.clone(), timer.name.clone()));
        let mut event = event(json!({
            "id": format!("timer-{}-{}", timer.name, timer.at),
            "source": timer.source,
            "kind": "timer.fired",
            "subject": timer.ticket,
            "time": timer.at,
            "data": { "name": timer.name, "payload": timer.payload, "due": timer.at },
        }));
        event.ticket = memory.tickets.get(&key).cloned();
        event
    }

    /// The timers that wait, the next one first.
    pub fn timers(&self) -> Vec<Timer> {
        let mut timers: Vec<Timer> = self.memory.borrow().timers.values().cloned().collect();
        timers.sort_by_key(|timer| timer.at);
        timers
    }

    /// What the plugin remembers under a key; for [`Scope::Ticket`] of the latest event's ticket.
    pub fn kv(&self, scope: Scope, key: impl AsRef<str>) -> Option<String> {
        let now = crate::host::Host::now(self);
        self.memory.borrow().recall(&self.owner(scope), key.as_ref(), now)
    }

    /// What the plugin logged, in all calls so far.
    pub fn logs(&self) -> Vec<LogLine> {
        self.logs.borrow().clone()
    }

    /// A context on this host, to test functions that take one.
    pub fn context(&self) -> Context<'_> {
        Context::new(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::instant::seconds;

    fn count(event: &Event, cx: &mut Context<'_>) -> Result<Vec<Effect>> {
        let kv = cx.kv(Scope::Ticket);
        kv.increment("count", 1)?;
        cx.set_timer("t", event.time + seconds(60), &json!({ "n": 1 }))?;
        cx.warn("counted");
        if event.late {
            return Err(Error::retry("late"));
        }
        Ok(vec![Effect::note(kv.get("count")?.unwrap_or_default())])
    }

    #[test]
    fn a_failed_call_leaves_its_log_alone() {
        let mut host = TestHost::new();
        let failed = host.call(count, &event(json!({ "late": true })));
        assert!(failed.unwrap_err().retry);
        assert_eq!(host.kv(Scope::Ticket, "count"), None);
        assert!(host.timers().is_empty());
        assert_eq!(host.logs().iter().map(ToString::to_string).collect::<Vec<_>>(), ["warn: counted"]);
    }

    #[test]
    fn each_ticket_has_values_and_timers_of_its_own() {
        let mut host = TestHost::new();
        for (subject, expected) in [("1", "1"), ("2", "1"), ("1", "2")] {
            let effects = host.call(count, &event(json!({ "subject": subject }))).unwrap();
            assert_eq!(effects, [Effect::note(expected)], "{subject}");
            assert_eq!(host.kv(Scope::Ticket, "count").as_deref(), Some(expected));
        }
        let timers = host.timers();
        let tickets: Vec<_> = timers.iter().map(|timer| timer.ticket.as_str()).collect();
        assert_eq!(tickets, ["1", "2"]);
    }

    #[test]
    fn time_is_the_events_unless_the_test_stops_it() {
        let tell = |_: &Event, cx: &mut Context<'_>| Ok(vec![Effect::note(cx.now().to_string())]);
        let event = event(json!({ "time": "2026-02-01T00:00:00Z" }));
        let mut host = TestHost::new();
        assert_eq!(host.call(tell, &event).unwrap(), [Effect::note("2026-02-01T00:00:00Z")]);
        host.set_now("2026-03-01T00:00:00Z");
        assert_eq!(host.call(tell, &event).unwrap(), [Effect::note("2026-03-01T00:00:00Z")]);
    }

    #[test]
    fn timers_fire_in_their_order_with_their_ticket() {
        let handle = |event: &Event, cx: &mut Context<'_>| {
            if let Some(timer) = event.timer() {
                assert_eq!(cx.now(), timer.due);
                return Ok(vec![Effect::note(format!("{} of {}", timer.name, event.ticket()?.subject))]);
            }
            cx.set_timer("late", event.time + seconds(20), &Value::Null)?;
            cx.set_timer("early", event.time + seconds(10), &Value::Null)?;
            cx.set_timer("gone", event.time + seconds(10), &Value::Null)?;
            cx.cancel_timer("gone")?;
            Ok(vec![])
        };
        let mut host = TestHost::new();
        let start = event(json!({ "ticket": { "subject": "Help" } }));
        host.call(handle, &start).unwrap();
        let effects = host.advance(handle, start.time + seconds(20)).unwrap();
        assert_eq!(effects, [Effect::note("early of Help"), Effect::note("late of Help")]);
        assert!(host.timers().is_empty());
    }
}
