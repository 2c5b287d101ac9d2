//! The calendars that plugins may read.

use std::sync::Arc;

use deskbell_host::Refusal;
use deskbell_model::calendar::{Book, Calendar};

pub(crate) fn named(book: &Book, name: &str) -> Result<Arc<Calendar>, Refusal> {
    book.get(name).cloned().ok_or_else(|| {
        Refusal::invalid(format!("there is no calendar '{name}' in the configuration; add [calendars.{name}]"))
    })
}
