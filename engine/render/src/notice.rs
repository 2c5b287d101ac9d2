//! Notices: the `notify` effect on its way to a destination of the configuration.
//!
//! The text is written by a plugin and often quotes a ticket, that is, a stranger. What it may not do there: mention
//! everybody, hide a link behind other words, bring mark-up, or add a header. Each kind of destination has a file that
//! sees to that.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub mod mail;
pub mod slack;
pub mod webhook;

#[cfg(test)]
mod tests;

/// What a destination takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An incoming webhook of Slack, or of a chat that takes the same (Mattermost, Rocket.Chat).
    Slack,
    /// JSON for a program.
    Webhook,
    Mail,
}

/// A word that is no kind of destination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no kind of destination '{0}'; use slack, webhook or mail")]
pub struct UnknownKind(pub String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        match word {
            "slack" => Ok(Self::Slack),
            "webhook" => Ok(Self::Webhook),
            "mail" => Ok(Self::Mail),
            _ => Err(UnknownKind(word.chars().take(64).collect())),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Slack => "slack",
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        })
    }
}

/// The ticket that a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketReference<'a> {
    /// The account that it belongs to.
    pub source: &'a str,
    /// Its id at its helpdesk.
    pub id: &'a str,
}

impl fmt::Display for TicketReference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.source, self.id)
    }
}

/// What is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice<'a> {
    /// The action's idempotency key. A webhook carries it, so that its receiver can tell a repeat.
    pub key: &'a str,
    pub subject: Option<&'a str>,
    pub text: &'a str,
    pub ticket: Option<TicketReference<'a>>,
    /// Where the ticket can be looked at. Left out where it is not of http or https.
    pub link: Option<&'a str>,
}

/// A notice in the form that its destination takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rendered {
    /// A body to be posted as `application/json`.
    Json(Vec<u8>),
    Mail(mail::Content),
}

/// `notice` for a destination of this kind.
pub fn render(kind: Kind, notice: &Notice<'_>) -> Rendered {
    match kind {
        Kind::Slack => Rendered::Json(slack::body(notice).to_string().into_bytes()),
        Kind::Webhook => Rendered::Json(webhook::body(notice).to_string().into_bytes()),
        Kind::Mail => Rendered::Mail(mail::content(notice)),
    }
}

/// Longer links are cut by chats and by people.
const MAX_LINK_BYTES: usize = 2048;

impl<'a> Notice<'a> {
    /// The link, where it is one that may be clicked: of the web, and without anything that ends it early.
    fn web_link(&self) -> Option<&'a str> {
        let link = self.link?;
        let (scheme, rest) = link.split_once("://")?;
        let is_web = scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
        let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '|' | '"' | '\'' | '\\' | '`');
        (is_web && !rest.is_empty() && link.len() <= MAX_LINK_BYTES && link.chars().all(fits)).then_some(link)
    }
}

/// `text` on one line and without what a reader cannot see: breaks and control characters become single spaces, marks that
/// turn the direction of writing are dropped, for they can show a text other than it is. Cut to `max_chars`.
fn one_line(text: &str, max_chars: usize) -> String {
    let seen: String = text
        .chars()
        .filter(|c| !is_direction_mark(*c))
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect();
    cut(&seen.split_whitespace().collect::<Vec<_>>().join(" "), max_chars)
}

/// `text` with its line breaks, but no other control characters, and cut to `max_chars`.
fn many_lines(text: &str, max_chars: usize) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let kept: String =
        text.chars().filter(|c| matches!(c, '\n' | '\t') || !(c.is_control() || is_direction_mark(*c))).collect();
    cut(kept.trim(), max_chars)
}

fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some(_) => text.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect(),
    }
}
