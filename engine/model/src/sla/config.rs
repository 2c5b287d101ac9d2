//! Reading policies from the configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::Metric;
use super::condition::{Condition, Field};
use super::policy::{NoThreshold, Policies, Policy, Target, Threshold};
use crate::calendar::amount::{Amount, NoAmount};
use crate::calendar::{Book, Calendar, DEFAULT};
use crate::ticket::{Priority, Status};

/// A policy as the configuration states it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub name: String,
    #[serde(default)]
    pub when: BTreeMap<String, Vec<Value>>,
    pub calendar: Option<String>,
    #[serde(default)]
    pub targets: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    pub pause: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub warn: Vec<Warn>,
}

/// When to warn, as the configuration states it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warn {
    pub at: String,
}

/// Why a policy of the configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("the configuration is no TOML: {0}")]
    Toml(String),
    #[error("'sla' must be a list of policies; begin each with [[sla]]")]
    NoList,
    #[error("policy {policy}: {problem}")]
    Member { policy: String, problem: String },
    #[error("policy number {0} has an empty name; give it one")]
    NoName(usize),
    #[error("policy '{policy}' is defined twice; give each a name of its own")]
    Twice { policy: String },
    #[error("policy '{policy}': unknown calendar '{calendar}'; the calendars are {known}")]
    Calendar { policy: String, calendar: String, known: String },
    #[error(
        "policy '{policy}', when: unknown field '{field}'; the fields are source, channel, group, assignee, organization, type, category, language, priority, tags and custom.NAME"
    )]
    Field { policy: String, field: String },
    #[error("policy '{policy}', when.{field}: '{value}' can match nothing; {expected}")]
    Value { policy: String, field: String, value: String, expected: &'static str },
    #[error("policy '{policy}', {place}: unknown priority '{priority}'; the priorities are low, normal, high, urgent")]
    Priority { policy: String, place: String, priority: String },
    #[error(
        "policy '{policy}', {place}: unknown metric '{metric}'; the metrics are first_response, next_response, resolution"
    )]
    Metric { policy: String, place: String, metric: String },
    #[error("policy '{policy}', {place}: {problem}")]
    Target { policy: String, place: String, problem: NoAmount },
    #[error("policy '{policy}', {place}: a target must be more than 0")]
    Zero { policy: String, place: String },
    #[error(
        "policy '{policy}', {place}: unknown status '{status}'; the statuses are new, open, pending, on_hold, solved, closed"
    )]
    Status { policy: String, place: String, status: String },
    #[error("policy '{policy}', warn: {problem}")]
    Warn { policy: String, problem: NoThreshold },
}

impl Policies {
    /// The policies of a whole configuration file; what else it holds is ignored. Where it has none, the default policy.
    pub fn from_toml(text: &str, calendars: &Book) -> Result<Self, Invalid> {
        let table: Table = text.parse().map_err(|error: toml::de::Error| Invalid::Toml(error.to_string()))?;
        match table.get("sla") {
            None => Self::from_values(&[], calendars),
            Some(Value::Array(policies)) => Self::from_values(policies, calendars),
            Some(_) => Err(Invalid::NoList),
        }
    }

    /// The policies of the list `[[sla]]`; where it is empty, the default policy.
    pub fn from_values(values: &[Value], calendars: &Book) -> Result<Self, Invalid> {
        let config = |(index, value): (usize, &Value)| {
            Config::deserialize(value.clone()).map_err(|error| {
                let name = value.get("name").and_then(Value::as_str);
                let policy = name.map_or_else(|| format!("number {}", index + 1), |name| format!("'{name}'"));
                Invalid::Member { policy, problem: error.to_string().trim_end().replace('\n', " ") }
            })
        };
        let configs = values.iter().enumerate().map(config).collect::<Result<Vec<_>, _>>()?;
        Self::from_configs(&configs, calendars)
    }

    /// The policies of these configurations; where there are none, the default policy.
    pub fn from_configs(configs: &[Config], calendars: &Book) -> Result<Self, Invalid> {
        if configs.is_empty() {
            return Ok(Self(vec![built_in().build(1, calendars)?]));
        }
        let mut policies: Vec<Policy> = Vec::with_capacity(configs.len());
        for (index, config) in configs.iter().enumerate() {
            if policies.iter().any(|policy| policy.name == config.name) {
                return Err(Invalid::Twice { policy: config.name.clone() });
            }
            policies.push(config.build(index + 1, calendars)?);
        }
        Ok(Self(policies))
    }
}

impl Config {
    fn build(&self, number: usize, calendars: &Book) -> Result<Policy, Invalid> {
        if self.name.is_empty() {
            return Err(Invalid::NoName(number));
        }
        Ok(Policy {
            name: self.name.clone(),
            when: Condition(
                self.when.iter().map(|(name, values)| self.condition(name, values)).collect::<Result<_, _>>()?,
            ),
            calendar: self.calendar(calendars)?,
            targets: self.targets()?,
            pause: self.pauses()?,
            warnings: self.warnings()?,
        })
    }

    fn calendar(&self, calendars: &Book) -> Result<Arc<Calendar>, Invalid> {
        let Some(name) = &self.calendar else {
            return Ok(calendars.always().clone());
        };
        calendars.get(name).cloned().ok_or_else(|| Invalid::Calendar {
            policy: self.name.clone(),
            calendar: name.clone(),
            known: calendars.names().collect::<Vec<_>>().join(", "),
        })
    }

    fn condition(&self, name: &str, values: &[Value]) -> Result<(Field, Vec<Json>), Invalid> {
        let unknown = || Invalid::Field { policy: self.name.clone(), field: name.to_owned() };
        let field = Field::parse(name).ok_or_else(unknown)?;
        let value = |value: &Value| {
            let refused = |expected| Invalid::Value {
                policy: self.name.clone(),
                field: name.to_owned(),
                value: value.to_string().trim_matches('"').chars().take(60).collect(),
                expected,
            };
            match (&field, value) {
                (Field::Custom(_), _) => {
                    json(value).ok_or_else(|| refused("write a text, number, truth value or a list of them"))
                }
                (Field::Priority, Value::String(word)) if Priority::parse(word).is_none() => {
                    Err(refused("the priorities are low, normal, high, urgent"))
                }
                (_, Value::String(text)) => Ok(Json::String(text.clone())),
                _ => Err(refused("this field is a text; write it in quotes")),
            }
        };
        let values = values.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        Ok((field, values))
    }

    fn targets(&self) -> Result<Vec<(Priority, Metric, Target)>, Invalid> {
        let mut targets = Vec::new();
        for (word, metrics) in &self.targets {
            let priority = Priority::parse(word).ok_or_else(|| Invalid::Priority {
                policy: self.name.clone(),
                place: "targets".to_owned(),
                priority: word.clone(),
            })?;
            for (name, text) in metrics {
                let metric = self.metric(&format!("targets.{word}"), name)?;
                let place = format!("targets.{word}.{name}");
                let target: Target = text.parse().map_err(|problem| Invalid::Target {
                    policy: self.name.clone(),
                    place: place.clone(),
                    problem,
                })?;
                if target.amount == Amount::Duration(0) {
                    return Err(Invalid::Zero { policy: self.name.clone(), place });
                }
                targets.push((priority, metric, target));
            }
        }
        Ok(targets)
    }

    fn metric(&self, place: &str, name: &str) -> Result<Metric, Invalid> {
        Metric::parse(name).ok_or_else(|| Invalid::Metric {
            policy: self.name.clone(),
            place: place.to_owned(),
            metric: name.to_owned(),
        })
    }

    /// The statuses that stop each metric. Nothing stops the first response, and what waits for a third party is not
    /// held against the next; a resolution stands still while it waits for anybody else.
    fn pauses(&self) -> Result<[Vec<Status>; 3], Invalid> {
        let mut pauses = [Vec::new(), vec![Status::OnHold], vec![Status::Pending, Status::OnHold]];
        for (name, words) in &self.pause {
            let metric = self.metric("pause", name)?;
            let status = |word: &String| {
                Status::parse(word).ok_or_else(|| Invalid::Status {
                    policy: self.name.clone(),
                    place: format!("pause.{name}"),
                    status: word.clone(),
                })
            };
            let statuses: Vec<Status> = words.iter().map(status).collect::<Result<_, _>>()?;
            let places = Metric::ALL.into_iter().zip(&mut pauses);
            places.filter(|(of, _)| *of == metric).for_each(|(_, place)| place.clone_from(&statuses));
        }
        Ok(pauses)
    }

    fn warnings(&self) -> Result<Vec<Threshold>, Invalid> {
        let mut warnings: Vec<Threshold> = Vec::with_capacity(self.warn.len());
        for warn in &self.warn {
            let refused = |problem| Invalid::Warn { policy: self.name.clone(), problem };
            let threshold: Threshold = warn.at.parse().map_err(refused)?;
            if !warnings.iter().any(|known| known.reach == threshold.reach) {
                warnings.push(threshold);
            }
        }
        Ok(warnings)
    }
}

/// The policy that holds where none is configured.
fn built_in() -> Config {
    let targets = [("urgent", "15m", "4h"), ("high", "15m", "4h"), ("normal", "1h", "1bd"), ("low", "4h", "3bd")];
    let of = |(priority, first_response, resolution): (&str, &str, &str)| {
        let metrics = [("first_response", first_response), ("resolution", resolution)];
        (priority.to_owned(), metrics.map(|(metric, target)| (metric.to_owned(), target.to_owned())).into())
    };
    Config {
        name: "default".to_owned(),
        calendar: Some(DEFAULT.to_owned()),
        targets: targets.map(of).into(),
        warn: vec![Warn { at: "75%".to_owned() }],
        ..Config::default()
    }
}

/// The same value in JSON, which has no dates and no infinities.
fn json(value: &Value) -> Option<Json> {
    match value {
        Value::String(text) => Some(Json::String(text.clone())),
        Value::Integer(number) => Some((*number).into()),
        Value::Float(number) => serde_json::Number::from_f64(*number).map(Json::Number),
        Value::Boolean(truth) => Some(Json::Bool(*truth)),
        Value::Array(values) => values.iter().map(json).collect::<Option<Vec<_>>>().map(Json::Array),
        Value::Table(table) => {
            let members = table.iter().map(|(name, value)| Some((name.clone(), json(value)?)));
            members.collect::<Option<serde_json::Map<_, _>>>().map(Json::Object)
        }
        Value::Datetime(_) => None,
    }
}
