//! Business calendars for tests: the same hours on chosen weekdays, in UTC.
//!
//! The engine's calendars know zones, holidays and breaks; what a plugin does with open and closed can be tested without.

use std::collections::BTreeSet;

use crate::error::{Refusal, Result};
use crate::instant::{Instant, date_of, days_before};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// A business calendar for tests.
///
/// ```
/// use deskbell::Instant;
/// use deskbell::testing::TestCalendar;
///
/// let office = TestCalendar::weekdays(9, 17).closed_on("2026-01-06");
/// let monday_evening = Instant::parse_rfc3339("2026-01-05T18:00:00Z")?;
/// assert!(!office.is_open(monday_evening));
/// assert_eq!(office.next_opening(monday_evening).unwrap().to_string(), "2026-01-07T09:00:00Z");
/// # Ok::<(), deskbell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestCalendar {
    /// Microseconds from midnight.
    opens: i64,
    closes: i64,
    /// Monday is the first.
    weekdays: [bool; 7],
    /// Days since 1970.
    closed: BTreeSet<i64>,
}

impl From<bool> for TestCalendar {
    /// Always open, or never.
    fn from(open: bool) -> Self {
        if open { Self::always() } else { Self::never() }
    }
}

impl TestCalendar {
    /// Open at every instant.
    pub fn always() -> Self {
        Self { opens: 0, closes: DAY, weekdays: [true; 7], closed: BTreeSet::new() }
    }

    /// Never open.
    pub fn never() -> Self {
        Self { weekdays: [false; 7], ..Self::always() }
    }

    /// Open from one full hour to another, Monday to Friday, in UTC.
    pub fn weekdays(from_hour: u8, to_hour: u8) -> Self {
        Self {
            opens: i64::from(from_hour.min(24)) * HOUR,
            closes: i64::from(to_hour.min(24)) * HOUR,
            weekdays: [true, true, true, true, true, false, false],
            closed: BTreeSet::new(),
        }
    }

    /// Closed on this date (YYYY-MM-DD).
    ///
    /// # Panics
    /// Where the text is no date.
    #[must_use]
    pub fn closed_on(mut self, date: &str) -> Self {
        let Ok(midnight) = Instant::parse_rfc3339(&format!("{date}T00:00:00Z")) else {
            panic!("'{date}' is not a date, such as 2026-12-25")
        };
        self.closed.insert(midnight.0.div_euclid(DAY));
        self
    }

    fn is_weekday(&self, day: i64) -> bool {
        // 1970-01-01 was a Thursday.
        let weekday = usize::try_from((day + 3).rem_euclid(7)).unwrap_or_default();
        self.opens < self.closes && self.weekdays.get(weekday).copied().unwrap_or_default()
    }

    /// The opening and closing of a day, where it has any.
    fn hours(&self, day: i64) -> Option<(i64, i64)> {
        let open = self.is_weekday(day) && !self.closed.contains(&day);
        open.then_some((day * DAY + self.opens, day * DAY + self.closes))
    }

    /// The first day from `day` on that has hours.
    fn working_day(&self, day: i64) -> Result<(i64, i64), Refusal> {
        (day..=day.saturating_add(366))
            .find_map(|day| self.hours(day))
            .ok_or_else(|| Refusal::new(Refusal::INVALID, "no_working_time: the calendar has none within a year"))
    }

    /// Whether it is open at that instant.
    pub fn is_open(&self, at: Instant) -> bool {
        self.hours(at.0.div_euclid(DAY)).is_some_and(|(opens, closes)| (opens..closes).contains(&at.0))
    }

    /// When it is open next, at or after that instant; refused where it never is.
    pub fn next_opening(&self, at: Instant) -> Result<Instant, Refusal> {
        let (opens, closes) = self.working_day(at.0.div_euclid(DAY))?;
        if at.0 < closes {
            return Ok(at.max(Instant(opens)));
        }
        let (opens, _) = self.working_day(closes.saturating_sub(1).div_euclid(DAY) + 1)?;
        Ok(Instant(opens))
    }

    pub(super) fn between(&self, start: Instant, end: Instant) -> Result<u64, Refusal> {
        if end < start {
            return Err(Refusal::new(Refusal::INVALID, "negative: the end lies before the start"));
        }
        let days = start.0.div_euclid(DAY)..=end.0.div_euclid(DAY);
        let open: i64 = days
            .filter_map(|day| self.hours(day))
            .map(|(opens, closes)| (closes.min(end.0) - opens.max(start.0)).max(0))
            .sum();
        Ok(u64::try_from(open / 1_000_000).unwrap_or_default())
    }

    pub(super) fn add(&self, start: Instant, duration: &str) -> Result<Instant, Refusal> {
        match Length::read(duration) {
            Some(Length::Days(days)) => (0..days).try_fold(start, |at, _| self.next_business_day(at)),
            Some(Length::Micros(micros)) => self.add_working_time(start, micros),
            None => {
                let message = format!("'{duration}' is no duration, such as 90m, 1h30m or 2bd");
                Err(Refusal::new(Refusal::INVALID, message))
            }
        }
    }

    fn add_working_time(&self, start: Instant, micros: i64) -> Result<Instant, Refusal> {
        let mut at = start;
        let mut left = micros;
        while left > 0 {
            at = self.next_opening(at)?;
            let (_, closes) = self.working_day(at.0.div_euclid(DAY))?;
            let step = left.min(closes - at.0);
            left -= step;
            at = Instant(at.0 + step);
        }
        Ok(at)
    }

    /// The same time on the next working day, moved into its hours.
    fn next_business_day(&self, at: Instant) -> Result<Instant, Refusal> {
        let (opens, closes) = self.working_day(at.0.div_euclid(DAY) + 1)?;
        let midnight = opens - self.opens;
        Ok(Instant((midnight + at.0.rem_euclid(DAY)).clamp(opens, closes)))
    }

    pub(super) fn closed_dates(&self, start: Instant, days: u32) -> Vec<String> {
        let first = start.0.div_euclid(DAY);
        let closed = self.closed.range(first..first.saturating_add(i64::from(days)));
        closed
            .filter(|day| self.is_weekday(**day))
            .map(|day| {
                let (year, month, of_month) = date_of(*day);
                debug_assert_eq!(days_before(year, month, of_month), *day);
                format!("{year:04}-{month:02}-{of_month:02}")
            })
            .collect()
    }
}

enum Length {
    Micros(i64),
    Days(u32),
}

impl Length {
    /// `Nh`, `Nm`, `Ns` in this order, at least one of them; or `Nbd` alone.
    fn read(text: &str) -> Option<Self> {
        if let Some(days) = text.strip_suffix("bd") {
            return digits(days)?.try_into().ok().filter(|days| *days > 0).map(Self::Days);
        }
        let mut rest = text;
        let mut seconds: i64 = 0;
        for (unit, size) in [('h', 3_600), ('m', 60), ('s', 1)] {
            if let Some((number, after)) = rest.split_once(unit) {
                seconds = seconds.checked_add(digits(number)?.checked_mul(size)?)?;
                rest = after;
            }
        }
        let whole = rest.is_empty() && !text.is_empty();
        whole.then_some(Self::Micros(seconds.checked_mul(1_000_000)?))
    }
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse_rfc3339(text).unwrap()
    }

    /// 2026-01-05 is a Monday, the 7th a holiday.
    fn office() -> TestCalendar {
        TestCalendar::weekdays(9, 17).closed_on("2026-01-07").closed_on("2026-01-10")
    }

    #[track_caller]
    fn check_add(start: &str, duration: &str, expected: &str) {
        let actual = office().add(at(start), duration).map(|at| at.to_string());
        assert_eq!(actual.unwrap(), expected, "{start} + {duration}");
    }

    #[test]
    fn working_time_is_added_over_nights_holidays_and_weekends() {
        check_add("2026-01-05T10:00:00Z", "90m", "2026-01-05T11:30:00Z");
        check_add("2026-01-05T10:00:00Z", "7h", "2026-01-05T17:00:00Z");
        check_add("2026-01-05T10:00:00Z", "7h0m1s", "2026-01-06T09:00:01Z");
        check_add("2026-01-06T16:30:00Z", "1h", "2026-01-08T09:30:00Z");
        check_add("2026-01-09T16:30:00Z", "1h", "2026-01-12T09:30:00Z");
        check_add("2026-01-10T12:00:00Z", "0s", "2026-01-10T12:00:00Z");
    }

    #[test]
    fn business_days_keep_the_time_within_the_hours() {
        check_add("2026-01-05T13:00:00Z", "1bd", "2026-01-06T13:00:00Z");
        check_add("2026-01-06T13:00:00Z", "1bd", "2026-01-08T13:00:00Z");
        check_add("2026-01-09T22:00:00Z", "1bd", "2026-01-12T17:00:00Z");
        check_add("2026-01-05T06:00:00Z", "2bd", "2026-01-08T09:00:00Z");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in ["", "1d", "bd", "0bd", "1m1h", "h", "-1h", "1h 5m", "1.5h", "1h2bd", "9999999999999999h"] {
            assert!(office().add(at("2026-01-05T10:00:00Z"), text).is_err(), "{text}");
        }
    }

    #[test]
    fn time_between_counts_open_hours_alone() {
        let check = |start, end, expected| {
            assert_eq!(office().between(at(start), at(end)), Ok(expected), "{start} {end}");
        };
        check("2026-01-05T08:00:00Z", "2026-01-05T10:00:00Z", 3_600);
        check("2026-01-05T16:00:00Z", "2026-01-08T10:00:00Z", 3_600 + 8 * 3_600 + 3_600);
        check("2026-01-10T00:00:00Z", "2026-01-11T23:00:00Z", 0);
        check("2026-01-05T10:00:00Z", "2026-01-05T10:00:00.9Z", 0);
        assert!(office().between(at("2026-01-05T10:00:00Z"), at("2026-01-05T09:00:00Z")).is_err());
    }

    #[test]
    fn always_is_open_and_never_is_not() {
        let now = at("2026-01-10T23:59:59Z");
        let always = TestCalendar::from(true);
        assert!(always.is_open(now));
        assert_eq!(always.next_opening(now), Ok(now));
        assert_eq!(always.add(now, "48h").unwrap(), now.plus_seconds(48 * 3_600));
        assert_eq!(always.between(now, now.plus_seconds(100)), Ok(100));
        let never = TestCalendar::from(false);
        assert!(!never.is_open(now) && never.next_opening(now).is_err() && never.add(now, "1bd").is_err());
        assert!(TestCalendar::weekdays(17, 9).next_opening(now).is_err());
    }

    #[test]
    fn openings_are_found_at_or_after() {
        let check = |from, expected| {
            assert_eq!(office().next_opening(at(from)), Ok(at(expected)), "{from}");
        };
        check("2026-01-05T08:00:00Z", "2026-01-05T09:00:00Z");
        check("2026-01-05T12:00:00Z", "2026-01-05T12:00:00Z");
        check("2026-01-05T17:00:00Z", "2026-01-06T09:00:00Z");
        check("2026-01-06T17:00:00Z", "2026-01-08T09:00:00Z");
        check("2026-01-09T18:00:00Z", "2026-01-12T09:00:00Z");
    }

    #[test]
    fn closed_dates_are_those_whose_weekday_has_hours() {
        assert_eq!(office().closed_dates(at("2026-01-05T12:00:00Z"), 7), ["2026-01-07"]);
        assert!(office().closed_dates(at("2026-01-05T12:00:00Z"), 2).is_empty());
    }
}
