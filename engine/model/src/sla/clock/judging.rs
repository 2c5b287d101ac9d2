//! When a clock is due, warned of and breached.

use super::{Clock, Judge, Loss, Now, Until, Warning};
use crate::calendar::amount::Amount;
use crate::sla::explain::{Reckoning, Why};
use crate::sla::outcome::{Kind, Outcome};
use crate::sla::policy::{Policy, Target, Threshold};
use crate::ticket::Status;
use crate::timestamp::Timestamp;

impl Clock {
    /// Brings the warnings and the breach that come before `until`, or up to it.
    pub(in crate::sla) fn fire(&mut self, until: Until, policy: Option<&Policy>, status: Status) {
        let Some(due) = self.due.filter(|_| self.is_judged()) else {
            return;
        };
        while let Some(warning) = self.coming.first().filter(|warning| until.includes(warning.time)).cloned() {
            self.coming.remove(0);
            self.measure(warning.time, policy, status);
            self.tell(warning.time, Kind::Warning, Some(&warning.at));
            self.warned.push(warning);
        }
        if until.includes(due) {
            self.measure(due, policy, status);
            self.is_breached = true;
            self.coming.clear();
            self.tell(due, Kind::Breached, None);
        }
    }

    pub(super) fn stands_still(&self, now: Now<'_>) -> bool {
        now.status.is_solved() || now.policy.is_some_and(|policy| policy.pauses(self.metric, now.status))
    }

    pub(super) fn judge_by(&mut self, now: Now<'_>, why: Why) {
        self.is_paused = self.stands_still(now);
        let target = now.policy.and_then(|policy| Some((policy, policy.target(now.priority, self.metric)?)));
        let Some((policy, target)) = target else {
            if self.is_listed() && self.lost.is_none() {
                self.lost = Some(Loss { at: now.at, counted: self.counted });
                self.coming.clear();
                if !self.is_breached {
                    self.tell(now.at, Kind::Cancelled, None);
                }
            }
            return;
        };
        self.lost = None;
        if !self.is_breached {
            self.judge = Some(if self.is_brief {
                self.judged_by = now.place;
                Judge { policy: String::new(), target: Target { text: String::new(), amount: target.amount } }
            } else {
                Judge { policy: policy.name.clone(), target: target.clone() }
            });
            self.reckon(now, why);
        }
    }

    /// Computes due time and warnings anew, as of now.
    pub(super) fn reckon(&mut self, now: Now<'_>, why: Why) {
        self.due = None;
        self.coming.clear();
        let (Some(policy), Some(judge)) = (now.policy, &self.judge) else {
            return;
        };
        let why = if self.is_paused { Why::Paused } else { why };
        let due = if self.is_paused { None } else { self.due_by(policy, judge.target.amount, now.at) };
        self.due = due.map(|(due, _)| due);
        if self.is_brief {
            return;
        }
        let text = judge.target.text.clone();
        if let Some((due, working)) = due {
            self.plan_warnings(policy, working, due, now.at);
        }
        self.reckonings.push(Reckoning {
            at: now.at,
            why,
            policy: policy.name.clone(),
            calendar: policy.calendar.name().to_owned(),
            target: text,
            counted: self.counted,
            paused: self.paused,
            due: self.due,
        });
    }

    /// The due time, and the working time that the target stands for.
    fn due_by(&self, policy: &Policy, target: Amount, now: Timestamp) -> Option<(Timestamp, i64)> {
        let calendar = &policy.calendar;
        match target {
            // add() of nothing or less is now: a change that leaves less than nothing makes it due.
            Amount::Duration(micros) => Some((calendar.add_working(now, micros - self.counted).ok()?, micros)),
            Amount::BusinessDays(_) => {
                let days_later = calendar.add(self.started, target).ok()?;
                let due = calendar.add_working(days_later, self.paused).ok()?;
                // Only warnings ask for the working time.
                let working = if self.is_brief { 0 } else { calendar.between(self.started, days_later).unwrap_or(0) };
                Some((due.max(now), working))
            }
        }
    }

    fn plan_warnings(&mut self, policy: &Policy, working: i64, due: Timestamp, now: Timestamp) {
        for at in &policy.warnings {
            if self.warned.iter().any(|warning| warning.at.reach == at.reach) {
                continue;
            }
            let Some(threshold) = at.reach.threshold(working) else {
                continue;
            };
            match policy.calendar.add_working(now, threshold - self.counted) {
                Ok(time) if time < due => self.coming.push(Warning { time, at: at.clone() }),
                _ => {}
            }
        }
        self.coming.sort_by_key(|warning| warning.time);
    }

    pub(super) fn tell(&mut self, at: Timestamp, kind: Kind, warning: Option<&Threshold>) {
        let Some(judge) = self.judge.as_ref().filter(|_| !self.is_brief) else { return };
        self.outcomes.push(Outcome {
            at,
            metric: self.metric,
            cycle: self.cycle,
            kind,
            warning: warning.map(|at| at.text.clone()),
            policy: judge.policy.clone(),
            target: judge.target.text.clone(),
            started_at: self.started,
            due_at: self.due,
            counted_micros: self.counted,
        });
    }
}
