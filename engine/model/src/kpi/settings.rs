//! Targets and weights that a company sets, section `[kpi]` of the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::calendar::amount::Amount;
use crate::sla::Editions;

/// The target of the first response unless the configuration has one, in microseconds.
const FIRST_RESPONSE_TARGET: i64 = 3_600_000_000;

/// What figures are judged and weighed with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// In microseconds, more than 0.
    pub first_response_target: i64,
    pub rating_weights: RatingWeights,
    pub efficiency_weights: EfficiencyWeights,
    /// The policies that judge `sla_attainment`, and those that did.
    pub policies: Arc<Editions>,
    /// Whether they come from the configuration; the index leaves out the attainment of the built-in one.
    pub has_own_policies: bool,
}

/// The section as the configuration states it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub first_response_target: Option<String>,
    #[serde(default)]
    pub weights: Weights,
}

/// The weights as the configuration states them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    #[serde(default)]
    pub rating: BTreeMap<String, f64>,
    #[serde(default)]
    pub efficiency: BTreeMap<String, f64>,
}

/// Why the section is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Invalid {
    #[error("kpi.first_response_target: '{0}' is no duration above 0; write one such as 1h or 30m")]
    Target(String),
    #[error("kpi.weights.{section}: there is no '{name}'; the names are {known}")]
    Name { section: &'static str, name: String, known: String },
    #[error("kpi.weights.{section}.{name}: {weight} is no weight; write a number from 0 on")]
    Weight { section: &'static str, name: String, weight: f64 },
}

macro_rules! weights {
    ($(#[$doc:meta])* $name:ident $section:literal: $($weight:ident),*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name { $(pub $weight: f64),* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($weight: 1.0),* }
            }
        }

        impl $name {
            /// The weights that the configuration names; each other is 1.
            fn read(stated: &BTreeMap<String, f64>) -> Result<Self, Invalid> {
                let mut weights = Self::default();
                for (name, &weight) in stated {
                    match name.as_str() {
                        $(stringify!($weight) => weights.$weight = weight,)*
                        _ => return Err(Invalid::Name {
                            section: $section,
                            name: name.clone(),
                            known: [$(stringify!($weight)),*].join(", "),
                        }),
                    }
                    if !weight.is_finite() || weight < 0.0 {
                        return Err(Invalid::Weight { section: $section, name: name.clone(), weight });
                    }
                }
                Ok(weights)
            }

            /// Names and weights, in the order of the definition.
            pub fn named(&self) -> Vec<(&'static str, f64)> {
                vec![$((stringify!($weight), self.$weight)),*]
            }
        }
    };
}
weights!(
    /// The weights of the criteria of a rating.
    RatingWeights "rating": reaction, quality, effectiveness, communication, feedback
);
weights!(
    /// The weights of the parts of the support efficiency index.
    EfficiencyWeights "efficiency": first_contact_resolution, resolution_rate, csat, sla_attainment,
    self_service_rate, reopen_rate
);

impl Settings {
    /// Default targets and weights.
    pub fn new(policies: Arc<Editions>, has_own_policies: bool) -> Self {
        Self {
            first_response_target: FIRST_RESPONSE_TARGET,
            rating_weights: RatingWeights::default(),
            efficiency_weights: EfficiencyWeights::default(),
            policies,
            has_own_policies,
        }
    }

    /// Those of the configuration.
    pub fn from_config(config: &Config, policies: Arc<Editions>, has_own_policies: bool) -> Result<Self, Invalid> {
        let target = |text: &String| {
            let micros = text.parse::<Amount>().ok().and_then(Amount::duration).filter(|micros| *micros > 0);
            micros.ok_or_else(|| Invalid::Target(text.chars().take(40).collect()))
        };
        Ok(Self {
            first_response_target: config.first_response_target.as_ref().map_or(Ok(FIRST_RESPONSE_TARGET), target)?,
            rating_weights: RatingWeights::read(&config.weights.rating)?,
            efficiency_weights: EfficiencyWeights::read(&config.weights.efficiency)?,
            policies,
            has_own_policies,
        })
    }
}

/// The weighted mean of those values that are there; none where no weight is left.
pub(super) fn weighted_mean(parts: &[(f64, Option<f64>)]) -> Option<f64> {
    let there = || parts.iter().filter_map(|(weight, value)| Some((*weight, (*value)?)));
    let total: f64 = there().map(|(weight, _)| weight).sum();
    (total > 0.0).then(|| there().map(|(weight, value)| weight * value).sum::<f64>() / total)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Book;
    use crate::sla::Policies;

    fn read(text: &str) -> Result<Settings, Invalid> {
        let policies = Policies::from_values(&[], &Book::default()).unwrap();
        Settings::from_config(&toml::from_str(text).unwrap(), Arc::new(Editions::new(policies)), false)
    }

    #[test]
    fn what_is_not_stated_has_its_default() {
        let settings = read("weights.rating.quality = 2.5").unwrap();
        assert_eq!(settings.first_response_target, FIRST_RESPONSE_TARGET);
        assert_eq!(settings.rating_weights, RatingWeights { quality: 2.5, ..RatingWeights::default() });
        assert_eq!(read("first_response_target = \"1h30m\"").unwrap().first_response_target, 5_400_000_000);
    }

    #[test]
    fn mistakes_are_named() {
        for target in ["0s", "1bd", "soon"] {
            let text = format!("first_response_target = \"{target}\"");
            assert_eq!(read(&text).unwrap_err(), Invalid::Target(target.to_owned()));
        }
        assert!(read("weights.rating.speed = 1").unwrap_err().to_string().contains("reaction, quality"));
        assert!(read("weights.efficiency.csat = -1").unwrap_err().to_string().contains("efficiency.csat: -1"));
        assert!(toml::from_str::<Config>("targets = 1").is_err());
    }

    #[test]
    fn a_mean_leaves_out_what_is_not_there() {
        assert_eq!(weighted_mean(&[(1.0, Some(10.0)), (3.0, Some(2.0)), (9.0, None)]), Some(4.0));
        assert_eq!(weighted_mean(&[(1.0, None)]), None);
        assert_eq!(weighted_mean(&[(0.0, Some(1.0))]), None);
    }
}
