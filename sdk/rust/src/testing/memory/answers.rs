//! How the host in memory answers.

use serde_json::Value;

use super::{MAX_VALUE_BYTES, Remembered};
use crate::error::{Refusal, Result};
use crate::event::Event;
use crate::host::{Agent, Host, Level, Scope, Summary};
use crate::instant::Instant;
use crate::report::{FiguresQuery, LowRating, Period};
use crate::testing::samples::SAMPLE_TIME;
use crate::testing::{LogLine, TestHost, Timer};
use crate::ticket::Ticket;

impl Host for TestHost {
    fn log(&self, level: Level, message: &str) {
        self.logs.borrow_mut().push(LogLine { level, message: message.to_owned() });
    }

    fn settings(&self) -> String {
        self.settings.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string)
    }

    fn now(&self) -> Instant {
        let stopped = self.now.get();
        stopped.or(self.memory.borrow().time).unwrap_or(SAMPLE_TIME)
    }

    fn kv_get(&self, scope: Scope, key: &str) -> Result<Option<String>, Refusal> {
        self.granted("kv")?;
        let owner = self.owner_in_call(scope)?;
        Self::check_key("key", key)?;
        Ok(self.memory.borrow().recall(&owner, key, Host::now(self)))
    }

    fn kv_set(&self, scope: Scope, key: &str, value: &str, ttl_seconds: Option<u64>) -> Result<(), Refusal> {
        self.granted("kv")?;
        let owner = self.owner_in_call(scope)?;
        Self::check_key("key", key)?;
        Self::check_size("value", value, MAX_VALUE_BYTES)?;
        if ttl_seconds == Some(0) {
            let message = "ttl-seconds must be at least 1; leave it out to keep the value";
            return Err(Refusal::new(Refusal::INVALID, message));
        }
        let until = ttl_seconds.map(|ttl| Host::now(self).plus_seconds(i64::try_from(ttl).unwrap_or(i64::MAX)));
        let remembered = Remembered { value: value.to_owned(), until };
        self.memory.borrow_mut().values.insert((owner, key.to_owned()), remembered);
        Ok(())
    }

    fn kv_delete(&self, scope: Scope, key: &str) -> Result<(), Refusal> {
        self.granted("kv")?;
        let owner = self.owner_in_call(scope)?;
        Self::check_key("key", key)?;
        self.memory.borrow_mut().values.remove(&(owner, key.to_owned()));
        Ok(())
    }

    fn kv_increment(&self, scope: Scope, key: &str, by: i64) -> Result<i64, Refusal> {
        let before = self.kv_get(scope, key)?;
        let number = before.as_deref().unwrap_or("0").parse::<i64>();
        let sum = number.ok().and_then(|number| number.checked_add(by)).ok_or_else(|| {
            Refusal::new(
                Refusal::INVALID,
                format!("what is remembered under '{key}' is no number that {by} can be added to"),
            )
        })?;
        let owner = self.owner_in_call(scope)?;
        let mut memory = self.memory.borrow_mut();
        let until = before
            .and_then(|_| memory.values.get(&(owner.clone(), key.to_owned())))
            .and_then(|remembered| remembered.until);
        let remembered = Remembered { value: sum.to_string(), until };
        memory.values.insert((owner, key.to_owned()), remembered);
        Ok(sum)
    }

    fn kv_list(&self, scope: Scope, prefix: &str, limit: u32) -> Result<Vec<(String, String)>, Refusal> {
        self.granted("kv")?;
        let owner = self.owner_in_call(scope)?;
        let now = Host::now(self);
        let memory = self.memory.borrow();
        let own = memory
            .values
            .iter()
            .filter(|((of, key), remembered)| *of == owner && key.starts_with(prefix) && remembered.lives(now));
        Ok(own.take(limit as usize).map(|((_, key), remembered)| (key.clone(), remembered.value.clone())).collect())
    }

    fn timer_set(&self, name: &str, at: Instant, payload: &str) -> Result<(), Refusal> {
        self.granted("timers")?;
        let key = self.ticket_in_call()?;
        Self::check_key("timer's name", name)?;
        Self::check_size("timer's payload", payload, MAX_VALUE_BYTES)?;
        let payload = serde_json::from_str(payload)
            .map_err(|error| Refusal::new(Refusal::INVALID, format!("the payload is no JSON: {error}")))?;
        let timer = Timer { source: key.source.clone(), ticket: key.id.clone(), name: name.to_owned(), at, payload };
        self.memory.borrow_mut().timers.insert((key, name.to_owned()), timer);
        Ok(())
    }

    fn timer_cancel(&self, name: &str) -> Result<(), Refusal> {
        self.granted("timers")?;
        let key = self.ticket_in_call()?;
        Self::check_key("timer's name", name)?;
        self.memory.borrow_mut().timers.remove(&(key, name.to_owned()));
        Ok(())
    }

    fn history(&self, limit: u32) -> Result<Vec<Event>> {
        self.granted("tickets")?;
        self.ticket_in_call()?;
        let skipped = self.history.len().saturating_sub(limit as usize);
        Ok(self.history.iter().skip(skipped).cloned().collect())
    }

    fn tickets_of(&self, requester: &str, limit: u32) -> Result<Vec<Ticket>> {
        self.granted("tickets")?;
        let memory = self.memory.borrow();
        let mut own: Vec<Ticket> = memory
            .tickets
            .values()
            .filter(|ticket| {
                ticket.requester.id == requester && memory.source.as_ref().is_none_or(|of| *of == ticket.source)
            })
            .cloned()
            .collect();
        own.sort_by_key(|ticket| std::cmp::Reverse(ticket.created_at));
        own.truncate(limit as usize);
        Ok(own)
    }

    fn agents(&self, group: Option<&str>) -> Result<Vec<Agent>> {
        self.granted("agents")?;
        let agents = self.agents.iter().filter(|agent| group.is_none_or(|group| agent.in_group(group)));
        Ok(agents.cloned().collect())
    }

    fn calendar_between(&self, calendar: &str, start: Instant, end: Instant) -> Result<u64, Refusal> {
        self.business_calendar(calendar)?.between(start, end)
    }

    fn calendar_add(&self, calendar: &str, start: Instant, duration: &str) -> Result<Instant, Refusal> {
        self.business_calendar(calendar)?.add(start, duration)
    }

    fn calendar_is_open(&self, calendar: &str, at: Instant) -> Result<bool, Refusal> {
        Ok(self.business_calendar(calendar)?.is_open(at))
    }

    fn calendar_next_opening(&self, calendar: &str, at: Instant) -> Result<Instant, Refusal> {
        self.business_calendar(calendar)?.next_opening(at)
    }

    fn calendar_closed_dates(&self, calendar: &str, start: Instant, days: u32) -> Result<Vec<String>, Refusal> {
        Ok(self.business_calendar(calendar)?.closed_dates(start, days))
    }

    fn first_response(&self, _days: u32, group: Option<&str>) -> Result<Option<Summary>, Refusal> {
        self.granted("figures")?;
        let own = self.summaries.iter().rev().find(|(of, _)| of.as_deref() == group);
        Ok(own.map(|(_, summary)| *summary))
    }

    fn figures(&self, query: &FiguresQuery) -> Result<String, Refusal> {
        self.granted("kpis")?;
        let from = Instant::parse_rfc3339(&query.from).ok();
        let own = self.figures.iter().rev().find(|(of, _)| of.is_some() && *of == from);
        let any = || self.figures.iter().rev().find(|(of, _)| of.is_none());
        own.or_else(any).map(|(_, figures)| figures.to_string()).ok_or_else(|| {
            Refusal::new(Refusal::UNAVAILABLE, format!("the test sets no figures for the period from {}", query.from))
        })
    }

    fn low_ratings(&self, period: Period, _source: Option<&str>, limit: u32) -> Result<Vec<LowRating>, Refusal> {
        self.granted("comments")?;
        let within = self.low_ratings.iter().filter(|rating| period.from <= rating.at && rating.at < period.to);
        Ok(within.take(limit as usize).cloned().collect())
    }

    fn automation_figures(&self, _period: Period) -> Result<String, Refusal> {
        self.granted("automation-figures")?;
        Ok(self
            .automation_figures
            .as_ref()
            .map_or_else(|| r#"{"plugins":{},"actions":{}}"#.to_owned(), Value::to_string))
    }
}
