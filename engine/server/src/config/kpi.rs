//! `[kpi]`: what figures are judged and weighed with.

use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Tz;
use deskbell_model::kpi::Settings;
use deskbell_model::kpi::settings::{EfficiencyWeights, RatingWeights};
use deskbell_model::sla::Editions;
use serde::{Deserialize, Serialize};

use super::reading::{Problem, Section, zone_problem};
use super::units::duration;

/// `[kpi]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Kpi {
    /// By when a first response is expected; what reaction is rated against.
    #[serde(with = "duration")]
    pub(crate) first_response_target: Duration,
    /// Surges are announced by the hours of this zone.
    pub(crate) surge_tz: String,
    pub(crate) weights: Weights,
}

/// `[kpi.weights]`
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Weights {
    /// Of the criteria of a rating.
    pub(crate) rating: Rating,
    /// Of the parts of the support efficiency index.
    pub(crate) efficiency: Efficiency,
}

/// `[kpi.weights.rating]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rating {
    pub(crate) reaction: f64,
    pub(crate) quality: f64,
    pub(crate) effectiveness: f64,
    pub(crate) communication: f64,
    pub(crate) feedback: f64,
}

/// `[kpi.weights.efficiency]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Efficiency {
    pub(crate) first_contact_resolution: f64,
    pub(crate) resolution_rate: f64,
    pub(crate) csat: f64,
    pub(crate) sla_attainment: f64,
    pub(crate) self_service_rate: f64,
    pub(crate) reopen_rate: f64,
}

impl Default for Kpi {
    fn default() -> Self {
        Self { first_response_target: Duration::from_hours(1), surge_tz: "UTC".to_owned(), weights: Weights::default() }
    }
}

impl Default for Rating {
    fn default() -> Self {
        Self { reaction: 1.0, quality: 1.0, effectiveness: 1.0, communication: 1.0, feedback: 1.0 }
    }
}

impl Default for Efficiency {
    fn default() -> Self {
        Self {
            first_contact_resolution: 1.0,
            resolution_rate: 1.0,
            csat: 1.0,
            sla_attainment: 1.0,
            self_service_rate: 1.0,
            reopen_rate: 1.0,
        }
    }
}

impl Section for Kpi {
    fn validate(&self, problems: &mut Vec<Problem>) {
        if self.first_response_target.is_zero() {
            problems.push(Problem::new("first_response_target", "has to be more than 0"));
        }
        problems.extend(zone_problem("surge_tz", &self.surge_tz));
        let rating = self.rating_weights().named().into_iter().map(|(name, weight)| ("rating", name, weight));
        let efficiency = self.efficiency_weights().named().into_iter();
        for (section, name, weight) in rating.chain(efficiency.map(|(name, weight)| ("efficiency", name, weight))) {
            if !weight.is_finite() || weight < 0.0 {
                let problem = format!("has {section}.{name} = {weight}; a weight is a number from 0 on");
                problems.push(Problem::new("weights", problem));
            }
        }
    }
}

impl Kpi {
    /// As the arithmetic takes it.
    pub(crate) fn settings(&self, policies: Arc<Editions>, has_own_policies: bool) -> Settings {
        Settings {
            first_response_target: i64::try_from(self.first_response_target.as_micros()).unwrap_or(i64::MAX),
            rating_weights: self.rating_weights(),
            efficiency_weights: self.efficiency_weights(),
            policies,
            has_own_policies,
        }
    }

    pub(crate) fn surge_zone(&self) -> Tz {
        self.surge_tz.parse().unwrap_or(Tz::UTC)
    }

    const fn rating_weights(&self) -> RatingWeights {
        let rating = &self.weights.rating;
        RatingWeights {
            reaction: rating.reaction,
            quality: rating.quality,
            effectiveness: rating.effectiveness,
            communication: rating.communication,
            feedback: rating.feedback,
        }
    }

    const fn efficiency_weights(&self) -> EfficiencyWeights {
        let efficiency = &self.weights.efficiency;
        EfficiencyWeights {
            first_contact_resolution: efficiency.first_contact_resolution,
            resolution_rate: efficiency.resolution_rate,
            csat: efficiency.csat,
            sla_attainment: efficiency.sla_attainment,
            self_service_rate: efficiency.self_service_rate,
            reopen_rate: efficiency.reopen_rate,
        }
    }
}
