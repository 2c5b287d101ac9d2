//! The published and computed vectors of real senders, spoilt in every way that must be noticed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use axum::http::{HeaderName, HeaderValue};
use deskbell_workers::signature::{Kind, Scheme, standard_webhooks};
use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
struct Vector {
    vendor: String,
    secret: String,
    body: String,
    headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schemes {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    vendor: String,
    secret: Option<String>,
    now: String,
    delivery_id: String,
    signature: Scheme,
}

/// A request with everything that is needed to verify it.
struct Request {
    name: String,
    scheme: Scheme,
    secrets: Vec<String>,
    headers: HeaderMap,
    body: Vec<u8>,
    now: Timestamp,
    delivery_id: Option<String>,
}

impl Request {
    fn verify(&self) -> Result<Verified, Refused> {
        verify(&Verifier::new(&self.scheme, &self.secrets)?, &self.headers, &self.body, self.now)
    }

    /// The headers that decide whether it is believed, as the scheme names them.
    fn deciding_headers(&self) -> Vec<String> {
        let scheme = &self.scheme;
        let named = match scheme.scheme {
            Kind::None => vec![],
            Kind::Basic => vec!["authorization"],
            Kind::StandardWebhooks => vec!["webhook-id", "webhook-timestamp", "webhook-signature"],
            _ => vec![scheme.header.as_str(), scheme.timestamp_header.as_str()],
        };
        named.into_iter().filter(|name| !name.is_empty()).map(str::to_lowercase).collect()
    }

    fn covers_body(&self) -> bool {
        matches!(self.scheme.scheme, Kind::Hmac | Kind::StandardWebhooks)
    }

    fn covers_time(&self) -> bool {
        self.deciding_headers().len() > 1
    }
}

fn requests() -> Vec<Request> {
    let vectors: Vec<Vector> =
        serde_json::from_str(include_str!("../../../../tests/fixtures/signature-vectors.json")).unwrap();
    let schemes: Schemes = toml::from_str(include_str!("../../../../tests/fixtures/signature-schemes.toml")).unwrap();
    let covered: BTreeSet<&str> = schemes.case.iter().map(|case| case.vendor.as_str()).collect();
    let known: BTreeSet<&str> = vectors.iter().map(|vector| vector.vendor.as_str()).collect();
    assert_eq!((covered, vectors.len()), (known, 13), "each vector has its scheme");
    schemes.case.into_iter().map(|case| request(&vectors, case)).collect()
}

fn request(vectors: &[Vector], case: Case) -> Request {
    let vector = vectors.iter().find(|vector| vector.vendor == case.vendor).unwrap();
    let name = |name: &str| HeaderName::from_bytes(name.as_bytes()).unwrap();
    let headers = vector.headers.iter();
    let secret = case.secret.unwrap_or_else(|| vector.secret.clone());
    Request {
        name: format!("{} ({:?})", case.vendor, case.signature.scheme),
        scheme: case.signature,
        secrets: Some(secret).filter(|secret| !secret.is_empty()).into_iter().collect(),
        headers: headers.map(|(key, value)| (name(key), HeaderValue::from_str(value).unwrap())).collect(),
        body: vector.body.clone().into_bytes(),
        now: case.now.parse().unwrap(),
        delivery_id: Some(case.delivery_id).filter(|id| !id.is_empty()),
    }
}

/// Spoils every request that `applies` picks and requires that it is refused.
#[track_caller]
fn refused(applies: impl Fn(&Request) -> bool, spoil: impl Fn(&mut Request)) {
    let mut spoilt = 0;
    for mut request in requests().into_iter().filter(applies) {
        spoil(&mut request);
        assert!(request.verify().is_err(), "{}", request.name);
        spoilt += 1;
    }
    assert!(spoilt > 0);
}

fn is_guarded(request: &Request) -> bool {
    request.scheme.scheme != Kind::None
}

#[test]
fn every_vector_verifies_and_gives_its_delivery_id() {
    for request in requests() {
        let verified = request.verify().unwrap_or_else(|error| panic!("{}: {error}", request.name));
        assert_eq!(verified.delivery_id, request.delivery_id, "{}", request.name);
        assert_eq!(verified.timestamp.is_some(), request.covers_time(), "{}", request.name);
    }
}

#[test]
fn refuses_another_secret() {
    refused(is_guarded, |request| {
        for secret in &mut request.secrets {
            // Still base64 where it has to be, and still user:password.
            *secret = secret.chars().rev().map(|char| if char == '_' { 'x' } else { char }).collect();
        }
    });
}

#[test]
fn refuses_another_body() {
    let changes: [fn(&mut Vec<u8>); 4] =
        [|body| body.push(b'\n'), |body| body.truncate(body.len() - 1), |body| body.push(0xff), Vec::clear];
    for change in changes {
        refused(Request::covers_body, |request| change(&mut request.body));
    }
}

#[test]
fn refuses_when_any_deciding_header_is_missing_truncated_or_repeated() {
    for index in 0..3 {
        let has = move |request: &Request| request.deciding_headers().len() > index;
        if !requests().iter().any(has) {
            continue;
        }
        let name =
            move |request: &Request| HeaderName::from_bytes(request.deciding_headers()[index].as_bytes()).unwrap();
        refused(has, |request| drop(request.headers.remove(name(request))));
        refused(has, |request| {
            let value = request.headers[name(request)].to_str().unwrap().to_owned();
            let cut = HeaderValue::from_str(&value[..value.len() / 2]).unwrap();
            request.headers.insert(name(request), cut);
        });
        refused(has, |request| {
            let value = request.headers[name(request)].clone();
            request.headers.append(name(request), value);
        });
        refused(has, |request| {
            let garbage = HeaderValue::from_bytes(b"\xff\xfe").unwrap();
            request.headers.insert(name(request), garbage);
        });
    }
}

#[test]
fn refuses_times_that_are_too_old_or_too_young() {
    refused(Request::covers_time, |request| {
        request.now = request.now.plus_seconds(301);
    });
    refused(Request::covers_time, |request| {
        request.now = request.now.plus_seconds(-301);
    });
}

#[test]
fn signs_and_verifies_as_the_reference_library_does() {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let reference = standardwebhooks::Webhook::new(secret).unwrap();
    let verifier = Verifier::new(&Scheme::of(Kind::StandardWebhooks), &[secret]).unwrap();
    // The reference reads the machine's clock.
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let now = Timestamp::from_seconds(seconds);
    for (id, body) in [("m1", ""), ("m.2", "{}"), ("msg_3", "{\"text\": \"gr\u{fc}n\"}"), ("x", &"a".repeat(70_000))] {
        let ours = standard_webhooks::sign(secret.as_bytes(), id, now, body.as_bytes()).unwrap();
        assert_eq!(ours, reference.sign(id, seconds, body.as_bytes()).unwrap(), "{id}");
        let mut headers = HeaderMap::new();
        headers.insert(standard_webhooks::ID_HEADER, HeaderValue::from_str(id).unwrap());
        headers.insert(standard_webhooks::TIMESTAMP_HEADER, HeaderValue::from(seconds));
        headers.insert(standard_webhooks::SIGNATURE_HEADER, HeaderValue::from_str(&ours).unwrap());
        assert!(reference.verify(body.as_bytes(), &headers).is_ok(), "{id}");
        assert!(verify(&verifier, &headers, body.as_bytes(), now).is_ok(), "{id}");
        let other = format!("{body} ");
        assert!(reference.verify(other.as_bytes(), &headers).is_err(), "{id}");
        assert!(verify(&verifier, &headers, other.as_bytes(), now).is_err(), "{id}");
    }
}
