//! Intervals of local wall-clock time, and which of them a local date has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::holiday_file::Yearly;
use super::zone::{DAY, MINUTE, Offsets};

pub(super) const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// `HH:MM-HH:MM`, in minutes since local midnight; [start, end).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Interval {
    pub(super) start: u16,
    pub(super) end: u16,
}

/// Why a text is no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInterval {
    #[error("is not HH:MM-HH:MM")]
    Form,
    #[error("has a time that no day has; 24:00 is an end only")]
    Time,
    #[error(
        "does not end after it starts; write a night shift as two intervals, 22:00-24:00 and 00:00-06:00 of the next day"
    )]
    Backwards,
}

impl FromStr for Interval {
    type Err = NoInterval;

    fn from_str(text: &str) -> Result<Self, NoInterval> {
        let (start, end) = text.split_once('-').ok_or(NoInterval::Form)?;
        let (start, end) = (minutes(start)?, minutes(end)?);
        if start >= 24 * 60 || end > 24 * 60 {
            return Err(NoInterval::Time);
        }
        if end <= start {
            return Err(NoInterval::Backwards);
        }
        Ok(Self { start, end })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.start, self.end);
        write!(f, "{:02}:{:02}-{:02}:{:02}", start / 60, start % 60, end / 60, end % 60)
    }
}

fn minutes(text: &str) -> Result<u16, NoInterval> {
    let two = |digits: &str| -> Result<u16, NoInterval> {
        let right = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        if right { digits.parse().map_err(|_| NoInterval::Form) } else { Err(NoInterval::Form) }
    };
    let (hour, minute) = text.split_once(':').ok_or(NoInterval::Form)?;
    let (hour, minute) = (two(hour)?, two(minute)?);
    if hour > 24 || minute > 59 { Err(NoInterval::Time) } else { Ok(hour * 60 + minute) }
}

/// Sorts intervals, or gives the two that overlap.
pub(super) fn sorted(mut intervals: Vec<Interval>) -> Result<Vec<Interval>, (Interval, Interval)> {
    intervals.sort_unstable();
    for (one, next) in intervals.iter().zip(intervals.iter().skip(1)) {
        if next.start < one.end {
            return Err((*one, *next));
        }
    }
    Ok(intervals)
}

/// What a calendar says of local dates, which are counted in days since 1970-01-01.
#[derive(Clone, Debug, Default)]
pub(super) struct Week {
    /// From Monday on.
    pub(super) hours: [Vec<Interval>; 7],
    pub(super) special: BTreeMap<i64, Vec<Interval>>,
    pub(super) closed: BTreeSet<i64>,
    /// Dates that come again each year.
    pub(super) yearly: Vec<Yearly>,
}

impl Week {
    /// The hours of the date's weekday.
    pub(super) fn usual(&self, date: i64) -> &[Interval] {
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((date + 3).rem_euclid(7)).unwrap_or_default();
        self.hours.get(weekday).map_or(&[], Vec::as_slice)
    }

    /// What the date has: its special hours; else nothing, if it is a holiday; else its weekday's hours.
    pub(super) fn intervals(&self, date: i64) -> &[Interval] {
        if let Some(special) = self.special.get(&date) {
            return special;
        }
        let usual = self.usual(date);
        if usual.is_empty() || self.closed.contains(&date) || self.yearly.iter().any(|day| day.falls_on(date)) {
            return &[];
        }
        usual
    }

    /// The spans of instants at which the date is open, in order; spans without length are left out.
    pub(super) fn spans(&self, date: i64, offsets: &Offsets) -> impl Iterator<Item = (i64, i64)> {
        let midnight = date * DAY;
        let span = move |interval: &Interval| {
            let start = offsets.first(midnight + i64::from(interval.start) * MINUTE);
            (start, offsets.last(midnight + i64::from(interval.end) * MINUTE))
        };
        self.intervals(date).iter().map(span).filter(|(start, end)| start < end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, NoInterval>) {
        let actual = text.parse::<Interval>().map(|interval| interval.to_string());
        assert_eq!(actual, expected.map(str::to_owned), "{text}");
    }

    #[test]
    fn intervals_are_read_to_the_letter() {
        check("09:00-12:30", Ok("09:00-12:30"));
        check("00:00-24:00", Ok("00:00-24:00"));
        for text in ["9:00-10:00", "09:00", "09:00-1000", "0 :00-10:00", "09:00 - 10:00", "+9:00-10:00", ""] {
            check(text, Err(NoInterval::Form));
        }
        for text in ["24:00-24:00", "09:60-10:00", "09:00-24:01", "25:00-26:00"] {
            check(text, Err(NoInterval::Time));
        }
        for text in ["18:00-09:00", "09:00-09:00", "22:00-00:00"] {
            check(text, Err(NoInterval::Backwards));
        }
    }
}
