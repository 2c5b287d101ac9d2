//! Whether an action took effect is found among the ticket's articles.
#![expect(clippy::unwrap_used, reason = "tests")]

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_zammad::Zammad;

fn ask(kind: &str, status: u16, articles: &Value) -> Result<ProbeStep> {
    let host = TestHost::new().settings(json!({ "base_url": "https://zammad.acme.example" }));
    let action = testing::action(json!({ "kind": kind, "key": "018f-key", "subject": "81" }));
    let step = host.probe::<Zammad>(&action, &[])?;
    let ProbeStep::Requests(requests) = step else {
        return Ok(step);
    };
    let request = requests.first().unwrap().clone();
    assert_eq!(request.url, "https://zammad.acme.example/api/v1/ticket_articles/by_ticket/81");
    assert_eq!(request.header_value("authorization"), Some("Token token={{secret:token}}"));
    let response = Response::new(status).with_json(articles);
    host.probe::<Zammad>(&action, &[Exchange { request, response }])
}

#[test]
fn a_reply_is_found_by_its_key() {
    let other = json!({ "id": 104, "preferences": {} });
    let own = json!({ "id": 105, "preferences": { "deskbell": { "key": "018f-key" } } });
    let another = json!({ "id": 106, "preferences": { "deskbell": { "key": "018f-other" } } });
    for (articles, expected) in [
        (json!([other, own]), ProbeStep::Effective),
        (json!([other, another]), ProbeStep::NotEffective),
        (json!([]), ProbeStep::NotEffective),
    ] {
        assert_eq!(ask("ticket.reply", 200, &articles), Ok(expected.clone()));
        assert_eq!(ask("ticket.note", 200, &articles), Ok(expected));
    }
}

#[test]
fn what_cannot_be_told_is_not_guessed() {
    for (status, articles, part) in [
        (200, json!([{ "id": 1 }]), "without their preferences"),
        (200, json!({}), "not a list"),
        (404, json!({}), "404"),
    ] {
        let step = ask("ticket.reply", status, &articles);
        assert!(matches!(&step, Ok(ProbeStep::Unknown(reason)) if reason.contains(part)), "{step:?}");
    }
    assert!(ask("ticket.reply", 500, &json!({})).unwrap_err().retry);
}

#[test]
fn an_update_is_simply_sent_again() {
    for kind in ["ticket.update", "ticket.tag", "ticket.escalate"] {
        assert_eq!(ask(kind, 200, &json!([])), Ok(ProbeStep::NotEffective), "{kind}");
    }
}

#[test]
fn a_redelivered_webhook_holds_the_same_events() {
    let body = |state: &str| {
        json!({ "ticket": {
            "id": 81, "title": "x", "state": state, "customer_id": 8, "created_by_id": 8,
            "created_at": "2026-03-02T09:30:00Z", "updated_at": "2026-03-02T10:00:00Z",
        } })
    };
    let ids = |delivery: &str, received_at: &str, state: &str| -> Vec<String> {
        let delivery = testing::delivery(json!({ "id": delivery, "received_at": received_at, "body": body(state) }));
        let parsed = TestHost::new().parse::<Zammad>(&delivery).unwrap();
        parsed.events.into_iter().map(|event| event.id).collect()
    };
    let first = ids("job-1", "2026-03-02T10:00:01Z", "open");
    assert_eq!(first, ids("job-2", "2026-03-02T11:00:00Z", "open"));
    let other = ids("job-3", "2026-03-02T11:00:00Z", "closed");
    assert!(first.first() == other.first() && first.last() != other.last());
}
