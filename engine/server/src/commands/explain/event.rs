//! An event of a story as lines to read, with what followed from it.

use serde_json::Value;

use super::text::{Text, compact, plain};
use crate::api::story::{Action, ActionState, AttemptOutcome, Call, DeliveryState, Did, Effect, Event, Outcome};

pub(super) fn tell_event(out: &mut Text, event: &Event) {
    let by = event.actor.as_ref().map(|actor| format!(" by {} {}", actor.role.as_str(), plain(&actor.id)));
    let late = if event.late { ", late" } else { "" };
    out.line(0, &format!("{} {}{}{late} (event {})", event.at, event.kind, by.unwrap_or_default(), event.number));
    if let Some(delivery) = &event.delivery {
        let id = delivery.sender_id.as_ref().map(|id| format!(", delivery id {}", plain(id)));
        let state = match delivery.state {
            DeliveryState::Later => "not read yet",
            DeliveryState::Read => "read",
            DeliveryState::Ignored => "ignored",
            DeliveryState::Unreadable => "unreadable",
        };
        let detail = delivery.detail.as_ref().map(|detail| format!(": {}", plain(detail)));
        out.line(
            1,
            &format!(
                "came in webhook {} at {}{}, {state}{}",
                delivery.number,
                delivery.received_at,
                id.unwrap_or_default(),
                detail.unwrap_or_default()
            ),
        );
    } else {
        let how = if event.imported { "imported" } else { "noted" };
        out.line(1, &format!("{how} {}", event.received_at));
    }
    tell_content(out, event);
    for call in &event.calls {
        tell_call(out, call);
    }
    for action in &event.actions {
        out.line(
            1,
            &format!(
                "{} asked for {} {} (its call is not kept any more)",
                action.plugin,
                action.kind,
                compact(&action.data)
            ),
        );
        tell_action(out, 2, action);
    }
    // An action was asked for in a call.
    if event.calls.is_empty() && event.actions.is_empty() {
        let why = event.kept_back.as_deref().map(|why| format!(": {why}"));
        let echo = event.own || !event.echo_of.is_empty();
        let why = why.or_else(|| echo.then(|| ": it is the echo of an own write".to_owned()));
        out.line(1, &format!("no plugin was called{}", why.unwrap_or_default()));
    }
}

fn tell_content(out: &mut Text, event: &Event) {
    if event.own {
        out.line(1, "done by Deskbell's own user there");
    }
    if !event.echo_of.is_empty() {
        out.line(1, &format!("came back: the echo of {}", event.echo_of.join(", ")));
    }
    if event.hop > 0 {
        out.line(1, &format!("{} of Deskbell's own writes led to it", event.hop));
    }
    for change in &event.changes {
        out.line(1, &format!("{}: {} -> {}", plain(&change.field), compact(&change.from), compact(&change.to)));
    }
    if event.effect == Some(Did::Nothing) {
        out.line(1, "took no effect: it repeats what was so, or the ticket had ended, or has not begun");
    }
    let comment = event.data.get("comment");
    if let Some(body) = comment.and_then(|comment| comment.get("body")).and_then(Value::as_str) {
        let is_public = comment.and_then(|comment| comment.get("public")).and_then(Value::as_bool);
        let how = if is_public == Some(false) { "internal" } else { "public" };
        out.line(1, &format!("{how}: \"{}\"", plain(body)));
    } else if event.effect.is_none() {
        out.line(1, &compact(&event.data));
    }
}

fn tell_call(out: &mut Text, call: &Call) {
    let attempt = if call.attempt > 1 { format!(", attempt {}", call.attempt) } else { String::new() };
    let who = format!("{} {} ({}{attempt}, {})", call.plugin, call.version, call.at, milliseconds(call.wall_us));
    let error = call.error.as_deref().map(plain).unwrap_or_default();
    let did = match (call.outcome, call.effects.is_empty()) {
        (Outcome::Decided, true) => "decided: no effects".to_owned(),
        (Outcome::Decided, false) => "decided".to_owned(),
        (Outcome::WillRetry, _) => format!("failed and is called again: {error}"),
        (Outcome::SetAside, _) => format!("failed and was set aside: {error}"),
        (Outcome::Skipped, _) => format!("failed and was passed over: {error}"),
    };
    out.line(1, &format!("{who} {did}"));
    for effect in &call.effects {
        tell_effect(out, effect);
    }
    for line in &call.log {
        out.line(2, &format!("log {}: {}", plain(&line.level), plain(&line.message)));
    }
}

fn tell_effect(out: &mut Text, effect: &Effect) {
    out.line(2, &format!("{} {}", plain(&effect.kind), compact(&effect.data)));
    if let Some(reason) = &effect.reason {
        out.line(3, &format!("because: {}", plain(reason)));
    }
    match (&effect.dropped, &effect.action) {
        (Some(why), _) => out.line(3, &format!("nothing came of it: {}", plain(why))),
        (None, Some(action)) => {
            if action.data != effect.data {
                out.line(3, &format!("without what was so already: {}", compact(&action.data)));
            }
            tell_action(out, 3, action);
        }
        (None, None) => out.line(3, "what came of it is not kept any more"),
    }
}

fn tell_action(out: &mut Text, depth: usize, action: &Action) {
    let state = match action.state {
        ActionState::Available => "waits to be sent",
        ActionState::Retryable => "will be tried again",
        ActionState::Completed => "done",
        ActionState::Discarded => "given up",
        ActionState::Cancelled => "impossible there",
    };
    let ended = action.ended_at.map(|at| format!(" {at}")).unwrap_or_default();
    let reference = action.reference.as_deref().map(|reference| format!(" ({})", plain(reference)));
    out.line(
        depth,
        &format!("to {}: {state}{ended}{}, key {}", action.destination, reference.unwrap_or_default(), action.key),
    );
    for attempt in &action.attempts {
        let outcome = match attempt.outcome {
            AttemptOutcome::Done => "done",
            AttemptOutcome::WillRetry => "failed, tried again later",
            AttemptOutcome::Ambiguous => "may have taken effect, looked at before it is tried again",
            AttemptOutcome::GivenUp => "given up",
            AttemptOutcome::Impossible => "impossible",
        };
        let status = attempt.status.map(|status| format!(", status {status}")).unwrap_or_default();
        out.line(
            depth + 1,
            &format!("attempt {} at {}: {outcome}{status}, {} ms", attempt.number, attempt.at, attempt.elapsed_ms),
        );
        for line in attempt.detail.lines() {
            out.line(depth + 2, &plain(line));
        }
    }
}

fn milliseconds(micros: i32) -> String {
    format!("{:.1} ms", f64::from(micros) / 1000.0)
}
