//! Recognising the engine's own writes when they come back.
//!
//! The loop guard decides this when an event comes and keeps no record of it. A story looks for it afterwards: a change
//! counts as an echo where an action asked for just that, and was tried, in the hours before.

use deskbell_model::history::Difference;
use deskbell_model::timestamp::Timestamp;
use serde_json::Value;

use super::Action;

/// How long an echo may take: helpdesks retry a failed webhook for hours.
const ECHO_SECONDS: i64 = 6 * 3600;

/// The keys of the actions that these changes, or this comment, are the echo of. Empty unless all of it is.
pub(super) fn echo_of(
    actions: &[&Action],
    changes: &[Difference],
    comment: Option<&str>,
    received_at: Timestamp,
) -> Vec<String> {
    let since = received_at.plus_seconds(-ECHO_SECONDS);
    let tried = |action: &Action| {
        action.destination.starts_with("source:")
            && action.attempts.iter().any(|attempt| (since..=received_at).contains(&attempt.at))
    };
    // The latest one that asked for it is the likeliest.
    let asked = |wanted: &dyn Fn(&Action) -> bool| {
        let found = actions.iter().rev().find(|action| tried(action) && wanted(action));
        found.map(|action| action.key.clone())
    };
    let mut keys: Vec<String> = Vec::new();
    for change in changes {
        let Some(mut found) = asked_for_change(change, &asked) else {
            return Vec::new();
        };
        keys.append(&mut found);
    }
    if let Some(text) = comment {
        let same = |action: &Action| {
            let body = action.data.get("body").and_then(Value::as_str);
            body.is_some_and(|body| letters(body) == letters(text))
        };
        let Some(key) = asked(&same) else {
            return Vec::new();
        };
        keys.push(key);
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

type Asked<'a> = dyn Fn(&dyn Fn(&Action) -> bool) -> Option<String> + 'a;

fn asked_for_change(change: &Difference, asked: &Asked<'_>) -> Option<Vec<String>> {
    if change.field == "tags" {
        let tags = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let (from, to) = (tags(&change.from), tags(&change.to));
        let added = to.iter().filter(|tag| !from.contains(tag)).map(|tag| ("add", tag));
        let removed = from.iter().filter(|tag| !to.contains(tag)).map(|tag| ("remove", tag));
        let each = added.chain(removed).map(|(member, tag)| {
            asked(&|action| {
                let tags = action.data.get(member).and_then(Value::as_array);
                tags.is_some_and(|tags| tags.contains(tag))
            })
        });
        return each.collect();
    }
    let key = asked(&|action| {
        let stated = match change.field.strip_prefix("custom.") {
            Some(name) => action.data.get("custom").and_then(|custom| custom.get(name)),
            None => action.data.get(&change.field),
        };
        stated == Some(&change.to)
    });
    key.map(|key| vec![key])
}

/// A text by its letters and digits alone: helpdesks wrap, escape and decorate what they are given.
fn letters(text: &str) -> String {
    let visible = text.split("<!--").next().unwrap_or_default();
    visible.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
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
        let actions: Vec<&Action> = actions.iter().collect();
        assert_eq!(echo_of(&actions, &changes, comment, at(seconds)), expected);
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
    fn takes_nothing_else_for_an_echo() {
        check(&[("group", Value::Null, json!("tier-3"))], None, 5, &[]);
        check(&[("group", Value::Null, json!("tier-1")), ("status", json!("new"), json!("open"))], None, 5, &[]);
        check(&[("tags", json!([]), json!(["late", "mine"]))], None, 5, &[]);
        check(&[("group", Value::Null, json!("tier-1"))], None, -5, &[]);
        check(&[("group", Value::Null, json!("tier-1"))], None, 7 * 3600, &[]);
        check(&[], None, 5, &[]);
    }
}
