//! Samples of Zendesk's webhooks that are not ours to ship: with `DESKBELL_PAYLOADS` set to a folder that has them in
//! `zendesk/`, each has to be read without an error.
#![expect(clippy::unwrap_used, reason = "tests")]

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_zendesk::Zendesk;

#[test]
fn samples_are_read() {
    let Some(folder) = std::env::var_os("DESKBELL_PAYLOADS") else {
        println!("skipped: set DESKBELL_PAYLOADS to a folder of webhook samples");
        return;
    };
    let host = TestHost::new();
    let mut n_read = 0;
    for entry in std::fs::read_dir(std::path::Path::new(&folder).join("zendesk")).unwrap() {
        let path = entry.unwrap().path();
        let sample: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        // A list is a sequence of webhooks.
        let bodies = match sample {
            Value::Array(bodies) => bodies,
            body => vec![body],
        };
        for body in bodies {
            let kind = body["type"].as_str().unwrap_or("trigger").to_owned();
            let delivery = testing::delivery(json!({ "id": "delivery-1", "body": body }));
            let parsed = host.parse::<Zendesk>(&delivery).unwrap();
            check(&kind, &body, &parsed);
            let kinds: Vec<&str> = parsed.events.iter().map(|event| event.kind.as_str()).collect();
            println!("{}: {kind} is {kinds:?} {}", path.display(), parsed.ignored.unwrap_or_default());
            n_read += 1;
        }
    }
    assert!(n_read > 0, "the folder has no samples");
    for line in host.logs() {
        println!("{line}");
    }
}

#[track_caller]
fn check(kind: &str, body: &Value, parsed: &Parsed) {
    assert_eq!(parsed.events.is_empty(), parsed.ignored.is_some());
    let expected = match kind.rsplit('.').next().unwrap() {
        "created" => "deskbell.ticket.created",
        "comment_added" => "deskbell.ticket.commented",
        "csat_received" => "deskbell.rating.submitted",
        "trigger" => "deskbell.ticket.snapshot",
        "status_changed"
        | "type_changed"
        | "tags_changed"
        | "group_assignment_changed"
        | "agent_assignment_changed"
        | "custom_field_changed"
        | "custom_status_changed" => "deskbell.ticket.updated",
        _ => return assert!(parsed.events.is_empty(), "{kind}"),
    };
    let event = parsed.events.first().unwrap();
    assert_eq!(event.kind, expected);
    if let Some(id) = body["id"].as_str() {
        assert_eq!(event.id, id);
        assert_eq!(event.subject.as_deref(), body["subject"].as_str().unwrap().strip_prefix("zen:ticket:"));
    }
}
