//! The HTTP API: who may ask, and what each route answers.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::config::{self, ROUTING};
use crate::support::engine::TestEngine;
use crate::support::helpdesk::{Helpdesk, Then};
use crate::support::webhook::{Answer, ask, created};

/// Set it to have the document written anew after a change of the API that is meant.
const UPDATE: &str = "DESKBELL_UPDATE_SNAPSHOTS";

/// Every route with a path that exists, the scope that it needs, and a member of its answer.
const ROUTES: [(&str, &str, &str, &str, &str); 13] = [
    ("get", "/tickets/{id}", "/tickets/T-1?source=desk", "read", "/state/subject"),
    ("get", "/tickets/{id}/story", "/tickets/T-1/story?source=desk", "read", "/events/0/id"),
    ("get", "/sources", "/sources", "read", "/0/name"),
    ("get", "/plugins", "/plugins", "read", "/0/name"),
    ("get", "/plugins/{name}/calls", "/plugins/routing/calls", "read", "/0/at"),
    ("get", "/dead-letters", "/dead-letters", "read", "/0/error"),
    ("get", "/outbox", "/outbox", "read", ""),
    ("get", "/backlog", "/backlog", "read", "/n_due"),
    ("get", "/sla", "/sla", "read", "/clocks"),
    ("get", "/kpis", "/kpis?from=2026-01-01&to=2026-02-01", "read", "/figures/ticket_volume"),
    ("get", "/reports", "/reports", "read", "/0/id"),
    ("get", "/reports/{file}", "/reports/1.json", "read", "/title"),
    ("post", "/dead-letters/{id}/replay", "/dead-letters/1/replay", "operate", "/replayed_at"),
];

const REPORT: &str = "\n[[report]]\nname = \"team\"\nreport = \"weekly\"\n";

struct Api {
    base: String,
    read: String,
    operate: String,
    engine: TestEngine,
    _helpdesk: Helpdesk,
}

impl Api {
    /// An engine with a ticket whose one action was impossible.
    async fn start() -> Self {
        let helpdesk = Helpdesk::start().await;
        helpdesk.answer(|_| Then::Status(422));
        let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[ROUTING, REPORT])).await;
        engine.post(&created("T-1")).await;
        engine.work_off().await;
        let made = engine.run(&["report", "run", "team"]).await;
        assert!(made.status.success(), "{made:?}");
        let (read, operate) = (token(&engine, "read").await, token(&engine, "operate").await);
        let base = format!("{}/api/v1", engine.address.lock().unwrap());
        Self { base, read, operate, engine, _helpdesk: helpdesk }
    }

    async fn ask(&self, method: &str, path: &str, token: Option<&str>) -> Answer {
        ask(&method.to_uppercase(), &format!("{}{path}", self.base), token).await
    }
}

async fn token(engine: &TestEngine, scope: &str) -> String {
    let made = engine.run(&["token", "create", scope, "--scope", scope]).await;
    assert!(made.status.success(), "{made:?}");
    let words = made.stdout.split_whitespace().find(|word| word.starts_with("dbk_"));
    words.unwrap_or_else(|| panic!("{made:?} has no token")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_route_answers_whoever_may_ask_and_nobody_else() {
    let api = Api::start().await;
    for (method, route, path, scope, member) in ROUTES {
        for token in [None, Some("dbk_unknown")] {
            let refused = api.ask(method, path, token).await;
            assert_eq!(refused.status, 401, "{method} {route} with {token:?}: {refused:?}");
            assert!(refused.body["error"].is_string() && refused.body["code"].is_string(), "{refused:?}");
        }
        let reader = api.ask(method, path, Some(&api.read)).await;
        let expected = if scope == "read" { 200 } else { 403 };
        assert_eq!(reader.status, expected, "{method} {route} as a reader: {reader:?}");
        let operator = api.ask(method, path, Some(&api.operate)).await;
        assert_eq!(operator.status, 200, "{method} {route}: {operator:?}");
        assert!(operator.body.pointer(member).is_some(), "{method} {route} has no {member}: {:#}", operator.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_in_the_same_way() {
    let api = Api::start().await;
    for (method, path, status) in [
        ("get", "/tickets/T-404?source=desk", 404),
        ("get", "/tickets/T-404/story?source=desk", 404),
        ("get", "/nothing", 404),
        ("delete", "/sources", 405),
        ("post", "/dead-letters/404/replay", 404),
    ] {
        let answer = api.ask(method, path, Some(&api.operate)).await;
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert!(answer.body["error"].is_string() && answer.body["code"].is_string(), "{method} {path}: {answer:?}");
    }
    let revoked = api.engine.run(&["token", "revoke", "1"]).await;
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(api.ask("get", "/sources", Some(&api.read)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_describes_every_route_and_changes_on_purpose_alone() {
    let api = Api::start().await;
    // Anybody may read what there is to ask.
    let document = api.ask("get", "/openapi.json", None).await;
    assert_eq!(document.status, 200);
    let paths = document.body["paths"].as_object().unwrap();
    let operations = paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| (method.as_str(), path.as_str())));
    let described: BTreeSet<(&str, &str)> = operations.collect();
    let tried: BTreeSet<(&str, &str)> = ROUTES.iter().map(|(method, route, ..)| (*method, *route)).collect();
    assert_eq!(described, tried, "every route is tried here");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openapi.json");
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(&file, format!("{:#}\n", document.body)).unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(
        kept == document.body,
        "the API has changed; if that is meant, run this with {UPDATE}=1 and look at the difference"
    );
}
