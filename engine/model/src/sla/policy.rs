//! Policies: which targets hold for which tickets.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Metric;
use super::condition::{Condition, Field};
use crate::calendar::Calendar;
use crate::calendar::amount::{Amount, NoAmount};
use crate::ticket::{Fields, Priority, Status};

/// The policies of a configuration, in its order.
#[derive(Clone, Debug)]
pub struct Policies(pub(super) Vec<Policy>);

/// Targets for some tickets, and how their time is counted.
#[derive(Clone, Debug)]
pub struct Policy {
    pub(super) name: String,
    pub(super) when: Condition,
    pub(super) calendar: Arc<Calendar>,
    /// By priority and metric.
    pub(super) targets: Vec<(Priority, Metric, Target)>,
    /// The statuses that stop each metric, in the order of [`Metric::ALL`].
    pub(super) pause: [Vec<Status>; 3],
    /// Each once.
    pub(super) warnings: Vec<Threshold>,
}

/// How much time a clock has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// As written in the configuration.
    pub text: String,
    #[serde(with = "written")]
    pub(super) amount: Amount,
}

/// When to warn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    /// As written in the configuration.
    pub text: String,
    pub(super) reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Reach {
    /// Of the target, 1 to 99.
    Percent(u8),
    /// Microseconds of working time before the target.
    Before(i64),
}

/// A text that says no time to warn.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no time to warn; write a whole percentage from 1% to 99% or a duration such as 30m")]
pub struct NoThreshold(String);

impl Policies {
    /// The place of the first policy, in the order of the configuration, that is for this ticket.
    pub(super) fn choose(&self, source: &str, ticket: &Fields) -> Option<usize> {
        self.0.iter().position(|policy| policy.when.matches(source, ticket))
    }

    pub(super) fn get(&self, place: Option<usize>) -> Option<&Policy> {
        place.and_then(|place| self.0.get(place))
    }

    /// Whether any of them is only for some tickets.
    pub(super) fn have_conditions(&self) -> bool {
        self.0.iter().any(|policy| !policy.when.0.is_empty())
    }

    /// Whether any of them goes by a custom field.
    pub(super) fn ask_for_custom_fields(&self) -> bool {
        let mut fields = self.0.iter().flat_map(|policy| &policy.when.0);
        fields.any(|(field, _)| matches!(field, Field::Custom(_)))
    }

    /// The names of the policies, in the order of the configuration.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|policy| policy.name.as_str())
    }
}

impl Policy {
    pub(super) fn target(&self, priority: Priority, metric: Metric) -> Option<&Target> {
        let of = self.targets.iter().find(|(of, measured, _)| (*of, *measured) == (priority, metric));
        of.map(|(_, _, target)| target)
    }

    /// Whether clocks of the metric stand still in that status.
    pub(super) fn pauses(&self, metric: Metric, status: Status) -> bool {
        let [first_response, next_response, resolution] = &self.pause;
        let pause = match metric {
            Metric::FirstResponse => first_response,
            Metric::NextResponse => next_response,
            Metric::Resolution => resolution,
        };
        status.is_solved() || pause.contains(&status)
    }
}

impl Reach {
    /// The counted time at which to warn, for a target of that much working time; none where the warning has no place.
    pub(super) fn threshold(self, target: i64) -> Option<i64> {
        match self {
            _ if target <= 0 => None,
            Self::Percent(percent) => {
                let percent = i64::from(percent);
                Some(target / 100 * percent + (target % 100 * percent + 99) / 100)
            }
            Self::Before(micros) if micros < target => Some(target - micros),
            Self::Before(_) => None,
        }
    }
}

impl FromStr for Threshold {
    type Err = NoThreshold;

    fn from_str(text: &str) -> Result<Self, NoThreshold> {
        let refused = || NoThreshold(text.chars().take(40).collect());
        let reach = match text.strip_suffix('%') {
            Some(percent) if percent.bytes().all(|byte| byte.is_ascii_digit()) => {
                percent.parse().ok().filter(|percent| (1..=99).contains(percent)).map(Reach::Percent)
            }
            Some(_) => None,
            None => text.parse::<Amount>().ok().and_then(Amount::duration).map(Reach::Before),
        };
        Ok(Self { text: text.to_owned(), reach: reach.ok_or_else(refused)? })
    }
}

impl FromStr for Target {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        Ok(Self { text: text.to_owned(), amount: text.parse()? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An amount as its text.
mod written {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::calendar::amount::Amount;

    pub(super) fn serialize<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
