use proptest::prelude::*;

use super::*;

/// `hour kind argument`, so that a history reads in a line or two.
fn event(text: &str) -> Event {
    let mut words = text.split_whitespace();
    let hour: u32 = words.next().unwrap().parse().unwrap();
    let kind = words.next().unwrap();
    let argument = words.next().unwrap_or("open");
    let agent = json!({"id": "ann", "role": "agent"});
    let ticket = json!({"subject": "s", "channel": "email", "requester": {"id": "c"}, "status": argument});
    let (kind, data) = match kind {
        "created" => ("created", json!({"ticket": ticket, "actor": {"id": "c", "role": "customer"}})),
        "snapshot" => ("snapshot", json!({"ticket": ticket})),
        "status" => ("updated", json!({"changes": {"status": {"to": argument}}, "actor": agent})),
        "group" => ("updated", json!({"changes": {"group": {"to": argument}}, "actor": agent})),
        "reply" => ("commented", json!({"comment": {"public": true, "body": "b"}, "actor": agent})),
        "asks" => {
            ("commented", json!({"comment": {"public": true, "body": "b"}, "actor": {"id": "c", "role": "customer"}}))
        }
        "note" => ("commented", json!({"comment": {"public": false, "body": "b"}, "actor": agent})),
        "merged" => ("merged", json!({"into": "9", "actor": agent})),
        other => panic!("no event {other}"),
    };
    Event::from_value(&json!({"specversion": "1.0", "id": text, "source": "s", "subject": "1",
        "type": format!("deskbell.ticket.{kind}"), "time": format!("2026-01-05T{hour:02}:00:00Z"), "data": data}))
    .unwrap()
}

/// The status changes, replies and the end as `hour:what`.
fn story(history: &History) -> String {
    let Some(facts) = &history.facts else { return "unknown".to_owned() };
    let hour = |at: Timestamp| at.to_string()[11..13].to_owned();
    let mut story = format!("{}:created-{}", hour(facts.created_at), facts.initial.status.as_str());
    for entry in &facts.entries {
        let what = match &entry.what {
            What::Changed(changes) => changes
                .iter()
                .map(|change| match change {
                    Changed::Status(status) => status.as_str().to_owned(),
                    Changed::Group(group) => group.clone().unwrap_or_default(),
                    other => format!("{other:?}"),
                })
                .collect::<Vec<_>>()
                .join("+"),
            What::PublicComment => "comment".to_owned(),
            What::Merged { .. } => "merged".to_owned(),
            other => format!("{other:?}"),
        };
        story.extend([" ", &hour(entry.at), ":", &what]);
    }
    story
}

fn fold(lines: &[&str]) -> History {
    let events: Vec<Event> = lines.iter().map(|line| event(line)).collect();
    History::fold(&events.iter().collect::<Vec<_>>()).0
}

#[track_caller]
fn check(lines: &[&str], expected: &str) {
    assert_eq!(story(&fold(lines)), expected, "{lines:?}");
}

#[test]
fn takes_effect_in_the_order_of_time() {
    check(&["01 created new", "03 status solved", "02 reply"], "01:created-new 02:comment 03:solved");
    check(&["01 created new", "02 status open", "02 status pending"], "01:created-new 02:open 02:pending");
}

#[test]
fn what_is_dated_before_the_creation_follows_it_at_its_instant() {
    check(&["01 reply", "03 created new", "04 status open"], "03:created-new 03:comment 04:open");
    check(&["02 status open", "01 status pending", "03 created new"], "03:created-new 03:pending 03:open");
    check(&["03 status open", "03 created new"], "03:created-new 03:open");
    check(&["01 reply", "02 status open"], "unknown");
}

#[test]
fn a_second_creation_a_change_to_the_same_and_what_follows_the_end_change_nothing() {
    check(&["01 created new", "02 created solved"], "01:created-new");
    check(&["01 created open", "02 status open"], "01:created-open");
    check(&["01 created open", "02 merged", "03 status solved", "04 reply"], "01:created-open 02:merged");
}

#[test]
fn compares_a_snapshot_with_what_the_ticket_showed_just_before() {
    check(&["01 snapshot new", "03 snapshot solved"], "01:created-new 03:solved");
    // The older status arrives later; the snapshot is compared anew and the group that it does not name is gone again.
    check(&["01 snapshot new", "03 snapshot open", "02 status open"], "01:created-new 02:open");
    check(&["01 snapshot new", "03 snapshot new", "02 group g"], "01:created-new 02:g 03:");
    check(&["02 snapshot open", "01 created new"], "01:created-new 02:open");
}

#[test]
fn counts_solves_reopens_and_first_response() {
    let history = fold(&["01 created new", "02 asks", "03 reply", "04 status solved", "05 status open", "06 note"]);
    let ticket = history.ticket.unwrap();
    assert_eq!((ticket.reopens, ticket.agent_replies, ticket.customer_comments), (1, 1, 1));
    assert_eq!(ticket.solved_at, None);
    assert_eq!(history.facts.unwrap().first_response().unwrap().1, 2 * 3_600_000_000);
}

#[test]
fn facts_read_back_as_they_were_written() {
    let facts = fold(&["01 created new", "02 reply", "03 status solved", "04 group g"]).facts.unwrap();
    assert_eq!(Facts::from_bytes(&facts.to_bytes()).unwrap(), facts);
    assert!(Facts::from_bytes(&[0, 1]).is_err());
    assert!(Facts::from_bytes(&[]).is_err());
}

proptest! {
    /// Whatever order the events arrive in, applying them one by one, folding again where one is late, ends where a
    /// timely arrival would. Times differ, so that the order of arrival settles nothing.
    #[test]
    fn late_events_end_where_timely_ones_would(order in Just((0..8usize).collect::<Vec<_>>()).prop_shuffle()) {
        let lines = ["01 created new", "02 asks", "03 status pending", "04 reply", "05 snapshot open", "06 status solved", "07 asks", "08 group g"];
        let events: Vec<Event> = lines.iter().map(|line| event(line)).collect();
        let mut history = History::default();
        let mut arrived: Vec<&Event> = Vec::new();
        for index in order {
            arrived.push(&events[index]);
            if history.is_next(&events[index]) {
                history.apply(&events[index]);
            } else {
                history = History::fold(&arrived).0;
            }
        }
        let timely = History::fold(&events.iter().collect::<Vec<_>>()).0;
        prop_assert_eq!(history.ticket, timely.ticket);
        prop_assert_eq!(history.facts, timely.facts);
    }
}
