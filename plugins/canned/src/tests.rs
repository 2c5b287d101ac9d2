//! The plugin as a whole, on a host in memory.
#![expect(clippy::needless_pass_by_value, reason = "short cases")]

use deskbell::prelude::*;
use deskbell::testing::{TestHost, event};

use crate::handle;

fn settings() -> Value {
    json!({
        "replies": {
            "Refund": {
                "en": "Hi {{requester.first_name|there}}, we refund order {{custom.order}}. {{agent.name|Your support}}",
                "de": "Guten Tag {{requester.name|}}, wir erstatten {{custom.order}}.",
            },
            "bye": { "text": "Bye {{ticket.id}}.", "status": "pending", "tags": ["said-bye", "old"] },
            "退款": "{{requester.name|您好}}，已退款。",
        },
    })
}

fn host() -> TestHost {
    TestHost::new().settings(settings())
}

fn note(body: &str, ticket: Value) -> Event {
    event(json!({
        "kind": "ticket.commented", "actor": { "id": "a-1", "role": "agent", "name": "Ben Ruiz" },
        "data": { "comment": { "public": false, "body": body } }, "ticket": ticket,
    }))
}

#[track_caller]
fn check(event: &Event, expected: Value) -> Vec<Effect> {
    let effects = host().call(handle, event).unwrap();
    let found: Vec<Value> = effects.iter().map(|effect| json!([effect.kind, effect.data])).collect();
    assert_eq!(json!(found), expected);
    assert!(effects.iter().all(|effect| effect.reason.is_some()));
    effects
}

#[test]
fn a_command_in_a_note_posts_the_reply() {
    let ticket = json!({ "requester": { "name": "Ann Lee" }, "custom": { "order": "A-17" } });
    let effects = check(
        &note("Sending it.\n/canned refund", ticket),
        json!([["ticket.reply", { "body": "Hi Ann, we refund order A-17. Ben Ruiz" }]]),
    );
    assert_eq!(effects[0].reason.as_deref(), Some("agent a-1 asked for the canned reply 'refund' in a note, in en"));
}

#[test]
fn the_reply_is_in_the_requesters_language_where_there_is_one() {
    for (requester, ticket, expected) in [
        (json!("de-AT"), Value::Null, "Guten Tag Ann, wir"),
        (Value::Null, json!("de"), "Guten Tag Ann, wir"),
        (json!("fi"), json!("ru"), "Hi Ann, we"),
        (Value::Null, Value::Null, "Hi Ann, we"),
    ] {
        let ticket = json!({
            "requester": { "name": "Ann", "language": requester }, "language": ticket, "custom": { "order": 7 },
        });
        let effects = host().call(handle, &note("/canned REFUND", ticket)).unwrap();
        assert!(effects[0].data["body"].as_str().unwrap().starts_with(expected), "{effects:?}");
    }
}

#[test]
fn a_reply_can_bring_a_status_and_tags() {
    check(
        &note("/canned bye", json!({ "tags": ["old"], "status": "open" })),
        json!([["ticket.reply", { "body": "Bye 1." }], ["ticket.update", { "status": "pending" }], ["ticket.tag", { "add": ["said-bye"] }]]),
    );
    check(
        &note("/canned bye", json!({ "tags": ["old", "said-bye"], "status": "pending" })),
        json!([["ticket.reply", { "body": "Bye 1." }]]),
    );
}

#[test]
fn names_of_any_script_are_names() {
    check(&note("<p>/canned 退款</p>", json!({})), json!([["ticket.reply", { "body": "您好，已退款。" }]]));
}

#[test]
fn an_unknown_name_is_answered_with_those_that_exist() {
    let list = "Canned replies: bye, refund, 退款.";
    check(
        &note("/canned refnd", json!({})),
        json!([["ticket.note", { "body": format!("There is no canned reply 'refnd'. {list}") }]]),
    );
    check(&note("/canned", json!({})), json!([["ticket.note", { "body": list }]]));
    let effects = TestHost::new().call(handle, &note("/canned x", json!({}))).unwrap();
    assert!(effects[0].data["body"].as_str().unwrap().contains("No canned replies are configured yet"));
}

#[test]
fn a_reply_with_a_gap_is_not_sent() {
    let effects = check(
        &note("/canned refund", json!({ "custom": { "order": null } })),
        json!([["ticket.note", {
            "body": "The canned reply 'refund' was not sent: no value for custom.order; \
                     give a fallback, as in {{requester.first_name|there}}.",
        }]]),
    );
    assert!(effects[0].reason.as_deref().unwrap().ends_with("but it was not sent"));
}

#[test]
fn only_internal_notes_of_agents_are_commands() {
    let refused = |role: &str, public: bool| {
        let mut event = note("/canned bye", json!({}));
        event.actor.as_mut().unwrap().role = role.to_owned();
        event.data["comment"]["public"] = json!(public);
        check(&event, json!([]));
    };
    refused("agent", true);
    refused("customer", false);
    refused("customer", true);
    refused("bot", false);
    refused("system", false);
    let mut nobody = note("/canned bye", json!({}));
    nobody.actor = None;
    check(&nobody, json!([]));
}

#[test]
fn what_we_write_ourselves_asks_for_nothing() {
    let mut host = host();
    let mut bodies = vec!["/canned nothing-like-it".to_owned(), "/canned".to_owned(), "/canned bye".to_owned()];
    for body in bodies.clone() {
        let effects = host.call(handle, &note(&body, json!({}))).unwrap();
        bodies.extend(effects.iter().filter_map(|effect| effect.data["body"].as_str().map(str::to_owned)));
    }
    for body in bodies.iter().skip(3) {
        assert_eq!(host.call(handle, &note(body, json!({}))).unwrap(), [], "{body}");
    }
}

fn tagged(seconds_later: i64, from: Value, to: &[&str]) -> Event {
    let mut changes = json!({ "changes": { "tags": { "to": to } } });
    if !from.is_null() {
        changes["changes"]["tags"]["from"] = from;
    }
    let mut event = event(json!({
        "kind": "ticket.updated", "actor": { "id": "a-1", "role": "agent" }, "data": changes, "ticket": { "tags": to },
    }));
    event.time = event.time + seconds(seconds_later);
    event
}

#[test]
fn a_tag_posts_the_reply_and_goes() {
    let effects = check(
        &tagged(0, Value::Null, &["canned:Bye", "x"]),
        json!([
            ["ticket.reply", { "body": "Bye 1." }],
            ["ticket.update", { "status": "pending" }],
            ["ticket.tag", { "add": ["said-bye", "old"] }],
            ["ticket.tag", { "remove": ["canned:Bye"] }],
        ]),
    );
    assert_eq!(
        effects[0].reason.as_deref(),
        Some("agent a-1 asked for the canned reply 'bye' with the tag canned:Bye")
    );
    check(
        &tagged(0, Value::Null, &["canned:no"]),
        json!([
            ["ticket.note", { "body": "There is no canned reply 'no'. Canned replies: bye, refund, 退款." }],
            ["ticket.tag", { "remove": ["canned:no"] }],
        ]),
    );
}

#[test]
fn a_tag_that_lingers_posts_nothing_more_until_it_comes_anew() {
    let n_replies = |host: &mut TestHost, event: &Event| {
        host.call(handle, event).unwrap().iter().filter(|effect| effect.kind == Effect::REPLY).count()
    };
    let mut ours = host();
    assert_eq!(n_replies(&mut ours, &tagged(0, Value::Null, &["canned:bye"])), 1);
    assert_eq!(
        n_replies(&mut ours, &tagged(5, Value::Null, &["canned:bye", "x"])),
        0,
        "our removal is still on its way"
    );
    assert_eq!(n_replies(&mut ours, &tagged(6, json!(["canned:bye"]), &["canned:bye", "x"])), 0);
    assert_eq!(
        n_replies(&mut ours, &tagged(60, json!(["x"]), &["canned:bye", "x"])),
        1,
        "the helpdesk says that it is new"
    );

    let mut host = host().history([tagged(10, Value::Null, &["x"]), tagged(60, Value::Null, &["canned:bye"])]);
    assert_eq!(n_replies(&mut host, &tagged(0, Value::Null, &["canned:bye"])), 1);
    assert_eq!(n_replies(&mut host, &tagged(60, Value::Null, &["canned:bye"])), 1, "the history says that it had gone");
}

#[test]
fn customers_cannot_ask_with_a_tag() {
    let mut event = tagged(0, Value::Null, &["canned:bye"]);
    event.actor.as_mut().unwrap().role = "customer".into();
    check(&event, json!([]));
}

#[test]
fn an_order_that_comes_late_is_not_carried_out_over_an_answer() {
    let mut late = note("/canned bye", json!({ "last_agent_reply_at": "2026-01-05T09:00:00Z" }));
    late.late = true;
    let effects = host().call(handle, &late).unwrap();
    assert_eq!(effects[0].kind, Effect::NOTE);
    assert!(effects[0].data["body"].as_str().unwrap().contains("the customer has had an answer since"));
    let mut still_open = note("/canned bye", json!({}));
    still_open.late = true;
    assert_eq!(host().call(handle, &still_open).unwrap()[0].kind, Effect::REPLY);
}

#[test]
fn command_and_tag_can_be_called_otherwise() {
    let own = json!({ "command": "!macro", "tag_prefix": "", "replies": { "a": "A" } });
    let mut host = TestHost::new().settings(own);
    assert_eq!(
        host.call(handle, &note("!macro a", json!({}))).unwrap(),
        [Effect::reply("A").because("agent a-1 asked for the canned reply 'a' in a note")]
    );
    assert_eq!(host.call(handle, &note("/canned a", json!({}))).unwrap(), []);
    assert_eq!(host.call(handle, &tagged(0, Value::Null, &["canned:a", "a"])).unwrap(), []);
}

#[test]
fn odd_notes_do_no_harm() {
    let huge = "слово 词 <b> & ".repeat(50_000);
    check(&note(&huge, json!({ "subject": "" })), json!([]));
    check(&note("", json!({})), json!([]));
    let effects = host().call(handle, &note(&format!("/canned {}", "x".repeat(100_000)), json!({}))).unwrap();
    assert!(effects[0].data["body"].as_str().unwrap().len() < 300);
    let mut bare = note("/canned bye", json!({}));
    bare.data = json!({ "comment": null });
    check(&bare, json!([]));
    bare.ticket = None;
    check(&bare, json!([]));
}

#[test]
fn bad_settings_name_the_reply_and_the_member() {
    for (settings, expected) in [
        (json!({ "reply": {} }), "unknown field `reply`"),
        (json!({ "command": " " }), "`command` is empty"),
        (json!({ "replies": { "a": "" } }), "canned reply 'a': its text is missing or empty"),
        (json!({ "replies": { "a": { "en": "x", "de": 5 } } }), "canned reply 'a': its text in 'de' is missing"),
        (json!({ "replies": { "a": {} } }), "canned reply 'a': it has no text"),
        (json!({ "replies": { "a": 5 } }), "canned reply 'a': must be a text"),
        (json!({ "replies": { "a": { "text": "x", "status": "done" } } }), "`status` = \"done\" is no status"),
        (json!({ "replies": { "a": { "text": "x", "tag": [] } } }), "`tag` is unknown"),
        (json!({ "replies": { "a b": "x" } }), "a name is one word"),
        (json!({ "replies": { "a": "x", "A": "y" } }), "two of that name"),
    ] {
        let error = TestHost::new().settings(settings).call(handle, &note("/canned a", json!({}))).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn fixtures_hold() {
    for name in ["command-in-german", "unknown-name", "tag"] {
        TestHost::check_fixture(handle, format!("fixtures/{name}.json"));
    }
}
