//! The plugin as a whole, on a host in memory.
#![expect(clippy::needless_pass_by_value, reason = "short cases")]

use deskbell::prelude::*;
use deskbell::testing::{TestCalendar, TestHost, event};
use deskbell_wording::template;

use crate::{handle, phrases};

const START: &str = "2026-01-05T08:00:00Z";

fn at(hours: i64) -> Instant {
    Instant::parse_rfc3339(START).unwrap() + seconds(hours * 3_600)
}

/// An event `hours` after the start.
fn happens(hours: i64, kind: &str, role: &str, data: Value, ticket: Value) -> Event {
    let mut whole = json!({ "created_at": START, "status": "pending" });
    for (name, value) in ticket.as_object().unwrap() {
        whole[name] = value.clone();
    }
    event(
        json!({ "kind": kind, "time": at(hours), "actor": { "id": "x", "role": role }, "data": data, "ticket": whole }),
    )
}

fn status(hours: i64, status: &str, ticket: Value) -> Event {
    let mut ticket = ticket;
    ticket["status"] = json!(status);
    happens(hours, "ticket.updated", "agent", json!({ "changes": { "status": { "to": status } } }), ticket)
}

fn comment(hours: i64, role: &str, ticket: Value) -> Event {
    let mut ticket = ticket;
    if role == "customer" {
        ticket["last_customer_comment_at"] = json!(at(hours));
    }
    happens(hours, "ticket.commented", role, json!({ "comment": { "public": true, "body": "hello" } }), ticket)
}

fn tags(hours: i64, tags: &[&str]) -> Event {
    happens(hours, "ticket.updated", "agent", json!({ "changes": { "tags": { "to": tags } } }), json!({ "tags": tags }))
}

fn snoozed(hours: i64, until: Value) -> Event {
    let changes = json!({ "changes": { "custom.snoozed_until": { "to": until } } });
    happens(hours, "ticket.updated", "agent", changes, json!({ "custom": { "snoozed_until": until } }))
}

/// Three days, with a reminder after two.
fn host() -> TestHost {
    TestHost::new().settings(json!({ "after": "72h", "remind_after": "48h" }))
}

fn next(host: &TestHost) -> Option<i64> {
    host.timers().first().map(|timer| timer.at.seconds_since(at(0)) / 3_600)
}

#[test]
fn a_customer_who_does_not_answer_is_reminded_and_then_the_ticket_is_solved() {
    let mut host = host();
    assert_eq!(host.call(handle, &status(0, "pending", json!({}))).unwrap(), []);
    assert_eq!(host.advance(handle, at(47)).unwrap(), []);
    let reminder = host.advance(handle, at(48)).unwrap();
    assert!(
        reminder[0].data["body"].as_str().unwrap().contains("We are still waiting for your answer in the matter 1.")
    );
    assert_eq!(
        reminder[0].reason.as_deref(),
        Some(
            "the customer has not answered since 2026-01-05T08:00:00Z (calendar 'always'), more than 48h; \
             it will be closed at 2026-01-08T08:00:00Z"
        )
    );
    let closing = host.advance(handle, at(72)).unwrap();
    assert_eq!((closing.len(), &closing[0].data), (1, &json!({ "status": "solved" })));
    assert!(closing[0].reason.as_deref().unwrap().ends_with("more than 72h"));
    assert_eq!(host.advance(handle, at(1_000)).unwrap(), []);
}

#[test]
fn a_weeks_wait_and_no_reminder_are_the_default() {
    let mut host = TestHost::new();
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    assert_eq!(next(&host), Some(168));
    assert_eq!(host.advance(handle, at(168)).unwrap()[0].data, json!({ "status": "solved" }));
}

#[test]
fn an_answer_or_another_status_ends_it() {
    for stop in [
        comment(24, "customer", json!({})),
        comment(24, "customer", json!({ "status": "open" })),
        status(24, "open", json!({})),
        status(24, "on_hold", json!({})),
        status(24, "solved", json!({})),
        tags(24, &["no-autoclose"]),
        tags(24, &["snoozed"]),
        happens(24, "ticket.merged", "agent", json!({ "into": "2" }), json!({})),
        happens(24, "ticket.deleted", "agent", json!({}), json!({})),
    ] {
        let mut host = host();
        host.call(handle, &status(0, "pending", json!({}))).unwrap();
        assert_eq!(host.call(handle, &stop).unwrap(), []);
        assert_eq!(next(&host), None, "{stop:?}");
    }
}

#[test]
fn notes_and_bots_neither_end_nor_restart_it() {
    let mut host = host();
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    let note = json!({ "comment": { "public": false, "body": "hm" } });
    host.call(handle, &happens(10, "ticket.commented", "agent", note, json!({}))).unwrap();
    host.call(handle, &comment(20, "bot", json!({}))).unwrap();
    host.call(handle, &tags(30, &["x"])).unwrap();
    assert_eq!(next(&host), Some(48));
    assert_eq!(host.advance(handle, at(48)).unwrap().len(), 1);
    host.call(handle, &tags(50, &["y"])).unwrap();
    assert_eq!(next(&host), Some(72), "and nobody is reminded twice");
}

#[test]
fn an_agent_who_asks_again_restarts_it() {
    let mut host = host();
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    host.call(handle, &comment(24, "agent", json!({}))).unwrap();
    assert_eq!(next(&host), Some(72));
    // The customer answered and the helpdesk left the ticket pending; then the agent asked once more.
    host.call(handle, &comment(30, "customer", json!({}))).unwrap();
    assert_eq!(next(&host), None);
    host.call(handle, &comment(40, "agent", json!({ "last_customer_comment_at": at(30) }))).unwrap();
    assert_eq!(next(&host), Some(88));
}

#[test]
fn our_own_reminder_comes_back_as_an_agents_and_does_not_restart_it() {
    let mut host = host();
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    let reminder = host.advance(handle, at(48)).unwrap();
    let body = reminder[0].data["body"].as_str().unwrap();
    let mut echo = comment(48, "agent", json!({}));
    echo.data["comment"]["body"] = json!(format!("<div>{}</div>", body.replace('\n', "<br>")));
    host.call(handle, &echo).unwrap();
    assert_eq!(next(&host), Some(72));
    host.call(handle, &comment(60, "agent", json!({}))).unwrap();
    assert_eq!(next(&host), Some(108), "a person who asks again does");
}

#[test]
fn what_is_put_aside_is_not_closed_and_gets_its_whole_time_afterwards() {
    for (aside, back) in [
        (tags(24, &["snoozed"]), tags(100, &[])),
        (tags(24, &["no-autoclose"]), tags(100, &["x"])),
        (snoozed(24, json!("2026-06-01")), snoozed(100, Value::Null)),
    ] {
        let mut host = host();
        host.call(handle, &status(0, "pending", json!({}))).unwrap();
        host.call(handle, &aside).unwrap();
        assert_eq!(host.advance(handle, at(99)).unwrap(), []);
        host.call(handle, &back).unwrap();
        assert_eq!(next(&host), Some(148), "{aside:?}");
    }
}

#[test]
fn a_snooze_that_runs_out_begins_the_time_anew() {
    let mut host = host();
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    host.call(handle, &snoozed(24, json!("2026-01-09T08:00:00Z"))).unwrap();
    assert_eq!(next(&host), Some(96));
    assert_eq!(host.advance(handle, at(96)).unwrap(), []);
    assert_eq!(next(&host), Some(144));
    assert_eq!(host.advance(handle, at(168)).unwrap().len(), 2);
}

#[test]
fn late_events_do_not_turn_the_clock_back() {
    let mut host = host();
    host.call(handle, &status(24, "pending", json!({}))).unwrap();
    let mut late = comment(2, "agent", json!({}));
    late.late = true;
    host.call(handle, &late).unwrap();
    assert_eq!(next(&host), Some(72));
    // A late answer from before the question is none to it.
    let mut late = comment(3, "customer", json!({}));
    late.late = true;
    host.call(handle, &late).unwrap();
    assert_eq!(next(&host), Some(72));
    // One that came after it is.
    let mut late = comment(25, "customer", json!({}));
    late.late = true;
    host.call(handle, &late).unwrap();
    assert_eq!(next(&host), None);
}

#[test]
fn working_time_counts_where_a_calendar_is_set() {
    let mut host = TestHost::new()
        .settings(json!({ "calendar": "office", "after": "5bd" }))
        .calendar("office", TestCalendar::weekdays(9, 17).closed_on("2026-01-08"));
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    assert_eq!(host.timers()[0].at.to_rfc3339(), "2026-01-13T09:00:00Z");
}

#[test]
fn texts_are_in_the_requesters_language() {
    for (requester, expected) in [
        ("de-CH", "fehlt uns noch Ihre Antwort"),
        ("zh", "我们仍在等待您的答复"),
        ("ru", "ждём"),
        ("xx", "still waiting"),
    ] {
        let mut host = host();
        host.call(handle, &status(0, "pending", json!({ "requester": { "language": requester } }))).unwrap();
        let body = host.advance(handle, at(48)).unwrap()[0].data["body"].to_string();
        assert!(body.contains(expected), "{body}");
    }
    for code in ["en", "de", "nl", "fi", "ru", "zh"] {
        let text = phrases::reminder(code).unwrap();
        for name in [Value::Null, json!("Ann")] {
            let ticket = deskbell::testing::ticket(json!({ "id": "77", "requester": { "name": name } }));
            let filled = template::fill(text, &Value::Object(template::ticket_values(&ticket))).unwrap();
            assert!(filled.contains("77") && !filled.contains('{') && !filled.contains("  "), "{filled}");
        }
    }
}

#[test]
fn own_texts_and_a_farewell_can_be_given() {
    let settings = json!({
        "after": "72h", "remind_after": "48h", "close_as": "closed",
        "reminder": { "en": "Still there, {{requester.first_name|friend}}? We close at {{closes_at|date}}." },
        "farewell": { "en": "Closed {{ticket.id}}.", "de": "{{custom.gap}}" },
    });
    let mut host = TestHost::new().settings(settings.clone());
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    let effects = host.advance(handle, at(72)).unwrap();
    let data: Vec<&Value> = effects.iter().map(|effect| &effect.data).collect();
    assert_eq!(
        json!(data),
        json!([{ "body": "Still there, friend? We close at 2026-01-08." }, { "body": "Closed 1." }, { "status": "closed" }])
    );
    let mut gap = TestHost::new().settings(settings);
    gap.call(handle, &status(0, "pending", json!({ "requester": { "language": "de" } }))).unwrap();
    let effects = gap.advance(handle, at(72)).unwrap();
    assert_eq!(effects.len(), 2, "a farewell with a gap is not sent, and the ticket is closed all the same");
    assert!(gap.logs().iter().any(|line| { line.to_string().contains("`farewell`: no value for custom.gap") }));
}

#[test]
fn timers_of_others_and_of_before_do_nothing() {
    let mut host = host();
    host.call(handle, &status(0, "pending", json!({}))).unwrap();
    for (name, payload) in [
        ("other", json!({ "step": "close", "since": at(0).0 })),
        ("autoclose", json!({ "step": "close", "since": 1 })),
        ("autoclose", json!({ "step": "burn", "since": at(0).0 })),
        ("autoclose", Value::Null),
    ] {
        let fired =
            happens(80, "timer.fired", "system", json!({ "name": name, "payload": payload, "due": START }), json!({}));
        assert_eq!(host.call(handle, &fired).unwrap(), []);
    }
    // The ticket, as it is when the timer fires, has the last word.
    let payload = json!({ "step": "close", "since": at(0).0 });
    for ticket in [
        json!({ "status": "open" }),
        json!({ "status": "on_hold" }),
        json!({ "tags": ["no-autoclose"] }),
        json!({ "last_customer_comment_at": at(1) }),
        json!({ "custom": { "snoozed_until": "2027-01-01" } }),
    ] {
        let fired = happens(
            80,
            "timer.fired",
            "system",
            json!({ "name": "autoclose", "payload": payload, "due": START }),
            ticket,
        );
        assert_eq!(host.call(handle, &fired).unwrap(), []);
    }
}

#[test]
fn odd_tickets_do_no_harm() {
    let huge = "слово 词 ".repeat(50_000);
    let mut host = host();
    let ticket = json!({ "subject": "", "description": huge, "requester": { "name": huge, "language": "" }, "custom": { "snoozed_until": [] } });
    host.call(handle, &status(0, "pending", ticket)).unwrap();
    assert_eq!(host.advance(handle, at(72)).unwrap().len(), 2);
    let mut orphan = status(0, "pending", json!({}));
    orphan.ticket = None;
    assert_eq!(host.call(handle, &orphan).unwrap(), []);
}

#[test]
fn bad_settings_name_the_member() {
    for (settings, expected) in [
        (json!({ "aftr": "1h" }), "unknown field `aftr`"),
        (json!({ "after": "7d" }), "autoclose setting `after` = '7d' in calendar 'always'"),
        (json!({ "remind_after": "x" }), "autoclose setting `remind_after` = 'x'"),
        (json!({ "close_as": "gone" }), "unknown variant `gone`"),
        (json!({ "calendar": "nowhere" }), "in calendar 'nowhere'"),
    ] {
        let error = TestHost::new().settings(settings).call(handle, &status(0, "pending", json!({}))).unwrap_err();
        assert!(error.message.contains(expected), "{error}");
    }
}

#[test]
fn fixtures_hold() {
    for name in ["turns-pending", "closes", "customer-answered", "on-hold"] {
        TestHost::check_fixture(handle, format!("fixtures/{name}.json"));
    }
}
