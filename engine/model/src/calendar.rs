//! Business calendars: when a company works, and arithmetic with that time.
//!
//! A calendar says which intervals of local wall-clock time each local date has. Each interval is one span of instants
//! without holes; working time is the real time inside the spans, exact to the microsecond. A calendar computes its
//! spans when it first needs them and keeps them, so that a question costs microseconds whatever it spans; it can be
//! asked from several threads at once.
//!
//! Calendars come from the configuration by way of a [`book::Book`]; [`region`] has the public holidays.

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::timestamp::Timestamp;
use amount::Amount;
use spans::{Chunk, REACH, Spans};
use week::Week;
use zone::{DAY, Offsets};

pub mod amount;
mod batch;
pub mod book;
pub mod config;
pub mod holiday_file;
pub mod region;
mod spans;
pub mod week;
pub mod zone;

pub use batch::batch_line;
pub(crate) use batch::id_of;
pub use book::Book;

/// The name of the calendar that is open at every instant.
pub const ALWAYS: &str = "always";

/// The name of the calendar that policies use when nothing is configured.
pub const DEFAULT: &str = "default";

/// 0001-01-01 and 9999-12-31 in UTC: what RFC 3339 can write, and what calendars answer for.
const FIRST: i64 = -62_135_596_800_000_000;
const LAST: i64 = 253_402_300_799_999_999;

/// Why a calendar has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the end {to} lies before the start {from}; exchange them")]
    Negative { from: Timestamp, to: Timestamp },
    #[error("calendar '{calendar}' has no working time in the year after {after}")]
    NoWorkingTime { calendar: String, after: Timestamp },
    #[error("the time lies outside the years 1 to 9999, for which calendars answer")]
    OutOfRange,
}

/// When a company works.
#[derive(Debug)]
pub struct Calendar {
    name: String,
    zone: Tz,
    week: Week,
    /// Absent for the calendar that is always open.
    spans: Option<Spans>,
}

impl Calendar {
    fn new(name: String, zone: Tz, week: Week) -> Self {
        Self { name, zone, week, spans: Some(Spans::new()) }
    }

    /// The calendar that is open at every instant; its zone is UTC.
    pub fn always() -> Arc<Self> {
        Arc::new(Self { name: ALWAYS.to_owned(), zone: Tz::UTC, week: Week::default(), spans: None })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// Working time in [`from`, `to`), in microseconds.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Result<i64, Error> {
        if to < from {
            return Err(Error::Negative { from, to });
        }
        let (start, end) = (inside(from.micros())?, inside(to.micros())?);
        let Some(spans) = &self.spans else {
            return Ok(end - start);
        };
        let (first, last) = (Chunk::number(start), Chunk::number(end));
        let mut working = -spans.chunk(first, self.zone, &self.week).before(start);
        for number in first..last {
            working += spans.chunk(number, self.zone, &self.week).total();
        }
        Ok(working + spans.chunk(last, self.zone, &self.week).before(end))
    }

    /// The earliest instant by which that much working time has passed since `start`, or that many business days later.
    pub fn add(&self, start: Timestamp, amount: Amount) -> Result<Timestamp, Error> {
        match amount {
            Amount::Duration(micros) => self.add_working(start, micros),
            Amount::BusinessDays(days) => self.add_days(start, days),
        }
    }

    /// The earliest instant by which `working` microseconds of working time have passed since `start`; `start` itself
    /// where that is 0 or less.
    pub fn add_working(&self, start: Timestamp, working: i64) -> Result<Timestamp, Error> {
        let from = inside(start.micros())?;
        if working <= 0 {
            return Ok(start);
        }
        let Some(spans) = &self.spans else {
            return Ok(Timestamp::from_micros(inside(from.saturating_add(working))?));
        };
        let mut number = Chunk::number(from);
        let mut chunk = spans.chunk(number, self.zone, &self.week);
        // The rest is counted from the beginning of the chunk.
        let mut rest = working.saturating_add(chunk.before(from));
        let mut closing = from;
        loop {
            match chunk.span_after(closing) {
                Some((opening, _)) if opening - closing >= REACH => break,
                Some(_) if rest <= chunk.total() => {
                    let at = chunk.reached(rest).ok_or(Error::OutOfRange)?;
                    return Ok(Timestamp::from_micros(inside(at)?));
                }
                Some(_) => closing = chunk.last_closing().unwrap_or(closing),
                None => {}
            }
            rest -= chunk.total();
            number += 1;
            chunk = spans.chunk(number, self.zone, &self.week);
            inside(chunk.from())?;
            if chunk.from() - closing >= REACH {
                break;
            }
        }
        Err(self.no_working_time(closing))
    }

    /// Whether it is open at an instant.
    pub fn is_open(&self, at: Timestamp) -> Result<bool, Error> {
        let at = inside(at.micros())?;
        let Some(spans) = &self.spans else {
            return Ok(true);
        };
        let chunk = spans.chunk(Chunk::number(at), self.zone, &self.week);
        Ok(chunk.span_after(at).is_some_and(|(opening, _)| opening <= at))
    }

    /// The first instant, at or after `at`, at which it is open.
    pub fn next_opening(&self, at: Timestamp) -> Result<Timestamp, Error> {
        let from = inside(at.micros())?;
        let Some(spans) = &self.spans else {
            return Ok(at);
        };
        for number in Chunk::number(from)..=Chunk::number(from.saturating_add(REACH)) {
            let chunk = spans.chunk(number, self.zone, &self.week);
            match chunk.span_after(from) {
                Some((opening, _)) if opening - from >= REACH => break,
                Some((opening, _)) => {
                    return Ok(Timestamp::from_micros(inside(opening.max(from))?));
                }
                None => {}
            }
        }
        Err(self.no_working_time(from))
    }

    /// Of the `n_days` local dates from that of `start` on, those that are holidays or otherwise without working time
    /// although their weekday has hours.
    pub fn closed_dates(&self, start: Timestamp, n_days: u32) -> Result<Vec<NaiveDate>, Error> {
        let start = inside(start.micros())?;
        if self.spans.is_none() {
            return Ok(Vec::new());
        }
        let first = (start + zone::offset(self.zone, start)).div_euclid(DAY);
        let end = first + i64::from(n_days);
        inside(end.saturating_mul(DAY))?;
        let offsets = Offsets::cover(self.zone, (first - 3) * DAY, (end + 3) * DAY);
        let closed =
            |date: &i64| !self.week.usual(*date).is_empty() && self.week.spans(*date, &offsets).next().is_none();
        let dates =
            (first..end).filter(closed).filter_map(|date| NaiveDate::from_epoch_days(i32::try_from(date).ok()?));
        Ok(dates.collect())
    }

    fn add_days(&self, start: Timestamp, n_days: u32) -> Result<Timestamp, Error> {
        let mut at = inside(start.micros())?;
        let Some(spans) = &self.spans else {
            return Ok(Timestamp::from_micros(inside(at.saturating_add(i64::from(n_days).saturating_mul(DAY)))?));
        };
        let mut offsets = spans.chunk(Chunk::number(at), self.zone, &self.week).offsets().clone();
        for _ in 0..n_days {
            at = inside(self.next_day(at, &mut offsets)?)?;
        }
        Ok(Timestamp::from_micros(at))
    }

    /// The same wall-clock time on the next local date with working time, moved to its last closing or first opening
    /// where it lies after or before them.
    fn next_day(&self, at: i64, offsets: &mut Offsets) -> Result<i64, Error> {
        let local = at + zone::offset(self.zone, at);
        let (today, clock) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        for date in today + 1..=today + 366 {
            if self.week.intervals(date).is_empty() {
                continue;
            }
            if !offsets.covers_day(date * DAY) {
                *offsets = Offsets::cover(self.zone, (date - 3) * DAY, (date + 40) * DAY);
            }
            let mut spans = self.week.spans(date, offsets);
            if let Some((opening, closing)) = spans.next() {
                let last = spans.map(|(_, closing)| closing).fold(closing, i64::max);
                return Ok(offsets.first(date * DAY + clock).min(last).max(opening));
            }
        }
        Err(self.no_working_time(at))
    }

    fn no_working_time(&self, after: i64) -> Error {
        Error::NoWorkingTime { calendar: self.name.clone(), after: Timestamp::from_micros(after) }
    }
}

fn inside(at: i64) -> Result<i64, Error> {
    if (FIRST..=LAST).contains(&at) { Ok(at) } else { Err(Error::OutOfRange) }
}

#[cfg(test)]
mod tests;
