//! An action of many requests goes step by step, and no step goes on from what was refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_github::GitHub;

/// Carries out an action as the engine does, which ends a step at the first answer that is not 2xx. What was asked for at
/// each step, by method and the end of the URL.
fn carry_out(action: Value, settings: Value, answer: impl Fn(&Request) -> Response) -> (RenderStep, Vec<Vec<String>>) {
    let host = TestHost::new().settings(settings);
    let action = testing::action(action);
    let (mut so_far, mut steps) = (Vec::new(), Vec::new());
    loop {
        let requests = match host.render::<GitHub>(&action, &so_far).unwrap() {
            RenderStep::Requests(requests) => requests,
            end => return (end, steps),
        };
        let mut step = Vec::new();
        for request in requests {
            let response = answer(&request);
            let goes_on = response.is_success();
            step.push(format!("{} {}", request.method, request.url.rsplit('/').next().unwrap()));
            so_far.push(Exchange { request, response });
            if !goes_on {
                break;
            }
        }
        steps.push(step);
    }
}

/// Thirty groups, each with a label.
fn groups() -> Value {
    let groups: serde_json::Map<String, Value> =
        (0..30).map(|n| (format!("group {n:02}"), Value::from(format!("team-{n:02}")))).collect();
    json!({ "groups": groups, "escalation_label": "" })
}

fn escalation() -> Value {
    json!({ "kind": "ticket.escalate", "subject": "acme/shop#12", "data": { "group": "group 00" } })
}

fn issue(labels: impl Iterator<Item = String>) -> Response {
    let labels: Vec<Value> = labels.map(|name| json!({ "name": name })).collect();
    Response::new(200).with_json(&json!({ "labels": labels }))
}

#[test]
fn only_labels_that_the_issue_has_are_removed() {
    let (end, steps) = carry_out(escalation(), groups(), |request| match request.method.as_str() {
        "GET" => issue(["bug".to_owned(), "team-07".to_owned()].into_iter()),
        _ => Response::new(200),
    });
    assert_eq!(end, RenderStep::Done(None));
    assert_eq!(steps, [["GET 12"], ["POST labels"], ["DELETE team-07"]]);
}

#[test]
fn many_removals_go_ten_at_a_time_and_one_that_is_gone_already_does_no_harm() {
    let (end, steps) = carry_out(escalation(), groups(), |request| match request.method.as_str() {
        "GET" => issue((1..30).map(|n| format!("team-{n:02}"))),
        "DELETE" if request.url.ends_with("/team-05") => Response::new(404),
        _ => Response::new(200),
    });
    assert_eq!(end, RenderStep::Done(None));
    let n_requests: Vec<usize> = steps.iter().map(Vec::len).collect();
    assert_eq!(n_requests, [1, 1, 5, 10, 10, 4]);
    let removed: Vec<String> = steps.into_iter().skip(2).flatten().collect();
    let expected: Vec<String> = (1..30).map(|n| format!("DELETE team-{n:02}")).collect();
    assert_eq!(removed, expected);
}

#[test]
fn nothing_is_removed_where_the_new_was_refused() {
    let update = json!({ "kind": "ticket.update", "subject": "acme/shop#12", "data": { "assignee": "stranger" } });
    for (action, settings, refused) in [(escalation(), groups(), "POST labels"), (update, json!({}), "POST assignees")]
    {
        let (end, steps) = carry_out(action, settings, |request| match request.method.as_str() {
            "GET" => {
                let ben = json!([{ "login": "ben" }]);
                Response::new(200).with_json(&json!({ "labels": [{ "name": "team-07" }], "assignees": ben }))
            }
            // Whom GitHub does not let be assigned it leaves out without a word.
            _ if request.url.ends_with("/assignees") => Response::new(201).with_json(&json!({ "assignees": [] })),
            _ => Response::new(422),
        });
        assert!(matches!(end, RenderStep::Impossible(_)), "{end:?}");
        assert_eq!(steps, [["GET 12"], [refused]]);
    }
}
