//! Webhooks of the kind `issues`: what was done to an issue, with the issue as it is then.

use deskbell::prelude::*;

use crate::issue::{assignees, kind, milestone, ticket};
use crate::labels::{belongs, priority, status, word};
use crate::parse::Change;
use crate::people::{login, sender};
use crate::reading::{each, text, time};

/// The canonical event of an action.
pub(crate) fn parse(action: &str, change: &Change<'_>) -> Parsed {
    match action {
        "opened" => created(change),
        "edited" => edited(change),
        "labeled" | "unlabeled" | "label_updated" | "label_cleared" => labeled(change),
        "assigned" => updated(change, &[("assignee", assigned(change))]),
        "unassigned" => updated(change, &[("assignee", unassigned(change))]),
        "closed" | "reopened" => turned(change),
        "milestoned" | "demilestoned" => updated(change, &[("custom.milestone", milestone(change.issue).into())]),
        "typed" | "untyped" => {
            let labels = each(change.issue.get("labels"), "name");
            updated(change, &[("type", kind(change.issue, &labels, change.settings).into())])
        }
        "transferred" => transferred(change),
        // The issue's own times do not tell when it was deleted.
        "deleted" => change.event("deskbell.ticket.deleted", change.received_at, json!({ "actor": actor(change) })),
        other => Parsed::ignored(format!("issues.{other} changes nothing that Deskbell keeps")),
    }
}

fn actor(change: &Change<'_>) -> Value {
    sender(change.body, change.issue, change.settings)
}

/// When the issue last changed.
fn changed_at(change: &Change<'_>) -> Instant {
    time(change.issue.get("updated_at")).unwrap_or(change.received_at)
}

fn created(change: &Change<'_>) -> Parsed {
    let at = time(change.issue.get("created_at")).unwrap_or(change.received_at);
    let mut ticket = ticket(change.issue, change.settings);
    if let Some(status) = ticket.get_mut("status").filter(|status| *status == "open") {
        *status = Value::from("new");
    }
    change.event("deskbell.ticket.created", at, json!({ "ticket": ticket, "actor": actor(change) }))
}

fn updated(change: &Change<'_>, fields: &[(&str, Value)]) -> Parsed {
    let changes: serde_json::Map<String, Value> =
        fields.iter().map(|(field, to)| ((*field).to_owned(), json!({ "to": to }))).collect();
    change.event("deskbell.ticket.updated", changed_at(change), json!({ "changes": changes, "actor": actor(change) }))
}

/// An edit says which texts it changed; where it says nothing, the issue is shown whole.
fn edited(change: &Change<'_>) -> Parsed {
    let changes = change.body.get("changes").and_then(Value::as_object);
    let title = changes.and_then(|changes| changes.get("title"));
    if title.is_some() {
        return updated(change, &[("subject", change.issue.get("title").cloned().unwrap_or_default())]);
    }
    if changes.is_some_and(|changes| !changes.is_empty()) {
        return Parsed::ignored("issues.edited changes only the description, which Deskbell keeps as it was");
    }
    let data = json!({ "ticket": ticket(change.issue, change.settings), "actor": actor(change) });
    change.event("deskbell.ticket.snapshot", changed_at(change), data)
}

/// The whole list of labels, and what the label that came or went stands for.
fn labeled(change: &Change<'_>) -> Parsed {
    let (issue, settings) = (change.issue, change.settings);
    let labels = each(issue.get("labels"), "name");
    let label = text(change.body.pointer("/label/name"));
    // Without the one label, as in Gitea's bodies, any of them may have changed.
    let concerns = |table| label.as_deref().is_none_or(|label| belongs(label, table));
    let mut fields = Vec::new();
    if concerns(&settings.priorities) {
        fields.push(("priority", Value::from(priority(&labels, settings))));
    }
    if concerns(&settings.statuses) {
        let state = text(issue.get("state")).unwrap_or_default();
        fields.push(("status", Value::from(status(&state, &labels, settings))));
    }
    for (field, table) in [
        ("type", &settings.types),
        ("category", &settings.categories),
        ("language", &settings.languages),
        ("group", &settings.groups),
    ] {
        if !table.is_empty() && concerns(table) {
            fields.push((field, word(&labels, table).into()));
        }
    }
    fields.push(("tags", Value::from(labels)));
    updated(change, &fields)
}

fn assigned(change: &Change<'_>) -> Value {
    assignees(change.issue).into_iter().next().or_else(|| text(change.body.pointer("/assignee/login"))).into()
}

/// Whoever is left; the one who went may still be in the list.
fn unassigned(change: &Change<'_>) -> Value {
    let gone = change.body.get("assignee").map(|user| login(Some(user)));
    assignees(change.issue).into_iter().find(|login| Some(login) != gone.as_ref()).into()
}

fn turned(change: &Change<'_>) -> Parsed {
    let state = text(change.issue.get("state")).unwrap_or_default();
    let labels = each(change.issue.get("labels"), "name");
    updated(change, &[("status", Value::from(status(&state, &labels, change.settings)))])
}

/// An issue that moves to another repository lives on as another ticket.
fn transferred(change: &Change<'_>) -> Parsed {
    let repository = text(change.body.pointer("/changes/new_repository/full_name"));
    let number = text(change.body.pointer("/changes/new_issue/number"));
    match (repository, number) {
        (Some(repository), Some(number)) => {
            let data = json!({ "into": format!("{repository}#{number}"), "actor": actor(change) });
            change.event("deskbell.ticket.merged", changed_at(change), data)
        }
        _ => Parsed::ignored("issues.transferred does not say where to"),
    }
}
