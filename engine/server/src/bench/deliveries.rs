//! Requests, put together one after the other in one buffer.

use std::sync::atomic::{AtomicU64, Ordering};

use deskbell_model::timestamp::Timestamp;
use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::signature::Scheme;
use serde_json::json;
use uuid::Uuid;

use super::Error;
use super::signer::Signer;
use super::target::Target;
use super::template::{Template, Unique};

/// What deliveries are made of.
pub(super) struct Settings<'a> {
    pub(super) target: &'a Target,
    /// The template of the body.
    pub(super) body: &'a str,
    pub(super) body_bytes: usize,
    /// Whether the body is a built-in event.
    pub(super) is_canonical: bool,
    pub(super) headers: &'a [(String, String)],
    pub(super) scheme: &'a Scheme,
    pub(super) secret: &'a [u8],
}

/// Makes deliveries, each of them with a number and an id of its own.
pub(super) struct Deliveries {
    /// The request line and the headers that are always the same.
    head: Vec<u8>,
    headers: Vec<(String, Template)>,
    body: Template,
    signer: Signer,
    next_number: AtomicU64,
    /// Random, so that ids of two runs differ.
    run: u128,
}

/// The buffers of a connection.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) request: Vec<u8>,
    body: Vec<u8>,
}

/// An event that creates a ticket.
pub(super) fn canonical(source: &str) -> String {
    let requester = json!({ "id": "bench", "name": "Bench", "email": "bench@example.com", "language": "en" });
    json!({
        "specversion": "1.0",
        "id": "bench-{{uuid}}",
        "source": source,
        "type": "deskbell.ticket.created",
        "subject": "bench-{{n}}",
        "time": "{{time}}",
        "datacontenttype": "application/json",
        "data": {
            "ticket": {
                "subject": "Where is my order {{n}}?", "description": "{{pad}}", "channel": "api",
                "requester": requester,
            },
            "actor": { "id": "bench", "role": "customer" },
        },
    })
    .to_string()
}

impl Deliveries {
    pub(super) fn new(settings: &Settings<'_>) -> Result<Self, Error> {
        let now = SystemClock.now();
        let mut run = [0_u8; 16];
        // Without randomness the clock still keeps runs apart.
        let run = match getrandom::fill(&mut run) {
            Ok(()) => u128::from_le_bytes(run),
            Err(_) => u128::from(now.micros().unsigned_abs()) << 64,
        };
        let kind = if settings.is_canonical { "application/cloudevents+json" } else { "application/json" };
        let mut head = format!("POST {} HTTP/1.1\r\nhost: {}\r\n", settings.target.path, settings.target.authority);
        if !settings.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            head.push_str(&["content-type: ", kind, "\r\n"].concat());
        }
        let mut headers = Vec::new();
        for (name, value) in settings.headers {
            if !is_sendable(name, value) {
                return Err(Error::Header(name.chars().take(64).collect()));
            }
            headers.push((name.clone(), Template::parse(value)?));
        }
        // Microseconds since 1970: higher than those of an earlier run, and exact as a JSON number.
        let first_number = now.micros().unsigned_abs();
        let sample = Unique { number: first_number, uuid: Uuid::nil(), time: now };
        Ok(Self {
            head: head.into_bytes(),
            headers,
            body: Template::parse(settings.body)?.padded_to(settings.body_bytes, &sample),
            signer: Signer::new(settings.scheme, settings.secret)?,
            next_number: AtomicU64::new(first_number),
            run,
        })
    }

    /// Makes the next request, into the buffers.
    pub(super) fn make(&self, now: Timestamp, buffers: &mut Buffers) {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        // An odd factor, so that no two numbers give the same id.
        let spread = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let uuid = Uuid::from_u128(self.run ^ spread);
        let unique = Unique { number, uuid, time: now };
        let Buffers { request, body } = buffers;
        request.clear();
        body.clear();
        self.body.render(&unique, body);
        request.extend_from_slice(&self.head);
        for (name, value) in &self.headers {
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b": ");
            value.render(&unique, request);
            request.extend_from_slice(b"\r\n");
        }
        self.signer.write(&unique.id(), now, body, request);
        request.extend_from_slice(b"content-length: ");
        request.extend_from_slice(body.len().to_string().as_bytes());
        request.extend_from_slice(b"\r\n\r\n");
        request.extend_from_slice(body);
    }
}

fn is_sendable(name: &str, value: &str) -> bool {
    let is_name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_ok();
    is_name
        && reqwest::header::HeaderValue::from_str(value).is_ok()
        && !["content-length", "transfer-encoding", "host"].contains(&name.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use deskbell_model::event::Event;
    use deskbell_workers::signature::Kind;

    use super::*;

    fn deliveries(body: &str, headers: &[(String, String)]) -> Result<Deliveries, Error> {
        Deliveries::new(&Settings {
            target: &Target { authority: "h:1".to_owned(), path: "/hooks/shop".to_owned() },
            body,
            body_bytes: 2048,
            is_canonical: true,
            headers,
            scheme: &Scheme::of(Kind::StandardWebhooks),
            secret: b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        })
    }

    fn body_of(request: &[u8]) -> &str {
        std::str::from_utf8(request).unwrap().split_once("\r\n\r\n").unwrap().1
    }

    #[test]
    fn the_built_in_event_is_canonical_and_of_the_size_asked_for() {
        let deliveries = deliveries(&canonical("shop"), &[]).unwrap();
        let (mut buffers, mut ids) = (Buffers::default(), BTreeSet::new());
        for _ in 0..100 {
            deliveries.make(SystemClock.now(), &mut buffers);
            let body = body_of(&buffers.request);
            assert_eq!(body.len(), 2048);
            let event = Event::from_json(body.as_bytes()).unwrap();
            assert_eq!(event.source, "shop");
            assert!(ids.insert((event.id, event.subject)), "an event came twice");
        }
    }

    #[test]
    fn headers_are_templates_too() {
        let headers = [("X-Delivery".to_owned(), "{{uuid}}".to_owned())];
        let mut buffers = Buffers::default();
        deliveries("{{uuid}}", &headers).unwrap().make(SystemClock.now(), &mut buffers);
        let text = String::from_utf8(buffers.request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("X-Delivery: {body}\r\n")), "{text}");
        assert!(head.starts_with("POST /hooks/shop HTTP/1.1\r\nhost: h:1\r\n"), "{text}");
    }

    #[test]
    fn headers_that_would_break_the_request_are_refused() {
        for (name, value) in [("Host", "x"), ("content-length", "3"), ("a b", "x"), ("a", "x\r\ny: z")] {
            let headers = [(name.to_owned(), value.to_owned())];
            assert!(matches!(deliveries("x", &headers), Err(Error::Header(_))), "{name}");
        }
    }
}
