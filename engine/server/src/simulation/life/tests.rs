use std::collections::BTreeSet;

use deskbell_model::event::Event;
use serde_json::json;

use super::super::desk::Made;
use super::*;

const START: Timestamp = Timestamp::from_seconds(1_767_600_000);

fn live(seed: u64, minutes: i64) -> (Desk, Vec<Made>) {
    let mut desk = Desk::new("shop", "run", 1);
    let mut life = Life::new(seed, Pace::Live { tickets_per_minute: 12.0 }, START);
    Life::introduce_agents(&mut desk, START);
    life.live_until(&mut desk, START.plus_seconds(minutes * 60));
    let made = desk.take_made();
    (desk, made)
}

#[test]
fn the_same_seed_lives_the_same_life() {
    let (_, first) = live(11, 20);
    assert_eq!(first, live(11, 20).1);
    assert_ne!(first, live(12, 20).1);
}

#[test]
fn it_does_not_matter_how_often_life_is_looked_at() {
    let mut desk = Desk::new("shop", "run", 1);
    let mut life = Life::new(11, Pace::Live { tickets_per_minute: 12.0 }, START);
    Life::introduce_agents(&mut desk, START);
    for second in 0..=20 * 60 {
        life.live_until(&mut desk, START.plus_seconds(second));
    }
    assert_eq!(desk.take_made(), live(11, 20).1);
}

#[test]
fn nothing_is_told_before_it_happens() {
    let mut desk = Desk::new("shop", "run", 1);
    let mut life = Life::new(3, Pace::Live { tickets_per_minute: 30.0 }, START);
    for second in 0..1800 {
        let now = START.plus_seconds(second);
        life.live_until(&mut desk, now);
        // Events of one ticket and moment are set a little apart.
        let latest = now.plus_micros(100_000);
        assert!(desk.take_made().iter().all(|made| made.at <= latest), "at {now}");
    }
}

#[test]
fn every_event_is_canonical() {
    let (_, made) = live(5, 90);
    for made in &made {
        let read = Event::from_value(&made.event);
        assert!(read.is_ok(), "{read:?}: {}", made.event);
    }
}

#[test]
fn everything_that_happens_at_a_helpdesk_happens() {
    let (desk, made) = live(5, 90);
    let kinds: BTreeSet<&str> = made.iter().filter_map(|made| made.event["type"].as_str()).collect();
    for kind in [
        "ticket.created",
        "ticket.updated",
        "ticket.commented",
        "ticket.escalated",
        "interaction.ended",
        "work.logged",
        "rating.submitted",
        "agent.shift",
        "agent.status",
        "knowledge.searched",
        "knowledge.viewed",
        "chat.message",
    ] {
        assert!(kinds.contains(format!("deskbell.{kind}").as_str()), "no {kind}");
    }
    let statuses: BTreeSet<Status> = desk.tickets().map(|ticket| ticket.fields.status).collect();
    assert!(statuses.len() >= 5, "{statuses:?}");
}

#[test]
fn agents_take_up_a_ticket_that_was_made_elsewhere() {
    let mut desk = Desk::new("shop", "run", 1);
    let mut life = Life::new(1, Pace::Live { tickets_per_minute: 0.0 }, START);
    let mut fields = Fields { subject: "Hello".to_owned(), channel: "api".to_owned(), ..Fields::default() };
    fields.requester.id = "x".to_owned();
    let id = desk.open(fields, &system(), None, START);
    life.take_up(&desk, &id, START);
    life.live_until(&mut desk, START.plus_seconds(3600));
    let ticket = desk.ticket(&id).unwrap();
    assert!(ticket.comments.iter().any(|comment| comment.author.role == Role::Agent));
    assert!(ticket.fields.assignee.is_some());
}

#[test]
fn a_step_takes_the_ticket_as_others_left_it() {
    let mut desk = Desk::new("shop", "run", 1);
    let mut life = Life::new(1, Pace::Live { tickets_per_minute: 0.0 }, START);
    let mut fields = Fields { subject: "Hello".to_owned(), channel: "api".to_owned(), ..Fields::default() };
    fields.requester.id = "x".to_owned();
    let id = desk.open(fields, &system(), None, START);
    life.take_up(&desk, &id, START);
    let closed = json!({ "status": "closed" });
    desk.change(&id, closed.as_object().unwrap(), &system(), START).unwrap();
    desk.take_made();
    life.live_until(&mut desk, START.plus_seconds(3600));
    assert!(desk.take_made().iter().all(|made| made.lane != id), "nobody works on a closed ticket");
}
