//! Which period a report is about: `last_week`, `last_month`, `last_7_days` and their like, seen from an instant, or given
//! days. Days, weeks and months are local ones.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveTime};
use chrono_tz::Tz;

use crate::calendar::zone;
use crate::timestamp::Timestamp;

/// The most days that `last_N_days` may have.
const MAX_DAYS: u16 = 3660;

/// A period as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Span {
    /// The day before today.
    Yesterday,
    /// So many days before today.
    LastDays(u16),
    /// Monday to Sunday before this week.
    #[default]
    LastWeek,
    /// The calendar month before this one.
    LastMonth,
    /// The three calendar months before this quarter.
    LastQuarter,
    /// From one day up to, and without, another.
    Given(NaiveDate, NaiveDate),
}

/// A text that is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no period; write yesterday, last_7_days, last_week, last_month, last_quarter, or days: 2026-03-01..2026-04-01"
)]
pub struct NoSpan(pub String);

/// A period and the one before it, each from an instant up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    pub period: (Timestamp, Timestamp),
    pub previous: (Timestamp, Timestamp),
}

impl Span {
    /// The words that stand for a span by themselves.
    pub const WORDS: &'static [&'static str] = &["yesterday", "last_7_days", "last_week", "last_month", "last_quarter"];

    /// The periods as of `now`. None beyond the years that dates can have.
    pub fn periods(self, now: Timestamp, tz: Tz) -> Option<Periods> {
        let today = zone::local(tz, now).date();
        let (before, from, to) = self.days(today)?;
        let midnight = |day: NaiveDate| zone::instant(tz, day.and_time(NaiveTime::MIN));
        Some(Periods { period: (midnight(from), midnight(to)), previous: (midnight(before), midnight(from)) })
    }

    /// The first day before, the first day, and the day after the last one.
    fn days(self, today: NaiveDate) -> Option<(NaiveDate, NaiveDate, NaiveDate)> {
        let back = |day: NaiveDate, n: u64| day.checked_sub_days(Days::new(n));
        let months = |day: NaiveDate, n: u32| day.checked_sub_months(Months::new(n));
        Some(match self {
            Self::Yesterday => (back(today, 2)?, back(today, 1)?, today),
            Self::LastDays(n) => (back(today, 2 * u64::from(n))?, back(today, u64::from(n))?, today),
            Self::LastWeek => {
                let monday = back(today, u64::from(today.weekday().num_days_from_monday()))?;
                (back(monday, 14)?, back(monday, 7)?, monday)
            }
            Self::LastMonth => {
                let first = today.with_day(1)?;
                (months(first, 2)?, months(first, 1)?, first)
            }
            Self::LastQuarter => {
                let first = today.with_day(1)?.with_month0(today.month0() / 3 * 3)?;
                (months(first, 6)?, months(first, 3)?, first)
            }
            Self::Given(from, to) => {
                let length = u64::try_from((to - from).num_days()).ok()?;
                (back(from, length)?, from, to)
            }
        })
    }
}

impl FromStr for Span {
    type Err = NoSpan;

    fn from_str(text: &str) -> Result<Self, NoSpan> {
        let no = || NoSpan(text.chars().take(64).collect());
        let days = |text: &str| text.strip_prefix("last_")?.strip_suffix("_days")?.parse::<u16>().ok();
        Ok(match text {
            "yesterday" => Self::Yesterday,
            "last_week" => Self::LastWeek,
            "last_month" => Self::LastMonth,
            "last_quarter" => Self::LastQuarter,
            _ => match (days(text), text.split_once("..")) {
                (Some(n), _) if (1..=MAX_DAYS).contains(&n) => Self::LastDays(n),
                (None, Some((from, to))) => {
                    let (from, to) = (from.parse().map_err(|_| no())?, to.parse().map_err(|_| no())?);
                    if from > to {
                        return Err(no());
                    }
                    Self::Given(from, to)
                }
                _ => return Err(no()),
            },
        })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yesterday => f.write_str("yesterday"),
            Self::LastDays(n) => write!(f, "last_{n}_days"),
            Self::LastWeek => f.write_str("last_week"),
            Self::LastMonth => f.write_str("last_month"),
            Self::LastQuarter => f.write_str("last_quarter"),
            Self::Given(from, to) => write!(f, "{from}..{to}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_local_days_weeks_and_months() {
        let check = |span: &str, now: &str, tz: Tz, expected: [&str; 3]| {
            let periods = span.parse::<Span>().unwrap().periods(now.parse().unwrap(), tz).unwrap();
            let actual = [periods.previous.0, periods.period.0, periods.period.1].map(|at| at.to_string());
            assert_eq!((actual, periods.previous.1), (expected.map(str::to_owned), periods.period.0), "{span} {now}");
        };
        let now = "2026-04-01T06:00:00Z";
        let (utc, berlin) = (Tz::UTC, Tz::Europe__Berlin);
        check("last_week", now, utc, ["2026-03-16T00:00:00Z", "2026-03-23T00:00:00Z", "2026-03-30T00:00:00Z"]);
        // The clocks go forward on the 29th.
        check("last_week", now, berlin, ["2026-03-15T23:00:00Z", "2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z"]);
        check("last_month", now, berlin, ["2026-01-31T23:00:00Z", "2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z"]);
        check("last_quarter", now, utc, ["2025-10-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-04-01T00:00:00Z"]);
        check("last_7_days", now, utc, ["2026-03-18T00:00:00Z", "2026-03-25T00:00:00Z", "2026-04-01T00:00:00Z"]);
        check("yesterday", now, utc, ["2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z", "2026-04-01T00:00:00Z"]);
        let given = "2026-03-01..2026-04-01";
        check(given, now, utc, ["2026-01-29T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"]);
    }

    #[test]
    fn what_is_no_period_is_refused() {
        for text in
            ["", "last_0_days", "last_x_days", "last_year", "2026-04-01..2026-03-01", "..", "2026-02-30..2026-03-01"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
        for text in Span::WORDS.iter().chain(&["2026-03-01..2026-04-01", "last_90_days"]) {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), *text);
        }
    }
}
