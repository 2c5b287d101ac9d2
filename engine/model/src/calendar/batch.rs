//! `deskbell calendar batch`: one case a line in, one result a line out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::amount::Amount;
use super::{Book, Error};
use crate::timestamp::Timestamp;

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    id: Value,
    op: Option<String>,
    calendar: Option<String>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    start: Option<Timestamp>,
    duration: Option<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a Value,
    #[serde(flatten)]
    result: Answer,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Seconds(i64),
    At(Timestamp),
    Error(&'static str),
}

/// The result line for one line of cases; none for a blank line. Errors are results too.
pub fn batch_line(book: &Book, line: &str) -> Option<String> {
    if line.trim().is_empty() {
        return None;
    }
    let (id, result) = match serde_json::from_str::<Case>(line) {
        Ok(case) => (case.id.clone(), answer(book, &case)),
        Err(_) => (id_of(line), Err("bad_input")),
    };
    let line = Line { id: &id, result: result.unwrap_or_else(Answer::Error) };
    serde_json::to_string(&line).ok()
}

/// The id of a line that is no case, as far as it has one.
pub(crate) fn id_of(line: &str) -> Value {
    let value = serde_json::from_str::<Value>(line).ok();
    value.and_then(|value| value.get("id").cloned()).unwrap_or_default()
}

fn answer(book: &Book, case: &Case) -> Result<Answer, &'static str> {
    let name = case.calendar.as_deref().ok_or("bad_input")?;
    let calendar = book.get(name).ok_or("unknown_calendar");
    match (case.op.as_deref(), case.from, case.to, case.start, &case.duration) {
        (Some("between"), Some(from), Some(to), _, _) => {
            let micros = calendar?.between(from, to).map_err(|error| code(&error))?;
            Ok(Answer::Seconds(micros.div_euclid(1_000_000)))
        }
        (Some("add"), _, _, Some(start), Some(duration)) => {
            let amount: Amount = duration.parse().map_err(|_| "bad_input")?;
            calendar?.add(start, amount).map(Answer::At).map_err(|error| code(&error))
        }
        _ => Err("bad_input"),
    }
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Negative { .. } => "negative",
        Error::NoWorkingTime { .. } => "no_working_time",
        Error::OutOfRange => "bad_input",
    }
}
