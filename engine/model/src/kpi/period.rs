//! The period of a report: its buckets, and the local days and hours that the zone's clock shows.

use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::options::{Bucket, Options};
use crate::calendar::zone::{self, DAY, Offsets};
use crate::timestamp::Timestamp;

/// An hour in microseconds.
pub(super) const HOUR: i64 = 3_600_000_000;

/// How far back the hours lie that surges are compared with, with room for clock changes.
pub(super) const SURGE_REACH: i64 = 57 * DAY;

/// How many blocks of 24 hours before the end of the period the forecast looks at.
pub(super) const FORECAST_DAYS: i64 = 364;

/// The period and what its instants are, in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Period {
    pub(super) from: i64,
    pub(super) to: i64,
    /// The ends of the buckets in order; the last is `to`. None where the period is empty.
    pub(super) ends: Vec<i64>,
    clock: Clock,
}

/// What a zone's clock shows around the period.
#[derive(Clone, Debug)]
struct Clock {
    zone: Tz,
    offsets: Offsets,
}

impl Period {
    pub(super) fn new(options: &Options) -> Self {
        let (from, to) = (options.from.micros(), options.to.micros());
        let offsets = Offsets::cover(options.zone, from.saturating_sub(SURGE_REACH), to.saturating_add(DAY));
        let clock = Clock { zone: options.zone, offsets };
        let ends = if from == to { Vec::new() } else { ends(options.zone, options.bucket, from, to) };
        Self { from, to, ends, clock }
    }

    pub(super) const fn contains(&self, at: i64) -> bool {
        self.from <= at && at < self.to
    }

    /// The bucket that an instant of the period lies in.
    pub(super) fn bucket(&self, at: i64) -> usize {
        self.ends.partition_point(|end| *end <= at)
    }

    /// The buckets at whose end, by what happened before it, something held that began and ended at these instants.
    pub(super) fn held(&self, from: i64, until: Option<i64>) -> (usize, usize) {
        let at = |instant: i64| self.ends.partition_point(|end| *end <= instant);
        (at(from), until.map_or(self.ends.len(), at))
    }

    /// What the clock shows, in microseconds, from [`SURGE_REACH`] before the period until its end.
    pub(super) fn local(&self, at: i64) -> i64 {
        let segments = self.clock.offsets.segments();
        let index = segments.partition_point(|segment| segment.until <= at);
        match segments.get(index).or(segments.last()) {
            Some(segment) if segment.from <= at => at + segment.offset,
            _ => at + zone::offset(self.clock.zone, at),
        }
    }

    /// The hour that the clock shows, counted from 1970-01-01T00 of the zone.
    pub(super) fn local_hour(&self, at: i64) -> i64 {
        self.local(at).div_euclid(HOUR)
    }

    /// Whether the clock shows any instant of that hour.
    pub(super) fn has_hour(&self, hour: i64) -> bool {
        self.shows(hour * HOUR, (hour + 1) * HOUR)
    }

    /// How many local days of each weekday, Monday first, the period touches.
    pub(super) fn weekdays(&self) -> [i64; 7] {
        let mut days = [0; 7];
        if self.from == self.to {
            return days;
        }
        let (first, last) = (self.local(self.from).div_euclid(DAY), self.local(self.to - 1).div_euclid(DAY));
        for date in first..=last {
            if self.shows(date * DAY, (date + 1) * DAY)
                && let Some(count) = days.get_mut(weekday_of_day(date))
            {
                *count += 1;
            }
        }
        days
    }

    /// Whether the clock shows any of the local times in [from, until).
    fn shows(&self, from: i64, until: i64) -> bool {
        let shown = |segment: &zone::Segment| {
            (segment.from + segment.offset).max(from) < (segment.until + segment.offset).min(until)
        };
        let segments = self.clock.offsets.segments();
        // Two days around are more than any clock is ever changed by.
        let near = segments.partition_point(|segment| segment.until + segment.offset + 2 * DAY < from);
        let rest = segments.get(near..).unwrap_or_default();
        rest.iter().take_while(|segment| segment.from + segment.offset < until + 2 * DAY).any(shown)
    }
}

/// Monday is 0; 1970-01-01 was a Thursday.
pub(super) fn weekday_of_day(date: i64) -> usize {
    (date + 3).rem_euclid(7) as usize
}

/// The date of a local day.
pub(super) fn date_of_day(day: i64) -> NaiveDate {
    i32::try_from(day).ok().and_then(NaiveDate::from_epoch_days).unwrap_or_default()
}

/// The ends of the buckets between two different instants.
fn ends(zone: Tz, bucket: Option<Bucket>, from: i64, to: i64) -> Vec<i64> {
    let mut ends = Vec::new();
    if let Some(bucket) = bucket {
        let first = zone::local(zone, Timestamp::from_micros(from)).date();
        let mut next = after(bucket, first);
        while let Some(date) = next {
            let end = zone::instant(zone, date.and_time(NaiveTime::MIN)).micros();
            if end >= to {
                break;
            }
            // A local date that the zone leaves out has no bucket.
            if end > ends.last().copied().unwrap_or(from) {
                ends.push(end);
            }
            next = after(bucket, date);
        }
    }
    ends.push(to);
    ends
}

/// The first day of the bucket after the one that a date lies in.
fn after(bucket: Bucket, date: NaiveDate) -> Option<NaiveDate> {
    match bucket {
        Bucket::Day => date.succ_opt(),
        Bucket::Week => date.checked_add_days(Days::new(7 - u64::from(date.weekday().num_days_from_monday()))),
        Bucket::Month => date.with_day(1)?.checked_add_months(Months::new(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Request;
    use super::*;
    use crate::calendar::Book;

    fn period(from: &str, to: &str, tz: &str, bucket: Option<&str>) -> Period {
        let request = Request { from, to, tz: Some(tz), bucket, ..Request::default() };
        Period::new(&Options::new(&request, &Book::default()).unwrap())
    }

    #[track_caller]
    fn check(from: &str, to: &str, tz: &str, bucket: &str, expected: &[&str]) {
        let period = period(from, to, tz, Some(bucket));
        let ends: Vec<String> = period.ends.iter().map(|end| Timestamp::from_micros(*end).to_string()).collect();
        assert_eq!(ends, expected);
    }

    #[test]
    fn buckets_are_local_days_weeks_from_monday_and_months_cut_to_the_period() {
        check(
            "2026-03-28T12:00",
            "2026-03-30",
            "Europe/Berlin",
            "day",
            &["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"],
        );
        check(
            "2026-03-01",
            "2026-03-10T06:00",
            "UTC",
            "week",
            &["2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z", "2026-03-10T06:00:00Z"],
        );
        check("2026-01-31", "2026-03-01", "UTC", "month", &["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"]);
        check("2026-03-01", "2026-03-01", "UTC", "day", &[]);
        // The 30th is left out in Apia.
        check("2011-12-29", "2012-01-01", "Pacific/Apia", "day", &["2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"]);
        assert_eq!(period("2026-03-01", "2026-03-02", "UTC", None).ends.len(), 1);
    }

    #[test]
    fn the_end_of_a_bucket_is_not_in_it() {
        let period = period("2026-03-01", "2026-03-04", "UTC", Some("day"));
        let start = period.from;
        assert_eq!(
            [start, start + DAY - 1, start + DAY, start + 3 * DAY - 1].map(|at| period.bucket(at)),
            [0, 0, 1, 2]
        );
        // What begins at an end does not hold there; what ends there does.
        assert_eq!(period.held(start + DAY, Some(start + 2 * DAY)), (1, 2));
        assert_eq!(period.held(start + DAY - 1, Some(start + 2 * DAY)), (0, 2));
        assert_eq!(period.held(start - DAY, None), (0, 3));
        assert_eq!(period.held(start + 1, Some(start + 2)), (0, 0));
    }

    #[test]
    fn hours_and_days_are_those_that_the_clock_shows() {
        let spring = period("2026-03-29", "2026-03-30", "Europe/Berlin", None);
        let midnight = spring.local_hour(spring.from);
        let shown: Vec<bool> = (0..4).map(|hour| spring.has_hour(midnight + hour)).collect();
        assert_eq!(shown, [true, true, false, true]);
        assert_eq!(spring.local_hour(spring.from + 2 * HOUR), midnight + 3);
        assert_eq!(spring.weekdays(), [0, 0, 0, 0, 0, 0, 1]);
        let apia = period("2011-12-29", "2012-01-01", "Pacific/Apia", None);
        assert_eq!(apia.weekdays(), [0, 0, 0, 1, 0, 1, 0]);
        assert_eq!(period("2026-03-02T12:00", "2026-03-10T00:00:01", "UTC", None).weekdays(), [2, 2, 1, 1, 1, 1, 1]);
        assert_eq!(date_of_day(apia.local(apia.from).div_euclid(DAY)).to_string(), "2011-12-29");
    }
}
