//! What the fixtures do not show: signing, repeats, and what a batch left out.

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_generic::Generic;

#[test]
fn actions_are_signed_with_the_source_s_secret() {
    for (settings, secret) in [
        (json!({ "callback_url": "https://desk.example/a" }), "callback"),
        (json!({ "callback_url": "https://desk.example/a", "callback_secret": "webhook" }), "webhook"),
    ] {
        let host = TestHost::new().settings(settings).now("2026-03-02T09:30:00Z");
        let action = testing::action(json!({ "kind": "ticket.note", "data": { "body": "x" } }));
        let step = host.render::<Generic>(&action, &[]).unwrap();
        let sign = match step {
            RenderStep::Requests(requests) => requests.into_iter().find_map(|request| request.sign),
            _ => None,
        };
        let sign = sign.unwrap();
        assert_eq!((sign.scheme.as_str(), sign.secret.as_str()), ("standard-webhooks", secret));
    }
}

#[test]
fn an_action_may_always_be_sent_again() {
    let action = testing::action(json!({ "kind": "ticket.reply" }));
    let step = TestHost::new().probe::<Generic>(&action, &[]);
    assert_eq!(step, Ok(ProbeStep::NotEffective));
}

#[test]
fn what_a_batch_left_out_is_told() {
    let delivery = testing::delivery(json!({ "body": [
        { "specversion": "1.0", "id": "a", "type": "deskbell.ticket.deleted", "subject": "1", "data": {} },
        { "specversion": "1.0", "type": "deskbell.ticket.deleted" },
    ] }));
    let host = TestHost::new();
    let parsed = host.parse::<Generic>(&delivery).unwrap();
    assert_eq!(parsed.events.len(), 1);
    assert_eq!(parsed.extra["rejected"], json!([{ "index": 1, "problem": "id is missing" }]));
    assert_eq!(host.logs().len(), 1);
}
