//! The plugin as a whole, on a host in memory.
#![expect(clippy::needless_pass_by_value, reason = "short cases")]

use deskbell::prelude::*;
use deskbell::testing::{TestCalendar, TestHost, event};

use crate::handle;

mod follow_ups;

const START: &str = "2026-01-05T08:00:00Z";

fn at(minutes: i64) -> Instant {
    Instant::parse_rfc3339(START).unwrap() + seconds(minutes * 60)
}

/// An event `minutes` after the start, on a ticket created then.
fn happens(minutes: i64, kind: &str, role: &str, data: Value, ticket: Value) -> Event {
    let mut whole = json!({ "created_at": START, "status": "open", "subject": "Invoice" });
    for (name, value) in ticket.as_object().unwrap() {
        whole[name] = value.clone();
    }
    event(
        json!({ "kind": kind, "time": at(minutes), "actor": { "id": "x", "role": role }, "data": data, "ticket": whole }),
    )
}

fn created(role: &str, ticket: Value) -> Event {
    happens(0, "ticket.created", role, json!({}), ticket)
}

fn comment(minutes: i64, role: &str, ticket: Value) -> Event {
    let data = json!({ "comment": { "public": true, "body": "hello" } });
    let member = if role == "agent" { "last_agent_reply_at" } else { "last_customer_comment_at" };
    let mut ticket = ticket;
    ticket[member] = json!(at(minutes));
    happens(minutes, "ticket.commented", role, data, ticket)
}

fn steps(steps: Value) -> TestHost {
    TestHost::new().settings(json!({ "steps": steps }))
}

fn escalating() -> TestHost {
    steps(json!([
        { "after": { "urgent": "30m", "normal": "2h" }, "do": "note" },
        { "after": "4h", "do": "notify", "to": "ops" },
        { "after": "8h", "do": "escalate", "tier": 2, "group": "tier-2" },
    ]))
}

/// What is done until then, as kinds.
fn until(host: &mut TestHost, minutes: i64) -> Vec<String> {
    host.advance(handle, at(minutes)).unwrap().into_iter().map(|effect| effect.kind).collect()
}

#[test]
fn several_steps_follow_each_other_while_nobody_replies() {
    let mut host = escalating();
    assert_eq!(host.call(handle, &created("customer", json!({ "assignee": "anna" }))).unwrap(), []);
    assert!(until(&mut host, 119).is_empty());
    let note = host.advance(handle, at(120)).unwrap();
    assert_eq!(note[0].data, json!({ "body": "anna: the customer has been waiting for a reply for 2 h." }));
    assert_eq!(
        note[0].reason.as_deref(),
        Some(
            "no agent has replied since the customer wrote at 2026-01-05T08:00:00Z: 2 h in calendar 'always', \
             priority normal; step 1 of 3"
        )
    );
    let notice = host.advance(handle, at(240)).unwrap();
    assert_eq!(
        notice[0].data,
        json!({ "to": "ops", "text": "Ticket 1 (normal) has been waiting for a reply for 4 h: Invoice (assignee anna)" })
    );
    let escalation = host.advance(handle, at(480)).unwrap();
    assert_eq!(escalation[0].data, json!({ "tier": 2, "group": "tier-2" }));
    assert!(escalation[0].reason.as_deref().unwrap().ends_with("step 3 of 3"));
    assert!(host.timers().is_empty() && until(&mut host, 100_000).is_empty(), "it does not begin anew");
}

#[test]
fn a_reply_a_solve_or_waiting_for_somebody_else_ends_it() {
    for stop in [
        comment(60, "agent", json!({})),
        happens(
            60,
            "ticket.updated",
            "agent",
            json!({ "changes": { "status": { "to": "solved" } } }),
            json!({ "status": "solved" }),
        ),
        happens(
            60,
            "ticket.updated",
            "system",
            json!({ "changes": { "status": { "to": "closed" } } }),
            json!({ "status": "closed" }),
        ),
        happens(
            60,
            "ticket.updated",
            "agent",
            json!({ "changes": { "status": { "to": "pending" } } }),
            json!({ "status": "pending" }),
        ),
        happens(
            60,
            "ticket.updated",
            "agent",
            json!({ "changes": { "tags": { "to": ["no-reminders"] } } }),
            json!({ "tags": ["no-reminders"] }),
        ),
        happens(60, "ticket.merged", "agent", json!({ "into": "2" }), json!({})),
        happens(60, "ticket.deleted", "agent", json!({}), json!({})),
    ] {
        let mut host = escalating();
        host.call(handle, &created("customer", json!({}))).unwrap();
        assert_eq!(host.timers().len(), 1);
        assert_eq!(host.call(handle, &stop).unwrap(), []);
        assert!(host.timers().is_empty(), "{stop:?}");
        assert!(until(&mut host, 10_000).is_empty());
    }
}

#[test]
fn notes_and_bots_do_not_end_it() {
    let mut host = escalating();
    host.call(handle, &created("customer", json!({}))).unwrap();
    let note = json!({ "comment": { "public": false, "body": "hm" } });
    host.call(handle, &happens(30, "ticket.commented", "agent", note, json!({}))).unwrap();
    let robot = json!({ "comment": { "public": true, "body": "beep" } });
    host.call(handle, &happens(40, "ticket.commented", "bot", robot, json!({}))).unwrap();
    assert_eq!(until(&mut host, 120), ["ticket.note"]);
}

#[test]
fn the_clock_runs_from_the_first_question_that_nobody_answered() {
    let mut host = escalating();
    host.call(handle, &comment(0, "customer", json!({}))).unwrap();
    host.call(handle, &comment(90, "customer", json!({}))).unwrap();
    assert_eq!(until(&mut host, 120), ["ticket.note"]);
    host.call(handle, &comment(130, "agent", json!({ "last_customer_comment_at": at(90) }))).unwrap();
    host.call(handle, &comment(200, "customer", json!({ "last_agent_reply_at": at(130) }))).unwrap();
    assert!(until(&mut host, 319).is_empty());
    assert_eq!(until(&mut host, 320), ["ticket.note"], "and begins anew with the next");
}

#[test]
fn an_agents_own_ticket_waits_for_nobody() {
    let mut host = escalating();
    host.call(handle, &created("agent", json!({}))).unwrap();
    assert!(host.timers().is_empty());
    host.call(handle, &happens(1, "ticket.updated", "agent", json!({ "changes": {} }), json!({}))).unwrap();
    assert!(host.timers().is_empty());
}

#[test]
fn a_change_of_priority_moves_the_timer() {
    let mut host = escalating();
    host.call(handle, &created("customer", json!({}))).unwrap();
    let urgent = json!({ "priority": "urgent" });
    let raised = happens(
        10,
        "ticket.updated",
        "agent",
        json!({ "changes": { "priority": { "to": "urgent" } } }),
        urgent.clone(),
    );
    host.call(handle, &raised).unwrap();
    assert_eq!(host.timers()[0].at, at(30));
    let mut late = escalating();
    late.call(handle, &created("customer", json!({}))).unwrap();
    late.call(handle, &happens(60, "ticket.snapshot", "agent", json!({}), urgent)).unwrap();
    assert_eq!(late.timers()[0].at, at(60), "what is overdue by then comes at once");
    let mut lowered = escalating();
    lowered.call(handle, &created("customer", json!({}))).unwrap();
    lowered
        .call(handle, &happens(5, "ticket.updated", "agent", json!({ "changes": {} }), json!({ "priority": "low" })))
        .unwrap();
    assert_eq!(lowered.timers()[0].at, at(240), "low has no first step, so the second comes");
}

#[test]
fn taking_a_ticket_back_to_open_takes_up_its_open_question() {
    let mut host = escalating();
    host.call(handle, &comment(0, "customer", json!({}))).unwrap();
    let asked = json!({ "last_customer_comment_at": at(0), "status": "on_hold" });
    host.call(
        handle,
        &happens(10, "ticket.updated", "agent", json!({ "changes": { "status": { "to": "on_hold" } } }), asked),
    )
    .unwrap();
    assert!(host.timers().is_empty());
    let open = json!({ "last_customer_comment_at": at(0) });
    host.call(
        handle,
        &happens(600, "ticket.updated", "agent", json!({ "changes": { "status": { "to": "open" } } }), open),
    )
    .unwrap();
    assert_eq!(host.timers()[0].at, at(720));
}

#[test]
fn late_events_set_the_clock_right() {
    // The reply arrives before the question that it answered.
    let mut host = escalating();
    let mut late = comment(10, "customer", json!({ "last_agent_reply_at": at(20) }));
    late.late = true;
    host.call(handle, &late).unwrap();
    assert!(host.timers().is_empty());
    // A question arrives that is older than the one we know of.
    let mut host = escalating();
    host.call(handle, &comment(60, "customer", json!({}))).unwrap();
    let mut late = comment(10, "customer", json!({}));
    late.ticket.as_mut().unwrap().last_customer_comment_at = Some(at(60));
    late.late = true;
    host.call(handle, &late).unwrap();
    assert_eq!(host.timers()[0].at, at(130));
}

#[test]
fn working_time_counts_where_a_calendar_is_set() {
    let mut host = TestHost::new()
        .settings(json!({ "calendar": "office", "steps": [{ "after": "2h", "do": "note" }, { "after": "1bd", "do": "note" }] }))
        .calendar("office", TestCalendar::weekdays(9, 17).closed_on("2026-01-06"));
    let mut evening = created("customer", json!({}));
    evening.time = Instant::parse_rfc3339("2026-01-05T16:00:00Z").unwrap();
    evening.ticket.as_mut().unwrap().created_at = evening.time;
    host.call(handle, &evening).unwrap();
    assert_eq!(host.timers()[0].at.to_rfc3339(), "2026-01-07T10:00:00Z");
}

#[test]
fn own_texts_go_before_the_shipped_ones() {
    let mut host = steps(json!([
        { "after": "1h", "do": "note", "text": "{{requester.first_name|the customer}} waits since {{waiting_since|date}}" },
        { "after": "2h", "do": "note", "text": "{{custom.nothing}}" },
    ]));
    host.call(handle, &created("customer", json!({ "requester": { "name": "Ann Lee" } }))).unwrap();
    let effects = host.advance(handle, at(120)).unwrap();
    let texts: Vec<&str> = effects.iter().map(|effect| effect.data["body"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Ann waits since 2026-01-05", "the customer has been waiting for a reply for 2 h."]);
    assert!(host.logs()[0].to_string().contains("no value for custom.nothing"));
}

#[test]
fn timers_of_others_and_of_before_do_nothing() {
    let mut host = escalating();
    host.call(handle, &created("customer", json!({}))).unwrap();
    for (name, payload) in [
        ("other", json!({})),
        ("no-reply", Value::Null),
        ("no-reply", json!({ "since": 1, "step": 0, "priority": "normal" })),
        ("follow-up", json!({ "stated": "2026-01-10" })),
        ("follow-up", json!("x")),
    ] {
        let fired =
            happens(5, "timer.fired", "system", json!({ "name": name, "payload": payload, "due": START }), json!({}));
        assert_eq!(host.call(handle, &fired).unwrap(), [], "{name}");
    }
    assert_eq!(host.timers().len(), 1);
}

#[test]
fn odd_tickets_do_no_harm() {
    let huge = "слово 词 ".repeat(50_000);
    let mut host = escalating();
    host.call(
        handle,
        &created("customer", json!({ "subject": huge, "tags": [huge], "custom": { "follow_up": [1], "x": null } })),
    )
    .unwrap();
    let effects = host.advance(handle, at(240)).unwrap();
    assert_eq!(effects.len(), 2);
    let mut orphan = created("customer", json!({}));
    orphan.ticket = None;
    assert_eq!(host.call(handle, &orphan).unwrap(), []);
}

#[test]
fn bad_settings_name_the_step_and_the_member() {
    for (settings, expected) in [
        (json!({ "step": [] }), "unknown field `step`"),
        (json!({ "steps": [{ "after": "1h", "do": "call" }] }), "step 1: `do` = 'call' is unknown"),
        (
            json!({ "steps": [{ "after": "1h", "do": "note" }, { "after": "2h", "do": "notify" }] }),
            "step 2: `do = \"notify\"` needs `to`",
        ),
        (json!({ "steps": [{ "after": "1h", "do": "escalate" }] }), "needs `tier` or `group`"),
        (json!({ "steps": [{ "after": "1h", "do": "note", "tier": 2 }] }), "`tier` does not belong to `do = \"note\"`"),
        (json!({ "steps": [{ "after": { "asap": "1h" }, "do": "note" }] }), "'asap' is no priority"),
        (json!({ "steps": [{ "after": 5, "do": "note" }] }), "`after` must be a time"),
        (json!({ "steps": [{ "do": "note" }] }), "step 1: missing field `after`"),
        (json!({ "steps": [{ "after": "soon", "do": "note" }] }), "step 1: 'soon' in calendar 'always'"),
        (json!({ "calendar": "nowhere" }), "in calendar 'nowhere'"),
        (json!({ "follow_up": { "fild": "x" } }), "setting `follow_up`: unknown field `fild`"),
    ] {
        let error = TestHost::new().settings(settings).call(handle, &created("customer", json!({}))).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn fixtures_hold() {
    for name in ["customer-waits", "step-note", "answered-meanwhile", "follow-up-tag"] {
        TestHost::check_fixture(handle, format!("fixtures/{name}.json"));
    }
}
