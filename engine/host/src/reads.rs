//! What a call may read. The engine implements [`Reads`] over its store; a test implements it over a few values.
//!
//! Whether the plugin may read at all is the host's business and already settled when one of these is called. Whose
//! memory a key is in is not left to the caller's care either: every read says who asks.

use std::pin::Pin;
use std::sync::Arc;

use deskbell_model::calendar::Calendar;
use deskbell_model::calendar::amount::Amount;
use deskbell_model::plugin::{Agent, Event, FiguresQuery, LowRating, Scope, Summary};
use deskbell_model::ticket::Ticket;
use deskbell_model::timestamp::Timestamp;

/// Why a read was refused. The plugin sees it and may go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct Refusal {
    /// One of the constants below.
    pub code: &'static str,
    /// What was refused, and what to do about it.
    pub message: String,
}

impl Refusal {
    /// The manifest does not ask for it, or the operator does not grant it.
    pub const DENIED: &'static str = "denied";
    /// A limit is used up.
    pub const LIMIT: &'static str = "limit";
    /// The arguments make no sense.
    pub const INVALID: &'static str = "invalid";
    /// It does not work at the moment; a later call may go better.
    pub const UNAVAILABLE: &'static str = "unavailable";

    pub fn denied(message: impl Into<String>) -> Self {
        Self { code: Self::DENIED, message: message.into() }
    }

    pub fn limit(message: impl Into<String>) -> Self {
        Self { code: Self::LIMIT, message: message.into() }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self { code: Self::INVALID, message: message.into() }
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self { code: Self::UNAVAILABLE, message: message.into() }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub struct Asker {
    /// The plugin's name: its memory is its own.
    pub plugin: Arc<str>,
    /// The event's source.
    pub source: String,
    /// The id of the event's ticket, where it has one. [`Scope::Ticket`] is only asked for where it does.
    pub ticket: Option<String>,
    /// The time at which the call's clock stands.
    pub now: Timestamp,
}

/// What an asynchronous read gives.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Refusal>> + Send + 'a>>;

/// What a call may read. Whatever is not implemented is refused.
pub trait Reads: Send + Sync {
    /// A value of the plugin's memory as it is stored; what the call itself wrote is laid over it by the host.
    fn kv_get<'a>(&'a self, _: &'a Asker, _: Scope, _key: &'a str) -> Answer<'a, Option<String>> {
        refuse("there is no memory here")
    }

    /// Up to `limit` pairs whose key begins with `prefix`, by key.
    fn kv_list<'a>(
        &'a self,
        _: &'a Asker,
        _: Scope,
        _prefix: &'a str,
        _limit: u32,
    ) -> Answer<'a, Vec<(String, String)>> {
        refuse("there is no memory here")
    }

    /// The latest `limit` events of the asker's ticket, oldest first.
    fn history<'a>(&'a self, _: &'a Asker, _limit: u32) -> Answer<'a, Vec<Event>> {
        refuse("there is no history here")
    }

    /// The latest `limit` tickets of a requester at the asker's source, newest first, with their ids.
    fn tickets_of<'a>(
        &'a self,
        _: &'a Asker,
        _requester: &'a str,
        _limit: u32,
    ) -> Answer<'a, Vec<(String, Arc<Ticket>)>> {
        refuse("there are no tickets here")
    }

    /// The agents of the asker's source, by id; with `group`, only its members.
    fn agents<'a>(&'a self, _: &'a Asker, _group: Option<&'a str>) -> Answer<'a, Vec<Agent>> {
        refuse("there are no agents here")
    }

    /// First response times of the source's tickets created in the `days` days before the asker's now.
    fn first_response<'a>(&'a self, _: &'a Asker, _days: u32, _group: Option<&'a str>) -> Answer<'a, Option<Summary>> {
        refuse("there are no figures here")
    }

    /// The key figures of a period, as JSON. For reporters, as are the next two.
    fn figures<'a>(&'a self, _: &'a Asker, _: &'a FiguresQuery) -> Answer<'a, String> {
        refuse("there are no figures here")
    }

    /// Comments beside bad ratings in [start, end), the latest `limit`, latest first.
    fn low_ratings<'a>(
        &'a self,
        _: &'a Asker,
        _period: (Timestamp, Timestamp),
        _source: Option<&'a str>,
        _limit: u32,
    ) -> Answer<'a, Vec<LowRating>> {
        refuse("there are no ratings here")
    }

    /// What the plugins did in [start, end), as JSON.
    fn automation_figures<'a>(&'a self, _: &'a Asker, _period: (Timestamp, Timestamp)) -> Answer<'a, String> {
        refuse("there is no record of calls here")
    }

    /// The calendar of that name. Like all calendar reads it must not block.
    fn calendar(&self, _name: &str) -> Result<Arc<Calendar>, Refusal> {
        Err(Refusal::unavailable("there are no calendars here"))
    }

    /// Working time in [start, end), in seconds.
    fn working_seconds(&self, calendar: &str, start: Timestamp, end: Timestamp) -> Result<u64, Refusal> {
        let micros = self.calendar(calendar)?.between(start, end).map_err(invalid)?;
        Ok(u64::try_from(micros / 1_000_000).unwrap_or_default())
    }

    /// The instant that lies `duration` (`90m`, `1h30m`, `2bd`) of working time after `start`.
    fn add_working(&self, calendar: &str, start: Timestamp, duration: &str) -> Result<Timestamp, Refusal> {
        let amount: Amount = duration.parse().map_err(invalid)?;
        self.calendar(calendar)?.add(start, amount).map_err(invalid)
    }

    /// Whether the calendar is open at an instant.
    fn is_open(&self, calendar: &str, at: Timestamp) -> Result<bool, Refusal> {
        self.calendar(calendar)?.is_open(at).map_err(invalid)
    }

    /// When the calendar is open next, at or after an instant.
    fn next_opening(&self, calendar: &str, at: Timestamp) -> Result<Timestamp, Refusal> {
        self.calendar(calendar)?.next_opening(at).map_err(invalid)
    }

    /// Of the `days` local dates from that of `start` on, those (YYYY-MM-DD) that are closed although their weekday has hours.
    fn closed_dates(&self, calendar: &str, start: Timestamp, days: u32) -> Result<Vec<String>, Refusal> {
        let dates = self.calendar(calendar)?.closed_dates(start, days).map_err(invalid)?;
        Ok(dates.iter().map(ToString::to_string).collect())
    }
}

fn refuse<'a, T: Send + 'a>(message: &'static str) -> Answer<'a, T> {
    Box::pin(std::future::ready(Err(Refusal::unavailable(message))))
}

fn invalid(error: impl std::fmt::Display) -> Refusal {
    Refusal::invalid(error.to_string())
}

/// Nothing to read: for connectors, which read nothing, and for `plugin run` without an engine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoReads;

impl Reads for NoReads {}
