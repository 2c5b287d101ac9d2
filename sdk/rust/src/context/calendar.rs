//! Business calendars.

use crate::error::Result;
use crate::host::Asked;
#[cfg(target_family = "wasm")]
use crate::host::Host as _;
use crate::instant::Instant;

/// A business calendar of the operator's configuration.
///
/// ```
/// use deskbell::prelude::*;
/// use deskbell::testing::{self, TestCalendar, TestHost};
///
/// fn handle(_: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
///     let office = cx.calendar("office");
///     if office.is_open(cx.now())? {
///         return Ok(vec![]);
///     }
///     Ok(vec![Effect::reply(format!("We are back at {}.", office.next_opening(cx.now())?))])
/// }
///
/// let mut host = TestHost::new()
///     .now("2026-01-05T20:00:00Z") // a Monday
///     .calendar("office", TestCalendar::weekdays(9, 17));
/// let effects = host.call(handle, &testing::event(json!({})))?;
/// assert_eq!(effects, [Effect::reply("We are back at 2026-01-06T09:00:00Z.")]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Calendar<'a> {
    host: Asked<'a>,
    name: String,
}

impl<'a> Calendar<'a> {
    pub(super) fn new(host: Asked<'a>, name: String) -> Self {
        Self { host, name }
    }

    /// Working time in [start, end), in whole seconds. An end before the start is refused.
    pub fn between(&self, start: Instant, end: Instant) -> Result<u64> {
        Ok(self.host.calendar_between(&self.name, start, end)?)
    }

    /// The earliest instant with so much working time since `start`: `90m`, `1h30m`, `45s`, or `2bd` for business days.
    pub fn add(&self, start: Instant, duration: impl AsRef<str>) -> Result<Instant> {
        Ok(self.host.calendar_add(&self.name, start, duration.as_ref())?)
    }

    /// Whether it is open at that instant.
    pub fn is_open(&self, at: Instant) -> Result<bool> {
        Ok(self.host.calendar_is_open(&self.name, at)?)
    }

    /// When it is open next, at or after that instant.
    pub fn next_opening(&self, at: Instant) -> Result<Instant> {
        Ok(self.host.calendar_next_opening(&self.name, at)?)
    }

    /// The local dates (YYYY-MM-DD) from that of `start` on, `days` of them, that are holidays or otherwise closed although
    /// their weekday has hours.
    pub fn closed_dates(&self, start: Instant, days: u32) -> Result<Vec<String>> {
        Ok(self.host.calendar_closed_dates(&self.name, start, days)?)
    }
}
