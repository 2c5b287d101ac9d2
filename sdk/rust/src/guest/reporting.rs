//! The reporter world's export and its types.

use std::panic;
use std::sync::Once;

use super::imports::REPORTER;
use crate::bindings::reporter::deskbell::plugin::{log, reporting, types};
use crate::context::Context;
use crate::error::{Error, Refusal, Result};
use crate::instant::Instant;
use crate::report::{Document, Period, Request};

/// The reporter world's `report`.
pub fn report(
    request: reporting::Request,
    author: fn(&Request, &mut Context<'_>) -> Result<Document>,
) -> Result<String, types::Failure> {
    log_panics();
    let document = author(&request_in(request), &mut Context::of(&REPORTER)).map_err(failure_out)?;
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

pub(super) fn refusal_in(refusal: types::Refusal) -> Refusal {
    Refusal::new(refusal.code, refusal.message)
}

fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(|panic| log::write("error", &panic.to_string()))));
}
