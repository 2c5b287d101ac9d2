//! A notice as a mail: one line of subject, plain text, and the same as simple HTML.

use super::{Notice, many_lines, one_line};

const MAX_SUBJECT_CHARS: usize = 150;
const MAX_TEXT_CHARS: usize = 20_000;

/// What a mail says; who gets it, the destination knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// One line without control characters, never empty.
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The subject names the ticket, so that mail programs keep what belongs together in one place.
pub fn content(notice: &Notice<'_>) -> Content {
    let body = many_lines(notice.text, MAX_TEXT_CHARS);
    let ticket = notice.ticket.map(|ticket| one_line(&ticket.to_string(), MAX_SUBJECT_CHARS));
    let link = notice.web_link();
    Content {
        subject: subject(notice, &body, ticket.as_deref()),
        text: text(&body, ticket.as_deref(), link),
        html: html(&body, ticket.as_deref(), link),
    }
}

fn subject(notice: &Notice<'_>, body: &str, ticket: Option<&str>) -> String {
    let given = notice.subject.map(|subject| one_line(subject, MAX_SUBJECT_CHARS)).filter(|s| !s.is_empty());
    let words = given.unwrap_or_else(|| one_line(body.lines().next().unwrap_or_default(), 80));
    let words = if words.is_empty() { "Notice".to_owned() } else { words };
    ticket.map_or_else(|| words.clone(), |ticket| format!("[{ticket}] {words}"))
}

fn text(body: &str, ticket: Option<&str>, link: Option<&str>) -> String {
    let footer = match (ticket, link) {
        (Some(ticket), Some(link)) => format!("\nTicket: {ticket}\n{link}\n"),
        (Some(ticket), None) => format!("\nTicket: {ticket}\n"),
        (None, Some(link)) => format!("\n{link}\n"),
        (None, None) => String::new(),
    };
    format!("{body}\n{footer}")
}

/// No style, no picture, nothing to load: it looks the same everywhere and tells nobody that it was read.
fn html(body: &str, ticket: Option<&str>, link: Option<&str>) -> String {
    let body = escaped(body).replace('\n', "<br>\n");
    let footer = match (ticket.map(escaped), link.map(escaped)) {
        (Some(ticket), Some(link)) => format!("<p>Ticket: <a href=\"{link}\">{ticket}</a></p>\n"),
        (Some(ticket), None) => format!("<p>Ticket: {ticket}</p>\n"),
        (None, Some(link)) => format!("<p><a href=\"{link}\">{link}</a></p>\n"),
        (None, None) => String::new(),
    };
    format!(
        "<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"></head>\n<body>\n<p>{body}</p>\n{footer}</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}
