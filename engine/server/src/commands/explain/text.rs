//! A story as a text to read.

use std::fmt::Write as _;

use deskbell_model::ticket::{End, Ticket};
use serde_json::Value;

use super::event::tell_event;
use crate::api::story::{Story, Waiting};

/// Of a text, so much stands in a line.
const MAX_CHARS: usize = 400;

/// A story to read. Writing to a text cannot fail.
pub(super) fn of(story: &Story) -> String {
    let mut out = Text::default();
    out.line(0, &format!("Ticket {} of {}{}", plain(&story.ticket), story.source, subject(story.state.as_ref())));
    if let Some(ticket) = &story.state {
        out.line(0, &stands(ticket));
    } else {
        out.line(0, "its creation is not known yet; what came before waits for it");
    }
    if story.shortened {
        out.line(0, &format!("Older events than the youngest {} are left out.", story.events.len()));
    }
    for event in &story.events {
        out.blank();
        tell_event(&mut out, event);
    }
    if !story.dead_letters.is_empty() {
        out.blank();
        out.line(0, "Could not be done:");
    }
    for letter in &story.dead_letters {
        let of = letter.plugin.as_deref().or(letter.action.as_deref()).unwrap_or_default();
        let now = match letter.replayed_at {
            Some(at) => format!("replayed {at}"),
            None => format!("waits for a person: `deskbell dead-letters replay {}`", letter.id),
        };
        out.line(
            1,
            &format!(
                "{} dead letter {} ({} {of}, {}): {}; {now}",
                letter.set_aside_at,
                letter.id,
                letter.kind,
                times(letter.attempts.into(), "attempt"),
                plain(&letter.error)
            ),
        );
    }
    out.blank();
    tell_waiting(&mut out, &story.waiting);
    out.0
}

/// Lines, indented.
#[derive(Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.0, "{:width$}{text}", "", width = depth * 2);
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }
}

fn subject(ticket: Option<&Ticket>) -> String {
    ticket.map(|ticket| format!(": {}", plain(&ticket.fields.subject))).unwrap_or_default()
}

fn stands(ticket: &Ticket) -> String {
    let fields = &ticket.fields;
    let mut words = vec![fields.status.as_str().to_owned(), fields.priority.as_str().to_owned()];
    let named = [("group", &fields.group), ("assignee", &fields.assignee), ("category", &fields.category)];
    words.extend(named.into_iter().filter_map(|(name, value)| Some(format!("{name} {}", plain(value.as_ref()?)))));
    if !fields.tags.is_empty() {
        words.push(format!("tags {}", plain(&fields.tags.join(" "))));
    }
    words.push(format!("by {} over {}", plain(&fields.requester.id), fields.channel));
    words.push(format!("created {}", ticket.created_at));
    match &ticket.end {
        Some(End::Deleted) => words.push("deleted".to_owned()),
        Some(End::Merged(into)) => words.push(format!("merged into {}", plain(into))),
        None => {}
    }
    words.join(", ")
}

fn tell_waiting(out: &mut Text, waiting: &Waiting) {
    let Waiting { plugins, timers, actions, next_wake } = waiting;
    if plugins.is_empty() && timers.is_empty() && actions.is_empty() && next_wake.is_none() {
        out.line(0, "Nothing waits.");
        return;
    }
    out.line(0, "Waits:");
    for held in plugins {
        let when = held.next_at.map_or_else(|| "blocked until it is replayed".to_owned(), |at| format!("again {at}"));
        out.line(
            1,
            &format!(
                "{} is behind from event {} on, after {}, {when}: {}",
                held.plugin,
                held.from_event,
                times(held.attempts.into(), "attempt"),
                plain(&held.error)
            ),
        );
    }
    for timer in timers {
        out.line(1, &format!("{} timer '{}' of {}", timer.at, plain(&timer.name), timer.plugin));
    }
    for wait in actions {
        let when = match (wait.paused_at, wait.next_at) {
            (Some(at), _) => format!("paused by an operator since {at}"),
            (None, Some(at)) => format!("tried {at}"),
            (None, None) => "being tried now".to_owned(),
        };
        out.line(1, &format!("actions to {}: {when}", wait.destination));
    }
    if let Some(at) = next_wake {
        out.line(1, &format!("{at} the engine looks at the ticket next"));
    }
}

fn times(n: i64, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}

pub(super) fn compact(value: &Value) -> String {
    plain(&value.to_string())
}

/// A text in one line that cannot play with the terminal.
pub(super) fn plain(text: &str) -> String {
    let mut words: String = text.chars().take(MAX_CHARS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(MAX_CHARS).is_some() {
        words.push('\u{2026}');
    }
    words
}

#[cfg(test)]
mod tests {
    use deskbell_model::ticket::{Actor, Role};
    use deskbell_model::timestamp::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::api::story::{
        Action, ActionState, Attempt, AttemptOutcome, Call, Change, DeadLetter, Delivery, DeliveryState, Did, Effect,
        Event, Held, LogLine, Outcome, Timer,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_767_600_000 + seconds)
    }

    fn event(number: i64, kind: &str) -> Event {
        Event {
            number,
            id: format!("e{number}"),
            kind: kind.to_owned(),
            at: at(number * 10),
            received_at: at(number * 10 + 1),
            late: false,
            imported: false,
            delivery: None,
            actor: None,
            effect: None,
            changes: Vec::new(),
            data: json!({}),
            hop: 0,
            own: false,
            echo_of: Vec::new(),
            kept_back: None,
            calls: Vec::new(),
            actions: Vec::new(),
        }
    }

    fn call(outcome: Outcome, effects: Vec<Effect>) -> Call {
        Call {
            at: at(12),
            plugin: "routing".to_owned(),
            version: "0.1.0".to_owned(),
            attempt: 1,
            outcome,
            error: (outcome != Outcome::Decided).then(|| "trap: unreachable".to_owned()),
            effects,
            log: vec![LogLine { level: "info".to_owned(), message: "a \u{1b}[31mVIP".to_owned() }],
            cpu_us: 900,
            wall_us: 1200,
            memory_bytes: 1 << 20,
        }
    }

    fn action() -> Action {
        let attempt = |number: i32, outcome, status| Attempt {
            at: at(12 + i64::from(number)),
            number,
            outcome,
            status: Some(status),
            elapsed_ms: 80,
            detail: format!("PUT https://help.example.com/tickets/7 answered {status} in 80 ms"),
        };
        Action {
            key: "6d0f".to_owned(),
            plugin: "routing".to_owned(),
            kind: "ticket.update".to_owned(),
            destination: "source:support".to_owned(),
            data: json!({ "group": "vip" }),
            state: ActionState::Completed,
            created_at: at(12),
            ended_at: Some(at(14)),
            reference: Some("7".to_owned()),
            attempts: vec![attempt(1, AttemptOutcome::WillRetry, 503), attempt(2, AttemptOutcome::Done, 200)],
        }
    }

    fn story() -> Story {
        let effect = |dropped: Option<&str>, action| Effect {
            kind: "ticket.update".to_owned(),
            data: json!({ "group": "vip" }),
            reason: Some("the requester is a VIP".to_owned()),
            dropped: dropped.map(str::to_owned),
            action,
        };
        let mut created = event(1, "ticket.created");
        created.actor = Some(Actor { id: "c1".to_owned(), role: Role::Customer, name: None });
        created.effect = Some(Did::Created);
        created.delivery = Some(Delivery {
            number: 90,
            received_at: at(11),
            sender_id: Some("abc".to_owned()),
            state: DeliveryState::Read,
            detail: None,
        });
        created.calls = vec![
            call(Outcome::Decided, vec![effect(None, Some(action())), effect(Some("it is so already"), None)]),
            call(Outcome::WillRetry, Vec::new()),
        ];
        let mut echo = event(2, "ticket.updated");
        echo.effect = Some(Did::Changed);
        echo.changes = vec![Change { field: "group".to_owned(), from: json!(null), to: json!("vip") }];
        echo.echo_of = vec!["6d0f".to_owned()];
        Story {
            source: "support".to_owned(),
            ticket: "7".to_owned(),
            state: None,
            told_at: at(100),
            events: vec![created, echo],
            waiting: Waiting {
                plugins: vec![Held {
                    plugin: "routing".to_owned(),
                    from_event: 1,
                    attempts: 1,
                    next_at: Some(at(200)),
                    error: "trap: unreachable".to_owned(),
                }],
                timers: vec![Timer { plugin: "reminders".to_owned(), name: "nudge".to_owned(), at: at(300) }],
                actions: Vec::new(),
                next_wake: Some(at(200)),
            },
            dead_letters: vec![DeadLetter {
                id: 5,
                kind: "action".to_owned(),
                plugin: None,
                event: None,
                action: Some("6d0f".to_owned()),
                error: "answered 404".to_owned(),
                attempts: 1,
                set_aside_at: at(50),
                replayed_at: None,
            }],
            shortened: false,
        }
    }

    #[test]
    fn tells_what_came_in_who_decided_why_what_was_sent_and_what_waits() {
        let text = of(&story());
        let mut rest = text.as_str();
        for part in [
            "Ticket 7 of support",
            "2026-01-05T08:00:10Z ticket.created by customer c1 (event 1)",
            "came in webhook 90 at 2026-01-05T08:00:11Z, delivery id abc, read",
            "routing 0.1.0 (2026-01-05T08:00:12Z, 1.2 ms) decided",
            "ticket.update {\"group\":\"vip\"}",
            "because: the requester is a VIP",
            "to source:support: done 2026-01-05T08:00:14Z (7), key 6d0f",
            "attempt 1 at 2026-01-05T08:00:13Z: failed, tried again later, status 503, 80 ms",
            "PUT https://help.example.com/tickets/7 answered 503 in 80 ms",
            "attempt 2 at 2026-01-05T08:00:14Z: done, status 200, 80 ms",
            "nothing came of it: it is so already",
            "log info: a  [31mVIP",
            "failed and is called again: trap: unreachable",
            "ticket.updated (event 2)",
            "came back: the echo of 6d0f",
            "group: null -> \"vip\"",
            "no plugin was called: it is the echo of an own write",
            "dead letter 5 (action 6d0f, 1 attempt): answered 404",
            "deskbell dead-letters replay 5",
            "routing is behind from event 1 on, after 1 attempt, again 2026-01-05T08:03:20Z",
            "timer 'nudge' of reminders",
            "2026-01-05T08:03:20Z the engine looks at the ticket next",
        ] {
            let found = rest.find(part);
            assert!(found.is_some(), "'{part}' does not follow in\n{text}");
            rest = rest.get(found.unwrap_or_default() + part.len()..).unwrap();
        }
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_call_that_is_not_kept_any_more_was_one() {
        let mut old = event(1, "ticket.created");
        old.actions = vec![action()];
        let text = of(&Story { events: vec![old], ..story() });
        assert!(text.contains("routing asked for ticket.update"), "{text}");
        assert!(text.contains("(its call is not kept any more)"), "{text}");
        assert!(!text.contains("no plugin was called"), "{text}");
    }

    #[test]
    fn cuts_long_texts_where_a_character_ends() {
        let long = "\u{e4}".repeat(MAX_CHARS + 1);
        assert_eq!(plain(&long).chars().count(), MAX_CHARS + 1);
        assert_eq!(plain("a\r\n\tb"), "a   b");
    }
}
