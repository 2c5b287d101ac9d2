//! The issue that a body shows, as a ticket.

use deskbell::prelude::*;

use crate::labels::{priority, status, word};
use crate::people::login;
use crate::reading::{each, put, text};
use crate::settings::Settings;

/// The ticket's id: `owner/repository#number`.
pub(crate) fn ticket_id(body: &Value) -> Option<String> {
    let repository = text(body.pointer("/repository/full_name"))?;
    let number = text(body.pointer("/issue/number"))?;
    Some(format!("{repository}#{number}"))
}

/// The canonical ticket.
pub(crate) fn ticket(issue: &Value, settings: &Settings) -> Value {
    let labels = each(issue.get("labels"), "name");
    let state = text(issue.get("state")).unwrap_or_default();
    let mut custom = json!({});
    put(&mut custom, "milestone", milestone(issue));
    put(&mut custom, "url", text(issue.get("html_url")));
    let mut ticket = json!({
        "subject": text(issue.get("title")).unwrap_or_default(),
        "channel": settings.channel,
        "status": status(&state, &labels, settings),
        "priority": priority(&labels, settings),
        "requester": requester(issue),
        "custom": custom,
    });
    put(&mut ticket, "description", text(issue.get("body")));
    put(&mut ticket, "type", kind(issue, &labels, settings));
    put(&mut ticket, "category", word(&labels, &settings.categories));
    put(&mut ticket, "language", word(&labels, &settings.languages));
    put(&mut ticket, "group", word(&labels, &settings.groups));
    put(&mut ticket, "assignee", assignees(issue).into_iter().next());
    if let Some(ticket) = ticket.as_object_mut() {
        ticket.insert("tags".to_owned(), Value::from(labels));
    }
    ticket
}

/// The type: what a label says, else the issue type, which organizations can have.
pub(crate) fn kind(issue: &Value, labels: &[String], settings: &Settings) -> Option<String> {
    word(labels, &settings.types).or_else(|| text(issue.pointer("/type/name")))
}

/// The title of the milestone.
pub(crate) fn milestone(issue: &Value) -> Option<String> {
    text(issue.pointer("/milestone/title"))
}

/// The logins of those who have the issue, the first one first.
pub(crate) fn assignees(issue: &Value) -> Vec<String> {
    let mut assignees = each(issue.get("assignees"), "login");
    if let Some(first) = text(issue.pointer("/assignee/login")) {
        assignees.retain(|login| *login != first);
        assignees.insert(0, first);
    }
    assignees
}

fn requester(issue: &Value) -> Value {
    let user = issue.get("user");
    let mut requester = json!({ "id": login(user) });
    let member = |name: &str| user.and_then(|user| text(user.get(name)));
    put(&mut requester, "name", member("name").or_else(|| member("full_name")));
    put(&mut requester, "email", member("email"));
    requester
}
