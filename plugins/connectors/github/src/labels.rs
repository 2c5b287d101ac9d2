//! What labels stand for: GitHub has open and closed and labels; everything else that a ticket has is said with labels.

use crate::settings::{Labels, Settings};

const STATUSES: &[&str] = &["on_hold", "pending", "open", "new", "solved", "closed"];
const PRIORITIES: &[&str] = &["urgent", "high", "normal", "low"];

/// Whether two labels are one: GitHub does not tell capital letters apart.
pub(crate) fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn has(labels: &[String], label: &str) -> bool {
    labels.iter().any(|own| same(own, label))
}

/// The status of an issue in `state` with these labels.
pub(crate) fn status(state: &str, labels: &[String], settings: &Settings) -> &'static str {
    let closed = state == "closed";
    let said = STATUSES.iter().copied().find(|status| {
        let is_closed = matches!(*status, "solved" | "closed");
        is_closed == closed && settings.statuses.get(*status).is_some_and(|label| has(labels, label))
    });
    said.unwrap_or(if closed { "closed" } else { "open" })
}

/// The priority of an issue: the highest that a label says.
pub(crate) fn priority(labels: &[String], settings: &Settings) -> &'static str {
    let said = PRIORITIES
        .iter()
        .copied()
        .find(|priority| settings.priorities.get(*priority).is_some_and(|label| has(labels, label)));
    said.unwrap_or("normal")
}

/// What the labels say in one of the settings' tables.
pub(crate) fn word(labels: &[String], table: &Labels) -> Option<String> {
    table.iter().find(|(_, label)| has(labels, label)).map(|(word, _)| word.clone())
}

/// Whether a label belongs to a table.
pub(crate) fn belongs(label: &str, table: &Labels) -> bool {
    table.values().any(|own| same(own, label))
}
