//! Samples of the specifications of CloudEvents and Standard Webhooks that are not ours to ship: with `DESKBELL_PAYLOADS` set
//! to a folder that has them in `cloudevents/` and `standard-webhooks/`. None of their types is Deskbell's.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_generic::Generic;

fn parse(folder: &Path) -> Vec<(String, Result<Parsed>)> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let body: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let delivery = testing::delivery(json!({ "id": "msg_1", "body": body }));
            (path.display().to_string(), TestHost::new().parse::<Generic>(&delivery))
        })
        .collect()
}

#[test]
fn samples_are_read() {
    let Some(folder) = std::env::var_os("DESKBELL_PAYLOADS") else {
        println!("skipped: set DESKBELL_PAYLOADS to a folder of webhook samples");
        return;
    };
    let folder = Path::new(&folder);
    for (path, parsed) in parse(&folder.join("cloudevents")) {
        let reason = parsed.unwrap().ignored.unwrap();
        println!("{path}: ignored, {reason}");
        assert!(reason.contains("com.example."));
    }
    for (path, parsed) in parse(&folder.join("standard-webhooks")) {
        let error = parsed.unwrap_err();
        println!("{path}: refused, {error}");
        assert!(!error.retry && error.message.contains("specversion is missing"));
    }
}
