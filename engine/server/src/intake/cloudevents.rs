//! Canonical events over HTTP: CloudEvents in structured, batched and binary mode.

use std::collections::HashMap;
use std::fmt;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use base64::Engine as _;
use deskbell_model::event::{Event, Rejected};
use deskbell_store::inbox::NewEvent;
use deskbell_workers::decision::deferred::new_and_read;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

/// So many rejections are told, and all of them counted: a body of nothing but small numbers has one for every two bytes.
const MAX_TOLD: usize = 100;

/// What a request holds.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) events: Vec<NewEvent>,
    pub(crate) rejections: Rejections,
    n_items: usize,
}

/// What of a request is no event of its account.
#[derive(Debug, Default)]
pub(crate) struct Rejections {
    /// The first ones, each with its place in the request.
    told: Vec<(usize, Rejected)>,
    pub(crate) n_all: usize,
}

impl Batch {
    fn take(&mut self, read: Result<NewEvent, Rejected>) {
        match read {
            Ok(event) => self.events.push(event),
            Err(rejected) => self.rejections.add(self.n_items, rejected),
        }
        self.n_items += 1;
    }
}

impl Rejections {
    fn add(&mut self, place: usize, rejected: Rejected) {
        if self.told.len() < MAX_TOLD {
            self.told.push((place, rejected));
        }
        self.n_all += 1;
    }

    /// Those that are told.
    pub(crate) fn told(&self) -> Value {
        let each = self
            .told
            .iter()
            .map(|(place, rejected)| json!({ "index": place, "member": rejected.member, "problem": rejected.problem }));
        Value::Array(each.collect())
    }
}

/// Reads the events of a request. The account may speak for `sources`, which have these numbers.
pub(crate) fn read(headers: &HeaderMap, body: &[u8], sources: &HashMap<String, i32>) -> Batch {
    let mut batch = Batch::default();
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if content_type == "application/x-ndjson" {
        for line in body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty()) {
            batch.take(json(line).and_then(|value| event(&value, sources)));
        }
    } else if headers.contains_key("ce-specversion") && !content_type.starts_with("application/cloudevents") {
        batch.take(binary(headers, body).and_then(|value| event(&value, sources)));
    } else if body.trim_ascii_start().starts_with(b"[") {
        let read = each_item(body, |item| batch.take(event(item, sources)));
        if let Err(rejected) = read {
            // Of a list that is no JSON nothing counts.
            batch = Batch::default();
            batch.take(Err(rejected));
        }
    } else {
        batch.take(json(body).and_then(|value| event(&value, sources)));
    }
    batch
}

fn json(text: &[u8]) -> Result<Value, Rejected> {
    serde_json::from_slice(text).map_err(|error| no_json(&error))
}

fn no_json(error: &serde_json::Error) -> Rejected {
    Rejected { member: "(json)".to_owned(), problem: format!("is no JSON: {error}") }
}

/// Hands over the items of a JSON list, one after the other: together they may take many times the body's room.
fn each_item(body: &[u8], take: impl FnMut(&Value)) -> Result<(), Rejected> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = Deserializer::deserialize_seq(&mut reader, Items(take));
    read.and_then(|()| reader.end()).map_err(|error| no_json(&error))
}

struct Items<F>(F);

impl<'de, F: FnMut(&Value)> Visitor<'de> for Items<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        while let Some(item) = items.next_element::<Value>()? {
            (self.0)(&item);
        }
        Ok(())
    }
}

/// An event on its lane, where the account may speak for its source.
fn event(value: &Value, sources: &HashMap<String, i32>) -> Result<NewEvent, Rejected> {
    let decoded = decoded(value)?;
    let value = decoded.as_ref().unwrap_or(value);
    let event = Event::from_value(value)?;
    let Some(source_id) = sources.get(&event.source) else {
        return Err(Rejected {
            member: "source".to_owned(),
            problem: "is neither this account's name nor one of its `sources` in the configuration".to_owned(),
        });
    };
    let data = value.get("data").map_or_else(|| "{}".to_owned(), Value::to_string);
    Ok(new_and_read(event, *source_id, data))
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

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str = r#"{"specversion":"1.0","id":"1","source":"s","type":"deskbell.knowledge.viewed","time":"2026-01-05T08:00:00Z","data":{"session":"a","article":"b"}}"#;

    fn sources() -> HashMap<String, i32> {
        HashMap::from([("s".to_owned(), 1)])
    }

    /// `expected` are the ids of the events, then the members at fault of the others.
    #[track_caller]
    fn check(headers: &[(&'static str, &str)], body: &str, expected: &[&str]) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let batch = read(&map, body.as_bytes(), &sources());
        let rejected = batch.rejections.told.into_iter().map(|(_, rejected)| rejected.member);
        let actual: Vec<String> = batch.events.into_iter().map(|event| event.id).chain(rejected).collect();
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
        check(&[], &format!(" \n[{EVENT}]"), &["1"]);
        check(&[], &format!("[{EVENT},"), &["(json)"]);
        check(&[], &format!("[{EVENT}] 1"), &["(json)"]);
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
        let foreign = EVENT.replace("\"source\":\"s\"", "\"source\":\"t\"");
        check(&[], &format!("[{foreign},{EVENT}]"), &["1", "source"]);
    }

    #[test]
    fn tells_the_first_rejections_counts_all_and_loses_no_event() {
        let numbers = "1,".repeat(200_000);
        let batch = read(&HeaderMap::new(), format!("[{numbers}{EVENT}]").as_bytes(), &sources());
        assert_eq!((batch.events.len(), batch.rejections.n_all), (1, 200_000));
        let told = batch.rejections.told();
        assert_eq!(told.as_array().map(Vec::len), Some(MAX_TOLD));
        assert_eq!(told[99], json!({ "index": 99, "member": "(event)", "problem": "must be a JSON object" }));

        let lines = format!("{}{EVENT}", "1\n".repeat(1000));
        let mut headers = HeaderMap::new();
        headers.append("content-type", "application/x-ndjson".parse().unwrap());
        let batch = read(&headers, lines.as_bytes(), &sources());
        assert_eq!((batch.events.len(), batch.rejections.n_all, batch.rejections.told.len()), (1, 1000, MAX_TOLD));
    }
}
