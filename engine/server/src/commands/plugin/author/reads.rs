//! What a fixture says the host knows, as plugins read it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use deskbell_host::{Answer, Asker, Reads, Refusal};
use deskbell_model::calendar::config::{Config, Invalid};
use deskbell_model::calendar::{Book, Calendar};
use deskbell_model::plugin::{Agent, Event, FiguresQuery, LowRating, Scope, Summary};
use deskbell_model::ticket::Ticket;
use deskbell_model::timestamp::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// A calendar of a fixture: open at every instant, or at none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Opening {
    Open,
    Closed,
}

/// What the host knows.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// By id.
    pub(super) agents: Vec<Agent>,
    /// What the plugin remembers for all tickets, and for the event's.
    pub(super) of_plugin: BTreeMap<String, String>,
    pub(super) of_ticket: BTreeMap<String, String>,
    /// Oldest first.
    pub(super) history: Vec<Event>,
    /// The event's ticket, by its id.
    pub(super) ticket: Option<(String, Arc<Ticket>)>,
    /// The fixture's calendars, and those of the configuration for names that the fixture does not have.
    pub(super) calendars: BTreeMap<String, Arc<Calendar>>,
    pub(super) configured: Arc<Book>,
    /// What reporters read.
    pub(super) figures: Figures,
    pub(super) automation_figures: Figures,
    pub(super) low_ratings: Vec<LowRating>,
    /// When the period begins that a report compares with.
    pub(super) previous: Option<Timestamp>,
    /// The reads that were refused here.
    pub(super) refused: Mutex<Vec<String>>,
}

/// What a reporter is given for its period and for the one before, as JSON text.
#[derive(Debug, Default)]
pub(super) struct Figures {
    now: Option<String>,
    before: Option<String>,
}

impl Figures {
    /// Key figures, each by its name, or whole reports as `deskbell kpi --format json` prints them.
    pub(super) fn stated(now: Option<&Value>, before: Option<&Value>) -> Self {
        let whole = |value: &Value| match value.get("figures") {
            Some(_) => value.to_string(),
            None => json!({ "figures": value, "by": null }).to_string(),
        };
        Self { now: now.map(whole), before: before.map(whole) }
    }

    pub(super) fn plain(now: Option<&Value>, before: Option<&Value>) -> Self {
        Self { now: now.map(Value::to_string), before: before.map(Value::to_string) }
    }

    /// Where nothing is said of the period before, it was the same.
    fn of(&self, is_before: bool) -> Option<&String> {
        self.before.as_ref().filter(|_| is_before).or(self.now.as_ref())
    }
}

impl Known {
    /// Calendars that are always open or never.
    pub(super) fn calendars(stated: &BTreeMap<String, Opening>) -> Result<BTreeMap<String, Arc<Calendar>>, Invalid> {
        let calendar = |(name, opening): (&String, &Opening)| {
            let calendar = match opening {
                Opening::Open => Calendar::always(),
                Opening::Closed => Arc::new(never(name)?),
            };
            Ok((name.clone(), calendar))
        };
        stated.iter().map(calendar).collect()
    }

    /// What was refused, in the order in which it was asked for.
    pub(super) fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn remembered(&self, scope: Scope) -> &BTreeMap<String, String> {
        match scope {
            Scope::Plugin => &self.of_plugin,
            Scope::Ticket => &self.of_ticket,
        }
    }

    fn given(&self, figures: &Figures, is_before: bool, member: &str) -> Result<String, Refusal> {
        let missing = || Refusal::invalid(format!("the fixture says nothing of it; give it `{member}`"));
        self.noted(figures.of(is_before).cloned().ok_or_else(missing))
    }

    /// Keeps what was refused, for the author to see.
    fn noted<T>(&self, answer: Result<T, Refusal>) -> Result<T, Refusal> {
        if let Err(refusal) = &answer {
            self.refused.lock().unwrap_or_else(PoisonError::into_inner).push(refusal.to_string());
        }
        answer
    }
}

/// The calendars alone.
struct Calendars<'a>(&'a Known);

impl Reads for Calendars<'_> {
    fn calendar(&self, name: &str) -> Result<Arc<Calendar>, Refusal> {
        let calendar = self.0.calendars.get(name).or_else(|| self.0.configured.get(name));
        calendar.cloned().ok_or_else(|| {
            Refusal::invalid(format!(
                "there is no calendar '{name}'; give the fixture calendars = {{\"{name}\": \"open\"}}, or the configuration [calendars.{name}]"
            ))
        })
    }
}

/// A calendar without any hours. Its name says that it is the fixture's, since errors carry it.
fn never(name: &str) -> Result<Calendar, Invalid> {
    let config = Config { timezone: Some("UTC".to_owned()), ..Config::default() };
    config.build(&format!("{name} (closed)"), &|file| Err(format!("nothing names '{file}'")))
}

fn ready<'a, T: Send + 'a>(value: T) -> Answer<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

impl Reads for Known {
    fn kv_get<'a>(&'a self, _: &'a Asker, scope: Scope, key: &'a str) -> Answer<'a, Option<String>> {
        ready(self.remembered(scope).get(key).cloned())
    }

    fn kv_list<'a>(
        &'a self,
        _: &'a Asker,
        scope: Scope,
        prefix: &'a str,
        limit: u32,
    ) -> Answer<'a, Vec<(String, String)>> {
        let own = self.remembered(scope).iter().filter(|(key, _)| key.starts_with(prefix));
        ready(own.take(limit as usize).map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn history<'a>(&'a self, _: &'a Asker, limit: u32) -> Answer<'a, Vec<Event>> {
        let n_skipped = self.history.len().saturating_sub(limit as usize);
        ready(self.history.iter().skip(n_skipped).cloned().collect())
    }

    fn tickets_of<'a>(
        &'a self,
        _: &'a Asker,
        requester: &'a str,
        limit: u32,
    ) -> Answer<'a, Vec<(String, Arc<Ticket>)>> {
        let own = self.ticket.iter().filter(|(_, ticket)| ticket.fields.requester.id == requester);
        ready(own.take(limit as usize).cloned().collect())
    }

    fn agents<'a>(&'a self, _: &'a Asker, group: Option<&'a str>) -> Answer<'a, Vec<Agent>> {
        let is_in = |agent: &&Agent| group.is_none_or(|group| agent.groups.iter().any(|own| own == group));
        ready(self.agents.iter().filter(is_in).cloned().collect())
    }

    fn first_response<'a>(&'a self, _: &'a Asker, _: u32, _: Option<&'a str>) -> Answer<'a, Option<Summary>> {
        // Fixtures state no figures: there were no tickets.
        ready(None)
    }

    fn figures<'a>(&'a self, _: &'a Asker, query: &'a FiguresQuery) -> Answer<'a, String> {
        let is_before = self.previous.is_some_and(|from| from.to_string() == query.start);
        Box::pin(std::future::ready(self.given(&self.figures, is_before, "figures")))
    }

    fn low_ratings<'a>(
        &'a self,
        _: &'a Asker,
        (from, to): (Timestamp, Timestamp),
        _: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Vec<LowRating>> {
        let own = self.low_ratings.iter().filter(|rating| from <= rating.at && rating.at < to);
        ready(own.take(limit as usize).cloned().collect())
    }

    fn automation_figures<'a>(&'a self, _: &'a Asker, (from, _): (Timestamp, Timestamp)) -> Answer<'a, String> {
        let is_before = self.previous == Some(from);
        Box::pin(std::future::ready(self.given(&self.automation_figures, is_before, "automation_figures")))
    }

    fn working_seconds(&self, calendar: &str, start: Timestamp, end: Timestamp) -> Result<u64, Refusal> {
        self.noted(Calendars(self).working_seconds(calendar, start, end))
    }

    fn add_working(&self, calendar: &str, start: Timestamp, duration: &str) -> Result<Timestamp, Refusal> {
        self.noted(Calendars(self).add_working(calendar, start, duration))
    }

    fn is_open(&self, calendar: &str, at: Timestamp) -> Result<bool, Refusal> {
        self.noted(Calendars(self).is_open(calendar, at))
    }

    fn next_opening(&self, calendar: &str, at: Timestamp) -> Result<Timestamp, Refusal> {
        self.noted(Calendars(self).next_opening(calendar, at))
    }

    fn closed_dates(&self, calendar: &str, start: Timestamp, days: u32) -> Result<Vec<String>, Refusal> {
        self.noted(Calendars(self).closed_dates(calendar, start, days))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::TIME;
    use super::*;

    fn known() -> Known {
        let stated = [("office", Opening::Closed), ("line", Opening::Open), ("always", Opening::Closed)];
        let stated = stated.map(|(name, opening)| (name.to_owned(), opening)).into();
        Known { calendars: Known::calendars(&stated).unwrap(), ..Known::default() }
    }

    #[test]
    fn calendars_of_the_fixture_come_before_the_configured() {
        let known = known();
        for (name, expected) in [("office", false), ("line", true), ("always", false), ("default", false)] {
            // The built-in default opens at nine.
            assert_eq!(known.is_open(name, TIME), Ok(expected), "{name}");
        }
        assert_eq!(known.next_opening("default", TIME).unwrap(), TIME.plus_seconds(3600));
        assert_eq!(known.working_seconds("line", TIME, TIME.plus_seconds(90)), Ok(90));
        assert_eq!(known.working_seconds("office", TIME, TIME.plus_seconds(90)), Ok(0));
        assert!(known.refused().is_empty());
    }

    #[test]
    fn what_is_refused_is_noted() {
        let known = known();
        assert!(known.next_opening("office", TIME).is_err());
        assert!(known.add_working("line", TIME, "soon").is_err());
        assert!(known.is_open("holidays", TIME).is_err());
        let refused = known.refused();
        for (index, expected) in
            ["'office (closed)' has no working time", "'soon' is no duration", "no calendar 'holidays'"]
                .iter()
                .enumerate()
        {
            assert!(refused[index].contains(expected), "{refused:?}");
        }
    }
}
