//! Comparing what came out with what a fixture expects. What the expectation leaves out is not compared; what it names
//! has to be equal.

use deskbell_host::Failure;
use serde_json::{Map, Value};

use super::calling::{MAX_ROUNDS, Made, Outcome};
use super::fixture::{Expect, ExpectedFailure};
use super::{as_json, report};

type Object = Map<String, Value>;

/// More differences than this in one fixture help nobody.
const MAX_DIFFERENCES: usize = 20;

/// The most characters of a value that are shown.
const MAX_SHOWN_CHARS: usize = 300;

/// Texts at least this long are shown from shortly before where they part.
const LONG_TEXT_CHARS: usize = 60;

/// How what came out differs from what is expected, a line for each difference.
pub(super) fn differences(expect: &Expect, outcome: &Outcome) -> Vec<String> {
    let mut found = match (&outcome.made, &expect.failure) {
        (Ok(made), None) => of_made(expect, made, outcome),
        (Ok(_), Some(_)) => vec!["expected a failure, but the call went well".to_owned()],
        (Err(failure), None) => vec![format!("{failure}{}", advice(failure))],
        (Err(failure), Some(expected)) => of_failure(expected, failure),
    };
    if found.len() > MAX_DIFFERENCES {
        let n_more = found.len() - MAX_DIFFERENCES;
        found.truncate(MAX_DIFFERENCES);
        found.push(format!("and {n_more} more"));
    }
    found
}

/// What a plugin's own failure says beside its message.
fn advice(failure: &Failure) -> String {
    match failure {
        Failure::Refused { retry, .. } => format!(" (retry: {retry})"),
        _ => report::frames(failure).into_iter().flat_map(|frame| ["\n", frame]).collect(),
    }
}

fn of_failure(expected: &ExpectedFailure, failure: &Failure) -> Vec<String> {
    let Failure::Refused { message, retry, .. } = failure else {
        return vec![format!("expected a failure that the plugin states, but {failure}{}", advice(failure))];
    };
    let mut found = Vec::new();
    if let Some(wanted) = expected.retry.filter(|wanted| wanted != retry) {
        found.push(format!("failure.retry: expected {wanted}, got {retry}: {message}"));
    }
    let part = expected.message.as_deref().unwrap_or_default();
    if !message.contains(part) {
        found.push(format!("failure.message: expected one with '{part}', got '{message}'"));
    }
    found
}

fn of_made(expect: &Expect, made: &Made, outcome: &Outcome) -> Vec<String> {
    let mut found = Vec::new();
    match made {
        Made::Decision(decision) => {
            let effects: Vec<Value> = decision.effects.iter().map(as_json::effect).collect();
            compare("effects", expect.effects.as_deref(), &effects, &mut found);
            compare("timers", expect.timers.as_deref(), &as_json::timers(&decision.writes), &mut found);
        }
        Made::Parsed(parsed, rejected) => {
            let events: Vec<Value> = parsed.events.iter().map(as_json::event).collect();
            compare("events", expect.events.as_deref(), &events, &mut found);
            if let Some(part) = &expect.ignored {
                let why = parsed.ignored.as_deref().unwrap_or_default();
                if why.is_empty() || !why.contains(part) {
                    found.push(format!("ignored: expected a reason with '{part}', got '{why}'"));
                }
            }
            found.extend(rejected.iter().cloned());
        }
        Made::Document(document, problem) => {
            found.extend(problem.clone());
            of_document(expect.document.as_ref(), document, &mut found);
        }
        Made::Done(_) | Made::Impossible(_) | Made::Unanswered(_) | Made::Endless => {
            of_action(expect, made, outcome, &mut found);
        }
    }
    found
}

/// Of each block, the members that stand in the fixture.
fn of_document(expected: Option<&Object>, document: &Value, found: &mut Vec<String>) {
    for (name, value) in expected.into_iter().flatten() {
        let actual = document.get(name).unwrap_or(&Value::Null);
        let objects =
            |list: &Vec<Value>| list.iter().map(|block| block.as_object().cloned()).collect::<Option<Vec<_>>>();
        match (value.as_array().and_then(objects), actual.as_array()) {
            (Some(expected), Some(actual)) => {
                compare(&format!("document.{name}"), Some(expected.as_slice()), actual, found);
            }
            _ => walk(&format!("document.{name}"), value, actual, found),
        }
    }
}

fn of_action(expect: &Expect, made: &Made, outcome: &Outcome, found: &mut Vec<String>) {
    let mut requests: Vec<Value> = outcome.requests.iter().map(as_json::request).collect();
    let expected: Option<Vec<Object>> = expect.requests.as_ref().map(|all| all.iter().map(lower_headers).collect());
    for (expected, request) in expected.iter().flatten().zip(&mut requests) {
        keep_named_headers(expected, request);
    }
    compare("requests", expected.as_deref(), &requests, found);
    match made {
        Made::Unanswered(number) => {
            let request = outcome.requests.get(number - 1);
            let what = request.map(|request| format!("{} {}", request.method, request.url)).unwrap_or_default();
            found.push(format!("responses: there is no answer for request {number}: {what}"));
        }
        Made::Endless => found.push(format!(
            "it still asks for requests after {MAX_ROUNDS} rounds, where the engine gives up; end with done or impossible"
        )),
        _ => {}
    }
    if let Some(reference) = &expect.done {
        let wanted = reference.as_str();
        if !matches!(made, Made::Done(actual) if actual.as_deref() == wanted) {
            found.push(format!("done: expected {}, got {}", Value::from(wanted), end(made)));
        }
    }
    if let Some(part) = &expect.impossible
        && !matches!(made, Made::Impossible(reason) if reason.contains(part))
    {
        found.push(format!("impossible: expected a reason with '{part}', got {}", end(made)));
    }
}

/// How an action ended, in words.
fn end(made: &Made) -> String {
    match made {
        Made::Done(None) => "done".to_owned(),
        Made::Done(Some(reference)) => format!("done with \"{reference}\""),
        Made::Impossible(reason) => format!("impossible: {reason}"),
        _ => "no end".to_owned(),
    }
}

/// Compares a list's entries in the members that the expected ones name.
fn compare(what: &str, expected: Option<&[Object]>, actual: &[Value], found: &mut Vec<String>) {
    let Some(expected) = expected else { return };
    if expected.len() != actual.len() {
        found.push(format!("{what}: expected {}, got {}", expected.len(), actual.len()));
    }
    for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
        for (name, value) in expected {
            let path = format!("{what}[{index}].{name}");
            walk(&path, value, actual.get(name).unwrap_or(&Value::Null), found);
        }
    }
    for (index, missing) in expected.iter().enumerate().skip(actual.len()) {
        found.push(format!("{what}[{index}]: missing: {}", shown(&Value::Object(missing.clone()))));
    }
    for (index, surplus) in actual.iter().enumerate().skip(expected.len()) {
        found.push(format!("{what}[{index}]: not expected: {}", shown(surplus)));
    }
}

/// Notes where two values differ, as deep inside as they do.
fn walk(path: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        _ if expected == actual => {}
        (Value::Object(wanted), Value::Object(members)) => {
            for (name, value) in wanted {
                let path = format!("{path}.{name}");
                match members.get(name) {
                    Some(actual) => walk(&path, value, actual, found),
                    None => found.push(format!("{path}: missing, expected {}", shown(value))),
                }
            }
            let surplus = members.iter().filter(|(name, _)| !wanted.contains_key(*name));
            found.extend(surplus.map(|(name, value)| format!("{path}.{name}: not expected: {}", shown(value))));
        }
        (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => {
            for (index, (expected, actual)) in wanted.iter().zip(items).enumerate() {
                walk(&format!("{path}[{index}]"), expected, actual, found);
            }
        }
        (Value::String(wanted), Value::String(text)) => found.push(texts(path, wanted, text)),
        _ => found.push(format!("{path}: expected {}, got {}", shown(expected), shown(actual))),
    }
}

/// How two texts differ; long ones from shortly before where they part.
fn texts(path: &str, expected: &str, actual: &str) -> String {
    const BEFORE: usize = 20;
    let is_long = expected.chars().count().min(actual.chars().count()) >= LONG_TEXT_CHARS;
    let n_common = expected.chars().zip(actual.chars()).take_while(|(a, b)| a == b).count();
    if !is_long || n_common <= BEFORE {
        let (expected, actual) = (Value::from(expected), Value::from(actual));
        return format!("{path}: expected {}, got {}", shown(&expected), shown(&actual));
    }
    let from = |text: &str| format!("…{}", text.chars().skip(n_common - BEFORE).collect::<String>());
    let (expected, actual) = (Value::from(from(expected)), Value::from(from(actual)));
    format!("{path}: from character {} on expected {}, got {}", n_common + 1, shown(&expected), shown(&actual))
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= MAX_SHOWN_CHARS {
        return text;
    }
    let kept: String = text.chars().take(MAX_SHOWN_CHARS).collect();
    format!("{kept} … (cut)")
}

fn lower_headers(expected: &Object) -> Object {
    let mut expected = expected.clone();
    if let Some(Value::Object(headers)) = expected.get_mut("headers") {
        let named = std::mem::take(headers).into_iter();
        *headers = named.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
    }
    expected
}

/// Headers that the fixture does not name are not compared either.
fn keep_named_headers(expected: &Object, actual: &mut Value) {
    let named = expected.get("headers").and_then(Value::as_object);
    let headers = actual.get_mut("headers").and_then(Value::as_object_mut);
    if let (Some(named), Some(headers)) = (named, headers) {
        headers.retain(|name, _| named.contains_key(name));
    }
}

#[cfg(test)]
#[path = "comparing/tests.rs"]
mod tests;
