//! Points in time, to the microsecond.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};

const MICROS: i64 = 1_000_000;
const SECONDS_OF_DAY: i64 = 86_400;

/// Microseconds since 1970-01-01T00:00:00Z. In JSON it is an RFC 3339 text in UTC.
///
/// ```
/// use deskbell::prelude::*;
///
/// let opened = Instant::parse_rfc3339("2026-01-05T09:00:00+01:00")?;
/// assert_eq!(opened.to_string(), "2026-01-05T08:00:00Z");
/// assert_eq!((opened + seconds(90)).to_rfc3339(), "2026-01-05T08:01:30Z");
/// assert_eq!(opened.plus_seconds(90).seconds_since(opened), 90);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

/// A number of seconds to add to or take from an [`Instant`]; made by [`seconds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seconds(pub i64);

/// So many seconds, for `instant + seconds(90)`.
///
/// ```
/// use deskbell::{Instant, seconds};
///
/// assert_eq!(Instant::from_unix_seconds(60) + seconds(30), Instant::from_unix_seconds(90));
/// ```
pub const fn seconds(number: i64) -> Seconds {
    Seconds(number)
}

impl Instant {
    /// From microseconds since 1970.
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From milliseconds since 1970.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// From seconds since 1970.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(MICROS)
    }

    /// Whole milliseconds since 1970, rounded down.
    pub const fn unix_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// The time so many seconds later, or earlier where negative; at most the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MICROS)))
    }

    /// Whole seconds from `earlier` to this time, rounded down; negative where it lies later.
    pub const fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0).div_euclid(MICROS)
    }

    /// Reads an RFC 3339 time with an offset. What is finer than a microsecond is cut off.
    ///
    /// ```
    /// use deskbell::Instant;
    ///
    /// assert_eq!(Instant::parse_rfc3339("1970-01-01T00:00:01.5Z")?, Instant(1_500_000));
    /// assert!(Instant::parse_rfc3339("2026-01-05 08:00").is_err());
    /// # Ok::<(), deskbell::Error>(())
    /// ```
    pub fn parse_rfc3339(text: &str) -> Result<Self> {
        read(text).ok_or_else(|| {
            let shown: String = text.chars().take(64).collect();
            Error::fail(format!("'{shown}' is not an RFC 3339 time with an offset, such as 2026-01-05T08:00:00Z"))
        })
    }

    /// RFC 3339 in UTC, with a fraction only where there is one.
    pub fn to_rfc3339(self) -> String {
        self.to_string()
    }
}

/// A cursor over the bytes of a time, which gives nothing as soon as something does not fit.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        (0..digits).try_fold(0, |sum, _| {
            let byte = self.next()?;
            byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
        })
    }

    /// Digits after the point, as microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let digits = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        let kept = digits.min(6);
        let mut micros = self.number(kept)?;
        for _ in kept..6 {
            micros *= 10;
        }
        for _ in kept..digits {
            self.next()?;
        }
        Some(micros)
    }
}

fn read(text: &str) -> Option<Instant> {
    let mut reader = Reader(text.as_bytes());
    let year = reader.number(4)?;
    reader.eat(b'-')?;
    let month = reader.number(2)?;
    reader.eat(b'-')?;
    let day = reader.number(2)?;
    reader.eat(b'T')?;
    let hour = reader.number(2)?;
    reader.eat(b':')?;
    let minute = reader.number(2)?;
    reader.eat(b':')?;
    let second = reader.number(2)?;
    let mut mark = reader.next()?;
    let mut micros = 0;
    if mark == b'.' {
        micros = reader.fraction()?;
        mark = reader.next()?;
    }
    let offset = match mark {
        b'Z' | b'z' => 0,
        b'+' | b'-' => {
            let hours = reader.number(2)?;
            reader.eat(b':')?;
            let minutes = reader.number(2)?;
            let size = (hours < 24 && minutes < 60).then_some(hours * 3_600 + minutes * 60)?;
            if mark == b'-' { -size } else { size }
        }
        _ => return None,
    };
    // Second 60 is a leap second; it counts as the first of the next minute.
    let fits = reader.0.is_empty()
        && (1..=12).contains(&month)
        && (1..=days_of_month(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    let seconds = days_before(year, month, day) * SECONDS_OF_DAY + hour * 3_600 + minute * 60 + second - offset;
    fits.then_some(Instant(seconds * MICROS + micros))
}

const fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date. Years begin in March here, so that the leap day is the last of its year.
pub(crate) const fn days_before(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date (year, month, day) so many days after 1970-01-01.
pub(crate) const fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(MICROS);
        let micros = self.0.rem_euclid(MICROS);
        let (year, month, day) = date_of(seconds.div_euclid(SECONDS_OF_DAY));
        let of_day = seconds.rem_euclid(SECONDS_OF_DAY);
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        if micros != 0 {
            let digits = format!("{micros:06}");
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        f.write_str("Z")
    }
}

impl FromStr for Instant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse_rfc3339(text)
    }
}

impl Add<Seconds> for Instant {
    type Output = Self;

    fn add(self, seconds: Seconds) -> Self {
        self.plus_seconds(seconds.0)
    }
}

impl Sub<Seconds> for Instant {
    type Output = Self;

    fn sub(self, seconds: Seconds) -> Self {
        self.plus_seconds(seconds.0.saturating_neg())
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        let actual = Instant::parse_rfc3339(text).ok().map(Instant::to_rfc3339);
        assert_eq!(actual.as_deref(), expected, "{text}");
    }

    #[test]
    fn reads_offsets_and_writes_utc_to_the_microsecond() {
        check("2026-01-05T08:00:00Z", Some("2026-01-05T08:00:00Z"));
        check("2026-01-05T09:30:00.250+01:30", Some("2026-01-05T08:00:00.25Z"));
        check("2026-01-05T08:00:00.123456789Z", Some("2026-01-05T08:00:00.123456Z"));
        check("1969-12-31T23:59:59.5Z", Some("1969-12-31T23:59:59.5Z"));
        check("2024-02-29T23:30:00-00:30", Some("2024-03-01T00:00:00Z"));
        check("2000-02-29T00:00:00Z", Some("2000-02-29T00:00:00Z"));
        check("0001-01-01T00:00:00Z", Some("0001-01-01T00:00:00Z"));
        check("2016-12-31T23:59:60Z", Some("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn refuses_what_is_no_instant() {
        for text in [
            "",
            "now",
            "2026-01-05",
            "2026-01-05T08:00:00",
            "2026-01-05 08:00:00Z",
            "2026-02-29T08:00:00Z",
            "1900-02-29T08:00:00Z",
            "2026-13-01T08:00:00Z",
            "2026-01-05T24:00:00Z",
            "2026-01-05T08:00:00.Z",
            "2026-01-05T08:00:00+0100",
            "2026-01-05T08:00:00Z ",
            "２026-01-05T08:00:00Z",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn every_day_of_four_centuries_comes_back() {
        for day in days_before(1_800, 1, 1)..days_before(2_200, 1, 1) {
            let (year, month, of_month) = date_of(day);
            assert_eq!(days_before(year, month, of_month), day);
            assert!(of_month <= days_of_month(year, month));
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_the_range() {
        let start = Instant::from_unix_seconds(100);
        assert_eq!(start + seconds(5), Instant::from_unix_millis(105_000));
        assert_eq!(start - seconds(5) + Duration::from_millis(1), Instant(95_001_000));
        assert_eq!(Instant(i64::MAX) + seconds(1), Instant(i64::MAX));
        assert_eq!(start - Duration::MAX, Instant(100_000_000 - i64::MAX));
        assert_eq!(Instant(-1).unix_seconds(), -1);
        assert_eq!(Instant(-1).unix_millis(), -1);
    }

    #[test]
    fn json_holds_the_rfc_3339_text() {
        let json = serde_json::to_string(&Instant(0)).unwrap();
        assert_eq!(json, "\"1970-01-01T00:00:00Z\"");
        assert_eq!(serde_json::from_str::<Instant>(&json).unwrap(), Instant(0));
        assert!(serde_json::from_str::<Instant>("\"soon\"").is_err());
    }
}
