//! Zammad's words and Deskbell's.

use std::collections::BTreeMap;

use deskbell::prelude::*;

use crate::settings::Settings;

const STATUSES: &[&str] = &["new", "open", "pending", "on_hold", "solved", "closed"];
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];

/// The status that a state stands for. Unknown ones count as open. Zammad's `closed` stands for both solved and closed.
pub(crate) fn status(state: &str, settings: &Settings, cx: &Context<'_>) -> &'static str {
    if let Some(status) = meaning(&settings.states, STATUSES, state) {
        return status;
    }
    match state.to_lowercase().as_str() {
        "new" => "new",
        "open" => "open",
        "pending reminder" | "pending close" | "pending action" => "pending",
        "closed" | "merged" | "removed" => "closed",
        _ => {
            cx.warn(format!("state '{state}' is not known and counts as open; say what it means in settings.states"));
            "open"
        }
    }
}

/// The priority that one of Zammad's, such as `2 normal`, stands for; none means normal.
pub(crate) fn priority(name: Option<&str>, settings: &Settings, cx: &Context<'_>) -> &'static str {
    let Some(name) = name else { return "normal" };
    if let Some(priority) = meaning(&settings.priorities, PRIORITIES, name) {
        return priority;
    }
    let word = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ').to_lowercase();
    PRIORITIES.iter().copied().find(|priority| *priority == word).unwrap_or_else(|| {
        cx.warn(format!(
            "priority '{name}' is not known and counts as normal; say what it means in settings.priorities"
        ));
        "normal"
    })
}

/// The canonical word whose entry in the settings is `word`; of several, the first in canonical order.
fn meaning(names: &BTreeMap<String, String>, canonical: &[&'static str], word: &str) -> Option<&'static str> {
    canonical.iter().copied().find(|known| names.get(*known).is_some_and(|own| own.eq_ignore_ascii_case(word)))
}

/// Zammad's state for a status. It has none for `on_hold` until the operator names one.
pub(crate) fn state<'a>(status: &'a str, settings: &'a Settings) -> Option<&'a str> {
    if let Some(own) = settings.states.get(status) {
        return Some(own);
    }
    match status {
        "new" | "open" => Some(status),
        "pending" => Some("pending reminder"),
        "solved" | "closed" => Some("closed"),
        _ => None,
    }
}

/// Zammad's name for a priority. It has none for `urgent` until the operator names one.
pub(crate) fn priority_name<'a>(priority: &str, settings: &'a Settings) -> Option<&'a str> {
    if let Some(own) = settings.priorities.get(priority) {
        return Some(own);
    }
    match priority {
        "low" => Some("1 low"),
        "normal" => Some("2 normal"),
        "high" => Some("3 high"),
        _ => None,
    }
}

/// The channel that an article's type stands for; none for notes, which come through no channel.
pub(crate) fn channel(article_type: &str) -> Option<String> {
    let word = match article_type.to_lowercase().as_str() {
        "note" => return None,
        "fax" => "fax",
        "email" => "email",
        "phone" => "phone",
        "web" => "web",
        "chat" => "chat",
        "sms" => "sms",
        kind if kind.starts_with("twitter") || kind.starts_with("facebook") => "social",
        kind if kind.starts_with("telegram") || kind.starts_with("whatsapp") => "messaging",
        kind => {
            return Some(kind.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect());
        }
    };
    Some(word.to_owned())
}
