//! The component's imports as a [`Host`].
//!
//! Whatever takes them all at once, a trait object to begin with, would have the linker keep them all. Here each
//! function names what it calls, so that a component imports what its plugin uses.

use super::convert::{agent_in, event_in, refusal_in, summary_in, ticket_in};
use super::reporting::refusal_in as reporter_refusal_in;
use crate::bindings::automation::deskbell::plugin::{
    agents, calendars, clock, figures, kv, log, settings, tickets, timers,
};
use crate::bindings::reporter::deskbell::plugin as reporter;
use crate::error::{Refusal, Result};
use crate::host::{Agent, Host, Level, Scope, Summary, not_here, only_reporters};
use crate::instant::Instant;
use crate::report::{FiguresQuery, LowRating, Period};
use crate::{Event, Ticket};

/// What a component of one of the worlds may import.
pub(crate) struct Imports {
    world: World,
    // What every world has, each in its own contract's version.
    log: fn(&str, &str),
    settings: fn() -> String,
    now: fn() -> i64,
    // What two worlds have, each in its own contract's version: a plugin must not need both.
    calendars: Option<&'static Calendars>,
}

struct Calendars {
    between: fn(&str, i64, i64) -> Result<u64, Refusal>,
    add: fn(&str, i64, &str) -> Result<i64, Refusal>,
    is_open: fn(&str, i64) -> Result<bool, Refusal>,
    next_opening: fn(&str, i64) -> Result<i64, Refusal>,
    closed_dates: fn(&str, i64, u32) -> Result<Vec<String>, Refusal>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum World {
    Automation,
    Connector,
    Reporter,
}

pub(super) static AUTOMATION: Imports = Imports {
    world: World::Automation,
    log: log::write,
    settings: settings::get,
    now: clock::now,
    calendars: Some(&Calendars {
        between: |calendar, start, end| calendars::between(calendar, start, end).map_err(refusal_in),
        add: |calendar, start, duration| calendars::add(calendar, start, duration).map_err(refusal_in),
        is_open: |calendar, at| calendars::is_open(calendar, at).map_err(refusal_in),
        next_opening: |calendar, at| calendars::next_opening(calendar, at).map_err(refusal_in),
        closed_dates: |calendar, start, days| calendars::closed_dates(calendar, start, days).map_err(refusal_in),
    }),
};

pub(super) static CONNECTOR: Imports =
    Imports { world: World::Connector, log: log::write, settings: settings::get, now: clock::now, calendars: None };

pub(super) static REPORTER: Imports = Imports {
    world: World::Reporter,
    log: reporter::log::write,
    settings: reporter::settings::get,
    now: reporter::clock::now,
    calendars: Some(&Calendars {
        between: |calendar, start, end| reporter::calendars::between(calendar, start, end).map_err(reporter_refusal_in),
        add: |calendar, start, duration| {
            reporter::calendars::add(calendar, start, duration).map_err(reporter_refusal_in)
        },
        is_open: |calendar, at| reporter::calendars::is_open(calendar, at).map_err(reporter_refusal_in),
        next_opening: |calendar, at| reporter::calendars::next_opening(calendar, at).map_err(reporter_refusal_in),
        closed_dates: |calendar, start, days| {
            reporter::calendars::closed_dates(calendar, start, days).map_err(reporter_refusal_in)
        },
    }),
};

impl Imports {
    fn calendars(&self) -> Result<&Calendars, Refusal> {
        self.calendars.ok_or_else(|| not_here("calendars"))
    }

    fn only_automations(&self, capability: &str) -> Result<(), Refusal> {
        if self.world == World::Automation { Ok(()) } else { Err(not_here(capability)) }
    }

    fn only_reporters(&self, capability: &str) -> Result<(), Refusal> {
        if self.world == World::Reporter { Ok(()) } else { Err(only_reporters(capability)) }
    }
}

impl Host for Imports {
    fn log(&self, level: Level, message: &str) {
        (self.log)(level.as_str(), message);
    }

    fn settings(&self) -> String {
        (self.settings)()
    }

    fn now(&self) -> Instant {
        Instant((self.now)())
    }

    fn kv_get(&self, scope: Scope, key: &str) -> Result<Option<String>, Refusal> {
        self.only_automations("kv")?;
        kv::get(scope.as_str(), key).map_err(refusal_in)
    }

    fn kv_set(&self, scope: Scope, key: &str, value: &str, ttl_seconds: Option<u64>) -> Result<(), Refusal> {
        self.only_automations("kv")?;
        kv::set(scope.as_str(), key, value, ttl_seconds).map_err(refusal_in)
    }

    fn kv_delete(&self, scope: Scope, key: &str) -> Result<(), Refusal> {
        self.only_automations("kv")?;
        kv::delete(scope.as_str(), key).map_err(refusal_in)
    }

    fn kv_increment(&self, scope: Scope, key: &str, by: i64) -> Result<i64, Refusal> {
        self.only_automations("kv")?;
        kv::increment(scope.as_str(), key, by).map_err(refusal_in)
    }

    fn kv_list(&self, scope: Scope, prefix: &str, limit: u32) -> Result<Vec<(String, String)>, Refusal> {
        self.only_automations("kv")?;
        kv::list(scope.as_str(), prefix, limit).map_err(refusal_in)
    }

    fn timer_set(&self, name: &str, at: Instant, payload: &str) -> Result<(), Refusal> {
        self.only_automations("timers")?;
        timers::set(name, at.0, payload).map_err(refusal_in)
    }

    fn timer_cancel(&self, name: &str) -> Result<(), Refusal> {
        self.only_automations("timers")?;
        timers::cancel(name).map_err(refusal_in)
    }

    fn history(&self, limit: u32) -> Result<Vec<Event>> {
        self.only_automations("tickets")?;
        let events = tickets::history(limit).map_err(refusal_in)?;
        events.into_iter().map(event_in).collect()
    }

    fn tickets_of(&self, requester: &str, limit: u32) -> Result<Vec<Ticket>> {
        self.only_automations("tickets")?;
        let tickets = tickets::of_requester(requester, limit).map_err(refusal_in)?;
        Ok(tickets.into_iter().map(ticket_in).collect())
    }

    fn agents(&self, group: Option<&str>) -> Result<Vec<Agent>> {
        self.only_automations("agents")?;
        let agents = agents::list(group).map_err(refusal_in)?;
        Ok(agents.into_iter().map(agent_in).collect())
    }

    fn calendar_between(&self, calendar: &str, start: Instant, end: Instant) -> Result<u64, Refusal> {
        (self.calendars()?.between)(calendar, start.0, end.0)
    }

    fn calendar_add(&self, calendar: &str, start: Instant, duration: &str) -> Result<Instant, Refusal> {
        (self.calendars()?.add)(calendar, start.0, duration).map(Instant)
    }

    fn calendar_is_open(&self, calendar: &str, at: Instant) -> Result<bool, Refusal> {
        (self.calendars()?.is_open)(calendar, at.0)
    }

    fn calendar_next_opening(&self, calendar: &str, at: Instant) -> Result<Instant, Refusal> {
        (self.calendars()?.next_opening)(calendar, at.0).map(Instant)
    }

    fn calendar_closed_dates(&self, calendar: &str, start: Instant, days: u32) -> Result<Vec<String>, Refusal> {
        (self.calendars()?.closed_dates)(calendar, start.0, days)
    }

    fn first_response(&self, days: u32, group: Option<&str>) -> Result<Option<Summary>, Refusal> {
        self.only_automations("figures")?;
        let summary = figures::first_response(days, group).map_err(refusal_in)?;
        Ok(summary.map(summary_in))
    }

    fn figures(&self, query: &FiguresQuery) -> Result<String, Refusal> {
        self.only_reporters("kpis")?;
        reporter::kpis::compute(&reporter::kpis::Query {
            start: query.from.clone(),
            end: query.to.clone(),
            tz: query.tz.clone(),
            calendar: query.calendar.clone(),
            by: query.by.clone(),
            bucket: query.bucket.clone(),
            fcr: query.fcr.clone(),
            source: query.source.clone(),
        })
        .map_err(reporter_refusal_in)
    }

    fn low_ratings(&self, period: Period, source: Option<&str>, limit: u32) -> Result<Vec<LowRating>, Refusal> {
        self.only_reporters("comments")?;
        let ratings = reporter::comments::low_ratings(period.from.0, period.to.0, source, limit);
        let each = ratings.map_err(reporter_refusal_in)?.into_iter().map(|rating| LowRating {
            at: Instant(rating.at),
            kind: rating.kind,
            normalized: rating.normalized,
            ticket: rating.ticket,
            agent: rating.agent,
            comment: rating.comment,
        });
        Ok(each.collect())
    }

    fn automation_figures(&self, period: Period) -> Result<String, Refusal> {
        self.only_reporters("automation-figures")?;
        reporter::automation_figures::calls(period.from.0, period.to.0).map_err(reporter_refusal_in)
    }
}
