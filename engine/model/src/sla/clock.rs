//! One clock: how it counts, when it is due, how it ends.

use serde::{Deserialize, Serialize};

use super::Metric;
use super::explain::{Reckoning, Stretch, Why};
use super::outcome::{Kind, Outcome};
use super::policy::{Policy, Target, Threshold};
use crate::ticket::{Priority, Status};
use crate::timestamp::Timestamp;

mod judging;

/// A clock of a ticket, as of the last instant that it was told of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    pub(super) metric: Metric,
    pub(super) cycle: u32,
    pub(super) started: Timestamp,
    /// Working time in microseconds while it was not paused, and while it was, up to `measured_to`.
    pub(super) counted: i64,
    pub(super) paused: i64,
    measured_to: Timestamp,
    /// Stretches under no policy; the next policy that holds measures them.
    unmeasured: Vec<(Timestamp, Timestamp, Status)>,
    /// Whether it stands still at the moment.
    is_paused: bool,
    /// The policy and target that judge it, or the last that did: absent while it never had a target while it was open.
    pub(super) judge: Option<Judge>,
    /// While it is open and running the due time, else the one it had then.
    pub(super) due: Option<Timestamp>,
    /// The warnings to come before it is due, in order.
    coming: Vec<Warning>,
    /// The warnings that have come, in order.
    pub(super) warned: Vec<Warning>,
    pub(super) is_breached: bool,
    /// When it lost its target; that can be undone.
    pub(super) lost: Option<Loss>,
    /// When it was met or cancelled for good (`resolution`: until a reopen).
    pub(super) over: Option<Over>,
    pub(super) stretches: Vec<Stretch>,
    pub(super) reckonings: Vec<Reckoning>,
    pub(super) outcomes: Vec<Outcome>,
    /// Whether it keeps how it stands alone: no warnings, and not how it came to stand so. Its judge has no names then.
    #[serde(skip)]
    is_brief: bool,
    /// Of a brief clock, the place of the judge's policy.
    #[serde(skip)]
    judged_by: usize,
}

/// What a clock is judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judge {
    pub policy: String,
    pub target: Target,
}

/// A warning and its instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub time: Timestamp,
    pub at: Threshold,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Loss {
    pub(super) at: Timestamp,
    pub(super) counted: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Over {
    pub(super) at: Timestamp,
    pub(super) is_met: bool,
}

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Running,
    Paused,
    /// In time, or while it stood still.
    Met,
    /// Still open, or cancelled after the breach.
    Breached,
    BreachedMet,
    Cancelled,
}

impl State {
    /// The word in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Breached => "breached",
            Self::BreachedMet => "breached_met",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How the ticket stands while a clock is told of something.
#[derive(Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) at: Timestamp,
    pub(super) policy: Option<&'a Policy>,
    /// The policy's place.
    pub(super) place: usize,
    pub(super) priority: Priority,
    pub(super) status: Status,
    /// Whether clocks that start keep how they stand alone.
    pub(super) is_brief: bool,
}

impl Clock {
    /// A clock that starts.
    pub(super) fn start(metric: Metric, cycle: u32, now: Now<'_>) -> Self {
        let mut clock = Self {
            metric,
            cycle,
            started: now.at,
            counted: 0,
            paused: 0,
            measured_to: now.at,
            unmeasured: Vec::new(),
            is_paused: false,
            judge: None,
            due: None,
            coming: Vec::new(),
            warned: Vec::new(),
            is_breached: false,
            lost: None,
            over: None,
            stretches: Vec::new(),
            reckonings: Vec::new(),
            outcomes: Vec::new(),
            is_brief: now.is_brief,
            judged_by: 0,
        };
        clock.judge_by(now, Why::Started);
        clock
    }

    pub const fn metric(&self) -> Metric {
        self.metric
    }

    pub const fn cycle(&self) -> u32 {
        self.cycle
    }

    pub const fn started_at(&self) -> Timestamp {
        self.started
    }

    /// Whether it has had a target while it was open; others are not shown and send nothing.
    pub const fn is_listed(&self) -> bool {
        self.judge.is_some()
    }

    /// The policy and target that judge it, or the last that did.
    pub const fn judge(&self) -> Option<&Judge> {
        self.judge.as_ref()
    }

    /// The place, among the policies, of the one that judges a brief clock, or of the last that did.
    pub(crate) fn judged_by(&self) -> Option<usize> {
        self.judge.as_ref().map(|_| self.judged_by)
    }

    pub const fn state(&self) -> State {
        match (self.lost, self.over, self.is_breached) {
            (None, Some(Over { is_met: true, .. }), false) => State::Met,
            (None, Some(Over { is_met: true, .. }), true) => State::BreachedMet,
            (_, _, true) => State::Breached,
            (Some(_), _, false) | (None, Some(_), false) => State::Cancelled,
            (None, None, false) => {
                if self.is_paused {
                    State::Paused
                } else {
                    State::Running
                }
            }
        }
    }

    /// The due time: none while it is paused without a breach, and where there is none. A clock that is over or
    /// cancelled keeps the one it had then.
    pub const fn due_at(&self) -> Option<Timestamp> {
        self.due
    }

    /// When it was met or cancelled.
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.lost.map(|loss| loss.at).or(self.over.map(|over| over.at))
    }

    /// When it was breached.
    pub fn breached_at(&self) -> Option<Timestamp> {
        self.due.filter(|_| self.is_breached)
    }

    /// The counted time in microseconds, at its end or at the instant of the question.
    pub fn counted_micros(&self) -> i64 {
        self.lost.map_or(self.counted, |loss| loss.counted)
    }

    /// The warnings that have come, in order.
    pub fn warnings(&self) -> &[Warning] {
        &self.warned
    }

    /// The stretches of its time: how each counts, and by whose calendar.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How its due time came about.
    pub fn reckonings(&self) -> &[Reckoning] {
        &self.reckonings
    }

    /// What became of it so far.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// The next instant at which a warning or its due time comes.
    pub fn next_wake(&self) -> Option<Timestamp> {
        if self.is_judged() { self.coming.first().map(|warning| warning.time).or(self.due) } else { None }
    }

    /// Whether it is neither met nor cancelled for good.
    pub(super) const fn is_open(&self) -> bool {
        self.over.is_none()
    }

    /// Whether something can still happen to it: it is open, or a reopen may make it run on.
    pub(super) fn may_go_on(&self) -> bool {
        self.is_open() || self.metric == Metric::Resolution
    }

    /// Whether its due time is still to come.
    const fn is_judged(&self) -> bool {
        self.over.is_none() && self.lost.is_none() && !self.is_breached
    }

    /// Measures the time up to `to`.
    pub(super) fn measure(&mut self, to: Timestamp, policy: Option<&Policy>, status: Status) {
        let from = self.measured_to;
        if to <= from {
            return;
        }
        self.measured_to = to;
        match policy {
            None => self.unmeasured.push((from, to, status)),
            Some(policy) => {
                for (from, to, status) in std::mem::take(&mut self.unmeasured) {
                    self.add(from, to, policy, status);
                }
                self.add(from, to, policy, status);
            }
        }
    }

    fn add(&mut self, from: Timestamp, to: Timestamp, policy: &Policy, status: Status) {
        let is_paused = policy.pauses(self.metric, status);
        // Only instants that no calendar answers for have no time between them.
        let micros = policy.calendar.between(from, to).unwrap_or(0);
        if is_paused {
            self.paused += micros;
        } else {
            self.counted += micros;
        }
        if self.is_brief {
            return;
        }
        let stretch = Stretch {
            from,
            to,
            status,
            is_paused,
            policy: policy.name.clone(),
            calendar: policy.calendar.name().to_owned(),
            micros,
        };
        match self.stretches.last_mut() {
            Some(last) if last.continues_in(&stretch) => {
                last.to = to;
                last.micros += micros;
            }
            _ => self.stretches.push(stretch),
        }
    }

    /// Policy or priority have changed: the target in force judges it, or it has none any more.
    pub(super) fn change_target(&mut self, before: Now<'_>, now: Now<'_>) {
        self.measure(now.at, before.policy, before.status);
        if let Some(policy) = now.policy {
            for (from, to, status) in std::mem::take(&mut self.unmeasured) {
                self.add(from, to, policy, status);
            }
        }
        if self.is_open() {
            self.judge_by(now, Why::Changed);
        }
    }

    /// The status has changed within the unsolved ones, or within the solved ones.
    pub(super) fn change_status(&mut self, before: Status, now: Now<'_>) {
        self.measure(now.at, now.policy, before);
        let was_paused = self.is_paused;
        self.is_paused = self.stands_still(now);
        if self.is_judged() && was_paused != self.is_paused {
            self.reckon(now, Why::Resumed);
        }
    }

    /// It ends: met, or cancelled for good. `before` is the status until now.
    pub(super) fn end(&mut self, is_met: bool, before: Status, now: Now<'_>) {
        self.measure(now.at, now.policy, before);
        self.over = Some(Over { at: now.at, is_met });
        self.coming.clear();
        let kind = match (is_met, self.is_breached) {
            (true, false) => Kind::Met,
            (true, true) => Kind::BreachedMet,
            (false, false) => Kind::Cancelled,
            // It stays breached; that has been told.
            (false, true) => return,
        };
        if self.lost.is_none() {
            self.tell(now.at, kind, None);
        }
    }

    /// A resolution runs on after a reopen.
    pub(super) fn reopen(&mut self, before: Status, now: Now<'_>) {
        self.measure(now.at, now.policy, before);
        self.over = None;
        self.judge_by(now, Why::Reopened);
    }
}

/// Until when timers fire.
#[derive(Clone, Copy)]
pub(super) enum Until {
    /// Before an instant at which something happens.
    Before(Timestamp),
    /// Up to the instant of the question.
    Through(Timestamp),
}

impl Until {
    pub(super) fn includes(self, time: Timestamp) -> bool {
        match self {
            Self::Before(until) => time < until,
            Self::Through(until) => time <= until,
        }
    }
}
