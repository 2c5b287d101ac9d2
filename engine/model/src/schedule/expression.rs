//! Cron expressions as this engine means them, on top of what the `cron` crate reads.
//!
//! The crate reads ranges, steps and lists of numbers. It wants seconds in front, counts weekdays from Sunday = 1, takes
//! day of month and day of week together always, knows neither `L` nor `#`, and takes spellings that are no part of the
//! format here. So an expression is checked and rewritten first, and which dates it means is decided here.

use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use cron::TimeUnitSpec;

use super::Error;
use crate::calendar::zone::{DAY, SECOND};

/// No expression has a longer way to its next date: the Gregorian calendar repeats itself after 400 years.
const CYCLE_DAYS: i64 = 146_097;

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// An expression that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    /// Whether second, minute or hour begins with `*`: it goes by real time.
    pub(super) is_interval: bool,
    /// Seconds since midnight are made of these, each in order.
    hours: Vec<u32>,
    minutes: Vec<u32>,
    seconds: Vec<u32>,
    /// From January on.
    months: [bool; 13],
    days: Days,
    weekdays: Weekdays,
    /// Whether day of month and day of week must both match.
    both: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Days {
    plain: [bool; 32],
    last: bool,
}

/// Weekdays from Sunday on; `last` and `nth` are those of `5L` and `5#2`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Weekdays {
    plain: [bool; 7],
    last: [bool; 7],
    nth: [[bool; 6]; 7],
}

impl FromStr for Expression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = match text.trim() {
            "@hourly" => "0 * * * *",
            "@daily" | "@midnight" => "0 0 * * *",
            "@weekly" => "0 0 * * 0",
            "@monthly" => "0 0 1 * *",
            "@yearly" | "@annually" => "0 0 1 1 *",
            other => other,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (second, minute, hour, day, month, weekday) = match *fields.as_slice() {
            [minute, hour, day, month, weekday] => ("0", minute, hour, day, month, weekday),
            [second, minute, hour, day, month, weekday] => (second, minute, hour, day, month, weekday),
            _ => {
                return Err(Error::Fields { expression: excerpt(text), n_fields: fields.len() });
            }
        };
        for (field, text) in [("second", second), ("minute", minute), ("hour", hour)] {
            items(field, text, &[])?;
        }
        let month_items = items("month", month, &MONTHS)?.join(",");
        let (last, plain_days): (Vec<&str>, Vec<&str>) =
            day.split(',').partition(|item| item.eq_ignore_ascii_case("L"));
        if !plain_days.is_empty() {
            items("day of month", &plain_days.join(","), &[])?;
        }
        let weekdays = Weekdays::read(weekday)?;
        let day_items = if plain_days.is_empty() { "*".to_owned() } else { plain_days.join(",") };
        let read = cron::Schedule::from_str(&format!("{second} {minute} {hour} {day_items} {month_items} *"))
            .map_err(|error| Error::Malformed { expression: excerpt(text), problem: one_line(&error.to_string()) })?;
        let mut days = Days { plain: [false; 32], last: !last.is_empty() };
        if !plain_days.is_empty() {
            mark(&mut days.plain, read.days_of_month());
        }
        let mut months = [false; 13];
        mark(&mut months, read.months());
        let expression = Self {
            is_interval: [second, minute, hour].iter().any(|field| field.starts_with('*')),
            hours: read.hours().iter().collect(),
            minutes: read.minutes().iter().collect(),
            seconds: read.seconds().iter().collect(),
            months,
            days,
            weekdays,
            both: day.starts_with('*') || weekday.starts_with('*'),
        };
        match expression.next_date(0) {
            Some(_) => Ok(expression),
            None => Err(Error::Never { expression: excerpt(text) }),
        }
    }
}

impl Expression {
    /// The next local time, in microseconds, that is later than `local` and matches.
    pub(super) fn next(&self, local: i64) -> Option<i64> {
        let from = (local.div_euclid(SECOND) + 1) * SECOND;
        let (date, clock) = (from.div_euclid(DAY), from.rem_euclid(DAY) / SECOND);
        let today = if self.has(date) { self.next_clock(u32::try_from(clock).ok()?) } else { None };
        let (date, clock) = match today {
            Some(clock) => (date, clock),
            None => (self.next_date(date + 1)?, self.next_clock(0)?),
        };
        Some(date * DAY + i64::from(clock) * SECOND)
    }

    /// The first matching second of the day that is not before `from`.
    fn next_clock(&self, from: u32) -> Option<u32> {
        let hours = self.hours.iter().filter(|hour| **hour >= from / 3600);
        hours.into_iter().find_map(|hour| {
            let minutes = self.minutes.iter().filter(|minute| hour * 60 + **minute >= from / 60);
            minutes.into_iter().find_map(|minute| {
                self.seconds.iter().map(|second| (hour * 60 + minute) * 60 + second).find(|clock| *clock >= from)
            })
        })
    }

    /// The first matching date, in days since 1970-01-01, that is not before `from`.
    fn next_date(&self, from: i64) -> Option<i64> {
        (from..=from + CYCLE_DAYS).find(|date| self.has(*date))
    }

    fn has(&self, date: i64) -> bool {
        let Some(date) = i32::try_from(date).ok().and_then(NaiveDate::from_epoch_days) else {
            return false;
        };
        if !is(&self.months, date.month()) {
            return false;
        }
        let days_left = u32::from(date.num_days_in_month()) - date.day();
        let day = is(&self.days.plain, date.day()) || (self.days.last && days_left == 0);
        let weekday = self.weekdays.have(date.weekday().num_days_from_sunday(), date.day(), days_left);
        if self.both { day && weekday } else { day || weekday }
    }
}

impl Weekdays {
    fn read(text: &str) -> Result<Self, Error> {
        let mut weekdays = Self::default();
        for item in text.split(',') {
            if let Some((day, number)) = item.split_once('#') {
                let number = number.parse::<usize>().ok().filter(|number| (1..=5).contains(number));
                let (Some(day), Some(number)) = (weekday(day), number) else {
                    return Err(refused("day of week", item));
                };
                if let Some(place) = weekdays.nth.get_mut(day % 7).and_then(|nth| nth.get_mut(number)) {
                    *place = true;
                }
            } else if let Some(day) = item.strip_suffix(['L', 'l']) {
                let day = weekday(day).ok_or_else(|| refused("day of week", item))?;
                set(&mut weekdays.last, day % 7);
            } else {
                for day in span(item)? {
                    set(&mut weekdays.plain, day % 7);
                }
            }
        }
        Ok(weekdays)
    }

    fn have(&self, weekday: u32, day: u32, days_left: u32) -> bool {
        let nth = usize::try_from(weekday).ok().and_then(|index| self.nth.get(index));
        is(&self.plain, weekday)
            || (is(&self.last, weekday) && days_left < 7)
            || nth.is_some_and(|nth| is(nth, day.div_ceil(7)))
    }
}

/// The weekdays of `*`, `*/n`, `a`, `a-b` or `a-b/n`; Sunday is 0 and, as the end of a range, 7.
fn span(item: &str) -> Result<Vec<usize>, Error> {
    let refused = || refused("day of week", item);
    let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
    let days = match range.split_once('-') {
        None if range == "*" => 0..=6,
        None if step.is_some() => return Err(refused()),
        None => weekday(range).map(|day| day..=day).ok_or_else(refused)?,
        Some((first, last)) => {
            let (first, last) = weekday(first).zip(weekday(last)).ok_or_else(refused)?;
            // `fri-sun` runs upwards too: there Sunday is the seventh day.
            first..=if last == 0 && first > 0 { 7 } else { last }
        }
    };
    let step = match step {
        None => 1,
        Some(step) if is_number(step) => step.parse().ok().filter(|step| (1..=7).contains(step)).ok_or_else(refused)?,
        Some(_) => return Err(refused()),
    };
    if days.is_empty() { Err(refused()) } else { Ok(days.step_by(step).collect()) }
}

fn weekday(text: &str) -> Option<usize> {
    let named = WEEKDAYS.iter().position(|name| name.eq_ignore_ascii_case(text));
    named.or_else(|| text.parse().ok().filter(|day| is_number(text) && *day <= 7))
}

/// Checks that each item of a list is `*`, `*/n`, `a`, `a-b` or `a-b/n`, and writes names as numbers from 1 on.
fn items(field: &'static str, text: &str, names: &[&str]) -> Result<Vec<String>, Error> {
    let number = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        named.map(|index| (index + 1).to_string()).or_else(|| is_number(text).then(|| text.to_owned()))
    };
    let item = |item: &str| -> Option<String> {
        let (range, step) = item.split_once('/').map_or((item, None), |(range, step)| (range, Some(step)));
        let is_single = range != "*" && !range.contains('-');
        if step.is_some_and(|step| is_single || !is_number(step)) {
            return None;
        }
        let range = match range.split_once('-') {
            Some((first, last)) => format!("{}-{}", number(first)?, number(last)?),
            None if range == "*" => "*".to_owned(),
            None => number(range)?,
        };
        Some(step.map_or_else(|| range.clone(), |step| format!("{range}/{step}")))
    };
    text.split(',').map(|text| item(text).ok_or_else(|| refused(field, text))).collect()
}

fn is_number(text: &str) -> bool {
    (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is(set: &[bool], index: u32) -> bool {
    usize::try_from(index).ok().and_then(|index| set.get(index)).copied().unwrap_or_default()
}

fn set(set: &mut [bool], index: usize) {
    if let Some(place) = set.get_mut(index) {
        *place = true;
    }
}

fn mark(into: &mut [bool], from: &impl TimeUnitSpec) {
    for number in from.iter() {
        set(into, number as usize);
    }
}

fn refused(field: &'static str, item: &str) -> Error {
    Error::Item { field, item: excerpt(item) }
}

fn excerpt(text: &str) -> String {
    text.chars().take(60).collect()
}

/// The crate's errors draw the expression over several lines; the last says what is wrong.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or(text).to_owned()
}
