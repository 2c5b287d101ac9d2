//! The first half of a report: everything that happens besides the changes of tickets.
//!
//! What needs no ticket is added up at once; what was handled and rated on a ticket waits for it, since a ticket may be
//! gone, or unknown, by the end of the period.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::handled::Handled;
use super::number::{Durations, Length, Sum};
use super::options::Options;
use super::period::Period;
use super::ratings::{Rating, Ratings, on_scale};
use super::settings::Settings;
use super::table::Table;
use crate::activity::Activity;
use crate::event::{InteractionKind, RatingKind};
use crate::ticket::Role;
use crate::timestamp::Timestamp;

/// The activities of a report, taken in the order of arrival.
#[derive(Debug)]
pub struct Activities(Ready);

/// Activities that are all in.
#[derive(Debug)]
pub struct Ready {
    pub(super) options: Options,
    pub(super) settings: Settings,
    pub(super) period: Period,
    /// The names of the policies of the settings.
    pub(super) policies: Vec<String>,
    /// By source and ticket.
    tickets: Table<Table<OnTicket>>,
    pub(super) handled: Handled,
    /// Those without a ticket.
    pub(super) ratings: Ratings,
    pub(super) agents: Table<Agent>,
    /// Never answered and ended by the customer, and all; calls and chats.
    pub(super) abandoned: [(u64, u64); 2],
    pub(super) answer_time: Durations,
    pub(super) costs: BTreeMap<String, Sum>,
    /// The sessions with a knowledge event in the period, and whether they viewed an article.
    pub(super) sessions: Table<bool>,
    pub(super) articles: Table<Article>,
    pub(super) searches: u64,
    pub(super) no_result: u64,
    pub(super) queries: HashMap<String, u64>,
}

/// What waits for a ticket.
#[derive(Debug, Default)]
pub(super) struct OnTicket {
    pub(super) handled: Option<Box<Handled>>,
    /// The ratings of the period, but for CSAT.
    pub(super) ratings: Vec<Rating>,
    /// The last CSAT rating before the end of the period.
    pub(super) csat: Option<Box<Rating>>,
}

/// What an agent did without regard to tickets.
#[derive(Debug, Default)]
pub(super) struct Agent {
    pub(super) worked: Sum,
    pub(super) on_shift: Sum,
    /// Whether a shift of theirs overlaps the period.
    pub(super) has_shift: bool,
    /// Ratings without a ticket that name them.
    pub(super) ratings: Ratings,
}

/// The use of an article in the period.
#[derive(Debug, Default)]
pub(super) struct Article {
    /// The places of the sessions that viewed it.
    pub(super) viewed: HashSet<usize>,
    pub(super) helpful: u64,
    pub(super) rated: u64,
}

impl Activities {
    /// A report without any activity yet.
    pub fn new(options: Options, settings: Settings) -> Self {
        Self(Ready {
            period: Period::new(&options),
            policies: settings.policies.names(),
            options,
            settings,
            tickets: Table::default(),
            handled: Handled::default(),
            ratings: Ratings::default(),
            agents: Table::default(),
            abandoned: [(0, 0); 2],
            answer_time: Durations::default(),
            costs: BTreeMap::new(),
            sessions: Table::default(),
            articles: Table::default(),
            searches: 0,
            no_result: 0,
            queries: HashMap::new(),
        })
    }

    /// Takes the next activity in the order of arrival. What no figure of the period asks for does nothing.
    pub fn add<T: AsRef<str>>(&mut self, source: &str, activity: &Activity<T>) {
        let ready = &mut self.0;
        let at = activity.at().micros();
        if at >= ready.period.to || !ready.options.is_of(source) {
            return;
        }
        match activity {
            Activity::Shift { agent, start, end, break_seconds } => {
                ready.shift(agent.as_ref(), (start.micros(), end.micros()), *break_seconds);
            }
            Activity::Cost { amount, currency, from, to } => {
                ready.cost(*amount, currency.as_ref(), from.micros(), to.micros());
            }
            Activity::Rating { .. } => ready.rate(source, at, activity),
            Activity::Status { .. } => {}
            _ if at < ready.period.from => {}
            Activity::Interaction { .. } => ready.interact(source, activity),
            Activity::Work { ticket, agent, kind, seconds, .. } => {
                let seconds = Sum::of(*seconds);
                ready.agents.row(agent.as_ref()).worked.merge(seconds);
                ready.handled.work(*kind, seconds);
                if let Some(ticket) = ticket {
                    ready.on_ticket(source, ticket.as_ref()).handled.get_or_insert_default().work(*kind, seconds);
                }
            }
            Activity::Searched { session, query, results, .. } => {
                ready.search(session.as_ref(), query.as_ref(), *results);
            }
            Activity::Viewed { session, article, .. } => {
                let session = ready.sessions.place(session.as_ref());
                ready.sessions.at(session).into_iter().for_each(|viewed| *viewed = true);
                ready.articles.row(article.as_ref()).viewed.insert(session);
            }
            Activity::ArticleRated { session, article, helpful, .. } => {
                ready.sessions.place(session.as_ref());
                let article = ready.articles.row(article.as_ref());
                article.rated += 1;
                article.helpful += u64::from(*helpful);
            }
        }
    }

    /// All are in; now the tickets.
    pub fn ready(self) -> Arc<Ready> {
        Arc::new(self.0)
    }
}

impl Ready {
    /// What happened on a ticket.
    pub(super) fn of(&self, source: &str, ticket: &str) -> Option<&OnTicket> {
        self.tickets.get(source)?.get(ticket)
    }

    /// A duration: the calendar value and that in working time.
    pub(super) fn length(&self, from: i64, to: i64) -> Length {
        Length { calendar: to - from, business: self.business(from, to) }
    }

    /// The working time between two instants, where there is a calendar. It has none outside the years 1 to 9999.
    pub(super) fn business(&self, from: i64, to: i64) -> Option<i64> {
        let between = |(from, to)| self.options.calendar.as_ref()?.between(from, to).ok();
        self.options.calendar.as_ref()?;
        Some(between((Timestamp::from_micros(from), Timestamp::from_micros(to))).unwrap_or(0))
    }

    fn on_ticket(&mut self, source: &str, ticket: &str) -> &mut OnTicket {
        self.tickets.row(source).row(ticket)
    }

    fn interact<T: AsRef<str>>(&mut self, source: &str, activity: &Activity<T>) {
        let Activity::Interaction { ticket, kind, queued_at, answered_at, ended_at: _, ended_by, agent, .. } = activity
        else {
            return;
        };
        let Activity::Interaction { talk_seconds, hold_seconds, wrap_up_seconds, .. } = activity else { return };
        let count = match kind {
            InteractionKind::Phone => &mut self.abandoned[0],
            InteractionKind::Chat => &mut self.abandoned[1],
        };
        count.1 += 1;
        let Some(answered_at) = answered_at else {
            count.0 += u64::from(*ended_by == Role::Customer);
            return;
        };
        let length = self.length(queued_at.micros(), answered_at.micros());
        self.answer_time.add(length);
        let mut seconds = Sum::of(*talk_seconds);
        seconds.add(*wrap_up_seconds);
        let mut worked = seconds;
        worked.add(*hold_seconds);
        if *kind == InteractionKind::Phone {
            seconds = worked;
        }
        if let Some(agent) = agent {
            self.agents.row(agent.as_ref()).worked.merge(worked);
        }
        self.handled.interaction(*kind, seconds);
        if let Some(ticket) = ticket {
            self.on_ticket(source, ticket.as_ref()).handled.get_or_insert_default().interaction(*kind, seconds);
        }
    }

    fn rate<T: AsRef<str>>(&mut self, source: &str, at: i64, activity: &Activity<T>) {
        let Activity::Rating { ticket, kind, score, min, max, agent, criteria, .. } = activity else { return };
        let is_in = self.period.contains(at);
        // The last CSAT rating of a ticket matters even where it is older than the period.
        if !is_in && (ticket.is_none() || *kind != RatingKind::Csat) {
            return;
        }
        let rating = Rating {
            at,
            kind: *kind,
            n: on_scale(*score, *min, *max),
            agent: agent.as_ref().map(|agent| agent.as_ref().into()),
            criteria: criteria.iter().map(|(name, n)| (name.as_ref().into(), on_scale(*n, *min, *max))).collect(),
        };
        let Some(ticket) = ticket else {
            self.ratings.add(&rating);
            if let Some(agent) = &rating.agent {
                self.agents.row(agent).ratings.add(&rating);
            }
            return;
        };
        let on_ticket = self.on_ticket(source, ticket.as_ref());
        if *kind != RatingKind::Csat {
            on_ticket.ratings.push(rating);
        } else if on_ticket.csat.as_ref().is_none_or(|last| last.at <= at) {
            on_ticket.csat = Some(Box::new(rating));
        }
    }

    fn shift(&mut self, agent: &str, (start, end): (i64, i64), break_seconds: f64) {
        let inside = end.min(self.period.to) - start.max(self.period.from);
        if inside <= 0 {
            return;
        }
        let agent = self.agents.row(agent);
        agent.has_shift = true;
        agent.on_shift.add_micros(inside);
        agent.on_shift.add(-(break_seconds * (inside as f64 / (end - start) as f64)));
    }

    fn cost(&mut self, amount: f64, currency: &str, from: i64, to: i64) {
        let inside = to.min(self.period.to) - from.max(self.period.from);
        let share = if from == to {
            f64::from(u8::from(self.period.contains(from)))
        } else {
            inside.max(0) as f64 / (to - from) as f64
        };
        if share > 0.0 {
            self.costs.entry(currency.to_owned()).or_default().add(amount * share);
        }
    }

    fn search(&mut self, session: &str, query: &str, results: u64) {
        self.sessions.place(session);
        self.searches += 1;
        self.no_result += u64::from(results == 0);
        let query = query.trim().to_lowercase();
        if !query.is_empty() {
            *self.queries.entry(query).or_default() += 1;
        }
    }
}
