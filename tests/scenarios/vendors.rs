//! The connectors that ship, under the running engine: webhooks signed as each helpdesk signs them, and the requests that
//! its API gets for what was decided on them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use deskbell_model::manifest::Manifest;
use deskbell_workers::signature::{Field, Refused, Scheme, Verified, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::Sha256;

use crate::support::config::{self, SECRET_VARIABLE};
use crate::support::engine::TestEngine;
use crate::support::recorder::Recorder;
use crate::support::waiting::now;
use crate::support::webhook::{SECRET, WRONG_SECRET, post};

const CONNECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugins/connectors");

/// Changes a new ticket about an invoice, tags it and answers it.
const AUTOMATIONS: &str = r#"
[[plugin]]
name = "routing"
settings = { rules = [{ name = "invoices", when = { words = ["invoice"] }, then = { group = "money", priority = "urgent", tags = ["invoice-desk"] } }] }

[[plugin]]
name = "acknowledge"
settings = { detect_language = false, templates = { en = "We have your message {{ticket.id}}." } }
"#;

/// An engine whose account `support` is at a helpdesk of this kind. `base` is where its API begins, and `settings` are
/// those besides its address.
async fn start(connector: &str, base: &str, settings: &str) -> (Recorder, TestEngine) {
    let recorder = Recorder::start().await;
    let address = recorder.address;
    let source = format!(
        "\n[[source]]\nname = \"support\"\nconnector = \"{connector}\"\nhosts = [\"{address}\"]\n\
         settings = {{ base_url = \"http://{address}{base}\", {settings} }}\n\
         secrets = {{ webhook = {{ env = \"{SECRET_VARIABLE}\" }}, token = {{ env = \"{SECRET_VARIABLE}\" }} }}\n"
    );
    let engine = TestEngine::start(&config::with("127.0.0.1:1", &[&source, AUTOMATIONS])).await;
    (recorder, engine)
}

type Headers = Vec<(String, String)>;

fn header(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

/// A webhook of a connector's fixtures, as its helpdesk would have posted it a minute ago.
struct Sample {
    headers: Headers,
    body: Vec<u8>,
}

impl Sample {
    fn read(connector: &str, name: &str) -> Self {
        let text = std::fs::read_to_string(format!("{CONNECTORS}/{connector}/fixtures/{name}.json")).unwrap();
        let written_at = (now() - TimeDelta::minutes(1)).format("%Y-%m-%dT%H:%M:%S").to_string();
        let sample: Value = serde_json::from_str(&text.replace("2026-03-02T09:30:00", &written_at)).unwrap();
        let headers = sample["delivery"]["headers"].as_object().unwrap().iter();
        Self {
            headers: headers.map(|(name, value)| header(name, value.as_str().unwrap())).collect(),
            body: sample["delivery"]["body"].to_string().into_bytes(),
        }
    }

    /// Posts it with these headers besides its own, and gives the status of the answer.
    async fn post(&self, engine: &TestEngine, signature: &[(String, String)]) -> u16 {
        let address = engine.address.lock().unwrap().clone();
        let headers: Headers = self.headers.iter().chain(signature).cloned().collect();
        post(&format!("{address}/hooks/support"), &headers, &self.body).await.status
    }

    /// Posts it under a signature that does not hold, then under one that does, then that again; with all that comes of it.
    async fn post_thrice(&self, engine: &TestEngine, forged: &[(String, String)], signed: &[(String, String)]) {
        assert_eq!(self.post(engine, forged).await, 401);
        assert_eq!(engine.database.number("SELECT count(*) FROM inbox").await, 0, "nothing stays of what was refused");
        assert_eq!(self.post(engine, signed).await, 202);
        engine.work_off().await;
        assert_eq!(self.post(engine, signed).await, 200, "a delivery is known by the id that its helpdesk gives it");
        engine.work_off().await;
    }
}

/// The message authentication code of these parts, one after the other.
fn code<M: Mac + KeyInit>(secret: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(secret.as_bytes()).unwrap();
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// The keys of the three actions, in their order, each of them done, and what the helpdesk calls what came of the last.
async fn actions(engine: &TestEngine) -> ([String; 3], String) {
    let rows = engine.sql("SELECT kind, key::text AS key, state, reference FROM outbox ORDER BY outbox_id").await;
    let kinds: Vec<&str> = rows.iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ticket.update", "ticket.tag", "ticket.reply"], "{rows:#?}");
    assert!(rows.iter().all(|row| row["state"] == 2), "{rows:#?}");
    let keys = [0, 1, 2].map(|place: usize| rows[place]["key"].as_str().unwrap().to_owned());
    (keys, rows[2]["reference"].as_str().unwrap_or_default().to_owned())
}

/// What was asked, in order, each with its body.
fn asked(recorder: &Recorder) -> Vec<(String, Value)> {
    recorder.asked().into_iter().map(|asked| (asked.what(), asked.body)).collect()
}

fn request(what: &str, body: Value) -> (String, Value) {
    (what.to_owned(), body)
}

/// The value of a header that every request has to have alike.
fn common_header(recorder: &Recorder, name: &str) -> String {
    let asked = recorder.asked();
    let first = asked[0].header(name);
    assert!(asked.iter().all(|asked| asked.header(name) == first), "{asked:#?}");
    first.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn zendesk_gets_what_was_decided_on_its_webhook() {
    let settings = r#"user = "deskbell@example.com", groups = { billing = 77, money = 78 }"#;
    let (recorder, engine) = start("zendesk", "", settings).await;
    recorder.answer(|_| (200, json!({ "audit": { "id": 4711 } })));
    let sample = Sample::read("zendesk", "event-created");
    let signed = |secret: &str, at: DateTime<Utc>| {
        let time = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let signature = BASE64.encode(code::<Hmac<Sha256>>(secret, &[time.as_bytes(), sample.body.as_slice()]));
        [header("x-zendesk-webhook-signature", signature), header("x-zendesk-webhook-signature-timestamp", time)]
    };
    let stale = signed(SECRET, now() - TimeDelta::minutes(6));
    assert_eq!(sample.post(&engine, &stale).await, 401, "signed too long ago");
    sample.post_thrice(&engine, &signed(WRONG_SECRET, now()), &signed(SECRET, now())).await;

    let ([updated, _, replied], reference) = actions(&engine).await;
    let update = json!({ "group_id": 78, "priority": "urgent", "metadata": { "deskbell_key": updated } });
    let comment = json!({ "body": "We have your message 1001.", "public": true });
    let expected = [
        request("PUT /api/v2/tickets/1001", json!({ "ticket": update })),
        request("PUT /api/v2/tickets/1001/tags", json!({ "tags": ["invoice-desk"] })),
        request(
            "PUT /api/v2/tickets/1001",
            json!({ "ticket": { "comment": comment, "metadata": { "deskbell_key": replied } } }),
        ),
    ];
    assert_eq!(asked(&recorder), expected);
    let credentials = BASE64.encode(format!("deskbell@example.com/token:{SECRET}"));
    assert_eq!(common_header(&recorder, "authorization"), format!("Basic {credentials}"));
    assert_eq!(reference, "audit 4711");
}

#[tokio::test(flavor = "multi_thread")]
async fn zammad_gets_what_was_decided_on_its_webhook() {
    let settings =
        r#"groups = { billing = "Billing Desk", money = "Money Desk" }, priorities = { urgent = "4 urgent" }"#;
    let (recorder, engine) = start("zammad", "", settings).await;
    recorder.answer(|asked| match asked.path.as_str() {
        "/api/v1/ticket_articles" => (201, json!({ "id": 205 })),
        _ => (200, json!({ "id": 81 })),
    });
    let sample = Sample::read("zammad", "hook-created");
    let signed = |secret: &str| {
        let signature = hex::encode(code::<Hmac<Sha1>>(secret, &[sample.body.as_slice()]));
        [header("x-hub-signature", format!("sha1={signature}"))]
    };
    sample.post_thrice(&engine, &signed(WRONG_SECRET), &signed(SECRET)).await;

    let ([_, _, replied], reference) = actions(&engine).await;
    let article = json!({
        "ticket_id": 81, "type": "email", "sender": "Agent", "internal": false, "to": "cleo@example.com",
        "subject": "Invoice is wrong", "body": "We have your message 81.", "content_type": "text/plain",
        "preferences": { "deskbell": { "key": replied } },
    });
    let expected = [
        request("PUT /api/v1/tickets/81", json!({ "group": "Money Desk", "priority": "4 urgent" })),
        request("POST /api/v1/tags/add", json!({ "object": "Ticket", "o_id": 81, "item": "invoice-desk" })),
        request("POST /api/v1/ticket_articles", article),
    ];
    assert_eq!(asked(&recorder), expected);
    assert_eq!(common_header(&recorder, "authorization"), format!("Token token={SECRET}"));
    assert_eq!(reference, "article 205");
}

#[tokio::test(flavor = "multi_thread")]
async fn github_gets_what_was_decided_on_its_webhook() {
    let settings = r#"groups = { billing = "team: billing", money = "team: money" }"#;
    let (recorder, engine) = start("github", "/api/v3", settings).await;
    recorder.answer(|asked| match asked.method.as_str() {
        "GET" => (200, json!({ "state": "open", "labels": [], "assignees": [] })),
        _ if asked.path.ends_with("/comments") => (201, json!({ "html_url": "https://github.example/comment-9" })),
        _ => (200, json!([])),
    });
    let sample = Sample::read("github", "issues-opened");
    let signed = |secret: &str| {
        let signature = hex::encode(code::<Hmac<Sha256>>(secret, &[sample.body.as_slice()]));
        [header("x-github-delivery", "d-1"), header("x-hub-signature-256", format!("sha256={signature}"))]
    };
    sample.post_thrice(&engine, &signed(WRONG_SECRET), &signed(SECRET)).await;

    let ([_, _, replied], reference) = actions(&engine).await;
    let issue = "/api/v3/repos/acme/shop/issues/12";
    let body = format!("We have your message acme/shop#12.\n\n<!-- deskbell:{replied} -->");
    let expected = [
        request(&format!("GET {issue}"), Value::Null),
        request(&format!("POST {issue}/labels"), json!({ "labels": ["team: money", "priority: urgent"] })),
        request(&format!("POST {issue}/labels"), json!({ "labels": ["invoice-desk"] })),
        request(&format!("POST {issue}/comments"), json!({ "body": body })),
    ];
    assert_eq!(asked(&recorder), expected);
    assert_eq!(common_header(&recorder, "authorization"), format!("Bearer {SECRET}"));
    assert_eq!(common_header(&recorder, "accept"), "application/vnd.github+json");
    assert_eq!(reference, "https://github.example/comment-9");
}

/// A vector of `fixtures/signature-vectors.json` under the signature that a connector's manifest names.
fn verify(connector: &str, vector: &Value, body: &[u8]) -> Result<Verified, Refused> {
    let manifest = std::fs::read_to_string(format!("{CONNECTORS}/{connector}/plugin.toml")).unwrap();
    let manifest = Manifest::parse(&manifest).unwrap().connector.unwrap();
    let scheme: Scheme = serde_json::from_value(manifest.signature.unwrap()).unwrap();
    let headers = vector["headers"].as_object().unwrap();
    let field = |wanted: &str| {
        let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or(Field::Absent, |(_, value)| Field::Once(value.as_str().unwrap().as_bytes()))
    };
    let at = if connector == "generic" { "2021-02-25T15:02:10Z" } else { "2026-01-02T03:04:05Z" };
    Verifier::new(&scheme, &[vector["secret"].as_str().unwrap()])?.verify(field, body, at.parse().unwrap())
}

#[test]
fn the_manifests_that_ship_believe_what_the_helpdesks_sign_and_nothing_else() {
    let vectors: Value = serde_json::from_str(include_str!("../fixtures/signature-vectors.json")).unwrap();
    for (connector, vendor) in
        [("zendesk", "zendesk"), ("zammad", "zammad"), ("github", "github"), ("generic", "standard-webhooks")]
    {
        let vector = vectors.as_array().unwrap().iter().find(|vector| vector["vendor"] == vendor).unwrap();
        let body = vector["body"].as_str().unwrap();
        let verified = verify(connector, vector, body.as_bytes());
        assert!(verified.is_ok(), "{connector}: {verified:?}");
        let changed = verify(connector, vector, format!("{body} ").as_bytes());
        assert!(matches!(changed, Err(Refused::Mismatch { .. })), "{connector}: {changed:?}");
        let mut other = vector.clone();
        other["secret"] = json!(WRONG_SECRET);
        let forged = verify(connector, &other, body.as_bytes());
        assert!(matches!(forged, Err(Refused::Mismatch { .. })), "{connector}: {forged:?}");
    }
}
