//! Recognising the engine's own writes when they come back.
//!
//! The loop guard decides this when an event comes and keeps no record of it. A story looks for it afterwards: a change
//! counts as an echo where an action asked for just that, and was tried, in the hours before; a second change like it does
//! not, for that one somebody else has made.

use std::collections::{BTreeSet, HashSet};

use deskbell_model::history::Difference;
use deskbell_model::timestamp::Timestamp;
use deskbell_workers::guard::{ECHO_SECONDS, digest, parts};
use serde_json::Value;

use super::Action;

/// A ticket's actions, and what of them has come back so far.
pub(super) struct Echoes<'a> {
    actions: Vec<&'a Action>,
    come_back: HashSet<(usize, String)>,
}

impl<'a> Echoes<'a> {
    /// `actions` in the order in which they were made.
    pub(super) fn new(actions: Vec<&'a Action>) -> Self {
        Self { actions, come_back: HashSet::new() }
    }

    /// The keys of the actions that the next event's changes, or its comment, are the echo of. Empty unless all of it is.
    pub(super) fn next(
        &mut self,
        changes: &[Difference],
        comment: Option<&str>,
        received_at: Timestamp,
    ) -> BTreeSet<String> {
        let said = comment.map(digest);
        let all = changes.iter().flat_map(parts).chain(said.iter().map(|digest| ("comment", digest)));
        let found: Vec<Option<String>> = all.map(|(what, value)| self.find(what, value, received_at)).collect();
        found.into_iter().collect::<Option<BTreeSet<String>>>().unwrap_or_default()
    }

    fn find(&mut self, what: &str, value: &Value, received_at: Timestamp) -> Option<String> {
        let since = received_at.plus_seconds(-ECHO_SECONDS);
        let tried = |action: &Action| {
            action.destination.starts_with("source:")
                && action.attempts.iter().any(|attempt| (since..=received_at).contains(&attempt.at))
        };
        let part = format!("{what} {value}");
        // The latest one that asked for it is the likeliest.
        let (place, action) = self.actions.iter().enumerate().rev().find(|(place, action)| {
            tried(action) && asks_for(action, what, value) && !self.come_back.contains(&(*place, part.clone()))
        })?;
        // A comment may be told again under another id.
        if what != "comment" {
            self.come_back.insert((place, part));
        }
        Some(action.key.clone())
    }
}

fn asks_for(action: &Action, what: &str, value: &Value) -> bool {
    let tags = |member: &str| action.data.get(member).and_then(Value::as_array);
    match (what, what.strip_prefix("custom.")) {
        ("comment", _) => action.data.get("body").and_then(Value::as_str).is_some_and(|body| digest(body) == *value),
        ("tag+", _) => tags("add").is_some_and(|tags| tags.contains(value)),
        ("tag-", _) => tags("remove").is_some_and(|tags| tags.contains(value)),
        (_, Some(name)) => action.data.get("custom").and_then(|custom| custom.get(name)) == Some(value),
        (field, None) => action.data.get(field) == Some(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ActionState, Attempt, AttemptOutcome};
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_767_600_000 + seconds)
    }

    fn action(key: &str, data: Value) -> Action {
        let attempt = Attempt {
            at: at(0),
            number: 1,
            outcome: AttemptOutcome::Done,
            status: Some(200),
            elapsed_ms: 1,
            detail: String::new(),
        };
        Action {
            key: key.to_owned(),
            plugin: "routing".to_owned(),
            kind: "ticket.update".to_owned(),
            destination: "source:support".to_owned(),
            data,
            state: ActionState::Completed,
            created_at: at(-1),
            ended_at: Some(at(0)),
            reference: None,
            attempts: vec![attempt],
        }
    }

    #[track_caller]
    fn check(changes: &[(&str, Value, Value)], comment: Option<&str>, seconds: i64, expected: &[&str]) {
        let actions = [
            action("a", json!({ "group": "tier-1", "custom": { "vip": true } })),
            action("b", json!({ "add": ["late"], "remove": ["new"] })),
            action("c", json!({ "body": "We look into it." })),
            action("d", json!({ "group": "tier-2" })),
        ];
        let change = |(field, from, to): &(&str, Value, Value)| Difference {
            field: (*field).to_owned(),
            from: from.clone(),
            to: to.clone(),
        };
        let changes: Vec<Difference> = changes.iter().map(change).collect();
        let found = Echoes::new(actions.iter().collect()).next(&changes, comment, at(seconds));
        assert!(found.iter().eq(expected), "{found:?}");
    }

    #[test]
    fn recognises_what_was_asked_for() {
        check(&[("group", Value::Null, json!("tier-1"))], None, 5, &["a"]);
        check(&[("custom.vip", Value::Null, json!(true))], None, 5, &["a"]);
        check(&[("tags", json!(["new", "x"]), json!(["x", "late"]))], None, 5, &["b"]);
        check(
            &[("group", Value::Null, json!("tier-2")), ("custom.vip", Value::Null, json!(true))],
            None,
            5,
            &["a", "d"],
        );
        check(&[], Some("<p>We look into it</p>"), 5, &[]);
        check(&[], Some("We look into it<!-- deskbell -->"), 5, &["c"]);
    }

    #[test]
    fn what_has_come_back_is_not_expected_again() {
        let actions = [action("a", json!({ "group": "tier-1" })), action("b", json!({ "add": ["late", "vip"] }))];
        let mut echoes = Echoes::new(actions.iter().collect());
        let difference = |field: &str, from: Value, to: Value| [Difference { field: field.to_owned(), from, to }];
        let set = difference("group", Value::Null, json!("tier-1"));
        assert!(echoes.next(&set, None, at(5)).iter().eq(["a"]));
        assert!(echoes.next(&set, None, at(50)).is_empty(), "this one an agent has made");
        for (from, to) in [(json!([]), json!(["late"])), (json!(["late"]), json!(["late", "vip"]))] {
            assert!(echoes.next(&difference("tags", from, to), None, at(5)).iter().eq(["b"]));
        }

        let actions = [action("c", json!({ "body": "We look into it." }))];
        let mut echoes = Echoes::new(actions.iter().collect());
        for seconds in [5, 6] {
            assert!(echoes.next(&[], Some("We look into it."), at(seconds)).iter().eq(["c"]), "told twice");
        }
    }

    #[test]
    fn takes_nothing_else_for_an_echo() {
        check(&[("group", Value::Null, json!("tier-3"))], None, 5, &[]);
        check(&[("group", Value::Null, json!("tier-1")), ("status", json!("new"), json!("open"))], None, 5, &[]);
        check(&[("tags", json!([]), json!(["late", "mine"]))], None, 5, &[]);
        check(&[("group", Value::Null, json!("tier-1"))], None, -5, &[]);
        check(&[("group", Value::Null, json!("tier-1"))], None, 7 * 3600, &[]);
        check(&[], None, 5, &[]);
    }
}
