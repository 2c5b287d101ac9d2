//! What is added up for all tickets, and for those of each value of a dimension, agent, group, category and hour.

use super::few::Few;
use super::handled::Handled;
use super::number::{Durations, Length, Rate, Sum};
use super::ratings::{Rating, Ratings};
use super::report::{Age, Attainment, Backlog, BacklogBucket, Flow, FlowBucket, HandleTime, NONE, Repeated, Transfers};
use super::table::{Merge, Table};
use crate::calendar::zone::DAY;
use crate::sla::Metric;
use crate::ticket::Priority;
use crate::timestamp::Timestamp;

/// What one ticket adds to the figures that `by` repeats. Buckets are places in the period's list.
#[derive(Clone, Debug, Default)]
pub(super) struct Share<'a> {
    /// The bucket of its creation, where that lies in the period.
    pub(super) created: Option<usize>,
    /// The buckets of its solves in the period.
    pub(super) solves: Few<usize, 4>,
    /// From which bucket's end until before which one's it was unsolved.
    pub(super) unsolved: Few<(usize, usize), 4>,
    pub(super) first_response: Option<Length>,
    pub(super) next_responses: Few<Length, 4>,
    pub(super) first_resolution: Option<Length>,
    /// Where it is a solved ticket of the period.
    pub(super) solved: Option<Solved>,
    pub(super) is_solved: bool,
    pub(super) is_escalated: bool,
    /// Where it is unsolved at the end of the period.
    pub(super) open: Option<Open<'a>>,
    pub(super) handled: Handled,
    pub(super) ratings: Vec<&'a Rating>,
    pub(super) has_csat: bool,
    /// Policy, metric and whether the target was met in time.
    pub(super) targets: Vec<(usize, Metric, bool)>,
}

/// A solved ticket of the period.
#[derive(Clone, Copy, Debug)]
pub(super) struct Solved {
    pub(super) wait: Length,
    pub(super) resolution: Length,
    pub(super) at_first_contact: bool,
    pub(super) is_reopened: bool,
    pub(super) replies: u64,
    pub(super) transfers: u64,
}

/// A ticket of the backlog.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open<'a> {
    pub(super) group: Option<&'a str>,
    pub(super) assignee: Option<&'a str>,
    pub(super) priority: Priority,
    /// In microseconds.
    pub(super) age: i64,
}

/// What is added up.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    created: u64,
    solves: u64,
    /// Per bucket; empty until there is something in one.
    buckets: Vec<InBucket>,
    pub(super) first_response: Durations,
    next_response: Durations,
    wait: Durations,
    first_resolution: Durations,
    resolution: Durations,
    created_and_solved: u64,
    escalated: u64,
    pub(super) solved: u64,
    at_first_contact: u64,
    reopened: u64,
    replies: u64,
    transferred: u64,
    transfers: u64,
    responded: u64,
    unsolved: u64,
    by_group: Table<u64>,
    by_assignee: Table<u64>,
    by_priority: [u64; 4],
    by_age: [u64; 5],
    pub(super) handled: Handled,
    on_tickets: (Sum, u64),
    pub(super) ratings: Ratings,
    /// Met in time and all, per policy and metric.
    targets: Vec<[(u64, u64); 3]>,
}

/// Of one bucket.
#[derive(Clone, Copy, Debug, Default)]
struct InBucket {
    opened: u64,
    solved: u64,
    /// By how much the backlog at its end differs from that at the end before.
    unsolved: i64,
}

impl Share<'_> {
    /// Whether there is nothing to add.
    pub(super) fn is_empty(&self) -> bool {
        self.created.is_none()
            && self.solves.is_empty()
            && self.unsolved.is_empty()
            && self.first_response.is_none()
            && self.next_responses.is_empty()
            && self.first_resolution.is_none()
            && self.solved.is_none()
            && self.open.is_none()
            && self.handled.is_empty()
            && self.ratings.is_empty()
            && self.targets.is_empty()
    }
}

impl Sums {
    /// Adds what a ticket adds, but for what was handled on it by kind.
    pub(super) fn add(&mut self, share: &Share<'_>, n_buckets: usize) {
        self.add_flow(share, n_buckets);
        share.first_response.into_iter().for_each(|length| self.first_response.add(length));
        share.next_responses.iter().for_each(|length| self.next_response.add(length));
        share.first_resolution.into_iter().for_each(|length| self.first_resolution.add(length));
        if let Some(solved) = share.solved {
            self.add_solved(solved, share.has_csat);
        }
        if let Some(open) = share.open {
            self.add_open(open);
        }
        if !share.handled.is_empty() {
            self.on_tickets.0.merge(share.handled.all);
            self.on_tickets.1 += 1;
        }
        share.ratings.iter().for_each(|rating| self.ratings.add(rating));
        for &(policy, metric, is_met) in &share.targets {
            self.add_target(policy, metric, (u64::from(is_met), 1));
        }
    }

    fn add_flow(&mut self, share: &Share<'_>, n_buckets: usize) {
        let anything = share.created.is_some() || !share.solves.is_empty() || !share.unsolved.is_empty();
        if anything && self.buckets.is_empty() {
            self.buckets.resize(n_buckets, InBucket::default());
        }
        if let Some(bucket) = share.created {
            self.created += 1;
            self.created_and_solved += u64::from(share.is_solved);
            self.escalated += u64::from(share.is_escalated);
            self.bucket(bucket, |bucket| bucket.opened += 1);
        }
        self.solves += share.solves.len() as u64;
        share.solves.iter().for_each(|bucket| self.bucket(bucket, |bucket| bucket.solved += 1));
        for (from, until) in share.unsolved.iter() {
            self.bucket(from, |bucket| bucket.unsolved += 1);
            self.bucket(until, |bucket| bucket.unsolved -= 1);
        }
    }

    fn bucket(&mut self, bucket: usize, add: impl FnOnce(&mut InBucket)) {
        // What holds until the end of the period ends behind the last bucket.
        self.buckets.get_mut(bucket).map(add);
    }

    fn add_solved(&mut self, solved: Solved, has_csat: bool) {
        self.solved += 1;
        self.wait.add(solved.wait);
        self.resolution.add(solved.resolution);
        self.at_first_contact += u64::from(solved.at_first_contact);
        self.reopened += u64::from(solved.is_reopened);
        self.replies += solved.replies;
        self.transferred += u64::from(solved.transfers > 0);
        self.transfers += solved.transfers;
        self.responded += u64::from(has_csat);
    }

    fn add_open(&mut self, open: Open<'_>) {
        self.unsolved += 1;
        *self.by_group.row(open.group.unwrap_or(NONE)) += 1;
        *self.by_assignee.row(open.assignee.unwrap_or(NONE)) += 1;
        let age = [1, 3, 7, 30].iter().filter(|days| open.age >= **days * DAY).count();
        self.by_age.get_mut(age).into_iter().for_each(|count| *count += 1);
        self.by_priority.get_mut(open.priority as usize).into_iter().for_each(|count| *count += 1);
    }

    fn add_target(&mut self, policy: usize, metric: Metric, (met, all): (u64, u64)) {
        if self.targets.len() <= policy {
            self.targets.resize(policy + 1, [(0, 0); 3]);
        }
        let place = self.targets.get_mut(policy).and_then(|of| of.get_mut(metric as usize));
        if let Some(place) = place {
            place.0 += met;
            place.1 += all;
        }
    }

    pub(super) fn n_unsolved(&self) -> u64 {
        self.unsolved
    }

    pub(super) fn first_contact_resolution(&self) -> Rate {
        Rate::counts(self.at_first_contact, self.solved)
    }

    /// Met in time ÷ all targets together.
    pub(super) fn attainment(&self) -> Rate {
        let sum = |(met, all): (u64, u64), (m, a): &(u64, u64)| (met + m, all + a);
        let (met, all) = self.targets.iter().flatten().fold((0, 0), sum);
        Rate::counts(met, all)
    }

    /// The figures. `starts` and `ends` are those of the buckets.
    pub(super) fn shown(self, from: i64, ends: &[i64], has_calendar: bool, policies: &[String]) -> Repeated {
        let attainment = self.shown_targets(policies);
        let opened_vs_solved = self.flow(from, ends);
        let buckets = self.backlog_buckets(ends);
        let solved = self.solved;
        let rate = |(seconds, count): (Sum, u64)| Rate::new(seconds.get(), count as f64);
        Repeated {
            ticket_volume: self.created,
            opened_vs_solved,
            first_contact_resolution: Rate::counts(self.at_first_contact, solved),
            first_response_time: self.first_response.shown(has_calendar),
            next_response_time: self.next_response.shown(has_calendar),
            requester_wait_time: self.wait.shown(has_calendar),
            first_resolution_time: self.first_resolution.shown(has_calendar),
            resolution_time: self.resolution.shown(has_calendar),
            resolution_rate: Rate::counts(self.created_and_solved, self.created),
            reopen_rate: Rate::counts(self.reopened, solved),
            backlog: backlog(self.unsolved, self.by_group, self.by_assignee, self.by_priority, self.by_age, buckets),
            replies_per_ticket: Rate::counts(self.replies, solved),
            transfer_rate: Transfers {
                rate: Rate::counts(self.transferred, solved),
                mean: Rate::counts(self.transfers, solved).value,
            },
            escalation_rate: Rate::counts(self.escalated, self.created),
            handle_time: HandleTime {
                phone: rate(self.handled.phone),
                chat: rate(self.handled.chat),
                email: rate(self.handled.email),
                ticket: rate(self.on_tickets),
            },
            csat: self.ratings.csat_with_responses(self.responded, solved),
            nps: self.ratings.nps(),
            ces: self.ratings.ces(),
            qa_score: self.ratings.quality(),
            agent_satisfaction: self.ratings.agent_satisfaction(),
            sla_attainment: attainment,
        }
    }

    fn flow(&self, from: i64, ends: &[i64]) -> Flow {
        let mut start = from;
        let bucket = |(place, &end): (usize, &i64)| {
            let InBucket { opened, solved, .. } = self.buckets.get(place).copied().unwrap_or_default();
            let from = Timestamp::from_micros(std::mem::replace(&mut start, end));
            FlowBucket { from, to: Timestamp::from_micros(end), opened, solved, net: net(opened, solved) }
        };
        let buckets = ends.iter().enumerate().map(bucket).collect();
        Flow { opened: self.created, solved: self.solves, net: net(self.created, self.solves), buckets }
    }

    fn backlog_buckets(&self, ends: &[i64]) -> Vec<BacklogBucket> {
        let mut unsolved = 0;
        let bucket = |(place, &end): (usize, &i64)| {
            unsolved += self.buckets.get(place).map_or(0, |bucket| bucket.unsolved);
            BacklogBucket { to: Timestamp::from_micros(end), unsolved: u64::try_from(unsolved).unwrap_or(0) }
        };
        ends.iter().enumerate().map(bucket).collect()
    }

    fn shown_targets(&self, policies: &[String]) -> Vec<Attainment> {
        let mut shown = Vec::new();
        for (policy, of) in policies.iter().zip(&self.targets) {
            for (metric, &(met, all)) in Metric::ALL.into_iter().zip(of) {
                if all > 0 {
                    shown.push(Attainment { policy: policy.clone(), metric, rate: Rate::counts(met, all) });
                }
            }
        }
        shown.sort_by(|one, other| (&one.policy, one.metric.as_str()).cmp(&(&other.policy, other.metric.as_str())));
        shown
    }
}

fn net(opened: u64, solved: u64) -> i64 {
    opened as i64 - solved as i64
}

fn backlog(
    unsolved: u64,
    group: Table<u64>,
    assignee: Table<u64>,
    priorities: [u64; 4],
    [under_1, from_1, from_3, from_7, over_30]: [u64; 5],
    buckets: Vec<BacklogBucket>,
) -> Backlog {
    let priority = Priority::ALL.iter().zip(priorities).filter(|(_, count)| *count > 0);
    Backlog {
        unsolved,
        group: group.into_rows().into_iter().collect(),
        assignee: assignee.into_rows().into_iter().collect(),
        priority: priority.map(|(priority, count)| (priority.as_str().to_owned(), count)).collect(),
        age: Age { under_1, from_1, from_3, from_7, over_30 },
        buckets,
    }
}

impl Merge for Sums {
    fn merge(&mut self, other: Self) {
        let counts = [
            (&mut self.created, other.created),
            (&mut self.solves, other.solves),
            (&mut self.created_and_solved, other.created_and_solved),
            (&mut self.escalated, other.escalated),
            (&mut self.solved, other.solved),
            (&mut self.at_first_contact, other.at_first_contact),
            (&mut self.reopened, other.reopened),
            (&mut self.replies, other.replies),
            (&mut self.transferred, other.transferred),
            (&mut self.transfers, other.transfers),
            (&mut self.responded, other.responded),
            (&mut self.unsolved, other.unsolved),
            (&mut self.on_tickets.1, other.on_tickets.1),
        ];
        for (count, other) in counts {
            *count += other;
        }
        let places = self.by_priority.iter_mut().chain(&mut self.by_age);
        places.zip(other.by_priority.iter().chain(&other.by_age)).for_each(|(count, other)| *count += other);
        if self.buckets.is_empty() {
            self.buckets = other.buckets;
        } else {
            for (bucket, other) in self.buckets.iter_mut().zip(other.buckets) {
                bucket.opened += other.opened;
                bucket.solved += other.solved;
                bucket.unsolved += other.unsolved;
            }
        }
        self.first_response.merge(other.first_response);
        self.next_response.merge(other.next_response);
        self.wait.merge(other.wait);
        self.first_resolution.merge(other.first_resolution);
        self.resolution.merge(other.resolution);
        self.by_group.merge(other.by_group);
        self.by_assignee.merge(other.by_assignee);
        self.handled.merge(other.handled);
        self.on_tickets.0.merge(other.on_tickets.0);
        self.ratings.merge(other.ratings);
        for (policy, of) in other.targets.into_iter().enumerate() {
            for (metric, counts) in Metric::ALL.into_iter().zip(of) {
                self.add_target(policy, metric, counts);
            }
        }
    }
}
