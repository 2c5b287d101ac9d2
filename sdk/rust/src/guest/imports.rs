//! The component's imports as [`Host`]s: one for each world, so that a connector's component does not even import what its world lacks.

use super::convert::{agent_in, event_in, refusal_in, summary_in, ticket_in};
use crate::bindings::automation::deskbell::plugin::{
    agents, calendars, clock, figures, kv, log, settings, tickets, timers,
};
use crate::error::{Refusal, Result};
use crate::host::{Agent, Host, Level, Scope, Summary};
use crate::instant::Instant;
use crate::{Event, Ticket};

/// The imports of the automation world.
pub(super) struct Automation;

/// The imports of the connector world.
pub(super) struct Connector;

impl Host for Connector {
    fn log(&self, level: Level, message: &str) {
        log::write(level.as_str(), message);
    }

    fn settings(&self) -> String {
        settings::get()
    }

    fn now(&self) -> Instant {
        Instant(clock::now())
    }
}

impl Host for Automation {
    fn log(&self, level: Level, message: &str) {
        log::write(level.as_str(), message);
    }

    fn settings(&self) -> String {
        settings::get()
    }

    fn now(&self) -> Instant {
        Instant(clock::now())
    }

    fn kv_get(&self, scope: Scope, key: &str) -> Result<Option<String>, Refusal> {
        kv::get(scope.as_str(), key).map_err(refusal_in)
    }

    fn kv_set(&self, scope: Scope, key: &str, value: &str, ttl_seconds: Option<u64>) -> Result<(), Refusal> {
        kv::set(scope.as_str(), key, value, ttl_seconds).map_err(refusal_in)
    }

    fn kv_delete(&self, scope: Scope, key: &str) -> Result<(), Refusal> {
        kv::delete(scope.as_str(), key).map_err(refusal_in)
    }

    fn kv_increment(&self, scope: Scope, key: &str, by: i64) -> Result<i64, Refusal> {
        kv::increment(scope.as_str(), key, by).map_err(refusal_in)
    }

    fn kv_list(&self, scope: Scope, prefix: &str, limit: u32) -> Result<Vec<(String, String)>, Refusal> {
        kv::list(scope.as_str(), prefix, limit).map_err(refusal_in)
    }

    fn timer_set(&self, name: &str, at: Instant, payload: &str) -> Result<(), Refusal> {
        timers::set(name, at.0, payload).map_err(refusal_in)
    }

    fn timer_cancel(&self, name: &str) -> Result<(), Refusal> {
        timers::cancel(name).map_err(refusal_in)
    }

    fn history(&self, limit: u32) -> Result<Vec<Event>> {
        let events = tickets::history(limit).map_err(refusal_in)?;
        events.into_iter().map(event_in).collect()
    }

    fn tickets_of(&self, requester: &str, limit: u32) -> Result<Vec<Ticket>> {
        let tickets = tickets::of_requester(requester, limit).map_err(refusal_in)?;
        Ok(tickets.into_iter().map(ticket_in).collect())
    }

    fn agents(&self, group: Option<&str>) -> Result<Vec<Agent>> {
        let agents = agents::list(group).map_err(refusal_in)?;
        Ok(agents.into_iter().map(agent_in).collect())
    }

    fn calendar_between(&self, calendar: &str, start: Instant, end: Instant) -> Result<u64, Refusal> {
        calendars::between(calendar, start.0, end.0).map_err(refusal_in)
    }

    fn calendar_add(&self, calendar: &str, start: Instant, duration: &str) -> Result<Instant, Refusal> {
        calendars::add(calendar, start.0, duration).map(Instant).map_err(refusal_in)
    }

    fn calendar_is_open(&self, calendar: &str, at: Instant) -> Result<bool, Refusal> {
        calendars::is_open(calendar, at.0).map_err(refusal_in)
    }

    fn calendar_next_opening(&self, calendar: &str, at: Instant) -> Result<Instant, Refusal> {
        calendars::next_opening(calendar, at.0).map(Instant).map_err(refusal_in)
    }

    fn calendar_closed_dates(&self, calendar: &str, start: Instant, days: u32) -> Result<Vec<String>, Refusal> {
        calendars::closed_dates(calendar, start.0, days).map_err(refusal_in)
    }

    fn first_response(&self, days: u32, group: Option<&str>) -> Result<Option<Summary>, Refusal> {
        let summary = figures::first_response(days, group).map_err(refusal_in)?;
        Ok(summary.map(summary_in))
    }
}
