//! Ratings: what each kind of them adds up to.

use std::collections::BTreeMap;

use super::number::{Average, Mean, Rate};
use super::report::{Csat, Nps, Quality};
use super::table::Merge;
use crate::event::RatingKind;

/// The criterion that ratings of agents and groups use.
const COMMUNICATION: &str = "communication";

/// Scores are decimal fractions; what a binary one is off by must not move a rating across a border.
const SLACK: f64 = 1e-9;

/// One rating.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rating {
    pub(super) at: i64,
    pub(super) kind: RatingKind,
    /// Where on its scale the score lies, 0 to 1.
    pub(super) n: f64,
    pub(super) agent: Option<Box<str>>,
    /// Each by its name and where on the scale it lies.
    pub(super) criteria: Box<[(Box<str>, f64)]>,
}

/// Ratings added up.
#[derive(Clone, Debug, Default)]
pub(super) struct Ratings {
    csat_good: u64,
    csat: Average,
    promoters: u64,
    detractors: u64,
    nps: u64,
    ces: Average,
    qa: Average,
    criteria: BTreeMap<Box<str>, Average>,
    agent_satisfaction: Average,
    communication: Average,
}

/// Where a number lies on a scale, 0 to 1.
pub(super) fn on_scale(number: f64, min: f64, max: f64) -> f64 {
    // Halves, since the whole of a scale may be more than a number can hold.
    let n = (number / 2.0 - min / 2.0) / (max / 2.0 - min / 2.0);
    if n.is_finite() { n.clamp(0.0, 1.0) } else { 0.0 }
}

impl Ratings {
    pub(super) fn add(&mut self, rating: &Rating) {
        let n = rating.n;
        match rating.kind {
            RatingKind::Csat => {
                self.csat_good += u64::from(n >= 0.75 - SLACK);
                self.csat.add(100.0 * n);
            }
            RatingKind::Nps => {
                self.nps += 1;
                self.promoters += u64::from(10.0 * n >= 9.0 - SLACK);
                self.detractors += u64::from(10.0 * n <= 6.0 + SLACK);
            }
            RatingKind::Ces => self.ces.add(1.0 + 6.0 * n),
            RatingKind::Qa => {
                self.qa.add(100.0 * n);
                for (name, n) in &rating.criteria {
                    self.criteria.entry(name.clone()).or_default().add(100.0 * n);
                }
            }
            RatingKind::AgentSatisfaction => self.agent_satisfaction.add(100.0 * n),
        }
        if matches!(rating.kind, RatingKind::Csat | RatingKind::Qa) {
            let said = rating.criteria.iter().filter(|(name, _)| &**name == COMMUNICATION);
            said.for_each(|(_, n)| self.communication.add(100.0 * n));
        }
    }

    pub(super) fn csat(&self) -> Rate {
        Rate::counts(self.csat_good, self.csat.count)
    }

    pub(super) fn csat_mean(&self) -> Option<f64> {
        self.csat.value()
    }

    pub(super) fn csat_with_responses(&self, responded: u64, solved: u64) -> Csat {
        Csat { rate: self.csat(), mean: self.csat.value(), response_rate: Rate::counts(responded, solved) }
    }

    pub(super) fn nps(&self) -> Nps {
        let passives = self.nps - self.promoters - self.detractors;
        let net = self.promoters as f64 - self.detractors as f64;
        let value = (self.nps > 0).then(|| 100.0 * net / self.nps as f64);
        Nps { promoters: self.promoters, passives, detractors: self.detractors, count: self.nps, value }
    }

    pub(super) fn ces(&self) -> Mean {
        self.ces.shown()
    }

    pub(super) fn qa(&self) -> Mean {
        self.qa.shown()
    }

    pub(super) fn quality(&self) -> Quality {
        let criteria = self.criteria.iter().map(|(name, average)| (name.to_string(), average.shown())).collect();
        Quality { mean: self.qa.shown(), criteria }
    }

    pub(super) fn agent_satisfaction(&self) -> Mean {
        self.agent_satisfaction.shown()
    }

    pub(super) fn communication(&self) -> Option<f64> {
        self.communication.value()
    }
}

impl Merge for Ratings {
    fn merge(&mut self, other: Self) {
        self.csat_good += other.csat_good;
        self.csat.merge(other.csat);
        self.promoters += other.promoters;
        self.detractors += other.detractors;
        self.nps += other.nps;
        self.ces.merge(other.ces);
        self.qa.merge(other.qa);
        for (name, average) in other.criteria {
            self.criteria.entry(name).or_default().merge(average);
        }
        self.agent_satisfaction.merge(other.agent_satisfaction);
        self.communication.merge(other.communication);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: RatingKind, (score, min, max): (f64, f64, f64), holds: fn(&Ratings) -> bool) {
        let mut ratings = Ratings::default();
        let n = on_scale(score, min, max);
        ratings.add(&Rating { at: 0, kind, n, agent: None, criteria: Box::default() });
        assert!(holds(&ratings), "{score} on {min} to {max}: {ratings:?}");
    }

    #[test]
    fn borders_belong_to_the_better_and_to_the_worse() {
        check(RatingKind::Csat, (4.0, 1.0, 5.0), |ratings| ratings.csat_good == 1);
        check(RatingKind::Csat, (3.999, 1.0, 5.0), |ratings| ratings.csat_good == 0);
        check(RatingKind::Csat, (0.7, 0.1, 0.9), |ratings| ratings.csat_good == 1);
        check(RatingKind::Nps, (9.0, 0.0, 10.0), |ratings| ratings.promoters == 1);
        check(RatingKind::Nps, (6.0, 0.0, 10.0), |ratings| ratings.detractors == 1);
        check(RatingKind::Nps, (0.9, 0.0, 1.0), |ratings| ratings.promoters == 1);
        check(RatingKind::Nps, (0.6, 0.0, 1.0), |ratings| ratings.detractors == 1);
        check(RatingKind::Nps, (4.0, 1.0, 5.0), |ratings| ratings.nps().passives == 1);
        check(RatingKind::Ces, (1.0, 1.0, 7.0), |ratings| ratings.ces().mean == Some(1.0));
        check(RatingKind::Csat, (f64::MAX, f64::MIN, f64::MAX), |ratings| ratings.csat_good == 1);
    }
}
