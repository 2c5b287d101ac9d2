//! Holidays from an iCalendar file.
//!
//! An all-day event closes each date from DTSTART until before DTEND (one day without DTEND or DURATION), and with a
//! yearly RRULE the same dates of later years. Events with a time of day and cancelled ones are ignored.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use icalendar::parser::{Component, read_calendar, unfold};

/// No event may close more days than this; a longer one is more likely a mistake than a holiday.
const MAX_DAYS: i64 = 3_660;

/// Why an iCalendar file cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it is no iCalendar file (BEGIN:VCALENDAR … END:VCALENDAR)")]
    Form,
    #[error("event '{event}': {property} '{value}' cannot be read; a holiday file has dates such as 20261224")]
    Property { event: String, property: &'static str, value: String },
    #[error("event '{event}' closes more than {MAX_DAYS} days; give it a DTEND that is nearer")]
    TooLong { event: String },
    #[error("event '{event}': the rule '{rule}' does not repeat the same dates; write one event for each of its dates")]
    Rule { event: String, rule: String },
}

/// A date that comes again each year, or every few years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Yearly {
    date: NaiveDate,
    every_years: i32,
    last_year: i32,
}

impl Yearly {
    /// Whether it falls on the date, counted in days since 1970-01-01.
    pub(super) fn falls_on(&self, date: i64) -> bool {
        let date = i32::try_from(date).ok().and_then(NaiveDate::from_epoch_days);
        date.is_some_and(|date| {
            let years = date.year() - self.date.year();
            (date.month(), date.day()) == (self.date.month(), self.date.day())
                && years >= 0
                && years % self.every_years == 0
                && date.year() <= self.last_year
        })
    }
}

/// The dates that a file closes.
#[derive(Clone, Debug, Default)]
pub(super) struct Closed {
    pub(super) once: BTreeSet<i64>,
    pub(super) yearly: Vec<Yearly>,
}

/// Reads an iCalendar file.
pub(super) fn read(text: &str) -> Result<Closed, Unreadable> {
    let text = unfold(text.trim_start_matches('\u{feff}').trim());
    if !text.starts_with("BEGIN:VCALENDAR") {
        return Err(Unreadable::Form);
    }
    let calendar = read_calendar(&text).map_err(|_| Unreadable::Form)?;
    let mut closed = Closed::default();
    for event in calendar.components.iter().filter(|component| component.name == "VEVENT") {
        close(event, &mut closed)?;
    }
    Ok(closed)
}

fn close(event: &Component<'_>, closed: &mut Closed) -> Result<(), Unreadable> {
    let cancelled = value(event, "STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"));
    let Some(start) = value(event, "DTSTART").filter(|start| !cancelled && !start.contains('T')) else {
        return Ok(());
    };
    let start = date(event, "DTSTART", start)?;
    let end = match (value(event, "DTEND"), value(event, "DURATION")) {
        (Some(end), _) => date(event, "DTEND", end)?,
        (None, Some(duration)) => after(start, duration).ok_or_else(|| unread(event, "DURATION", duration))?,
        (None, None) => start.succ_opt().unwrap_or(start),
    };
    if end.signed_duration_since(start).num_days() > MAX_DAYS {
        return Err(Unreadable::TooLong { event: name(event) });
    }
    let dates: Vec<NaiveDate> = start.iter_days().take_while(|date| *date < end).collect();
    match value(event, "RRULE").map(|rule| Rule::read(event, rule, start)).transpose()?.flatten() {
        Some(rule) => closed.yearly.extend(dates.iter().map(|date| rule.on(start, *date))),
        None => closed.once.extend(dates.iter().map(|date| i64::from(date.to_epoch_days()))),
    }
    Ok(())
}

/// A yearly rule: each occurrence is `every_years` after the one before, the last of them begins by `until`.
struct Rule {
    every_years: i32,
    last_year: i32,
}

impl Rule {
    /// The rule, where it is a yearly one.
    fn read(event: &Component<'_>, text: &str, start: NaiveDate) -> Result<Option<Self>, Unreadable> {
        let refused = || Unreadable::Rule { event: name(event), rule: text.chars().take(80).collect() };
        let parts: Vec<(&str, &str)> = text.split(';').filter_map(|part| part.split_once('=')).collect();
        if !parts.contains(&("FREQ", "YEARLY")) {
            return Ok(None);
        }
        let mut rule = Self { every_years: 1, last_year: i32::MAX };
        let mut count = None;
        for (part, value) in parts {
            let number = value.parse::<i32>().ok();
            match part {
                "FREQ" | "WKST" => {}
                "INTERVAL" => {
                    rule.every_years = number.filter(|years| *years > 0).ok_or_else(refused)?;
                }
                "COUNT" => count = Some(number.filter(|count| *count > 0).ok_or_else(refused)?),
                "UNTIL" => {
                    let until = date(event, "RRULE", value.get(..8).unwrap_or(value))?;
                    let reached = (start.month(), start.day()) <= (until.month(), until.day());
                    rule.last_year = until.year() - i32::from(!reached);
                }
                "BYMONTH" if number == i32::try_from(start.month()).ok() => {}
                "BYMONTHDAY" if number == i32::try_from(start.day()).ok() => {}
                _ => return Err(refused()),
            }
        }
        if let Some(count) = count {
            let last = (count - 1).checked_mul(rule.every_years).and_then(|years| years.checked_add(start.year()));
            rule.last_year = rule.last_year.min(last.unwrap_or(i32::MAX));
        }
        Ok(Some(rule))
    }

    /// One date of the event that begins at `start`.
    fn on(&self, start: NaiveDate, date: NaiveDate) -> Yearly {
        // An event over New Year has dates in the year after the one in which it begins.
        let last_year = self.last_year.saturating_add(date.year() - start.year());
        Yearly { date, every_years: self.every_years, last_year }
    }
}

fn value<'a>(event: &'a Component<'_>, property: &str) -> Option<&'a str> {
    event.properties.iter().find(|held| held.name == property).map(|held| held.val.as_str().trim())
}

fn name(event: &Component<'_>) -> String {
    let named = value(event, "SUMMARY").or_else(|| value(event, "UID")).unwrap_or("without SUMMARY");
    named.chars().take(60).collect()
}

fn unread(event: &Component<'_>, property: &'static str, value: &str) -> Unreadable {
    Unreadable::Property { event: name(event), property, value: value.chars().take(40).collect() }
}

fn date(event: &Component<'_>, property: &'static str, text: &str) -> Result<NaiveDate, Unreadable> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let date = digits.then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok()).flatten();
    date.ok_or_else(|| unread(event, property, text))
}

/// The date a duration of whole days (`P3D`) or weeks (`P1W`) after `start`.
fn after(start: NaiveDate, duration: &str) -> Option<NaiveDate> {
    let length = duration.strip_prefix('P')?;
    let days = match length.strip_suffix('W') {
        Some(weeks) => weeks.parse::<u64>().ok()?.checked_mul(7)?,
        None => length.strip_suffix('D')?.parse().ok()?,
    };
    start.checked_add_days(chrono::Days::new(days))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dates that the file with this event closes in a year.
    #[track_caller]
    fn check(event: &str, year: i32, expected: &[&str]) {
        let closed = read(&file(event)).unwrap();
        let days = NaiveDate::from_ymd_opt(year, 1, 1).unwrap().iter_days().take_while(|date| date.year() == year);
        let actual: Vec<String> = days
            .filter(|date| {
                let day = i64::from(date.to_epoch_days());
                closed.once.contains(&day) || closed.yearly.iter().any(|yearly| yearly.falls_on(day))
            })
            .map(|date| date.format("%m%d").to_string())
            .collect();
        assert_eq!(actual, expected, "{event}");
    }

    fn file(event: &str) -> String {
        let lines = event.replace(' ', "\r\n");
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nSUMMARY:Day\r\n off\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    }

    #[test]
    fn all_day_events_close_their_dates() {
        check("DTSTART;VALUE=DATE:20260601", 2026, &["0601"]);
        check("DTSTART;VALUE=DATE:20260601 DTEND;VALUE=DATE:20260603", 2026, &["0601", "0602"]);
        check("DTSTART;VALUE=DATE:20260601 DURATION:P3D", 2026, &["0601", "0602", "0603"]);
        check("DTSTART;VALUE=DATE:20260601", 2027, &[]);
    }

    #[test]
    fn events_with_a_time_and_cancelled_ones_close_nothing() {
        check("DTSTART;TZID=Europe/Berlin:20260608T090000 DTEND;TZID=Europe/Berlin:20260608T170000", 2026, &[]);
        check("DTSTART;VALUE=DATE:20260601 STATUS:CANCELLED", 2026, &[]);
        check("DTSTART;VALUE=DATE:20260601 STATUS:CONFIRMED", 2026, &["0601"]);
    }

    #[test]
    fn yearly_rules_close_the_same_dates_of_later_years() {
        let turn = "DTSTART;VALUE=DATE:20251231 DTEND;VALUE=DATE:20260102 RRULE:FREQ=YEARLY";
        check(turn, 2025, &["1231"]);
        check(turn, 2026, &["0101", "1231"]);
        check(turn, 2040, &["0101", "1231"]);
        check(&format!("{turn};COUNT=2"), 2027, &["0101"]);
        check(&format!("{turn};UNTIL=20261230"), 2026, &["0101"]);
        check(&format!("{turn};INTERVAL=2"), 2026, &["0101"]);
        check(&format!("{turn};BYMONTH=12;BYMONTHDAY=31"), 2026, &["0101", "1231"]);
        check("DTSTART;VALUE=DATE:20240229 RRULE:FREQ=YEARLY", 2026, &[]);
        check("DTSTART;VALUE=DATE:20240229 RRULE:FREQ=YEARLY", 2028, &["0229"]);
        check("DTSTART;VALUE=DATE:20260601 RRULE:FREQ=WEEKLY", 2026, &["0601"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refused = |event: &str| read(&file(event)).unwrap_err().to_string();
        assert!(refused("DTSTART;VALUE=DATE:20260231").starts_with("event 'Dayoff': DTSTART '20260231'"));
        assert!(refused("DTSTART;VALUE=DATE:20260201 DTEND;VALUE=DATE:99991231").contains("more than 3660 days"));
        assert!(refused("DTSTART;VALUE=DATE:20261126 RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH").contains("BYDAY=4TH"));
        for text in ["", "hello", "BEGIN:VCALENDAR", "<html>"] {
            assert_eq!(read(text).unwrap_err(), Unreadable::Form, "{text}");
        }
    }
}
