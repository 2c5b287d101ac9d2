use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike};
use chrono_tz::Tz;
use deskbell_model::document::Period;
use deskbell_model::timestamp::Timestamp;

use super::Locale;

/// Patterns of `{d}` day, `{dd}` day of two digits, `{m}` `{mm}` month as number, `{mon}` month as word, `{y}` year.
#[derive(Debug)]
pub(super) struct Form {
    pub(super) date: &'static str,
    /// A day of a known year, for the axis of a chart.
    pub(super) day: &'static str,
    /// A whole month, with `{month}` for its name as it stands alone.
    pub(super) month: &'static str,
    /// Between hours and minutes.
    pub(super) time_separator: &'static str,
    /// Between a date and a time.
    pub(super) at: &'static str,
    pub(super) twelve_hours: bool,
    /// As in a date.
    pub(super) months: [&'static str; 12],
    /// Standing alone.
    pub(super) months_alone: [&'static str; 12],
}

impl Locale {
    pub fn date(&self, day: NaiveDate) -> String {
        self.fill(self.dates.date, day)
    }

    /// Without the year.
    pub fn day(&self, day: NaiveDate) -> String {
        self.fill(self.dates.day, day)
    }

    /// `2026-03-02` as a date of the language; what is none, as it is.
    pub(super) fn date_of(&self, text: &str) -> String {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map_or_else(|_| text.to_owned(), |day| self.date(day))
    }

    /// [`Self::day`] of a text such as `2026-03-02`; what is none, as it is.
    pub fn day_of(&self, text: &str) -> String {
        NaiveDate::parse_from_str(text, "%Y-%m-%d").map_or_else(|_| text.to_owned(), |day| self.day(day))
    }

    pub fn time(&self, time: NaiveTime) -> String {
        let separator = self.dates.time_separator;
        if self.dates.twelve_hours {
            let (afternoon, hour) = time.hour12();
            return format!("{hour}{separator}{:02}\u{a0}{}", time.minute(), if afternoon { "PM" } else { "AM" });
        }
        format!("{:02}{separator}{:02}", time.hour(), time.minute())
    }

    /// Date, time and zone of an instant.
    pub fn instant(&self, at: Timestamp, zone: Tz) -> String {
        let local = at.to_chrono().with_timezone(&zone);
        format!("{} ({zone})", self.date_time(local))
    }

    /// The days of a period, both ends named as people do: the last day, not the midnight after it.
    pub fn period(&self, period: &Period) -> String {
        let zone: Tz = period.tz.parse().unwrap_or(Tz::UTC);
        let from = period.from.to_chrono().with_timezone(&zone);
        let to = period.to.to_chrono().with_timezone(&zone);
        let midnights = from.time() == NaiveTime::MIN && to.time() == NaiveTime::MIN;
        let Some(last) = to.date_naive().pred_opt().filter(|last| midnights && *last >= from.date_naive()) else {
            return format!("{} – {} ({zone})", self.date_time(from), self.date_time(to));
        };
        let first = from.date_naive();
        if first == last {
            return self.date(first);
        }
        if first.day() == 1 && to.day() == 1 && (first.year(), first.month()) == (last.year(), last.month()) {
            return self.fill(self.dates.month, first);
        }
        format!("{} – {}", self.date(first), self.date(last))
    }

    fn date_time(&self, at: DateTime<Tz>) -> String {
        format!("{}{}{}", self.date(at.date_naive()), self.dates.at, self.time(at.time()))
    }

    fn fill(&self, pattern: &str, day: NaiveDate) -> String {
        let name = |names: &[&'static str; 12]| names.get(day.month0() as usize).copied().unwrap_or_default();
        pattern
            .replace("{dd}", &format!("{:02}", day.day()))
            .replace("{d}", &day.day().to_string())
            .replace("{mm}", &format!("{:02}", day.month()))
            .replace("{m}", &day.month().to_string())
            .replace("{mon}", name(&self.dates.months))
            .replace("{month}", name(&self.dates.months_alone))
            .replace("{y}", &day.year().to_string())
    }
}
