//! Instants, to the microsecond.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC, with a fraction only where there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is no RFC 3339 instant with an offset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an RFC 3339 time with an offset, such as 2026-01-05T08:00:00Z")]
pub struct Malformed(pub String);

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The time `micros` later (or earlier, where negative), at most the ends of the range.
    #[must_use]
    pub const fn plus_micros(self, micros: i64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The time `seconds` later (or earlier, where negative), at most the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_micros(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds from `earlier` to this time; negative where it lies later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As a calendar date and time. Times outside chrono's range become its ends.
    pub fn to_chrono(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// What is finer than a microsecond is cut off.
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.timestamp_micros())
    }
}

impl FromStr for Timestamp {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        // chrono also takes a space for the T and a lower-case t; RFC 3339 leaves that to the application, we do not.
        let malformed = || Malformed(text.chars().take(64).collect());
        if text.as_bytes().get(10) != Some(&b'T') {
            return Err(malformed());
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| malformed())?;
        Ok(time.with_timezone(&Utc).into())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.to_chrono();
        if self.0.rem_euclid(1_000_000) == 0 {
            return f.write_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true));
        }
        let text = time.to_rfc3339_opts(SecondsFormat::Micros, true);
        let digits = text.trim_end_matches('Z').trim_end_matches('0');
        write!(f, "{digits}Z")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() { serializer.collect_str(self) } else { serializer.serialize_i64(self.0) }
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.parse().map_err(serde::de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let actual = text.parse::<Timestamp>().ok().map(|time| time.to_string());
        assert_eq!(actual.as_deref(), expected, "{text}");
    }

    #[test]
    fn reads_offsets_and_writes_utc_to_the_microsecond() {
        check("2026-01-05T08:00:00Z", Some("2026-01-05T08:00:00Z"));
        check("2026-01-05T09:30:00.250+01:30", Some("2026-01-05T08:00:00.25Z"));
        check("2026-01-05T08:00:00.123456789Z", Some("2026-01-05T08:00:00.123456Z"));
        check("1969-12-31T23:59:59.5Z", Some("1969-12-31T23:59:59.5Z"));
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for text in ["", "2026-01-05", "2026-01-05T08:00:00", "2026-01-05 08:00:00Z", "2026-02-30T08:00:00Z", "now"] {
            check(text, None);
        }
    }
}
