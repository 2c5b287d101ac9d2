use deskbell_model::event::{Data, Event};

use super::*;

const AT: Timestamp = Timestamp::from_seconds(1_767_600_000);

fn desk() -> Desk {
    Desk::new("shop", "run", 1)
}

fn actor(id: &str, role: Role) -> Actor {
    Actor { id: id.to_owned(), role, name: None }
}

fn customer() -> Actor {
    actor("c-1", Role::Customer)
}

fn fields(status: Status) -> Fields {
    Fields { subject: "Lamp".to_owned(), channel: "email".to_owned(), status, ..Fields::default() }
}

fn wanted(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// The kinds of the events that `act` makes; each of them has to be valid.
fn kinds(desk: &mut Desk, act: impl FnOnce(&mut Desk)) -> Vec<String> {
    desk.take_made();
    act(desk);
    let events = desk.take_made();
    events.iter().map(|made| Event::from_value(&made.event).unwrap().short_kind().to_owned()).collect()
}

#[test]
fn every_change_is_told() {
    let mut desk = desk();
    let agent = actor("ada", Role::Agent);
    let created = kinds(&mut desk, |desk| {
        desk.open(fields(Status::New), &customer(), Some("s-1"), AT);
    });
    assert_eq!(created, ["ticket.created"]);
    let updated = kinds(&mut desk, |desk| {
        let changed = desk.change("1", &wanted(&json!({ "priority": "high", "custom": { "a": 1 } })), &agent, AT);
        assert_eq!(changed.unwrap().len(), 2);
    });
    assert_eq!(updated, ["ticket.updated"]);
    let tagged = kinds(&mut desk, |desk| {
        desk.tag("1", &["vip".to_owned()], &[], &agent, AT).unwrap();
        desk.tag("1", &["vip".to_owned()], &["gone".to_owned()], &agent, AT).unwrap();
    });
    assert_eq!(tagged, ["ticket.updated"], "a tag that is there already is no change");
    let escalated = kinds(&mut desk, |desk| {
        let escalation = Escalation { tier: Some(2), group: Some("technical"), reason: Some("hard") };
        desk.escalate("1", &escalation, &agent, AT).unwrap();
    });
    assert_eq!(escalated, ["ticket.escalated", "ticket.updated"]);
    assert_eq!(desk.ticket("1").unwrap().fields.group.as_deref(), Some("technical"));
}

#[test]
fn what_is_so_already_makes_no_event() {
    let mut desk = desk();
    desk.open(fields(Status::Open), &customer(), None, AT);
    let made = kinds(&mut desk, |desk| {
        let changed = desk.change("1", &wanted(&json!({ "status": "open" })), &customer(), AT);
        assert!(changed.unwrap().is_empty());
    });
    assert!(made.is_empty());
}

#[test]
fn a_change_that_cannot_be_changes_nothing() {
    let mut desk = desk();
    desk.open(fields(Status::Open), &customer(), None, AT);
    let made = kinds(&mut desk, |desk| {
        let both = wanted(&json!({ "priority": "high", "status": "done" }));
        desk.change("1", &both, &customer(), AT).unwrap_err();
    });
    assert!(made.is_empty());
    assert_eq!(desk.ticket("1").unwrap().fields.priority.as_str(), "normal");
}

#[test]
fn a_customers_comment_opens_what_waits_or_is_solved() {
    for (status, role, expected) in [
        (Status::Pending, Role::Customer, Status::Open),
        (Status::Solved, Role::Customer, Status::Open),
        (Status::OnHold, Role::Customer, Status::OnHold),
        (Status::Solved, Role::Bot, Status::Solved),
    ] {
        let mut desk = desk();
        desk.open(fields(status), &customer(), None, AT);
        desk.comment("1", true, "Hello?", &actor("x", role), AT).unwrap();
        assert_eq!(desk.ticket("1").unwrap().fields.status, expected, "{status:?}, {role:?}");
    }
}

#[test]
fn events_of_a_ticket_have_rising_times_and_ids_of_their_own() {
    let mut desk = desk();
    desk.open(fields(Status::New), &customer(), None, AT);
    for n in 0..20 {
        desk.comment("1", true, &n.to_string(), &customer(), AT).unwrap();
    }
    let made = desk.take_made();
    assert!(made.is_sorted_by(|a, b| a.at < b.at));
    let ids: std::collections::BTreeSet<&str> = made.iter().map(|made| made.id.as_str()).collect();
    assert_eq!(ids.len(), made.len());
    assert!(made.iter().all(|made| made.lane == "1"));
}

#[test]
fn a_merged_ticket_does_not_change_any_more() {
    let mut desk = desk();
    desk.open(fields(Status::New), &customer(), None, AT);
    desk.open(fields(Status::New), &customer(), None, AT);
    assert_eq!(desk.merge("1", "9", &customer(), AT), Err(Refused::NoTicket("9".to_owned())));
    desk.merge("1", "2", &customer(), AT).unwrap();
    assert_eq!(desk.comment("1", true, "?", &customer(), AT), Err(Refused::Merged("1".to_owned())));
}

#[test]
fn a_session_goes_into_the_creation() {
    let mut desk = desk();
    desk.open(fields(Status::New), &customer(), Some("s-1"), AT);
    let event = Event::from_value(&desk.take_made().remove(0).event).unwrap();
    assert!(matches!(event.data, Data::Created { session: Some(session), .. } if session == "s-1"));
}
