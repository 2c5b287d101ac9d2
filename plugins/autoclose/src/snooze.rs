//! Tickets that somebody has put aside until a date.

use deskbell::prelude::*;
use serde_json::Value;

use crate::settings::Settings;

/// Until when the ticket is put aside; none where it is not, or not any more.
pub(crate) fn end(ticket: &Ticket, settings: &Settings, now: Instant) -> Option<Instant> {
    let until = match ticket.custom.get(&settings.snooze_field)? {
        // A date is put aside until its end.
        Value::String(text) if text.trim().len() == 10 => {
            Instant::parse_rfc3339(&format!("{}T00:00:00Z", text.trim())).ok()?.plus_seconds(86_400)
        }
        Value::String(text) => Instant::parse_rfc3339(text.trim()).ok()?,
        Value::Number(number) => Instant::from_unix_seconds(number.as_i64()?),
        _ => return None,
    };
    (until > now).then_some(until)
}

#[cfg(test)]
mod tests {
    use deskbell::testing::TestHost;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_end_is_read_from_dates_times_and_seconds() {
        let now = Instant::parse_rfc3339("2026-01-05T12:00:00Z").unwrap();
        for (value, expected) in [
            (json!("2026-01-07"), Some("2026-01-08T00:00:00Z")),
            (json!("2026-01-05"), Some("2026-01-06T00:00:00Z")),
            (json!("2026-01-04"), None),
            (json!("2026-01-05T14:00:00+01:00"), Some("2026-01-05T13:00:00Z")),
            (json!("2026-01-05T12:00:00Z"), None),
            (json!(1_767_700_800), Some("2026-01-06T12:00:00Z")),
            (json!("soon"), None),
            (json!(null), None),
            (json!(""), None),
        ] {
            let ticket = Ticket { custom: [("snoozed_until".to_owned(), value.clone())].into(), ..Ticket::default() };
            let mut found = None;
            let mut host = TestHost::new();
            host.call(
                |_: &Event, cx: &mut Context| {
                    found = end(&ticket, &Settings::read(cx)?, now);
                    Ok(vec![])
                },
                &deskbell::testing::event(json!({})),
            )
            .unwrap();
            assert_eq!(found.map(Instant::to_rfc3339).as_deref(), expected, "{value}");
        }
    }
}
