//! The spans of instants at which a calendar is open, computed once per stretch of time and kept.
//!
//! Time is cut into chunks of 366 days. A chunk holds its spans in order, merged where they touch or overlap (what two
//! of them share counts once), with the working time before each, so that any sum is two searches and a subtraction.

use std::borrow::Cow;
use std::sync::OnceLock;

use chrono_tz::Tz;

use super::week::Week;
use super::zone::{DAY, Offsets};

/// The reach of `add`: 366 times 24 hours without working time are the end of the search.
pub(super) const REACH: i64 = 366 * DAY;

/// Chunks that are kept: those from about 1900 until about 2200. Others are computed each time.
const FIRST_KEPT: i64 = -70;
const N_KEPT: usize = 300;

/// The spans of a stretch of 366 days.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    from: i64,
    /// Each with the working time of the chunk before it.
    spans: Vec<(i64, i64, i64)>,
    /// For each day of the chunk and its end, how many of the spans start before it: where a search begins.
    started: Vec<u32>,
    total: i64,
    /// What the clocks show, with some days around.
    offsets: Offsets,
}

/// The chunks of one calendar.
#[derive(Debug)]
pub(super) struct Spans(Box<[OnceLock<Chunk>]>);

impl Spans {
    pub(super) fn new() -> Self {
        Self(std::iter::repeat_with(OnceLock::new).take(N_KEPT).collect())
    }

    /// The chunk with this number.
    pub(super) fn chunk(&self, number: i64, zone: Tz, week: &Week) -> Cow<'_, Chunk> {
        let kept = usize::try_from(number - FIRST_KEPT).ok().and_then(|index| self.0.get(index));
        match kept {
            Some(cell) => Cow::Borrowed(cell.get_or_init(|| Chunk::new(number, zone, week))),
            None => Cow::Owned(Chunk::new(number, zone, week)),
        }
    }
}

impl Chunk {
    /// The number of the chunk that an instant lies in.
    pub(super) fn number(at: i64) -> i64 {
        at.div_euclid(REACH)
    }

    fn new(number: i64, zone: Tz, week: &Week) -> Self {
        let from = number * REACH;
        let until = from + REACH;
        let offsets = Offsets::cover(zone, from - 5 * DAY, until + 5 * DAY);
        // A date's spans lie within a day of it in UTC; two days are room for a date that the clock repeats.
        let dates = from.div_euclid(DAY) - 2..=until.div_euclid(DAY) + 2;
        let mut found: Vec<(i64, i64)> = dates.flat_map(|date| week.spans(date, &offsets)).collect();
        found.sort_unstable();
        let mut spans: Vec<(i64, i64, i64)> = Vec::with_capacity(found.len());
        let mut total = 0;
        for (start, end) in found {
            let (start, end) = (start.max(from), end.min(until));
            match spans.last_mut() {
                _ if start >= end => {}
                Some((_, last, _)) if start <= *last => {
                    total += (end - *last).max(0);
                    *last = end.max(*last);
                }
                _ => {
                    spans.push((start, end, total));
                    total += end - start;
                }
            }
        }
        let days = (0..=REACH / DAY).map(|day| from + day * DAY);
        let started = days.map(|day| spans.partition_point(|(start, ..)| *start < day) as u32).collect();
        Self { from, spans, started, total, offsets }
    }

    pub(super) const fn from(&self) -> i64 {
        self.from
    }

    /// What the clocks show in it, with some days around.
    pub(super) const fn offsets(&self) -> &Offsets {
        &self.offsets
    }

    /// Its working time.
    pub(super) const fn total(&self) -> i64 {
        self.total
    }

    /// Its working time before an instant.
    pub(super) fn before(&self, at: i64) -> i64 {
        // A day has few spans, so the last one that starts before the instant is near.
        let day = usize::try_from((at - self.from) / DAY).unwrap_or(0);
        let started = self.started.get(day).map_or(0, |started| *started as usize);
        let later = self.spans.get(started..).unwrap_or_default();
        let index = started + later.iter().take_while(|(start, ..)| *start < at).count();
        let last = index.checked_sub(1).and_then(|index| self.spans.get(index));
        last.map_or(0, |(start, end, before)| before + at.min(*end) - start)
    }

    /// The earliest instant before which it has that much working time, which is more than 0 and at most its total.
    pub(super) fn reached(&self, working: i64) -> Option<i64> {
        let index = self.spans.partition_point(|(_, _, before)| *before < working).checked_sub(1)?;
        self.spans.get(index).map(|(start, _, before)| start + working - before)
    }

    /// The first span that ends after an instant.
    pub(super) fn span_after(&self, at: i64) -> Option<(i64, i64)> {
        let index = self.spans.partition_point(|(_, end, _)| *end <= at);
        self.spans.get(index).map(|(start, end, _)| (*start, *end))
    }

    /// The end of the last span.
    pub(super) fn last_closing(&self) -> Option<i64> {
        self.spans.last().map(|(_, end, _)| *end)
    }
}
