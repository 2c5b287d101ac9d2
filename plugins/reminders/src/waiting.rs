//! Customers who wait for an agent's reply.
//!
//! The ticket tells whether somebody waits; since when, we remember, for the clock runs from the first comment that
//! nobody has answered, not from the latest. There is one timer, for the step that comes next.

use deskbell::prelude::*;
use deskbell_wording::{fallback, template};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::settings::{Settings, Step, What};
use crate::span;

const TIMER: &str = "no-reply";
/// Since when the customer waits, in microseconds since 1970, and which step comes next.
const KEY: &str = "waiting";

const NOTE: &str =
    "{% if ticket.assignee %}{{ticket.assignee}}: {% endif %}the customer has been waiting for a reply for {{waited}}.";
const NOTICE: &str = "Ticket {{ticket.id}} ({{ticket.priority}}) has been waiting for a reply for {{waited}}: \
    {{ticket.subject|no subject}}{% if ticket.assignee %} (assignee {{ticket.assignee}}){% endif %}";

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Waiting {
    since: i64,
    step: usize,
    /// The priority that the timer was set for; snapshots do not say that it has changed.
    priority: String,
}

/// Forgets the clock, for a ticket that has ended.
pub(crate) fn forget(cx: &Context) -> Result<()> {
    cx.kv(Scope::Ticket).delete(KEY)?;
    cx.cancel_timer(TIMER)
}

/// Brings clock and timer in line with what the ticket shows now.
pub(crate) fn follow(event: &Event, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<()> {
    let known: Option<Waiting> = cx.kv(Scope::Ticket).get_json(KEY)?;
    if !is_open(ticket) || settings.excepts(ticket) || is_answered(ticket, known.as_ref().map(|known| known.since)) {
        return if known.is_some() { forget(cx) } else { Ok(()) };
    }
    let asked = asks(event, ticket);
    match known {
        // A late event may show that the customer has waited longer than we knew.
        Some(known) => {
            let since = asked.map_or(known.since, |asked| asked.0.min(known.since));
            if since == known.since && known.priority == ticket.priority {
                return Ok(());
            }
            arm(since, known.step, ticket, settings, cx)
        }
        None if asked.is_some() || is_unanswered(ticket) => arm(asked.unwrap_or(event.time).0, 0, ticket, settings, cx),
        None => Ok(()),
    }
}

/// What the timer asks for, if the customer still waits.
pub(crate) fn remind(payload: &Value, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Vec<Effect>> {
    let kv = cx.kv(Scope::Ticket);
    let Some(waiting) = kv.get_json::<Waiting>(KEY)? else {
        return Ok(vec![]);
    };
    if Waiting::deserialize(payload).ok().as_ref() != Some(&waiting) {
        return Ok(vec![]);
    }
    if !is_open(ticket) || settings.excepts(ticket) || is_answered(ticket, Some(waiting.since)) {
        kv.delete(KEY)?;
        return Ok(vec![]);
    }
    let Some(step) = settings.steps.get(waiting.step) else {
        return Ok(vec![]);
    };
    let since = Instant(waiting.since);
    let waited = cx.calendar(settings.calendar.as_str()).between(since, cx.now().max(since))?;
    let effect = perform(step, ticket, since, waited, cx)?;
    let reason = format!(
        "no agent has replied since the customer wrote at {since}: {} in calendar '{}', priority {}; step {} of {}",
        span::in_words(waited),
        settings.calendar,
        ticket.priority,
        waiting.step + 1,
        settings.steps.len()
    );
    arm(waiting.since, waiting.step + 1, ticket, settings, cx)?;
    Ok(vec![effect.because(reason)])
}

/// Remembers how far reminding has come and sets the timer for the next step, if there is one.
fn arm(since: i64, at: usize, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<()> {
    let next = settings.next_step(at, &ticket.priority);
    let step = next.map_or(settings.steps.len(), |(step, _)| step);
    let priority = ticket.priority.clone();
    let waiting = Waiting { since, step, priority };
    cx.kv(Scope::Ticket).set_json(KEY, &waiting)?;
    let Some((_, after)) = next else {
        return cx.cancel_timer(TIMER);
    };
    let calendar = cx.calendar(settings.calendar.as_str());
    let due = calendar.add(Instant(since), after).map_err(|error| {
        error.while_doing(format!(
            "reminders setting `steps`, step {}: '{after}' in calendar '{}'",
            step + 1,
            settings.calendar
        ))
    })?;
    cx.set_timer(TIMER, due.max(cx.now()), &json!(waiting))
}

fn is_open(ticket: &Ticket) -> bool {
    matches!(ticket.status.as_str(), "new" | "open")
}

/// Whether an agent has replied to everything the customer said.
fn is_answered(ticket: &Ticket, since: Option<i64>) -> bool {
    let Some(replied) = ticket.last_agent_reply_at else {
        return false;
    };
    let asked = ticket.last_customer_comment_at.unwrap_or(ticket.created_at);
    replied >= asked && since.is_none_or(|since| replied.0 >= since)
}

/// Whether the customer had the last word.
fn is_unanswered(ticket: &Ticket) -> bool {
    ticket
        .last_customer_comment_at
        .is_some_and(|asked| ticket.last_agent_reply_at.is_none_or(|replied| replied < asked))
}

/// When the customer asked, if the event is a question that nobody has answered.
fn asks(event: &Event, ticket: &Ticket) -> Option<Instant> {
    let is_comment = event.by_customer() && event.comment().is_some_and(|comment| comment.public);
    let is_creation =
        matches!(event.kind.as_str(), "ticket.created" | "ticket.snapshot") && ticket.created_at == event.time;
    let is_question = is_comment || (is_creation && !event.by_agent());
    let is_answered = ticket.last_agent_reply_at.is_some_and(|replied| replied >= event.time);
    (is_question && !is_answered).then_some(event.time)
}

fn perform(step: &Step, ticket: &Ticket, since: Instant, waited: u64, cx: &Context) -> Result<Effect> {
    let mut values = template::ticket_values(ticket);
    values.insert("waiting_since".to_owned(), since.to_rfc3339().into());
    values.insert("waited".to_owned(), span::in_words(waited).into());
    let values = Value::Object(values);
    let fill = |shipped: &str| {
        fallback::fill_or(step.text(), shipped, &values, |problem| {
            cx.warn(format!("reminders: a step's `text`: {problem}; the shipped text was used instead"));
        })
    };
    Ok(match &step.what {
        What::Note => Effect::note(fill(NOTE)?),
        What::Notify { to } => Effect::notify(to, fill(NOTICE)?),
        What::Escalate { tier, group } => Effect::escalate(*tier, group.as_deref()),
    })
}
