//! Samples of Zammad's webhooks that are not ours to ship: with `DESKBELL_PAYLOADS` set to a folder that has them in
//! `zammad/`, each has to be read without an error.

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_zammad::Zammad;

#[test]
fn samples_are_read() {
    let Some(folder) = std::env::var_os("DESKBELL_PAYLOADS") else {
        println!("skipped: set DESKBELL_PAYLOADS to a folder of webhook samples");
        return;
    };
    let host = TestHost::new();
    let mut n_read = 0;
    for entry in std::fs::read_dir(std::path::Path::new(&folder).join("zammad")).unwrap() {
        let path = entry.unwrap().path();
        let body: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        // Answers of the REST API have the ticket bare.
        let body = if body.get("customer_id").is_some() { json!({ "ticket": body }) } else { body };
        let delivery = testing::delivery(json!({ "id": "delivery-1", "body": body }));
        let parsed = host.parse::<Zammad>(&delivery).unwrap();
        if body.get("ticket").is_some() {
            let snapshot = parsed.events.iter().find(|event| event.kind == "deskbell.ticket.snapshot").unwrap();
            assert_eq!(snapshot.data["ticket"]["subject"], body["ticket"]["title"]);
            assert_eq!(snapshot.subject, Some(body["ticket"]["id"].to_string()));
            n_read += 1;
        } else {
            assert!(parsed.ignored.is_some());
        }
        println!("{}: {}", path.display(), parsed.ignored.clone().unwrap_or_default());
        for event in &parsed.events {
            println!("  {} {} {} {}", event.time, event.id, event.kind, event.data);
        }
    }
    assert!(n_read > 0, "the folder has no samples");
    for line in host.logs() {
        println!("{line}");
    }
}
