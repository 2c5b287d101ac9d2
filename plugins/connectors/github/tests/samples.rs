//! Samples of webhooks of GitHub and Gitea that are not ours to ship.
//!
//! With `DESKBELL_PAYLOADS` set to a folder that has them in `github/` and `gitea/`, named for their kind, each has to be read
//! without an error. With `DESKBELL_GITHUB_WEBHOOKS` set to a file of deliveries, one in a line, each has to hold what the
//! line expects.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_github::GitHub;

fn parse(header: &str, kind: &str, id: &str, body: &Value) -> Parsed {
    let delivery = testing::delivery(json!({ "id": id, "headers": { header: kind }, "body": body }));
    TestHost::new().parse::<GitHub>(&delivery).unwrap()
}

#[test]
fn samples_are_read() {
    let Some(folder) = std::env::var_os("DESKBELL_PAYLOADS") else {
        println!("skipped: set DESKBELL_PAYLOADS to a folder of webhook samples");
        return;
    };
    for (vendor, header) in [("github", "x-github-event"), ("gitea", "x-gitea-event")] {
        let mut n_events = 0;
        for entry in std::fs::read_dir(Path::new(&folder).join(vendor)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let body: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let parsed = parse(header, name.split('.').next().unwrap(), "d-1", &body);
            let kinds: Vec<&str> = parsed.events.iter().map(|event| event.kind.as_str()).collect();
            println!("{vendor}/{name} is {kinds:?} {}", parsed.ignored.clone().unwrap_or_default());
            assert_eq!(parsed.events.is_empty(), parsed.ignored.is_some());
            n_events += kinds.len();
        }
        assert!(n_events > 0, "the folder has no samples of {vendor}");
    }
}

#[test]
fn deliveries_hold_what_is_expected_of_them() {
    let Some(file) = std::env::var_os("DESKBELL_GITHUB_WEBHOOKS") else {
        println!("skipped: set DESKBELL_GITHUB_WEBHOOKS to a file of deliveries");
        return;
    };
    let (mut n_lines, mut n_expected, mut n_events) = (0, 0, 0);
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let (kind, id) = (line["event"].as_str().unwrap(), line["delivery_id"].as_str().unwrap());
        let body: Value = serde_json::from_str(line["body"].as_str().unwrap()).unwrap();
        let parsed = parse("x-github-event", kind, id, &body);
        n_lines += 1;
        if line["expect"].is_null() {
            assert!(parsed.events.is_empty() && parsed.ignored.is_some(), "{kind} {id}");
            continue;
        }
        n_expected += 1;
        let action = line["action"].as_str().unwrap();
        check(kind, action, &parsed, &line["expect"]);
        n_events += parsed.events.len();
    }
    println!("{n_lines} deliveries, {n_expected} with expected fields, {n_events} events");
}

#[track_caller]
fn check(kind: &str, action: &str, parsed: &Parsed, expect: &Value) {
    let Some(event) = parsed.events.first() else {
        let ignored = [("issue_comment", "edited"), ("issue_comment", "deleted")].contains(&(kind, action));
        return assert!(ignored || ["locked", "unlocked", "unpinned"].contains(&action), "{kind} {action}");
    };
    assert_eq!(event.subject.as_deref(), expect["ticket_key"].as_str());
    let time = |member: &Value| Instant::parse_rfc3339(member.as_str().unwrap()).unwrap();
    let (ticket, changes) = (&event.data["ticket"], &event.data["changes"]);
    let at = match (kind, action) {
        ("issue_comment", "created") => {
            let (comment, expect) = (&event.data["comment"], &expect["comment"]);
            assert_eq!(comment["id"], json!(expect["id"].to_string()));
            assert_eq!(comment["body"], expect["body"]);
            assert_eq!(event.data["actor"]["id"], expect["author"]);
            time(&expect["created_at"])
        }
        (_, "deleted") => event.time,
        (_, "opened") => time(&expect["created_at"]),
        (_, "labeled" | "unlabeled") => {
            assert_eq!(changes["tags"]["to"], expect["labels"]);
            time(&expect["updated_at"])
        }
        (_, "assigned") => {
            assert_eq!(changes["assignee"]["to"], expect["changed_assignee"]);
            time(&expect["updated_at"])
        }
        (_, "unassigned") => {
            assert_ne!(changes["assignee"]["to"], expect["changed_assignee"]);
            time(&expect["updated_at"])
        }
        (_, "reopened") => {
            assert_eq!(changes["status"]["to"], expect["state"]);
            time(&expect["updated_at"])
        }
        (_, "milestoned" | "demilestoned") => {
            assert_eq!(changes["custom.milestone"]["to"], expect["milestone"]);
            time(&expect["updated_at"])
        }
        _ => time(&expect["updated_at"]),
    };
    assert_eq!(event.time, at);
    if ticket.is_object() {
        assert_eq!(ticket["subject"], expect["title"]);
        assert_eq!(ticket["tags"], expect["labels"]);
        assert_eq!(ticket["assignee"], expect["assignees"].get(0).cloned().unwrap_or_default());
        assert_eq!(ticket["requester"]["id"], expect["author"]);
        assert_eq!(ticket["custom"].get("milestone").cloned().unwrap_or_default(), expect["milestone"]);
        assert_eq!(ticket["status"] == "closed", expect["state"] == "closed");
    }
}
