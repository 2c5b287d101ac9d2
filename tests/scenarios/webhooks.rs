//! What becomes of a webhook, sound or not.

use serde_json::{Value, json};

use crate::support::config::{self, ACKNOWLEDGE, ROUTING};
use crate::support::engine::TestEngine;
use crate::support::helpdesk::Helpdesk;
use crate::support::waiting::wait_until;
use crate::support::webhook::{Delivery, WRONG_SECRET, commented, created, event, new_ticket, unique};

async fn start() -> (Helpdesk, TestEngine) {
    let helpdesk = Helpdesk::start().await;
    let engine = TestEngine::start(&config::with(&helpdesk.address.to_string(), &[ROUTING, ACKNOWLEDGE])).await;
    (helpdesk, engine)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_webhook_becomes_actions_at_the_helpdesk() {
    let (helpdesk, engine) = start().await;
    engine.post(&created("T-1")).await;
    engine.work_off().await;

    let done = helpdesk.done_on("T-1");
    let kinds: Vec<&str> = done.iter().map(|action| action.kind.as_str()).collect();
    assert_eq!(kinds, ["ticket.update", "ticket.reply"], "in the order of the plugins in the configuration");
    assert_eq!(done[0].data, json!({ "group": "billing", "priority": "high" }));
    assert!(done[0].reason.as_deref().is_some_and(|reason| reason.contains("rule 'billing'")), "{done:?}");
    assert!(done.iter().all(|action| action.signed && !action.key.is_empty()));

    let calls = engine.sql("SELECT plugin, outcome, effects FROM plugin_call ORDER BY call_id").await;
    assert_eq!(calls.len(), 2, "{calls:?}");
    let effects: Value = serde_json::from_str(calls[0]["effects"].as_str().unwrap()).unwrap();
    assert_eq!(effects[0]["became"], format!("action {}", done[0].key));
    assert_eq!(effects[0]["reason"].as_str(), done[0].reason.as_deref());
    let attempts = engine.sql("SELECT number, outcome, status FROM attempt ORDER BY outbox_id").await;
    assert_eq!(attempts, vec![json!({ "number": 1, "outcome": 0, "status": 200 }); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_size_signature_and_account_fail_a_webhook() {
    let (_helpdesk, engine) = start().await;
    let sound = Delivery::of(&created("T-1"));
    let large = vec![b' '; 64 * 1024 + 1];
    let unsigned = Delivery { secret: WRONG_SECRET, ..sound.clone() };
    let cases = [
        (unsigned, 401),
        (Delivery::new("application/json", large), 413),
        (sound.clone().to("nobody"), 404),
        (Delivery::of(&event("ticket.sneezed", "T-2", json!({}))), 202),
        (
            Delivery::new(
                "application/cloudevents+json",
                r#"{"specversion":"1.0","id":"9","type":"com.example.thing","source":"x"}"#,
            ),
            202,
        ),
        (Delivery::new("application/json", "no JSON at all \0"), 202),
        (Delivery::new("application/octet-stream", ""), 202),
        (sound.clone(), 202),
        (sound.clone(), 200),
    ];
    for (delivery, expected) in cases {
        let answer = engine.deliver(&delivery).await;
        assert_eq!(answer.status, expected, "{answer:?} {delivery:?}");
    }
    engine.work_off().await;
    // Of what was refused nothing stays; of the rest everything does.
    assert_eq!(engine.database.number("SELECT count(*) FROM inbox").await, 5);
    assert_eq!(engine.database.number("SELECT count(*) FROM event WHERE kind LIKE 'deskbell.ticket.created'").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_body_becomes_a_dead_letter() {
    let (_helpdesk, engine) = start().await;
    let answer = engine.deliver(&Delivery::new("application/json", "neither here nor there")).await;
    assert_eq!(answer.status, 202);
    engine.database.wait_for("the dead letter", "SELECT count(*) FROM dead_letter WHERE kind = 2", 1).await;
    engine.work_off().await;
    let stored = engine.sql("SELECT state, detail, convert_from(body, 'UTF8') AS body FROM inbox").await;
    assert_eq!(stored[0]["state"], 3);
    assert_eq!(stored[0]["body"], "neither here nor there");
    assert!(stored[0]["detail"].is_string(), "{stored:?}");

    let listed = engine.run(&["dead-letters", "list", "--format", "json"]).await;
    let letters: Value = serde_json::from_str(&listed.stdout).unwrap();
    assert_eq!((&letters[0]["kind"], &letters[0]["of"]), (&json!("delivery"), &json!("generic")), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_kind_is_stored_and_shown() {
    let (helpdesk, engine) = start().await;
    engine.post(&created("T-1")).await;
    let answer = engine.deliver(&Delivery::of(&event("ticket.sneezed", "T-1", json!({ "loudly": true })))).await;
    assert_eq!(answer.status, 202);
    engine.work_off().await;
    assert_eq!(helpdesk.done().len(), 2, "what is unknown makes nobody do anything");
    assert_eq!(engine.database.number("SELECT count(*) FROM inbox").await, 2);
    let (status, metrics) = engine.get("/metrics").await;
    assert_eq!(status, 200);
    assert!(
        metrics.lines().any(|line| line.starts_with("deskbell_webhooks_total") && line.ends_with(" 2")),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_event_in_a_new_delivery_changes_nothing() {
    let (helpdesk, engine) = start().await;
    let event = created("T-1");
    engine.post(&event).await;
    engine.work_off().await;
    let again = engine.deliver(&Delivery::of(&event)).await;
    assert_eq!((again.status, &again.body), (202, &json!({ "accepted": 0, "duplicates": 1 })));
    let batch = engine.deliver(&Delivery::batch(&[event.clone(), commented("T-1", "Hello?"), event])).await;
    assert_eq!((batch.status, &batch.body), (202, &json!({ "accepted": 1, "duplicates": 2 })));
    engine.work_off().await;
    assert_eq!(helpdesk.received().len(), 2);
    assert_eq!(engine.database.number("SELECT count(*) FROM event").await, 2);
    assert_eq!(engine.database.number("SELECT count(*) FROM plugin_call WHERE kind = 'ticket.created'").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_a_connector_takes_canonical_events_in_every_mode() {
    let (_helpdesk, engine) = start().await;
    let of_shop = |ticket: &str, source: &str| {
        let mut event = created(ticket);
        event["source"] = json!(source);
        event
    };
    let structured = Delivery::of(&of_shop("S-1", "shop")).to("shop");
    let batch =
        [of_shop("S-2", "shop"), of_shop("S-3", "shop-eu"), of_shop("S-4", "desk"), json!(17), json!({ "id": "1" })];
    let batch = Delivery::batch(&batch).to("shop");
    let binary = Delivery::new("application/json", new_ticket("S-5").to_string()).to("shop");
    let binary = [
        ("ce-specversion", "1.0"),
        ("ce-id", &unique("event")),
        ("ce-source", "shop"),
        ("ce-type", "deskbell.ticket.created"),
        ("ce-subject", "S-5%20%E2%82%AC"),
        ("ce-time", "2026-03-02T09:30:00Z"),
    ]
    .into_iter()
    .fold(binary, |delivery, (name, value)| delivery.header(name, value));
    for (delivery, n_accepted, rejected) in [
        (structured, 1, vec![]),
        (batch, 2, vec![(2, "source"), (3, "(event)"), (4, "specversion")]),
        (binary, 1, vec![]),
    ] {
        let answer = engine.deliver(&delivery).await;
        assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(n_accepted)), "{answer:?}");
        let told: Vec<(i64, &str)> = answer.body["rejected"].as_array().map_or_else(Vec::new, |rejected| {
            rejected.iter().map(|r| (r["index"].as_i64().unwrap(), r["member"].as_str().unwrap())).collect()
        });
        assert_eq!(told, rejected, "{answer:?}");
    }
    // What is no event costs the answer no more than is told.
    let numbers = Delivery::new("application/json", format!("[{}1]", "1,".repeat(30_000))).to("shop");
    let answer = engine.deliver(&numbers).await;
    assert_eq!((answer.status, &answer.body["rejected_total"]), (202, &json!(30_001)));
    assert_eq!(answer.body["rejected"].as_array().map(Vec::len), Some(100));
    let kept = "SELECT length(detail) AS length FROM inbox WHERE detail LIKE '%\"rejected_total\":30001%'";
    assert!(engine.sql(kept).await[0]["length"].as_i64().is_some_and(|length| length < 10_000));
    engine.work_off().await;
    let tickets = "SELECT source.name AS source, key FROM lane JOIN source USING (tenant_id, source_id) WHERE kind = 0 ORDER BY 1, 2";
    let expected = [("shop", "S-1"), ("shop", "S-2"), ("shop", "S-5 €"), ("shop-eu", "S-3")];
    let expected: Vec<Value> = expected.iter().map(|(source, key)| json!({ "source": source, "key": key })).collect();
    assert_eq!(engine.sql(tickets).await, expected);
    // What cannot be written back is no action, and says so.
    let effects = engine.sql("SELECT effects FROM plugin_call WHERE plugin = 'routing'").await;
    assert!(effects.iter().all(|row| row["effects"].as_str().unwrap().contains("has no connector")), "{effects:?}");
    assert_eq!(engine.database.number("SELECT count(*) FROM outbox").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_of_an_event_keeps_its_lane_from_going_on() {
    let (_helpdesk, engine) = start().await;
    // Longer than what an index has room for, and it does not compress.
    let long =
        (1..400_u64).fold(String::new(), |long, n| format!("{long}{:016x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let status = json!({ "status": "online", "groups": ["a\0b", "c"], "skills": ["\0"], "languages": ["de\0"] });
    let mut ticket = new_ticket("S-1");
    ticket["ticket"]["requester"]["id"] = json!(long);
    ticket["ticket"]["assignee"] = json!(long);
    let mut events = [
        event("agent.status", "ada\0", status),
        event("ticket.created", "S-1", ticket),
        event("ticket.created", &long, new_ticket("S-2")),
    ];
    for event in &mut events {
        event["source"] = json!("shop");
    }
    let answer = engine.deliver(&Delivery::batch(&events).to("shop")).await;
    assert_eq!((answer.status, &answer.body["accepted"]), (202, &json!(2)), "{answer:?}");
    assert_eq!(answer.body["rejected"][0]["member"], "subject", "{answer:?}");
    engine.work_off().await;
    let agents = engine.sql("SELECT agent_id, groups, skills, languages FROM agent").await;
    let kept = json!({ "agent_id": "ada\u{fffd}", "groups": ["a\u{fffd}b", "c"], "skills": ["\u{fffd}"],
        "languages": ["de\u{fffd}"] });
    assert_eq!(agents, [kept]);
    let tickets = "SELECT length(requester) AS requester, length(assignee) AS assignee,
        state::json -> 'requester' ->> 'id' AS id FROM ticket";
    assert_eq!(engine.sql(tickets).await, [json!({ "requester": 512, "assignee": 512, "id": long })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_is_kept_or_logged() {
    let (_helpdesk, engine) = start().await;
    let delivery =
        Delivery::of(&created("T-1")).header("authorization", "Bearer dont-tell").header("cookie", "a=dont-tell");
    assert_eq!(engine.deliver(&delivery).await.status, 202);
    engine.work_off().await;
    let headers = engine.sql("SELECT headers FROM inbox").await[0]["headers"].to_string();
    assert!(headers.contains("webhook-id") && !headers.contains("dont-tell"), "{headers}");
    for secret in ["dont-tell", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"] {
        assert!(!engine.log().contains(secret));
        let attempts = format!("SELECT count(*) FROM attempt WHERE detail LIKE '%{secret}%'");
        assert_eq!(engine.database.number(&attempts).await, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_engine_says_so() {
    let (_helpdesk, engine) = start().await;
    assert_eq!(engine.get("/healthz").await, (200, "ok".to_owned()));
    wait_until("the engine is ready", async || engine.get("/readyz").await.0 == 200).await;
}
