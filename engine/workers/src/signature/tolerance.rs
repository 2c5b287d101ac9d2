//! How far apart two clocks may be.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whole seconds, written as in `5m`, `90s` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    seconds: u32,
}

/// More would make a timestamp pointless, and keeps the arithmetic far from any end.
const LONGEST_SECONDS: u32 = 24 * 60 * 60;

impl Tolerance {
    pub const fn seconds(self) -> i64 {
        self.seconds as i64
    }
}

impl Default for Tolerance {
    /// Five minutes, what senders of signed timestamps recommend.
    fn default() -> Self {
        Self { seconds: 300 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a tolerance such as 5m, 90s or 1h30m, of at most 24h")]
pub struct Malformed(String);

impl FromStr for Tolerance {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        read(text)
            .filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds))
            .map(|seconds| Self { seconds })
            .ok_or_else(|| Malformed(text.chars().take(32).collect()))
    }
}

/// The seconds of `Nh`, `Nm`, `Ns` in this order.
fn read(text: &str) -> Option<u32> {
    let mut rest = text;
    let mut total = 0_u32;
    for (unit, seconds) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, after)) = rest.split_once(unit) {
            let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            let number = number.parse::<u32>().ok().filter(|_| plain)?;
            total = total.checked_add(number.checked_mul(seconds)?)?;
            rest = after;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

impl fmt::Display for Tolerance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds {
            seconds if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            seconds if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

impl Serialize for Tolerance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Tolerance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(i64, &str)>) {
        let actual = text.parse::<Tolerance>().ok().map(|tolerance| (tolerance.seconds(), tolerance.to_string()));
        assert_eq!(actual.as_ref().map(|(seconds, text)| (*seconds, text.as_str())), expected, "{text}");
    }

    #[test]
    fn reads_hours_minutes_and_seconds_in_this_order() {
        check("5m", Some((300, "5m")));
        check("90s", Some((90, "90s")));
        check("1h30m", Some((5400, "90m")));
        check("24h", Some((86_400, "24h")));
    }

    #[test]
    fn refuses_what_is_no_tolerance() {
        for text in ["", "5", "m", "0s", "-5m", "+5m", "5m1h", "25h", "5 m", "1d", "99999999999s"] {
            check(text, None);
        }
    }
}
