//! Schedules: cron expressions in a time zone.
//!
//! A schedule whose second, minute or hour begins with `*` is an *interval*: it runs at each instant whose local time
//! matches, so nothing runs for time that the clock skips and a repeated hour has its runs twice. Any other is *fixed*:
//! a run in skipped time happens at the instant of the skip, a run in repeated time once, at its first occurrence.

use std::fmt;

use chrono_tz::Tz;

use crate::calendar::zone::{self, DAY, Offsets, SECOND};
use crate::timestamp::Timestamp;
use expression::Expression;

mod batch;
mod expression;

pub use batch::batch_line;

/// Schedules have no runs before the year 1 or after the year 9999.
const YEARS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

/// Why an expression or its zone is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(
        "'{expression}' has {n_fields} fields; write five (minute, hour, day of month, month, day of week), six with seconds in front, or @daily and its like"
    )]
    Fields { expression: String, n_fields: usize },
    #[error("'{item}' is no {field}; write *, numbers, names, ranges that run upwards, lists and steps (*/n, a-b/n)")]
    Item { field: &'static str, item: String },
    #[error("'{expression}' cannot be read: {problem}")]
    Malformed { expression: String, problem: String },
    #[error("'{expression}' never comes true: no month has such a day")]
    Never { expression: String },
    #[error("unknown time zone '{0}'; write an IANA name such as Europe/Berlin")]
    Zone(String),
}

/// When something runs again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    expression: Expression,
    zone: Tz,
}

impl Schedule {
    /// A schedule by its expression and the IANA name of its zone.
    pub fn new(expression: &str, zone: &str) -> Result<Self, Error> {
        let zone = zone::named(zone).ok_or_else(|| Error::Zone(zone.chars().take(60).collect()))?;
        Ok(Self { text: expression.trim().to_owned(), expression: expression.parse()?, zone })
    }

    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The first run that is later than `after`; none where it lies after the year 9999.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        if !YEARS.contains(&after.micros()) {
            return None;
        }
        let after = after.micros();
        let next = if self.expression.is_interval { self.next_of_interval(after) } else { self.next_fixed(after) };
        next.filter(|next| YEARS.contains(next)).map(Timestamp::from_micros)
    }

    /// The next `n` runs that are later than `after`.
    pub fn upcoming(&self, after: Timestamp, n: usize) -> Vec<Timestamp> {
        let runs = std::iter::successors(self.next_after(after), |last| self.next_after(*last));
        runs.take(n).collect()
    }

    fn next_fixed(&self, after: i64) -> Option<i64> {
        let mut local = after + zone::offset(self.zone, after);
        let mut offsets = Offsets::cover(self.zone, after - 3 * DAY, after + 4 * DAY);
        loop {
            // In the second pass of a repeated hour the next local times have had their run already.
            local = self.expression.next(local)?;
            let midnight = local.div_euclid(DAY) * DAY;
            if !offsets.covers_day(midnight) {
                offsets = Offsets::cover(self.zone, midnight - 3 * DAY, midnight + 4 * DAY);
            }
            let at = offsets.first(local);
            if at > after {
                return Some(at);
            }
        }
    }

    fn next_of_interval(&self, after: i64) -> Option<i64> {
        let mut after = after;
        loop {
            let offset = zone::offset(self.zone, after + 1);
            let at = self.expression.next(after + offset)? - offset;
            let offsets = Offsets::cover(self.zone, after + 1, at + SECOND);
            match offsets.segments().split_first() {
                Some((first, [_, ..])) if first.until <= at => after = first.until - 1,
                _ => return Some(at),
            }
            if !YEARS.contains(&after) {
                return None;
            }
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text, self.zone)
    }
}

#[cfg(test)]
mod tests;
