//! An action of many requests goes step by step, and no step goes on from what was refused.
#![expect(clippy::unwrap_used, reason = "tests")]

use deskbell::prelude::*;
use deskbell::testing::{self, TestHost};
use deskbell_plugin_zammad::Zammad;

/// Carries out an action as the engine does, which ends a step at the first answer that is not 2xx. The bodies that were
/// sent at each step.
fn carry_out(action: Value, answer: impl Fn(&Request) -> Response) -> (Result<RenderStep>, Vec<Vec<Value>>) {
    let host = TestHost::new().settings(json!({ "base_url": "https://zammad.acme.example" }));
    let action = testing::action(action);
    let (mut so_far, mut steps) = (Vec::new(), Vec::new());
    loop {
        let requests = match host.render::<Zammad>(&action, &so_far) {
            Ok(RenderStep::Requests(requests)) => requests,
            end => return (end, steps),
        };
        let mut step = Vec::new();
        for request in requests {
            let response = answer(&request);
            let goes_on = response.is_success();
            step.push(serde_json::from_slice(request.body.as_deref().unwrap()).unwrap());
            so_far.push(Exchange { request, response });
            if !goes_on {
                break;
            }
        }
        steps.push(step);
    }
}

fn tags(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("tag {n:02}")).collect()
}

#[test]
fn many_tags_go_ten_at_a_time_and_each_once() {
    let action = json!({ "kind": "ticket.tag", "subject": "81", "data": { "add": tags(24), "remove": ["old"] } });
    let (end, steps) = carry_out(action, |_| Response::new(201));
    assert_eq!(end, Ok(RenderStep::Done(None)));
    assert_eq!(steps.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    let sent: Vec<&str> = steps.iter().flatten().filter_map(|body| body["item"].as_str()).collect();
    let mut expected = tags(24);
    expected.push("old".to_owned());
    assert_eq!(sent, expected);
}

#[test]
fn nothing_is_sent_after_a_refusal() {
    let action = json!({ "kind": "ticket.tag", "subject": "81", "data": { "add": tags(24) } });
    let refuse = |request: &Request, status: u16| {
        let is_third = request.body.as_deref().is_some_and(|body| String::from_utf8_lossy(body).contains("tag 02"));
        Response::new(if is_third { status } else { 201 })
    };
    let (end, steps) = carry_out(action.clone(), |request| refuse(request, 422));
    assert!(matches!(&end, Ok(RenderStep::Impossible(reason)) if reason.contains("422")), "{end:?}");
    assert_eq!(steps.iter().map(Vec::len).collect::<Vec<_>>(), [3]);
    let (end, _) = carry_out(action, |request| refuse(request, 503));
    assert!(end.unwrap_err().retry);
}

#[test]
fn an_escalated_ticket_gets_no_tags_where_its_group_is_refused() {
    let action = json!({ "kind": "ticket.escalate", "subject": "81", "data": { "group": "nowhere", "tier": 2 } });
    let (end, steps) = carry_out(action, |_| Response::new(422));
    assert!(matches!(end, Ok(RenderStep::Impossible(_))), "{end:?}");
    assert_eq!(steps, [[json!({ "group": "nowhere" })]]);
}
