use deskbell_model::event::Event;
use deskbell_model::history::History;

use super::*;

fn ticket() -> Ticket {
    let created = json!({"specversion": "1.0", "id": "1", "source": "s", "subject": "1", "type": "deskbell.ticket.created",
        "time": "2026-01-05T08:00:00Z", "data": {"ticket": {"subject": "s", "channel": "email", "requester": {"id": "c"},
        "tags": ["old"], "group": "front"}, "actor": {"id": "c", "role": "customer"}}});
    let event = Event::from_value(&created).unwrap();
    let (history, _) = History::fold(&[&event]);
    (*history.ticket.unwrap()).clone()
}

#[expect(clippy::needless_pass_by_value, reason = "so that JSON is written where it is used")]
fn effect(kind: &str, data: Value) -> Effect {
    serde_json::from_value(json!({"kind": kind, "data": data})).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_767_600_000 + seconds)
}

fn difference(field: &str, from: Value, to: Value) -> Difference {
    Difference { field: field.to_owned(), from, to }
}

fn decide(memory: &mut Memory, kind: &str, data: Value, seconds: i64) -> Option<Value> {
    match memory.decide(&effect(kind, data), &ticket(), 0, Limits::default(), at(seconds)) {
        Verdict::Act(left) => Some(Value::Object(left)),
        Verdict::Drop(_) => None,
    }
}

#[test]
fn drops_what_is_so_already_or_has_just_been_asked_for() {
    let mut memory = Memory::default();
    assert_eq!(decide(&mut memory, "ticket.update", json!({"group": "front"}), 0), None);
    assert_eq!(
        decide(&mut memory, "ticket.update", json!({"group": "billing", "status": "new"}), 0),
        Some(json!({"group": "billing"}))
    );
    assert_eq!(decide(&mut memory, "ticket.update", json!({"group": "billing"}), 60), None);
    assert!(decide(&mut memory, "ticket.update", json!({"group": "sales"}), 61).is_some());
    assert!(
        decide(&mut memory, "ticket.update", json!({"group": "billing"}), 62).is_some(),
        "to and fro is no repetition"
    );
    assert_eq!(decide(&mut memory, "ticket.tag", json!({"add": ["old", "new"]}), 63), Some(json!({"add": ["new"]})));
    assert_eq!(decide(&mut memory, "ticket.tag", json!({"add": ["new"], "remove": ["none"]}), 64), None);
    assert!(decide(&mut memory, "ticket.reply", json!({"body": "Hello!"}), 65).is_some());
    assert_eq!(decide(&mut memory, "ticket.reply", json!({"body": "hello"}), 66), None);
    assert!(decide(&mut memory, "ticket.reply", json!({"body": "hello"}), 66 + 601).is_some());
}

#[test]
fn recognises_echoes_and_counts_hops() {
    let mut memory = Memory::default();
    memory.decide(&effect("ticket.update", json!({"group": "billing"})), &ticket(), 2, Limits::default(), at(0));
    memory.decide(&effect("ticket.tag", json!({"add": ["x"]})), &ticket(), 0, Limits::default(), at(0));
    memory.decide(&effect("ticket.note", json!({"body": "Routed: <b>x</b>"})), &ticket(), 0, Limits::default(), at(0));
    let group = difference("group", json!("front"), json!("billing"));
    let tags = difference("tags", json!(["old"]), json!(["old", "x"]));
    assert_eq!(memory.clone().recognise(&[group.clone(), tags], None, at(5)), Some(3));
    let assignee = difference("assignee", json!(null), json!("ann"));
    let more_tags = difference("tags", json!(["old"]), json!(["old", "x", "y"]));
    for person in [assignee, more_tags] {
        let both = [group.clone(), person];
        assert_eq!(memory.clone().recognise(&both, None, at(5)), None, "a person did something too");
    }
    assert_eq!(memory.clone().recognise(&[group], None, at(ECHO_SECONDS + 1)), None, "forgotten");
    assert_eq!(memory.recognise(&[], Some("Routed: <b>x</b> <!-- deskbell:1 -->"), at(5)), Some(1));
    assert_eq!(memory.recognise(&[], Some("Something else"), at(5)), None);
    assert_eq!(memory.recognise(&[], None, at(5)), None);
}

#[test]
fn drops_an_escalation_that_has_just_been_asked_for() {
    let mut memory = Memory::default();
    let mut escalates = |tier: Option<u64>, group: Option<&str>, seconds| {
        decide(&mut memory, "ticket.escalate", json!({"tier": tier, "group": group}), seconds).is_some()
    };
    assert!(escalates(Some(2), None, 0));
    assert!(!escalates(Some(2), None, 60));
    assert!(escalates(Some(2), Some("second"), 61), "to another group");
    assert!(escalates(Some(3), Some("second"), 62), "to another tier");
    assert!(!escalates(Some(3), Some("second"), 62 + 599));
    assert!(escalates(Some(3), Some("second"), 62 + 601));
}

#[test]
fn an_echo_comes_back_once() {
    let mut memory = Memory::default();
    decide(&mut memory, "ticket.update", json!({"status": "pending"}), 0);
    decide(&mut memory, "ticket.tag", json!({"add": ["x", "y"], "remove": ["old"]}), 0);
    decide(&mut memory, "ticket.reply", json!({"body": "Hello!"}), 0);
    let pending = difference("status", json!("open"), json!("pending"));
    let tags = difference("tags", json!(["old"]), json!(["x", "y"]));
    let y = difference("tags", json!(["x"]), json!(["x", "y"]));
    assert_eq!(memory.recognise(&[pending.clone(), tags], None, at(5)), Some(1));
    assert_eq!(memory.recognise(&[pending], None, at(60)), None, "an agent sets it again, after the customer's answer");
    assert_eq!(memory.recognise(&[y], None, at(60)), None, "and puts a tag back");
    assert_eq!(
        decide(&mut memory, "ticket.update", json!({"status": "pending"}), 70),
        None,
        "it is still a repetition"
    );

    assert_eq!(memory.recognise(&[], Some("Hello!"), at(80)), Some(1));
    assert_eq!(memory.recognise(&[], Some("Hello!"), at(90)), Some(1), "the same comment, told twice");
    assert_eq!(memory.recognise(&[], Some("Hello!"), at(90 + REPEAT_SECONDS)), None, "somebody else says the same");
}

#[test]
fn what_came_back_beside_a_persons_change_is_not_expected_again() {
    let mut memory = Memory::default();
    decide(&mut memory, "ticket.update", json!({"group": "billing"}), 0);
    let group = difference("group", json!("front"), json!("billing"));
    let assignee = difference("assignee", json!(null), json!("ann"));
    assert_eq!(memory.recognise(&[assignee, group.clone()], None, at(5)), None);
    assert_eq!(memory.recognise(&[group], None, at(60)), None);
}

#[test]
fn limits_the_actions_of_an_hour() {
    let mut memory = Memory::default();
    let n_acted = (0..40)
        .filter(|n| decide(&mut memory, "ticket.note", json!({"body": format!("note {n}")}), *n).is_some())
        .count();
    assert_eq!(n_acted, 30);
    assert!(decide(&mut memory, "ticket.note", json!({"body": "later"}), 3700).is_some());
}

#[test]
fn reads_back_what_it_remembers() {
    let mut memory = Memory::default();
    assert_eq!(memory.to_stored(), None);
    decide(&mut memory, "ticket.update", json!({"custom": {"a": 1}}), 0);
    assert_eq!(Memory::read(memory.to_stored().as_deref()), memory);
    memory.recognise(&[difference("custom.a", json!(null), json!(1))], None, at(1));
    assert_eq!(Memory::read(memory.to_stored().as_deref()), memory);
    let by_an_earlier_version =
        r#"{"expected":[{"what":"group","value":"billing","hop":1,"asked_at":1767600000000000}]}"#;
    let group = difference("group", json!("front"), json!("billing"));
    assert_eq!(Memory::read(Some(by_an_earlier_version)).recognise(&[group], None, at(5)), Some(1));
    assert_eq!(Memory::read(Some("nonsense")), Memory::default());
}
