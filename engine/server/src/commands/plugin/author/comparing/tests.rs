use deskbell_host::Identity;
use deskbell_model::effect::Effect;
use deskbell_model::plugin::{Decision, Parsed, Request, StatedEvent};
use serde_json::json;

use super::super::sample::TIME;
use super::*;

fn outcome(made: Result<Made, Failure>, requests: Vec<Request>) -> Outcome {
    Outcome {
        made,
        requests,
        usage: deskbell_model::plugin::Usage::default(),
        n_calls: 1,
        log: vec![],
        log_dropped: 0,
        refused: vec![],
    }
}

#[track_caller]
fn check(expect: Value, outcome: &Outcome, expected: &[&str]) {
    let found = differences(&serde_json::from_value(expect).unwrap(), outcome);
    assert_eq!(found, expected);
}

fn decision() -> Outcome {
    let effects = json!([
        { "kind": "ticket.tag", "data": { "add": ["a", "b"] }, "reason": "so" },
        { "kind": "ticket.update", "data": { "priority": "high", "group": null } },
    ]);
    let effects: Vec<Effect> = serde_json::from_value(effects).unwrap();
    outcome(Ok(Made::Decision(Decision { effects, writes: vec![] })), vec![])
}

#[test]
fn what_is_not_named_is_not_compared() {
    check(json!({}), &decision(), &[]);
    check(json!({ "effects": [{ "kind": "ticket.tag" }, {}], "timers": [] }), &decision(), &[]);
    check(json!({ "effects": [{ "reason": "so" }, { "reason": null }] }), &decision(), &[]);
}

#[test]
fn differences_are_named_where_they_are() {
    let effects = json!([
        { "kind": "ticket.tag", "data": { "add": ["a", "c"] } },
        { "data": { "priority": "high", "assignee": "x" }, "note": 1 },
    ]);
    let expected = [
        "effects[0].data.add[1]: expected \"c\", got \"b\"",
        "effects[1].data.assignee: missing, expected \"x\"",
        "effects[1].data.group: not expected: null",
        "effects[1].note: expected 1, got null",
    ];
    check(json!({ "effects": effects }), &decision(), &expected);
    check(
        json!({ "effects": [{ "data": { "add": [] } }, {}] }),
        &decision(),
        &["effects[0].data.add: expected [], got [\"a\",\"b\"]"],
    );
}

#[test]
fn missing_and_surplus_entries_are_shown() {
    let expected = [
        "effects: expected 1, got 2",
        "effects[1]: not expected: {\"data\":{\"group\":null,\"priority\":\"high\"},\"kind\":\"ticket.update\",\"reason\":null}",
    ];
    check(json!({ "effects": [{ "kind": "ticket.tag" }] }), &decision(), &expected);
    let expected = ["timers: expected 1, got 0", "timers[0]: missing: {\"name\":\"nag\"}"];
    check(json!({ "timers": [{ "name": "nag" }] }), &decision(), &expected);
}

#[test]
fn long_texts_are_shown_where_they_part() {
    let text = |end: &str| format!("{}{end}", "0123456789".repeat(8));
    let expected =
        "x: from character 81 on expected \"…01234567890123456789same but this\", got \"…01234567890123456789that\"";
    assert_eq!(texts("x", &text("same but this"), &text("that")), expected);
    assert_eq!(texts("x", "a", "b"), "x: expected \"a\", got \"b\"");
    assert!(texts("x", &"a".repeat(400), &"b".repeat(400)).contains("(cut)"));
}

#[test]
fn many_differences_are_cut() {
    let effects = vec![json!({ "kind": "x" }); 40];
    let found = differences(&serde_json::from_value(json!({ "effects": effects })).unwrap(), &decision());
    assert_eq!((found.len(), found.last().unwrap().as_str()), (MAX_DIFFERENCES + 1, "and 21 more"));
}

#[test]
fn failures_are_compared_where_the_plugin_states_them() {
    let plugin = || Identity { name: "p".into(), version: "1".into() };
    let stated = || {
        outcome(Err(Failure::Refused { plugin: plugin(), message: "no such rule".to_owned(), retry: false }), vec![])
    };
    check(json!({ "failure": {} }), &stated(), &[]);
    check(json!({ "failure": { "retry": false, "message": "rule" } }), &stated(), &[]);
    let expected = [
        "failure.retry: expected true, got false: no such rule",
        "failure.message: expected one with 'group', got 'no such rule'",
    ];
    check(json!({ "failure": { "retry": true, "message": "group" } }), &stated(), &expected);
    check(json!({}), &stated(), &["plugin p 1 failed: no such rule (retry: false)"]);
    check(json!({ "failure": {} }), &decision(), &["expected a failure, but the call went well"]);
    let trapped = Failure::Trap { plugin: plugin(), message: "unreachable".to_owned(), backtrace: None };
    let expected = ["expected a failure that the plugin states, but plugin p 1 trapped: unreachable"];
    check(json!({ "failure": {} }), &outcome(Err(trapped), vec![]), &expected);
}

#[test]
fn events_and_reasons_of_connectors_are_compared() {
    let stated = StatedEvent {
        id: "1".to_owned(),
        kind: "deskbell.ticket.created".to_owned(),
        subject: None,
        time: TIME,
        data: "{}".to_owned(),
    };
    let parsed = Parsed { events: vec![stated], ignored: None };
    let outcome = outcome(Ok(Made::Parsed(parsed, vec!["events[0]: no".to_owned()])), vec![]);
    check(json!({ "events": [{ "id": "1", "data": {} }] }), &outcome, &["events[0]: no"]);
    let expected = [
        "events[0].time: expected \"2026\", got \"2026-01-05T08:00:00Z\"",
        "ignored: expected a reason with '', got ''",
        "events[0]: no",
    ];
    check(json!({ "events": [{ "time": "2026" }], "ignored": "" }), &outcome, &expected);
}

#[test]
fn requests_and_ends_of_actions_are_compared() {
    let request = Request {
        method: "PUT".to_owned(),
        url: "https://a.example/1".to_owned(),
        headers: vec![("X-Key".to_owned(), "k".to_owned()), ("Accept".to_owned(), "*/*".to_owned())],
        body: Some(b"{\"a\":1}".to_vec()),
        idempotent: true,
        sign: None,
    };
    let with = |made| outcome(Ok(made), vec![request.clone()]);
    let named = json!([{ "method": "PUT", "headers": { "x-KEY": "k" }, "body": { "a": 1 } }]);
    check(json!({ "requests": named, "done": "r" }), &with(Made::Done(Some("r".to_owned()))), &[]);
    check(json!({ "done": null }), &with(Made::Done(None)), &[]);
    check(json!({ "impossible": "closed" }), &with(Made::Impossible("it is closed".to_owned())), &[]);
    check(
        json!({ "done": null }),
        &with(Made::Done(Some("r".to_owned()))),
        &["done: expected null, got done with \"r\""],
    );
    check(
        json!({ "done": "x" }),
        &with(Made::Impossible("gone".to_owned())),
        &["done: expected \"x\", got impossible: gone"],
    );
    check(json!({ "impossible": "x" }), &with(Made::Done(None)), &["impossible: expected a reason with 'x', got done"]);
    check(
        json!({}),
        &with(Made::Unanswered(1)),
        &["responses: there is no answer for request 1: PUT https://a.example/1"],
    );
    let missing = json!({ "requests": [{ "headers": { "x-other": "k" } }] });
    check(missing, &with(Made::Done(None)), &["requests[0].headers.x-other: missing, expected \"k\""]);
}
