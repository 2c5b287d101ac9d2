//! What plugins give back as JSON, in the members that fixtures have.

use std::collections::BTreeMap;

use deskbell_model::effect::Effect;
use deskbell_model::plugin::{Request, StatedEvent, Write};
use serde_json::{Map, Value, json};

pub(super) fn effect(effect: &Effect) -> Value {
    json!({ "kind": effect.kind, "data": effect.data, "reason": effect.reason })
}

pub(super) fn event(event: &StatedEvent) -> Value {
    json!({
        "id": event.id, "kind": event.kind, "subject": event.subject, "time": event.time,
        "data": json_or_text(event.data.as_bytes()),
    })
}

/// A request; the names of its headers are in lower case.
pub(super) fn request(request: &Request) -> Value {
    let headers: Map<String, Value> =
        request.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), json!(value))).collect();
    json!({
        "method": request.method, "url": request.url, "headers": headers,
        "body": request.body.as_deref().map(json_or_text), "idempotent": request.idempotent,
    })
}

/// The timers that wait after a call's writes, the next one first.
pub(super) fn timers(writes: &[Write]) -> Vec<Value> {
    let mut waiting = BTreeMap::new();
    for write in writes {
        match write {
            Write::TimerSet { name, at, payload } => {
                waiting.insert(name, (*at, payload));
            }
            Write::TimerCancel { name } => {
                waiting.remove(name);
            }
            Write::KvSet { .. } | Write::KvDelete { .. } | Write::KvIncrement { .. } => {}
        }
    }
    let mut waiting: Vec<_> = waiting.into_iter().collect();
    waiting.sort_by_key(|(_, (at, _))| *at);
    let timer = |(name, (at, payload)): (&String, (_, &String))| json!({ "name": name, "at": at, "payload": json_or_text(payload.as_bytes()) });
    waiting.into_iter().map(timer).collect()
}

fn json_or_text(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::super::sample::TIME;
    use super::*;

    #[test]
    fn the_timers_that_wait_are_those_set_last_and_not_cancelled() {
        let set = |name: &str, seconds, payload: &str| Write::TimerSet {
            name: name.to_owned(),
            at: TIME.plus_seconds(seconds),
            payload: payload.to_owned(),
        };
        let writes = [
            set("a", 60, "1"),
            set("b", 30, "{}"),
            set("c", 10, "null"),
            Write::TimerCancel { name: "c".to_owned() },
            Write::TimerCancel { name: "none".to_owned() },
            set("a", 90, "[2]"),
        ];
        let expected = [
            json!({ "name": "b", "at": "2026-01-05T08:00:30Z", "payload": {} }),
            json!({ "name": "a", "at": "2026-01-05T08:01:30Z", "payload": [2] }),
        ];
        assert_eq!(timers(&writes), expected);
    }

    #[test]
    fn a_body_is_json_where_it_is_json() {
        let sent = |body: &str| Request {
            method: "POST".to_owned(),
            url: "https://a.example".to_owned(),
            headers: vec![("X-A".to_owned(), "b".to_owned())],
            body: Some(body.into()),
            idempotent: true,
            sign: None,
        };
        assert_eq!(request(&sent("{\"a\":1}"))["body"], json!({ "a": 1 }));
        assert_eq!(request(&sent("a=1"))["body"], json!("a=1"));
        assert_eq!(request(&sent(""))["headers"], json!({ "x-a": "b" }));
    }
}
