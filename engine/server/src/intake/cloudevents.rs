//! Canonical events over HTTP: CloudEvents in structured, batched and binary mode.

use std::collections::HashMap;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use base64::Engine as _;
use deskbell_model::event::{Event, Rejected};
use deskbell_store::inbox::NewEvent;
use deskbell_workers::decision::deferred::new_and_read;
use serde_json::{Map, Value};

/// Reads the events of a request, each with its data as JSON text, or why it is none.
pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Vec<Result<(Event, String), Rejected>> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if content_type == "application/x-ndjson" {
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        return lines.map(|line| json(line).and_then(|value| event(&value))).collect();
    }
    if headers.contains_key("ce-specversion") && !content_type.starts_with("application/cloudevents") {
        return vec![binary(headers, body).and_then(|value| event(&value))];
    }
    match json(body) {
        Ok(Value::Array(items)) => items.iter().map(event).collect(),
        Ok(value) => vec![event(&value)],
        Err(rejected) => vec![Err(rejected)],
    }
}

fn json(text: &[u8]) -> Result<Value, Rejected> {
    serde_json::from_slice(text)
        .map_err(|error| Rejected { member: "(json)".to_owned(), problem: format!("is no JSON: {error}") })
}

fn event(value: &Value) -> Result<(Event, String), Rejected> {
    let decoded = decoded(value)?;
    let value = decoded.as_ref().unwrap_or(value);
    let event = Event::from_value(value)?;
    let data = value.get("data").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    Ok((event, data.to_string()))
}

/// An event whose data came as `data_base64`, with `data` in its place; none where it came as it is.
fn decoded(value: &Value) -> Result<Option<Value>, Rejected> {
    let Some(encoded) = value.get("data_base64").filter(|_| value.get("data").is_none()) else { return Ok(None) };
    let wrong = |problem: &str| Rejected { member: "data_base64".to_owned(), problem: problem.to_owned() };
    let text = encoded.as_str().ok_or_else(|| wrong("must be a text"))?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| wrong("must be data in base64"))?;
    let data = serde_json::from_slice(&bytes).map_err(|_| wrong("must hold JSON"))?;
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.remove("data_base64");
        members.insert("data".to_owned(), data);
    }
    Ok(Some(value))
}

/// The `ce-` headers and the body as one structured event.
fn binary(headers: &HeaderMap, body: &[u8]) -> Result<Value, Rejected> {
    let mut members = Map::new();
    for (name, value) in headers {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        let wrong = |problem: &str| Rejected { member: attribute.to_owned(), problem: problem.to_owned() };
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| wrong("must be text"))?;
        members.insert(attribute.to_owned(), Value::String(percent_decoded(text)));
    }
    let data = if body.trim_ascii().is_empty() { None } else { Some(json(body)?) };
    if let Some(data) = data {
        members.insert("data".to_owned(), data);
    }
    Ok(Value::Object(members))
}

/// Attributes in headers are percent-encoded; what is no valid encoding stands for itself.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let encoded = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = encoded.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| byte == b'%');
        if let Some(decoded) = decoded {
            bytes.push(decoded);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Puts an event on its lane, where the account may speak for its source.
pub(crate) fn place(event: Event, data: String, sources: &HashMap<String, i32>) -> Result<NewEvent, Rejected> {
    match sources.get(&event.source) {
        Some(source_id) => Ok(new_and_read(event, *source_id, data)),
        None => Err(Rejected {
            member: "source".to_owned(),
            problem: "is neither this account's name nor one of its `sources` in the configuration".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"s","type":"deskbell.knowledge.viewed","time":"2026-01-05T08:00:00Z","data":{"session":"a","article":"b"}}"#;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], body: &str, expected: &[&str]) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let actual: Vec<String> = read(&map, body.as_bytes())
            .into_iter()
            .map(|read| read.map_or_else(|rejected| rejected.member, |(event, _)| event.id))
            .collect();
        assert_eq!(actual, expected);
    }

    #[test]
    fn reads_every_mode() {
        let batch = format!("[{EVENT},{},17]", EVENT.replace("\"id\":\"1\"", "\"id\":\"2\""));
        check(&[("content-type", "application/cloudevents+json; charset=utf-8")], EVENT, &["1"]);
        check(&[("content-type", "application/cloudevents-batch+json")], &batch, &["1", "2", "(event)"]);
        check(&[], &batch, &["1", "2", "(event)"]);
        check(&[("content-type", "application/x-ndjson")], &format!("{EVENT}\n\nnonsense\n"), &["1", "(json)"]);
        let binary = [
            ("ce-specversion", "1.0"),
            ("ce-id", "Euro%20%E2%82%AC"),
            ("ce-source", "s"),
            ("ce-type", "deskbell.knowledge.viewed"),
            ("ce-time", "2026-01-05T08:00:00Z"),
            ("content-type", "application/json"),
        ];
        check(&binary, r#"{"session":"a","article":"b"}"#, &["Euro €"]);
        check(&binary, r#"{"session":"a"}"#, &["data.article"]);
        check(&binary[..3], "", &["type"]);
        check(&[], "nonsense", &["(json)"]);
        check(&[], "", &["(json)"]);
    }

    #[test]
    fn reads_data_in_base64() {
        let data = base64::engine::general_purpose::STANDARD.encode(r#"{"session":"a","article":"b"}"#);
        let encoded = EVENT.replace(r#""data":{"session":"a","article":"b"}"#, &format!(r#""data_base64":"{data}""#));
        check(&[], &encoded, &["1"]);
        check(&[], &encoded.replace(&data, "%%%"), &["data_base64"]);
    }

    #[test]
    fn takes_only_the_accounts_own_sources() {
        let (event, data) = read(&HeaderMap::new(), EVENT.as_bytes()).remove(0).unwrap();
        assert!(place(event.clone(), data.clone(), &HashMap::from([("s".to_owned(), 1)])).is_ok());
        assert_eq!(place(event, data, &HashMap::new()).unwrap_err().member, "source");
    }
}
