//! Reading business calendars for plugins.

use std::sync::Arc;

use deskbell_host::Refusal;
use deskbell_model::calendar::amount::Amount;
use deskbell_model::calendar::{Book, Calendar};
use deskbell_model::timestamp::Timestamp;

fn invalid(error: impl std::fmt::Display) -> Refusal {
    Refusal::invalid(error.to_string())
}

fn named<'a>(book: &'a Book, name: &str) -> Result<&'a Arc<Calendar>, Refusal> {
    book.get(name).ok_or_else(|| {
        Refusal::invalid(format!("there is no calendar '{name}' in the configuration; add [calendars.{name}]"))
    })
}

pub(crate) fn working_seconds(book: &Book, name: &str, start: Timestamp, end: Timestamp) -> Result<u64, Refusal> {
    let micros = named(book, name)?.between(start, end).map_err(invalid)?;
    Ok((micros / 1_000_000).max(0) as u64)
}

pub(crate) fn add_working(book: &Book, name: &str, start: Timestamp, duration: &str) -> Result<Timestamp, Refusal> {
    let amount: Amount = duration.parse().map_err(invalid)?;
    named(book, name)?.add(start, amount).map_err(invalid)
}

pub(crate) fn is_open(book: &Book, name: &str, at: Timestamp) -> Result<bool, Refusal> {
    named(book, name)?.is_open(at).map_err(invalid)
}

pub(crate) fn next_opening(book: &Book, name: &str, at: Timestamp) -> Result<Timestamp, Refusal> {
    named(book, name)?.next_opening(at).map_err(invalid)
}

pub(crate) fn closed_dates(book: &Book, name: &str, start: Timestamp, days: u32) -> Result<Vec<String>, Refusal> {
    let dates = named(book, name)?.closed_dates(start, days.min(366)).map_err(invalid)?;
    Ok(dates.iter().map(ToString::to_string).collect())
}
