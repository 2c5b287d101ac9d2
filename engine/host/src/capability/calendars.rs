//! Business calendars.

use std::sync::Arc;

use deskbell_bindings::v1_0_0::generated::deskbell::plugin::{calendars, types};
use deskbell_model::timestamp::Timestamp;

use crate::reads::{Reads, Refusal};
use crate::state::State;

/// The most days that one call looks at.
const MAX_DAYS: u32 = 1000;

impl State {
    fn use_calendars(&mut self) -> Result<Arc<dyn Reads>, Refusal> {
        self.use_capability("calendars")?;
        self.reader()
    }

    #[expect(clippy::unnecessary_wraps, reason = "what every import returns; none of these ends the call")]
    fn read_calendar<T>(
        &mut self,
        read: impl FnOnce(&dyn Reads) -> Result<T, Refusal>,
    ) -> wasmtime::Result<Result<T, types::Refusal>> {
        let answer = self.use_calendars().and_then(|reads| read(&*reads));
        Ok(answer.map_err(Into::into))
    }
}

impl calendars::Host for State {
    fn between(&mut self, calendar: String, start: i64, end: i64) -> wasmtime::Result<Result<u64, types::Refusal>> {
        let (start, end) = (Timestamp::from_micros(start), Timestamp::from_micros(end));
        self.read_calendar(|reads| reads.working_seconds(&calendar, start, end))
    }

    fn add(&mut self, calendar: String, start: i64, duration: String) -> wasmtime::Result<Result<i64, types::Refusal>> {
        let start = Timestamp::from_micros(start);
        self.read_calendar(|reads| reads.add_working(&calendar, start, &duration).map(Timestamp::micros))
    }

    fn is_open(&mut self, calendar: String, at: i64) -> wasmtime::Result<Result<bool, types::Refusal>> {
        self.read_calendar(|reads| reads.is_open(&calendar, Timestamp::from_micros(at)))
    }

    fn next_opening(&mut self, calendar: String, at: i64) -> wasmtime::Result<Result<i64, types::Refusal>> {
        let at = Timestamp::from_micros(at);
        self.read_calendar(|reads| reads.next_opening(&calendar, at).map(Timestamp::micros))
    }

    fn closed_dates(
        &mut self,
        calendar: String,
        start: i64,
        days: u32,
    ) -> wasmtime::Result<Result<Vec<String>, types::Refusal>> {
        let start = Timestamp::from_micros(start);
        self.read_calendar(|reads| {
            if days > MAX_DAYS {
                return Err(Refusal::limit(format!("{days} days are asked for, and {MAX_DAYS} are allowed at once")));
            }
            reads.closed_dates(&calendar, start, days)
        })
    }
}
