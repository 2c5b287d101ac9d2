//! Rows of the database as parts of a story.

use std::collections::BTreeMap;

use deskbell_model::timestamp::Timestamp;
use deskbell_store::explain::{Arrival, SetAside};
use deskbell_store::story as rows;
use serde_json::Value;

use super::{
    Action, ActionState, ActionsWait, Attempt, AttemptOutcome, DeadLetter, Delivery, DeliveryState, Held, LogLine,
    Timer,
};

/// The lines of a stored log.
pub(crate) fn log_lines(stored: Option<&str>) -> Vec<LogLine> {
    stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

pub(super) fn action(row: rows::Action) -> Action {
    let mut stated = json(&row.action);
    Action {
        key: row.key,
        plugin: row.plugin,
        kind: row.kind,
        destination: row.destination,
        data: stated.get_mut("data").map(Value::take).unwrap_or_default(),
        state: match row.state {
            0 => ActionState::Available,
            1 => ActionState::Retryable,
            2 => ActionState::Completed,
            3 => ActionState::Discarded,
            _ => ActionState::Cancelled,
        },
        created_at: row.created_at,
        ended_at: row.ended_at,
        reference: row.reference,
        attempts: row.attempts.into_iter().map(attempt).collect(),
    }
}

fn attempt(row: rows::Attempt) -> Attempt {
    Attempt {
        at: row.attempted_at,
        number: row.number,
        outcome: match row.outcome {
            0 => AttemptOutcome::Done,
            1 => AttemptOutcome::WillRetry,
            2 => AttemptOutcome::Ambiguous,
            3 => AttemptOutcome::GivenUp,
            _ => AttemptOutcome::Impossible,
        },
        status: row.status,
        elapsed_ms: row.elapsed_ms,
        detail: row.detail,
    }
}

pub(super) fn delivery(row: Arrival) -> Delivery {
    Delivery {
        number: row.inbox_id,
        received_at: row.received_at,
        sender_id: row.delivery_id,
        state: match row.state {
            0 => DeliveryState::Later,
            1 => DeliveryState::Read,
            2 => DeliveryState::Ignored,
            _ => DeliveryState::Unreadable,
        },
        detail: row.detail,
    }
}

pub(super) fn held(row: &deskbell_store::hold::Hold) -> Held {
    Held {
        plugin: row.plugin.clone(),
        from_event: row.from_event,
        attempts: row.attempts,
        next_at: row.next_at,
        error: row.error.clone(),
    }
}

pub(super) fn timer((plugin, name, at): &(String, String, Timestamp)) -> Timer {
    Timer { plugin: plugin.clone(), name: name.clone(), at: *at }
}

pub(super) fn waiting_actions(row: &deskbell_store::explain::ActionsWait) -> ActionsWait {
    ActionsWait {
        destination: row.destination.clone(),
        next_at: row.wake_at.filter(|_| !row.under_way),
        under_way: row.under_way,
        paused_at: row.paused_at,
    }
}

pub(super) fn dead_letter(row: SetAside, keys: &BTreeMap<i64, String>) -> DeadLetter {
    let kind = match row.kind {
        0 => "plugin",
        1 => "action",
        _ => "delivery",
    };
    DeadLetter {
        id: row.dead_letter_id,
        kind: kind.to_owned(),
        plugin: row.plugin,
        event: row.event_id,
        action: row.outbox_id.and_then(|outbox_id| keys.get(&outbox_id)).cloned(),
        error: row.error,
        attempts: row.attempts,
        set_aside_at: row.set_aside_at,
        replayed_at: row.replayed_at,
    }
}

pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
