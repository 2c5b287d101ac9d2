use super::*;

/// Lines of a history with the member at fault; ours, like the rest of the fixtures.
const REJECTED: &str = include_str!("../../../../tests/fixtures/events/rejected.ndjson");

#[test]
fn refuses_each_invalid_event_by_the_member_at_fault() {
    let mut n_cases = 0;
    for case in REJECTED.lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let line = case["line"].as_str().unwrap();
        let rejected = Event::from_json(line.as_bytes()).unwrap_err();
        assert_eq!(rejected.member, case["member"].as_str().unwrap(), "{line}: {rejected}");
        n_cases += 1;
    }
    assert!(n_cases > 40, "the fixture has {n_cases} cases");
}

#[track_caller]
fn check(kind: &str, subject: &str, data: &str, expected: &str) {
    let text = format!(
        r#"{{"specversion":"1.0","id":"e","source":"s","type":"deskbell.{kind}","time":"2026-01-05T08:00:00Z","subject":{subject},"data":{data}}}"#
    );
    let actual = match Event::from_json(text.as_bytes()) {
        Ok(event) => format!("{:?} {:?}", event.lane(), event.data),
        Err(rejected) => rejected.to_string(),
    };
    assert!(actual.contains(expected), "{actual}");
}

#[test]
fn takes_what_the_specification_allows() {
    let actor = r#""actor":{"id":"a","role":"agent"}"#;
    check(
        "ticket.updated",
        r#""1""#,
        &format!(r#"{{"changes":{{"nonsense":5,"tags":{{"to":null}}}},{actor}}}"#),
        "Tags([])",
    );
    check(
        "ticket.updated",
        r#""1""#,
        &format!(r#"{{"changes":{{"custom.a":{{"to":null}}}},{actor}}}"#),
        "Custom(\"a\", Null)",
    );
    check(
        "cost.recorded",
        "17",
        r#"{"amount":-1,"currency":"EUR","from":"2026-01-05T08:00:00Z","to":"2026-01-05T08:00:00Z"}"#,
        "(Source, \"\")",
    );
    check("rating.submitted", "null", r#"{"kind":"nps","score":10,"scale":{"min":0,"max":10}}"#, "(Source, \"\")");
    check(
        "rating.submitted",
        r#""7""#,
        r#"{"kind":"nps","score":10,"scale":{"min":0,"max":10},"criteria":null}"#,
        "(Ticket, \"7\")",
    );
    check("something.new", r#""7""#, "17", "Unknown");
    check("knowledge.searched", "null", r#"{"session":"s","query":"","results":3.0}"#, "results: 3");
}

#[test]
fn applies_the_status_last_of_the_changes_of_one_event() {
    check(
        "ticket.updated",
        r#""1""#,
        r#"{"changes":{"status":{"to":"solved"},"tags":{"to":["a"]},"group":{"to":"g"}},"actor":{"id":"a","role":"agent"}}"#,
        r#"[Group(Some("g")), Tags(["a"]), Status(Solved)]"#,
    );
}

#[test]
fn refuses_ids_and_subjects_that_no_index_has_room_for() {
    let fits = "é".repeat(MAX_KEY_BYTES / 2);
    let long = format!("{fits}x");
    let event = |id: &str, source: &str, subject: &str| {
        let event = serde_json::json!({
            "specversion": "1.0", "id": id, "source": source, "type": "deskbell.chat.message", "subject": subject,
            "time": "2026-01-05T08:00:00Z",
            "data": { "session": "a", "text": "b", "actor": { "id": "c", "role": "customer" } },
        });
        Event::from_value(&event)
    };
    let read = event(&fits, &fits, &fits).unwrap();
    assert_eq!(read.lane(), (LaneKind::Conversation, fits.as_str()));
    for (member, read) in
        [("id", event(&long, "s", "t")), ("source", event("e", &long, "t")), ("subject", event("e", "s", &long))]
    {
        assert_eq!(read.unwrap_err().to_string(), format!("{member}: has 513 bytes, and 512 are allowed"));
    }
    // One that was taken in before there was a limit still reads.
    let time = read.time;
    let kept =
        Event::from_parts(long.clone(), long.clone(), "deskbell.vendor.x".to_owned(), Some(long.clone()), time, "{}");
    assert!(kept.is_ok());

    let stated = |id: &str, subject: &str| crate::plugin::StatedEvent {
        id: id.to_owned(),
        kind: "deskbell.vendor.x".to_owned(),
        subject: Some(subject.to_owned()),
        time,
        data: "{}".to_owned(),
    };
    assert!(Event::from_stated(&stated(&fits, &fits), "s").is_ok());
    assert_eq!(Event::from_stated(&stated(&long, "t"), "s").unwrap_err().member, "id");
    assert_eq!(Event::from_stated(&stated("e", &long), "s").unwrap_err().member, "subject");
}
