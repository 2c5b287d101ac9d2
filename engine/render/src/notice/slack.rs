//! The body for an incoming webhook of Slack and of the chats that took over its form.

use serde_json::{Value, json};

use super::{Notice, many_lines, one_line};

/// Slack advises 4,000 characters and cuts at 40,000; escapes make some characters five times as long.
const MAX_TEXT_CHARS: usize = 3_000;
const MAX_SUBJECT_CHARS: usize = 150;

/// Words that, behind an @, call a whole channel in one chat or another, even as plain text.
const CALLS: &[&str] = &["channel", "here", "everyone", "all", "group", "team"];

/// The message: subject in bold, text, ticket with link.
pub fn body(notice: &Notice<'_>) -> Value {
    let mut lines = Vec::new();
    if let Some(subject) = notice.subject.map(|subject| one_line(subject, MAX_SUBJECT_CHARS)).filter(|s| !s.is_empty())
    {
        // An asterisk in it would end the bold type early; the operator still gets to see a character like it.
        lines.push(format!("*{}*", escaped(&subject.replace('*', "∗"))));
    }
    lines.push(escaped(&many_lines(notice.text, MAX_TEXT_CHARS)));
    let ticket = notice.ticket.map(|ticket| escaped(&one_line(&ticket.to_string(), MAX_SUBJECT_CHARS)));
    match (ticket, notice.web_link()) {
        (Some(ticket), Some(link)) => {
            lines.push(format!("<{}|{ticket}>", link.replace('&', "&amp;")));
        }
        (Some(ticket), None) => lines.push(ticket),
        (None, Some(link)) => lines.push(format!("<{}>", link.replace('&', "&amp;"))),
        (None, None) => {}
    }
    // No previews: fetching a link that a stranger wrote tells him that it was read.
    json!({ "text": lines.join("\n"), "unfurl_links": false, "unfurl_media": false })
}

/// Without mark-up: `<!channel>`, `<@U1>` and `<https://evil|bank>` all begin with `<`. Calls in plain text get an invisible
/// character behind their @.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for (at, c) in text.char_indices() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' if is_call(text.get(at + 1..).unwrap_or_default()) => escaped.push_str("@\u{200b}"),
            _ => escaped.push(c),
        }
    }
    escaped
}

fn is_call(rest: &str) -> bool {
    CALLS.iter().any(|call| {
        let begins = rest.get(..call.len()).is_some_and(|word| word.eq_ignore_ascii_case(call));
        begins && !rest.get(call.len()..).unwrap_or_default().starts_with(|c: char| c.is_alphanumeric())
    })
}
