//! Follow-ups: a date in a custom field or in a tag, on which the ticket comes back to whoever has it.

use deskbell::prelude::*;
use deskbell_wording::{fallback, template};
use serde_json::{Value, json};

use crate::settings::{FollowUp, Settings};

const TIMER: &str = "follow-up";
/// The time that the timer is set for, as the ticket states it.
const SET: &str = "follow-up/set";
/// The latest time that has been followed up, in microseconds since 1970.
const DONE: &str = "follow-up/done";

/// Forgets the date, for a ticket that has ended.
pub(crate) fn forget(cx: &Context) -> Result<()> {
    cx.kv(Scope::Ticket).delete(SET)?;
    cx.cancel_timer(TIMER)
}

/// Sets or cancels the timer so that it fits the dates that the ticket carries now.
pub(crate) fn follow(ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<()> {
    let Some(follow_up) = &settings.follow_up else {
        return Ok(());
    };
    let kv = cx.kv(Scope::Ticket);
    let set = kv.get(SET)?;
    let next = if ticket.is_solved() || settings.excepts(ticket) { None } else { next(ticket, follow_up, cx)? };
    let Some((stated, at)) = next else {
        return if set.is_some() { forget(cx) } else { Ok(()) };
    };
    if set.as_deref() == Some(stated.as_str()) {
        return Ok(());
    }
    let calendar = cx.calendar(settings.calendar.as_str());
    let due = if is_date(&stated) {
        let opening = calendar.next_opening(at);
        opening.map_err(|error| error.while_doing(format!("reminders setting `calendar` = '{}'", settings.calendar)))?
    } else {
        at
    };
    kv.set(SET, &stated)?;
    cx.set_timer(TIMER, due.max(cx.now()), &json!({ "stated": stated, "at": at.0 }))
}

/// What the timer asks for, if the ticket still carries its date.
pub(crate) fn remind(payload: &Value, ticket: &Ticket, settings: &Settings, cx: &Context) -> Result<Vec<Effect>> {
    let Some(follow_up) = &settings.follow_up else {
        return Ok(vec![]);
    };
    let kv = cx.kv(Scope::Ticket);
    let stated = payload.get("stated").and_then(Value::as_str).unwrap_or_default();
    if kv.get(SET)?.as_deref() != Some(stated) {
        return Ok(vec![]);
    }
    kv.delete(SET)?;
    let is_still_asked = next(ticket, follow_up, cx)?.is_some_and(|(next, _)| next == stated);
    if ticket.is_solved() || settings.excepts(ticket) || !is_still_asked {
        return Ok(vec![]);
    }
    if let Some(at) = payload.get("at").and_then(Value::as_i64) {
        kv.set(DONE, at.to_string())?;
    }
    follow(ticket, settings, cx)?;
    let mut values = template::ticket_values(ticket);
    values.insert("follow_up".to_owned(), stated.into());
    let values = Value::Object(values);
    let text = |shipped: &str| {
        fallback::fill_or(follow_up.text.as_deref(), shipped, &values, |problem| {
            cx.warn(format!("reminders setting `follow_up.text`: {problem}; the shipped text was used instead"));
        })
    };
    let reason = format!("the ticket asks for a follow-up on {stated}");
    let note = text("{% if ticket.assignee %}{{ticket.assignee}}: {% endif %}the follow-up of {{follow_up}} is due.")?;
    let mut effects = vec![Effect::note(note).because(reason.as_str())];
    if let Some(to) = &follow_up.notify {
        let notice =
            text("Ticket {{ticket.id}}: the follow-up of {{follow_up}} is due: {{ticket.subject|no subject}}")?;
        effects.push(Effect::notify(to, notice).because(reason));
    }
    Ok(effects)
}

/// The earliest date of the ticket that has not been followed up, as stated and as a time.
fn next(ticket: &Ticket, follow_up: &FollowUp, cx: &Context) -> Result<Option<(String, Instant)>> {
    let done = cx.kv(Scope::Ticket).get(DONE)?.and_then(|at| at.parse().ok()).map(Instant);
    let in_field = ticket.custom.get(&follow_up.field).and_then(Value::as_str);
    let in_tags = ticket
        .tags
        .iter()
        .filter_map(|tag| tag.strip_prefix(follow_up.tag.as_str()).filter(|_| !follow_up.tag.is_empty()));
    let dates = in_field.into_iter().chain(in_tags).map(str::trim).filter(|stated| !stated.is_empty());
    let mut found = Vec::new();
    for stated in dates {
        match read(stated) {
            Some(at) if done.is_none_or(|done| at > done) => found.push((at, stated)),
            Some(_) => {}
            None => cx.warn(format!(
                "ticket {}: '{}' is no date such as 2026-01-05",
                ticket.id,
                stated.chars().take(40).collect::<String>()
            )),
        }
    }
    Ok(found.into_iter().min().map(|(at, stated)| (stated.to_owned(), at)))
}

/// Reads a date, or a time with an offset; helpdesks may have put a tag into lower case.
fn read(stated: &str) -> Option<Instant> {
    let text = if is_date(stated) { format!("{stated}T00:00:00Z") } else { stated.to_uppercase() };
    Instant::parse_rfc3339(&text).ok()
}

fn is_date(stated: &str) -> bool {
    stated.len() == 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read() {
        for (stated, expected) in [
            ("2026-01-05", Some("2026-01-05T00:00:00Z")),
            ("2026-01-05T09:30:00+01:00", Some("2026-01-05T08:30:00Z")),
            ("2026-01-05t09:30:00z", Some("2026-01-05T09:30:00Z")),
            ("2026-02-30", None),
            ("05.01.2026", None),
            ("tomorrow", None),
            ("", None),
            ("星期一星期一星期一星", None),
        ] {
            assert_eq!(read(stated).map(Instant::to_rfc3339).as_deref(), expected, "{stated}");
        }
    }
}
