#![doc = include_str!("../README.md")]

mod ours;
mod phrases;
mod settings;
mod snooze;

#[cfg(test)]
mod tests;

use deskbell::prelude::*;
use deskbell_wording::{fallback, template};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use settings::Settings;

deskbell::automation!(handle);

const TIMER: &str = "autoclose";
/// Since when the ticket waits for its customer ([`Pending`]).
const KEY: &str = "pending";
/// What our latest reminder can be recognised by.
const REMINDER: &str = "reminder";

/// What the timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Remind,
    Close,
    /// The ticket had been put aside until now.
    Resume,
}

/// What comes with the timer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Appointment {
    step: Step,
    since: i64,
}

/// How long the ticket has been waiting for its customer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Pending {
    since: i64,
    /// Whether somebody has put it aside; its time begins anew afterwards, for nobody expected an answer meanwhile.
    is_held: bool,
}

/// Keeps the ticket's timer in line with what happens to it, and reminds or closes when it fires.
pub fn handle(event: &Event, cx: &mut Context) -> Result<Vec<Effect>> {
    let settings = Settings::read(cx)?;
    let Some(ticket) = event.ticket.as_ref() else {
        return Ok(vec![]);
    };
    if let Some(timer) = event.timer() {
        return match Appointment::deserialize(&timer.payload) {
            Ok(appointment) if timer.name == TIMER => keep(appointment, ticket, &settings, cx),
            _ => Ok(vec![]),
        };
    }
    if matches!(event.kind.as_str(), "ticket.merged" | "ticket.deleted") {
        forget(cx)?;
    } else if event.is("ticket.*") {
        follow(event, ticket, &settings, cx)?;
    }
    Ok(vec![])
}

/// Starts, restarts or stops the clock.
fn follow(event: &Event, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<()> {
    let kv = cx.kv(Scope::Ticket);
    let known: Option<Pending> = kv.get_json(KEY)?;
    if ticket.status != "pending" {
        return if known.is_some() { forget(cx) } else { Ok(()) };
    }
    let snoozed_until = snooze::end(ticket, settings, cx.now());
    let is_held = snoozed_until.is_some() || settings.exception(ticket).is_some();
    let since = match known {
        Some(known) if (is_held || !known.is_held) && !restarts(event, cx)? => known.since,
        // A late event never turns the clock back, for the ticket shows something younger.
        Some(known) => event.time.0.max(known.since),
        None => event.time.0,
    };
    let pending = Pending { since, is_held };
    if known == Some(pending) && !has_answered(ticket, since) {
        return Ok(());
    }
    kv.set_json(KEY, &pending)?;
    match snoozed_until {
        Some(until) => appoint(Step::Resume, since, until, cx),
        None if is_held || has_answered(ticket, since) => cx.cancel_timer(TIMER),
        None => arm(since, settings, cx),
    }
}

/// Whether the event makes the customer's time begin anew: the ticket turns pending, or an agent asks again.
fn restarts(event: &Event, cx: &Context) -> Result<bool> {
    let status = event.change("status");
    if status.is_some_and(|change| change.to == "pending") {
        return Ok(true);
    }
    let comment = event.comment().filter(|comment| comment.public && event.by_agent());
    let Some(comment) = comment else {
        return Ok(false);
    };
    let reminder = cx.kv(Scope::Ticket).get(REMINDER)?.unwrap_or_default();
    Ok(!ours::is_of(&comment.body, &reminder))
}

/// Whether the customer has said something since, whatever the helpdesk makes of the status.
fn has_answered(ticket: &Ticket, since: i64) -> bool {
    ticket.last_customer_comment_at.is_some_and(|at| at.0 >= since)
}

/// Sets the timer for what comes next in the time that began at `since`.
fn arm(since: i64, settings: &Settings, cx: &Context) -> Result<()> {
    if let Some(after) = &settings.remind_after {
        let due = due(since, after, "remind_after", settings, cx)?;
        if due > cx.now() {
            return appoint(Step::Remind, since, due, cx);
        }
    }
    let due = due(since, &settings.after, "after", settings, cx)?;
    appoint(Step::Close, since, due.max(cx.now()), cx)
}

fn appoint(step: Step, since: i64, at: Instant, cx: &Context) -> Result<()> {
    cx.set_timer(TIMER, at, &json!(Appointment { step, since }))
}

fn due(since: i64, after: &str, member: &str, settings: &Settings, cx: &Context) -> Result<Instant> {
    let due = cx.calendar(settings.calendar.as_str()).add(Instant(since), after);
    due.map_err(|error| {
        error.while_doing(format!("autoclose setting `{member}` = '{after}' in calendar '{}'", settings.calendar))
    })
}

fn forget(cx: &Context) -> Result<()> {
    cx.kv(Scope::Ticket).delete(KEY)?;
    cx.cancel_timer(TIMER)
}

/// Does what the timer is for, if it is still right.
fn keep(appointment: Appointment, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Vec<Effect>> {
    let Appointment { step, since } = appointment;
    let kv = cx.kv(Scope::Ticket);
    let is_current = kv.get_json::<Pending>(KEY)?.is_some_and(|pending| pending.since == since);
    if !is_current || ticket.status != "pending" || has_answered(ticket, since) || settings.exception(ticket).is_some()
    {
        return Ok(vec![]);
    }
    if let Some(until) = snooze::end(ticket, settings, cx.now()) {
        appoint(Step::Resume, since, until, cx)?;
        return Ok(vec![]);
    }
    match step {
        Step::Remind => remind(since, ticket, settings, cx),
        Step::Close => close(since, ticket, settings, cx),
        Step::Resume => {
            let since = cx.now().0;
            kv.set_json(KEY, &Pending { since, is_held: false })?;
            arm(since, settings, cx)?;
            Ok(vec![])
        }
    }
}

fn remind(since: i64, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Vec<Effect>> {
    let at = due(since, &settings.after, "after", settings, cx)?.max(cx.now());
    appoint(Step::Close, since, at, cx)?;
    let (own, shipped) = settings.reminder(ticket);
    let mut values = template::ticket_values(ticket);
    values.insert("closes_at".to_owned(), at.to_rfc3339().into());
    let text = fallback::fill_or(own, shipped, &Value::Object(values), |problem| {
        cx.warn(format!("autoclose setting `reminder`: {problem}; the shipped text was used instead"));
    })?;
    cx.kv(Scope::Ticket).set(REMINDER, ours::trace(&text))?;
    let after = settings.remind_after.as_deref().unwrap_or_default();
    let reason = format!("{}, more than {after}; it will be closed at {at}", waited(since, settings));
    Ok(vec![Effect::reply(text).because(reason)])
}

fn close(since: i64, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Vec<Effect>> {
    cx.kv(Scope::Ticket).delete(KEY)?;
    let reason = format!("{}, more than {}", waited(since, settings), settings.after);
    let mut effects = Vec::new();
    if let Some(farewell) = settings.farewell(ticket) {
        match template::fill(farewell, &Value::Object(template::ticket_values(ticket))) {
            Ok(text) if !text.trim().is_empty() => {
                effects.push(Effect::reply(text).because(reason.as_str()));
            }
            Ok(_) => {}
            Err(problem) => cx.warn(format!("autoclose setting `farewell`: {problem}; nothing was sent")),
        }
    }
    effects.push(Effect::set_status(settings.final_status()).because(reason));
    Ok(effects)
}

fn waited(since: i64, settings: &Settings) -> String {
    format!("the customer has not answered since {} (calendar '{}')", Instant(since), settings.calendar)
}
