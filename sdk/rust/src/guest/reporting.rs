//! The reporter world: its export, and its imports as a [`Host`].

use std::panic;
use std::sync::Once;

use crate::bindings::reporter::deskbell::plugin::{
    automation_figures, calendars, clock, comments, kpis, log, reporting, settings, types,
};
use crate::context::Context;
use crate::error::{Error, Refusal, Result};
use crate::host::{Host, Level};
use crate::instant::Instant;
use crate::report::{Document, FiguresQuery, LowRating, Period, Request};

/// The reporter world's `report`.
pub fn report(
    request: reporting::Request,
    author: fn(&Request, &mut Context<'_>) -> Result<Document>,
) -> Result<String, types::Failure> {
    log_panics();
    let document = author(&request_in(request), &mut Context::new(&Reporter)).map_err(failure_out)?;
    serde_json::to_string(&document).map_err(|error| failure_out(error.into()))
}

fn request_in(request: reporting::Request) -> Request {
    let period = |period: reporting::Period| Period { from: Instant(period.start), to: Instant(period.end) };
    Request {
        name: request.name,
        report: request.report,
        period: period(request.period),
        previous: period(request.previous),
        tz: request.tz,
        language: request.language,
        calendar: request.calendar,
        source: request.source,
        names: request.names.into_iter().collect(),
    }
}

fn failure_out(error: Error) -> types::Failure {
    types::Failure { message: error.message, retry: error.retry }
}

fn refusal_in(refusal: types::Refusal) -> Refusal {
    Refusal::new(refusal.code, refusal.message)
}

fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(|panic| log::write("error", &panic.to_string()))));
}

struct Reporter;

impl Host for Reporter {
    fn log(&self, level: Level, message: &str) {
        log::write(level.as_str(), message);
    }

    fn settings(&self) -> String {
        settings::get()
    }

    fn now(&self) -> Instant {
        Instant(clock::now())
    }

    fn calendar_between(&self, calendar: &str, start: Instant, end: Instant) -> Result<u64, Refusal> {
        calendars::between(calendar, start.0, end.0).map_err(refusal_in)
    }

    fn calendar_add(&self, calendar: &str, start: Instant, duration: &str) -> Result<Instant, Refusal> {
        calendars::add(calendar, start.0, duration).map(Instant).map_err(refusal_in)
    }

    fn calendar_is_open(&self, calendar: &str, at: Instant) -> Result<bool, Refusal> {
        calendars::is_open(calendar, at.0).map_err(refusal_in)
    }

    fn calendar_next_opening(&self, calendar: &str, at: Instant) -> Result<Instant, Refusal> {
        calendars::next_opening(calendar, at.0).map(Instant).map_err(refusal_in)
    }

    fn calendar_closed_dates(&self, calendar: &str, start: Instant, days: u32) -> Result<Vec<String>, Refusal> {
        calendars::closed_dates(calendar, start.0, days).map_err(refusal_in)
    }

    fn figures(&self, query: &FiguresQuery) -> Result<String, Refusal> {
        kpis::compute(&kpis::Query {
            start: query.from.clone(),
            end: query.to.clone(),
            tz: query.tz.clone(),
            calendar: query.calendar.clone(),
            by: query.by.clone(),
            bucket: query.bucket.clone(),
            fcr: query.fcr.clone(),
            source: query.source.clone(),
        })
        .map_err(refusal_in)
    }

    fn low_ratings(&self, period: Period, source: Option<&str>, limit: u32) -> Result<Vec<LowRating>, Refusal> {
        let ratings = comments::low_ratings(period.from.0, period.to.0, source, limit).map_err(refusal_in)?;
        let each = ratings.into_iter().map(|rating| LowRating {
            at: Instant(rating.at),
            kind: rating.kind,
            normalized: rating.normalized,
            ticket: rating.ticket,
            agent: rating.agent,
            comment: rating.comment,
        });
        Ok(each.collect())
    }

    fn automation_figures(&self, period: Period) -> Result<String, Refusal> {
        automation_figures::calls(period.from.0, period.to.0).map_err(refusal_in)
    }
}
