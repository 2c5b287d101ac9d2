//! `deskbell schedule batch`: one case a line in, one result a line out.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Error, Schedule};
use crate::calendar::id_of;
use crate::timestamp::Timestamp;

/// How many runs a result has.
const N_RUNS: usize = 5;

#[derive(Deserialize)]
struct Case {
    #[serde(default)]
    id: Value,
    expr: String,
    timezone: String,
    after: Timestamp,
}

#[derive(Serialize)]
struct Line {
    id: Value,
    #[serde(flatten)]
    result: Answer,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Next(Vec<Timestamp>),
    Error(&'static str),
}

/// The result line for one line of cases; none for a blank line. Errors are results too.
pub fn batch_line(line: &str) -> Option<String> {
    if line.trim().is_empty() {
        return None;
    }
    let line = match serde_json::from_str::<Case>(line) {
        Ok(case) => Line { result: answer(&case), id: case.id },
        Err(_) => Line { id: id_of(line), result: Answer::Error("bad_input") },
    };
    serde_json::to_string(&line).ok()
}

fn answer(case: &Case) -> Answer {
    match Schedule::new(&case.expr, &case.timezone) {
        Ok(schedule) => Answer::Next(schedule.upcoming(case.after, N_RUNS)),
        Err(Error::Zone(_)) => Answer::Error("bad_input"),
        Err(_) => Answer::Error("bad_expression"),
    }
}
