//! Surges while they happen: which tickets have to be counted to tell one in the hour that goes on.
//!
//! The figure itself is [`Figures::surges`](super::report::Figures::surges), so that what is announced is what a report
//! of that hour says.

use chrono_tz::Tz;

use super::options::{Fcr, Options};
use super::period::{HOUR, SURGE_REACH};
use super::surges::{LEAST, LEAST_WEEKS, WEEKS};
use crate::calendar::zone::{self, DAY, Offsets};
use crate::timestamp::Timestamp;

/// A look at the local hour that goes on, and at the one before it, whose last tickets may have come to be known since.
#[derive(Clone, Debug)]
pub struct Watch {
    /// For a report over those hours until now.
    pub options: Options,
    /// The stretches, from..until, whose tickets it needs: those hours, and the same ones of the weeks before. It needs
    /// the first ticket of all besides.
    pub stretches: Vec<(Timestamp, Timestamp)>,
}

impl Watch {
    /// With fewer tickets in its hours there is no surge.
    pub const LEAST: u64 = LEAST;

    /// Looks at a source, by the hours that the clock of `zone` shows.
    pub fn at(now: Timestamp, zone: Tz, source: &str) -> Self {
        let at = now.micros();
        let offsets = Offsets::cover(zone, at.saturating_sub(SURGE_REACH + DAY), at.saturating_add(2 * DAY));
        let this = (at + zone::offset(zone, at)).div_euclid(HOUR);
        let begin = |hour: i64| Timestamp::from_micros(offsets.first(hour * HOUR));
        let hours = (0..=WEEKS).flat_map(|week| [this - 1, this].map(|hour| hour - week * 7 * 24));
        let stretches = hours.map(|hour| (begin(hour), begin(hour + 1))).filter(|(from, until)| from < until);
        let options = Options {
            from: begin(this - 1),
            to: now.plus_micros(1),
            zone,
            calendar: None,
            by: None,
            bucket: None,
            fcr: Fcr::OneReply,
            source: Some(source.to_owned()),
        };
        Self { options, stretches: stretches.collect() }
    }

    /// Where the first ticket of all was created after this, too few weeks have been seen to tell a surge. Hours and changed
    /// clocks are allowed for: only a report is exact.
    pub fn seen_since(&self) -> Timestamp {
        self.options.to.plus_micros(3 * HOUR - LEAST_WEEKS as i64 * 7 * DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(now: &str, zone: Tz) -> (String, Vec<(String, String)>) {
        let watch = Watch::at(now.parse().unwrap(), zone, "shop");
        let told = watch.stretches.iter().map(|(from, until)| (from.to_string(), until.to_string()));
        (watch.options.from.to_string(), told.collect())
    }

    fn stretch(from: &str, until: &str) -> (String, String) {
        (from.to_owned(), until.to_owned())
    }

    #[test]
    fn the_hour_and_the_one_before_are_compared_with_those_of_eight_weeks() {
        let (from, stretches) = watch("2026-06-30T09:20:00Z", Tz::UTC);
        assert_eq!((from.as_str(), stretches.len()), ("2026-06-30T08:00:00Z", 18));
        assert_eq!(stretches[0], stretch("2026-06-30T08:00:00Z", "2026-06-30T09:00:00Z"));
        assert_eq!(stretches[17], stretch("2026-05-05T09:00:00Z", "2026-05-05T10:00:00Z"));
    }

    #[test]
    fn four_weeks_have_to_be_seen() {
        let watch = Watch::at("2026-06-30T09:20:00Z".parse().unwrap(), Tz::UTC, "shop");
        assert_eq!(watch.seen_since().to_string(), "2026-06-02T12:20:00.000001Z");
    }

    #[test]
    fn hours_are_those_of_the_clock_across_its_changes() {
        // A week before, the clocks were an hour behind.
        let (_, stretches) = watch("2026-04-02T07:20:00Z", Tz::Europe__Berlin);
        assert_eq!(stretches[1], stretch("2026-04-02T07:00:00Z", "2026-04-02T08:00:00Z"));
        assert_eq!(stretches[3], stretch("2026-03-26T08:00:00Z", "2026-03-26T09:00:00Z"));
        // 02 is skipped, so 03 follows 01; and in autumn 02 lasts two hours.
        let (from, stretches) = watch("2026-03-29T01:20:00Z", Tz::Europe__Berlin);
        assert_eq!((from.as_str(), stretches.len()), ("2026-03-29T01:00:00Z", 17));
        let (from, stretches) = watch("2026-10-25T01:20:00Z", Tz::Europe__Berlin);
        assert_eq!(from, "2026-10-24T23:00:00Z");
        assert_eq!(stretches[1], stretch("2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"));
    }
}
