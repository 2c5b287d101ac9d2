//! Follow-ups.

use deskbell::prelude::*;
use deskbell::testing::{TestCalendar, TestHost};

use super::{happens, until};
use crate::handle;

fn tagged(minutes: i64, tags: &[&str]) -> Event {
    happens(
        minutes,
        "ticket.updated",
        "agent",
        json!({ "changes": { "tags": { "to": tags } } }),
        json!({ "tags": tags, "assignee": "anna" }),
    )
}

#[test]
fn follow_ups_come_on_their_date() {
    let mut host = TestHost::new()
        .settings(json!({ "calendar": "office", "follow_up": { "notify": "ops" } }))
        .calendar("office", TestCalendar::weekdays(9, 17));
    // A Saturday: Monday at nine.
    host.call(handle, &tagged(0, &["x", "follow-up:2026-01-10"])).unwrap();
    assert_eq!(host.timers()[0].at.to_rfc3339(), "2026-01-12T09:00:00Z");
    let effects = host.advance(handle, "2026-01-12T09:00:00Z").unwrap();
    assert_eq!(effects[0].data, json!({ "body": "anna: the follow-up of 2026-01-10 is due." }));
    assert_eq!(
        effects[1].data,
        json!({ "to": "ops", "text": "Ticket 1: the follow-up of 2026-01-10 is due: Invoice" })
    );
    assert_eq!(effects[1].reason.as_deref(), Some("the ticket asks for a follow-up on 2026-01-10"));
    // The tag is still there, and that is no reason to begin anew.
    host.call(handle, &tagged(20_000, &["follow-up:2026-01-10"])).unwrap();
    assert!(host.timers().is_empty());
}

#[test]
fn the_earliest_follow_up_comes_first_and_the_next_after_it() {
    let mut host = TestHost::new();
    let custom = json!({ "tags": ["follow-up:2026-01-09"], "custom": { "follow_up": "2026-01-07T10:00:00+01:00" } });
    host.call(handle, &happens(0, "ticket.updated", "agent", json!({}), custom)).unwrap();
    assert_eq!(host.timers()[0].at.to_rfc3339(), "2026-01-07T09:00:00Z");
    assert_eq!(host.advance(handle, "2026-01-08T00:00:00Z").unwrap().len(), 1);
    assert_eq!(host.timers()[0].at.to_rfc3339(), "2026-01-09T00:00:00Z");
}

#[test]
fn a_follow_up_that_is_moved_removed_or_settled_does_not_come() {
    for (then, expected) in [
        (tagged(10, &["follow-up:2026-01-20"]), Some("2026-01-20T00:00:00Z")),
        (tagged(10, &[]), None),
        (tagged(10, &["follow-up:soon"]), None),
        (tagged(10, &["follow-up:"]), None),
        (
            happens(
                10,
                "ticket.updated",
                "agent",
                json!({}),
                json!({ "status": "solved", "tags": ["follow-up:2026-01-10"] }),
            ),
            None,
        ),
        (happens(10, "ticket.deleted", "agent", json!({}), json!({})), None),
    ] {
        let mut host = TestHost::new();
        host.call(handle, &tagged(0, &["follow-up:2026-01-10"])).unwrap();
        host.call(handle, &then).unwrap();
        assert_eq!(host.timers().first().map(|timer| timer.at.to_rfc3339()).as_deref(), expected, "{then:?}");
    }
}

#[test]
fn a_follow_up_in_the_past_comes_at_once_and_once() {
    let mut host = TestHost::new();
    host.call(handle, &tagged(0, &["follow-up:2020-01-01"])).unwrap();
    assert_eq!(until(&mut host, 0), ["ticket.note"]);
    host.call(handle, &tagged(5, &["follow-up:2020-01-01"])).unwrap();
    assert!(host.timers().is_empty());
}

#[test]
fn follow_ups_can_be_turned_off() {
    let mut host = TestHost::new().settings(json!({ "follow_up": false }));
    host.call(handle, &tagged(0, &["follow-up:2026-01-10"])).unwrap();
    assert!(host.timers().is_empty());
}
