//! The second half of a report: tickets, one by one and in any order.

use std::collections::HashMap;
use std::sync::Arc;

use super::activities::{OnTicket, Ready};
use super::attainment;
use super::few::Few;
use super::number::{Durations, Length};
use super::options::{Dimension, Fcr};
use super::period::{FORECAST_DAYS, HOUR, SURGE_REACH, weekday_of_day};
use super::ratings::{Rating, Ratings};
use super::report::NONE;
use super::story::{Solve, Story};
use super::sums::{Open, Share, Solved, Sums};
use super::table::{Merge, Table};
use crate::calendar::zone::DAY;
use crate::facts::view::View;
use crate::facts::{Facts, Unreadable};
use crate::ticket::Status;

/// The first hour, for tickets that are solved within it.
const FIRST_HOUR: i64 = HOUR;

/// Some of the tickets of a report, added up.
#[derive(Clone, Debug)]
pub struct Tickets {
    pub(super) ready: Arc<Ready>,
    pub(super) all: Sums,
    pub(super) by: Table<Sums>,
    pub(super) agents: Table<Party>,
    pub(super) groups: Table<Party>,
    pub(super) channels: Table<u64>,
    pub(super) categories: Table<Created>,
    /// By hour of the week, Monday 00 first.
    pub(super) hours_of_week: Vec<Created>,
    /// Which of the sessions a ticket names.
    pub(super) named: Vec<bool>,
    /// Tickets created in the period that name none of the sessions.
    pub(super) n_without_session: u64,
    pub(super) first_created: Option<i64>,
    /// Tickets per local hour since before the period, and those of the period.
    pub(super) hours: HashMap<i64, (u64, u64)>,
    /// Tickets created and solves per 24 hours, the last before the end of the period first.
    pub(super) days: Vec<(u32, u32)>,
}

/// What is added up for an agent or a group.
#[derive(Clone, Debug, Default)]
pub(super) struct Party {
    pub(super) solved: u64,
    pub(super) replies: u64,
    pub(super) first_response: Durations,
    pub(super) resolution: Durations,
    pub(super) at_first_contact: u64,
    pub(super) transfers_away: u64,
    pub(super) ratings: Ratings,
}

/// What is added up for tickets created in the period.
#[derive(Clone, Debug, Default)]
pub(super) struct Created {
    pub(super) count: u64,
    pub(super) first_response: Durations,
    pub(super) ratings: Ratings,
}

impl Tickets {
    /// No tickets yet.
    pub fn new(ready: &Arc<Ready>) -> Self {
        Self {
            all: Sums::default(),
            by: Table::default(),
            agents: Table::default(),
            groups: Table::default(),
            channels: Table::default(),
            categories: Table::default(),
            hours_of_week: vec![Created::default(); 7 * 24],
            named: vec![false; ready.sessions.len()],
            n_without_session: 0,
            first_created: None,
            hours: HashMap::new(),
            days: vec![(0, 0); FORECAST_DAYS as usize],
            ready: ready.clone(),
        }
    }

    /// Takes a ticket's facts in their stored form.
    pub fn add(&mut self, source: &str, ticket: &str, facts: &[u8]) -> Result<(), Unreadable> {
        let ready = self.ready.clone();
        if !ready.options.is_of(source) {
            return Ok(());
        }
        let view = View::of(facts)?;
        if let Some(story) = Story::tell(view, &ready.period)? {
            let on_ticket = ready.of(source, ticket);
            let mut share = share(&ready, &story, on_ticket);
            if attainment::matters(&ready, &story) {
                share.targets = attainment::targets(&ready, &story, source, facts)?;
            }
            self.tell(source, &story, &share);
        }
        Ok(())
    }

    /// Takes a ticket's facts.
    pub fn add_facts(&mut self, source: &str, ticket: &str, facts: &Facts) -> Result<(), Unreadable> {
        self.add(source, ticket, &facts.to_bytes())
    }

    /// Takes in the tickets of another part of the same report.
    pub fn merge(&mut self, other: Self) {
        self.all.merge(other.all);
        self.by.merge(other.by);
        self.agents.merge(other.agents);
        self.groups.merge(other.groups);
        self.channels.merge(other.channels);
        self.categories.merge(other.categories);
        self.hours_of_week.iter_mut().zip(other.hours_of_week).for_each(|(hour, other)| hour.merge(other));
        self.named.iter_mut().zip(other.named).for_each(|(named, other)| *named |= other);
        self.n_without_session += other.n_without_session;
        self.first_created = self.first_created.into_iter().chain(other.first_created).min();
        for (hour, (all, inside)) in other.hours {
            let counts = self.hours.entry(hour).or_default();
            counts.0 += all;
            counts.1 += inside;
        }
        for ((created, solves), other) in self.days.iter_mut().zip(other.days) {
            *created += other.0;
            *solves += other.1;
        }
    }

    fn tell(&mut self, source: &str, story: &Story<'_>, share: &Share<'_>) {
        self.tell_times(story);
        self.tell_session(story, share);
        let n_buckets = self.ready.period.ends.len();
        let is_empty = share.is_empty();
        if let Some(dimension) = self.ready.options.by {
            values(dimension, source, story, |value| {
                let sums = self.by.row(value);
                if !is_empty {
                    sums.add(share, n_buckets);
                    sums.handled.merge(share.handled);
                }
            });
        }
        if !is_empty {
            self.all.add(share, n_buckets);
            self.tell_group(story, share);
        }
        // A reply may be all that a ticket adds.
        self.tell_agents(story, share);
        if share.created.is_some() {
            self.tell_created(story, share);
        }
    }

    /// When it was created and solved, for surges and the forecast.
    fn tell_times(&mut self, story: &Story<'_>) {
        let period = &self.ready.period;
        self.first_created = Some(self.first_created.map_or(story.created, |first| first.min(story.created)));
        if story.created >= period.from.saturating_sub(SURGE_REACH) {
            let counts = self.hours.entry(period.local_hour(story.created)).or_default();
            counts.0 += 1;
            counts.1 += u64::from(period.contains(story.created));
        }
        let day = |at: i64| usize::try_from((period.to - 1 - at) / DAY).unwrap_or(usize::MAX);
        if let Some((created, _)) = self.days.get_mut(day(story.created)) {
            *created += 1;
        }
        for at in story.solves.iter() {
            if let Some((_, solves)) = self.days.get_mut(day(at)) {
                *solves += 1;
            }
        }
    }

    fn tell_session(&mut self, story: &Story<'_>, share: &Share<'_>) {
        let place = story.session.and_then(|session| self.ready.sessions.find(session));
        match place.and_then(|place| self.named.get_mut(place)) {
            Some(named) => *named = true,
            None => self.n_without_session += u64::from(share.created.is_some()),
        }
    }

    fn tell_created(&mut self, story: &Story<'_>, share: &Share<'_>) {
        *self.channels.row(story.channel) += 1;
        // Whenever it came before the end of the period.
        let first_response = (!story.is_by_agent)
            .then_some(story.first_reply)
            .flatten()
            .map(|(at, _)| share.first_response.unwrap_or_else(|| self.ready.length(story.created, at)));
        let csat = || share.ratings.iter().filter(|rating| rating.kind == crate::event::RatingKind::Csat);
        let local = self.ready.period.local(story.created);
        let hour = weekday_of_day(local.div_euclid(DAY)) * 24 + (local.rem_euclid(DAY) / HOUR) as usize;
        let category = self.categories.row(story.category.unwrap_or(NONE));
        for of in [Some(category), self.hours_of_week.get_mut(hour)].into_iter().flatten() {
            of.count += 1;
            if let Some(length) = first_response {
                of.first_response.add(length);
            }
            csat().for_each(|rating| of.ratings.add(rating));
        }
    }

    fn tell_group(&mut self, story: &Story<'_>, share: &Share<'_>) {
        if share.first_response.is_none() && share.solved.is_none() && share.ratings.is_empty() {
            return;
        }
        let group = self.groups.row(story.group.unwrap_or(NONE));
        share.first_response.into_iter().for_each(|length| group.first_response.add(length));
        share.solved.into_iter().for_each(|solved| group.solve(solved));
        share.ratings.iter().for_each(|rating| group.ratings.add(rating));
    }

    fn tell_agents(&mut self, story: &Story<'_>, share: &Share<'_>) {
        for agent in story.replies.iter() {
            self.agents.row(agent).replies += 1;
        }
        if let Some((length, (_, agent))) = share.first_response.zip(story.first_reply) {
            self.agents.row(agent).first_response.add(length);
        }
        if let Some((solved, solve)) = share.solved.zip(story.last_solve) {
            if let Some(agent) = solve.assignee {
                self.agents.row(agent).solve(solved);
            }
            for agent in story.transfers.iter().take(solve.n_transfers).flatten() {
                self.agents.row(agent).transfers_away += 1;
            }
        }
        for rating in &share.ratings {
            if let Some(agent) = rating.agent.as_deref().or(story.assignee) {
                self.agents.row(agent).ratings.add(rating);
            }
        }
    }
}

/// What a ticket adds to the figures that are repeated.
fn share<'a>(ready: &Ready, story: &Story<'a>, on_ticket: Option<&'a OnTicket>) -> Share<'a> {
    let period = &ready.period;
    let is_in = |at: i64| period.contains(at);
    let mut share = Share {
        created: is_in(story.created).then(|| period.bucket(story.created)),
        first_response: story
            .first_reply
            .filter(|(at, _)| is_in(*at) && !story.is_by_agent)
            .map(|(at, _)| ready.length(story.created, at)),
        is_solved: story.status.is_solved(),
        is_escalated: story.is_escalated,
        ..Share::default()
    };
    story.solves.iter().filter(|at| is_in(*at)).for_each(|at| share.solves.push(period.bucket(at)));
    story.next_responses.iter().for_each(|(since, at)| share.next_responses.push(ready.length(since, at)));
    let open = story.unsolved_since.map(|since| (since, None));
    for (since, until) in story.unsolved.iter().map(|(since, until)| (since, Some(until))).chain(open) {
        let held = period.held(since, until);
        if held.0 < held.1 {
            share.unsolved.push(held);
        }
    }
    if story.unsolved_since.is_some() {
        let (group, assignee) = (story.group, story.assignee);
        share.open = Some(Open { group, assignee, priority: story.priority, age: period.to - story.created });
    }
    if let Some(last) = story.last_solve.filter(|solve| share.is_solved && is_in(solve.at)) {
        share.solved = Some(solved(ready, story, &last));
    }
    if let Some(first) = story.first_solve.filter(|solve| is_in(solve.at)) {
        // As a rule the first solve is the last.
        let same = share.solved.filter(|solved| !solved.is_reopened).map(|solved| solved.resolution);
        share.first_resolution = Some(same.unwrap_or_else(|| times(ready, story, &first).1));
    }
    if let Some(on_ticket) = on_ticket {
        share.handled = on_ticket.handled.as_deref().copied().unwrap_or_default();
        share.has_csat = on_ticket.csat.is_some();
        let csat: Option<&Rating> = on_ticket.csat.as_deref().filter(|rating| is_in(rating.at));
        share.ratings = on_ticket.ratings.iter().chain(csat).collect();
    }
    share
}

fn solved(ready: &Ready, story: &Story<'_>, last: &Solve<'_>) -> Solved {
    let (wait, resolution) = times(ready, story, last);
    let at_first_contact = match ready.options.fcr {
        Fcr::OneReply => last.n_transfers == 0 && last.n_replies <= 1,
        Fcr::FirstHour => {
            let whole = ready.length(story.created, last.at);
            whole.business.unwrap_or(whole.calendar) <= FIRST_HOUR
        }
    };
    Solved {
        wait,
        resolution,
        at_first_contact: at_first_contact && last.n_reopens == 0,
        is_reopened: last.n_reopens > 0,
        replies: last.n_replies,
        transfers: last.n_transfers as u64,
    }
}

/// From the creation to a solve: the time in which the requester waited, and that to the resolution.
fn times(ready: &Ready, story: &Story<'_>, solve: &Solve<'_>) -> (Length, Length) {
    let business = ready.options.calendar.as_ref().map(|_| 0);
    let empty = Length { calendar: 0, business };
    let (mut wait, mut resolution) = (empty, empty);
    for (status, from, until) in story.stretches.iter().take(solve.n_stretches) {
        let length = ready.length(from, until);
        if matches!(status, Status::New | Status::Open | Status::OnHold) {
            wait.extend(length);
        }
        if !matches!(status, Status::Pending | Status::OnHold) {
            resolution.extend(length);
        }
    }
    (wait, resolution)
}

/// Calls `each` with each value that the ticket has at the end of the period, once.
fn values(dimension: Dimension, source: &str, story: &Story<'_>, mut each: impl FnMut(&str)) {
    let value = match dimension {
        Dimension::Channel => Some(story.channel),
        Dimension::Priority => Some(story.priority.as_str()),
        Dimension::Category => story.category,
        Dimension::Kind => story.kind,
        Dimension::Group => story.group,
        Dimension::Assignee => story.assignee,
        Dimension::Organization => story.organization,
        Dimension::Language => story.language,
        Dimension::Source => Some(source),
        Dimension::Tag => {
            let mut seen = Few::<&str, 8>::default();
            for tag in story.tags.clone() {
                if !seen.iter().any(|known| known == tag) {
                    seen.push(tag);
                    each(tag);
                }
            }
            if !seen.is_empty() {
                return;
            }
            None
        }
    };
    each(value.unwrap_or(NONE));
}

impl Length {
    fn extend(&mut self, other: Self) {
        self.calendar += other.calendar;
        self.business = self.business.zip(other.business).map(|(one, other)| one + other);
    }
}

impl Party {
    fn solve(&mut self, solved: Solved) {
        self.solved += 1;
        self.resolution.add(solved.resolution);
        self.at_first_contact += u64::from(solved.at_first_contact);
    }
}

impl Merge for Party {
    fn merge(&mut self, other: Self) {
        self.solved += other.solved;
        self.replies += other.replies;
        self.first_response.merge(other.first_response);
        self.resolution.merge(other.resolution);
        self.at_first_contact += other.at_first_contact;
        self.transfers_away += other.transfers_away;
        self.ratings.merge(other.ratings);
    }
}

impl Merge for Created {
    fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first_response.merge(other.first_response);
        self.ratings.merge(other.ratings);
    }
}
