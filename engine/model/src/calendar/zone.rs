//! Wall clocks: which instants a local time stands for.
//!
//! Two rules hold everywhere. A local time that the clock skips is the instant of the skip. A local time that occurs
//! twice is its first occurrence, unless somebody asks for the last.

use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;

use crate::timestamp::Timestamp;

pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const MINUTE: i64 = 60 * SECOND;
pub(crate) const DAY: i64 = 86_400 * SECOND;

/// The zone of that IANA name.
pub fn named(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// What the clocks of the zone show at an instant.
pub fn local(zone: Tz, at: Timestamp) -> NaiveDateTime {
    at.plus_micros(offset(zone, at.micros())).to_chrono().naive_utc()
}

/// The first instant at which the clocks of the zone show `local`; where they skip it, the instant of the skip.
pub fn instant(zone: Tz, local: NaiveDateTime) -> Timestamp {
    let local = local.and_utc().timestamp_micros();
    let offsets = Offsets::cover(zone, local.saturating_sub(2 * DAY), local.saturating_add(2 * DAY));
    Timestamp::from_micros(offsets.first(local))
}

/// Microseconds that the clocks of the zone are ahead of UTC at an instant.
pub(crate) fn offset(zone: Tz, at: i64) -> i64 {
    let time = DateTime::from_timestamp(at.div_euclid(SECOND), 0).unwrap_or_default();
    i64::from(zone.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc()) * SECOND
}

/// A stretch of instants without a clock change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) offset: i64,
}

/// The segments of a stretch of time, one after the other without holes.
#[derive(Clone, Debug)]
pub(crate) struct Offsets(Vec<Segment>);

impl Offsets {
    /// The segments from `from` until `until`.
    pub(crate) fn cover(zone: Tz, from: i64, until: i64) -> Self {
        let from = from.div_euclid(SECOND) * SECOND;
        let mut segments = Vec::with_capacity(2);
        let mut current = Segment { from, until: from, offset: offset(zone, from) };
        // No zone has changed its clock twice within a week; a probe a day misses nothing.
        while current.until < until {
            let probe = current.until.saturating_add(DAY).min(until.max(from + SECOND));
            let there = offset(zone, probe);
            if there != current.offset {
                let change = first_second(current.until, probe, |at| offset(zone, at) != current.offset);
                segments.push(Segment { until: change, ..current });
                current = Segment { from: change, until: change, offset: there };
            }
            current.until = probe;
        }
        segments.push(current);
        Self(segments)
    }

    pub(crate) fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// Whether the local day that begins at `midnight` lies inside, with room for any offset.
    pub(crate) fn covers_day(&self, midnight: i64) -> bool {
        let ends = self.0.first().zip(self.0.last());
        ends.is_some_and(|(first, last)| first.from <= midnight - 2 * DAY && midnight + 3 * DAY <= last.until)
    }

    /// The first instant at which the clock shows `local` or has skipped it.
    pub(crate) fn first(&self, local: i64) -> i64 {
        let index = self.0.partition_point(|segment| segment.until + segment.offset <= local);
        match self.0.get(index).or(self.0.last()) {
            Some(segment) => (local - segment.offset).max(segment.from),
            None => local,
        }
    }

    /// The last instant at which the clock shows `local`; where it is skipped, the instant of the skip.
    pub(crate) fn last(&self, local: i64) -> i64 {
        let behind = |segment: &&Segment| segment.from + segment.offset <= local;
        match self.0.iter().rev().find(behind).or(self.0.first()) {
            Some(segment) => (local - segment.offset).min(segment.until),
            None => local,
        }
    }
}

/// The first second after `before` (at which `changed` does not hold) up to `after` (at which it does).
fn first_second(before: i64, after: i64, changed: impl Fn(i64) -> bool) -> i64 {
    let (mut before, mut after) = (before.div_euclid(SECOND), after.div_euclid(SECOND));
    while after - before > 1 {
        let middle = before + (after - before) / 2;
        if changed(middle * SECOND) {
            after = middle;
        } else {
            before = middle;
        }
    }
    after * SECOND
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(zone: &str, local: &str, first: &str, last: &str) {
        let zone = named(zone).unwrap();
        let local: NaiveDateTime = local.parse().unwrap();
        assert_eq!(instant(zone, local).to_string(), first);
        let micros = local.and_utc().timestamp_micros();
        let offsets = Offsets::cover(zone, micros - 9 * DAY, micros + 9 * DAY);
        assert_eq!(Timestamp::from_micros(offsets.first(micros)).to_string(), first);
        assert_eq!(Timestamp::from_micros(offsets.last(micros)).to_string(), last);
    }

    #[test]
    fn local_times_become_instants() {
        check("Europe/Berlin", "2026-06-01T09:00:00", "2026-06-01T07:00:00Z", "2026-06-01T07:00:00Z");
        check(
            "Asia/Kolkata",
            "2026-06-01T00:00:00.000001",
            "2026-05-31T18:30:00.000001Z",
            "2026-05-31T18:30:00.000001Z",
        );
    }

    #[test]
    fn skipped_times_are_the_instant_of_the_skip() {
        check("Europe/Berlin", "2026-03-29T01:59:59", "2026-03-29T00:59:59Z", "2026-03-29T00:59:59Z");
        check("Europe/Berlin", "2026-03-29T02:00:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z");
        check("Europe/Berlin", "2026-03-29T02:30:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z");
        check("Europe/Berlin", "2026-03-29T03:00:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z");
        check("Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z");
        check("Pacific/Apia", "2011-12-31T00:00:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z");
    }

    #[test]
    fn repeated_times_have_a_first_and_a_last_occurrence() {
        check("Europe/Berlin", "2026-10-25T02:00:00", "2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z");
        check("Europe/Berlin", "2026-10-25T02:59:59", "2026-10-25T00:59:59Z", "2026-10-25T01:59:59Z");
        check("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z");
        check("Australia/Lord_Howe", "2026-04-05T01:45:00", "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z");
    }

    #[test]
    fn instants_become_local_times() {
        let local = local(named("America/New_York").unwrap(), "2026-07-04T12:00:00.5Z".parse().unwrap());
        assert_eq!(local.to_string(), "2026-07-04 08:00:00.500");
    }
}
