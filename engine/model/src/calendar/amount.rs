//! How much working time: `90m`, `1h30m`, `2bd`.

use std::fmt;
use std::str::FromStr;

use super::zone::SECOND;

/// Working time or business days, written as in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// Working time in microseconds, 0 or more.
    Duration(i64),
    /// Business days, 1 or more.
    BusinessDays(u32),
}

/// A text that is no amount.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no duration; write hours, minutes and seconds in this order (90m, 1h30m) or business days (2bd)")]
pub struct NoAmount(String);

impl Amount {
    /// The working time in microseconds, where it is a duration.
    pub const fn duration(self) -> Option<i64> {
        match self {
            Self::Duration(micros) => Some(micros),
            Self::BusinessDays(_) => None,
        }
    }
}

impl FromStr for Amount {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let amount = match text.strip_suffix("bd") {
            Some(number) => {
                whole(number).and_then(|days| u32::try_from(days).ok()).filter(|&days| days > 0).map(Self::BusinessDays)
            }
            None => seconds(text).and_then(|seconds| seconds.checked_mul(SECOND)).map(Self::Duration),
        };
        amount.ok_or_else(|| NoAmount(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BusinessDays(days) => write!(f, "{days}bd"),
            Self::Duration(micros) => {
                let seconds = micros / SECOND;
                let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
                let mut written = false;
                for (number, unit) in parts.into_iter().filter(|(number, _)| *number > 0) {
                    write!(f, "{number}{unit}")?;
                    written = true;
                }
                if written { Ok(()) } else { f.write_str("0s") }
            }
        }
    }
}

fn whole(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

fn seconds(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total = 0_i64;
    for (unit, seconds) in [('h', 3600), ('m', 60), ('s', 1)] {
        if let Some((number, behind)) = rest.split_once(unit) {
            total = total.checked_add(whole(number)?.checked_mul(seconds)?)?;
            rest = behind;
        }
    }
    (rest.is_empty() && !text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let actual = text.parse::<Amount>().ok().map(|amount| amount.to_string());
        assert_eq!(actual.as_deref(), expected, "{text}");
    }

    #[test]
    fn durations_have_hours_minutes_and_seconds_in_this_order() {
        check("90m", Some("1h30m"));
        check("1h30m", Some("1h30m"));
        check("1h0m5s", Some("1h5s"));
        check("0s", Some("0s"));
        check("5047s", Some("1h24m7s"));
        for text in
            ["", "1", "h", "1d", "-1h", "+1h", "30m1h", "1h1h", "1 h", "1.5h", "1h ", "1H", "99999999999999999999h"]
        {
            check(text, None);
        }
        check("9999999999999h", None);
    }

    #[test]
    fn business_days_stand_alone_and_are_at_least_one() {
        check("1bd", Some("1bd"));
        check("250bd", Some("250bd"));
        for text in ["0bd", "bd", "1bd1h", "1h1bd", "-1bd", "1.5bd", "4294967296bd"] {
            check(text, None);
        }
    }
}
