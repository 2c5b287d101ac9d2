//! The ticket that an event webhook shows in `detail`, and the people around it.

use deskbell::prelude::*;

use crate::reading::{body, tags, text};
use crate::settings::Settings;
use crate::words::{channel, priority, slug, status};

/// The canonical ticket of a `detail` object.
pub(crate) fn ticket(detail: &Value, settings: &Settings, cx: &Context<'_>) -> Value {
    let description = body(detail.get("description"));
    let subject = text(detail.get("subject")).unwrap_or_else(|| first_line(&description));
    let mut ticket = json!({
        "subject": subject,
        "channel": channel(text(detail.pointer("/via/channel")).as_deref()),
        "status": status(&text(detail.get("status")).unwrap_or_else(|| "new".to_owned()), settings, cx),
        "priority": priority(text(detail.get("priority")).as_deref(), settings, cx),
        "tags": tags(detail.get("tags")),
        "requester": requester(detail),
    });
    put(&mut ticket, "description", (!description.is_empty()).then_some(description));
    put(&mut ticket, "type", text(detail.get("type")).map(|word| slug(&word)));
    put(&mut ticket, "group", reference(detail.get("group_id")).map(|id| settings.groups.name_of(id)));
    put(&mut ticket, "assignee", reference(detail.get("assignee_id")).map(|id| settings.agents.name_of(id)));
    ticket
}

/// Adds a member, where there is something to add.
pub(crate) fn put(object: &mut Value, member: &str, value: Option<String>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(member.to_owned(), Value::from(value));
    }
}

/// The id of something else; "0" stands for nothing.
pub(crate) fn reference(value: Option<&Value>) -> Option<String> {
    text(value).filter(|id| id != "0")
}

fn requester(detail: &Value) -> Value {
    let id = reference(detail.get("requester_id")).or_else(|| reference(detail.get("submitter_id")));
    let mut requester = json!({ "id": id.unwrap_or_default() });
    put(&mut requester, "organization", reference(detail.get("organization_id")));
    requester
}

/// The first line, cut to a readable length: what Zendesk shows where a ticket has no subject.
pub(crate) fn first_line(text: &str) -> String {
    text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().chars().take(80).collect()
}

/// Who did what an event webhook tells. Zendesk names only the id; who is not the requester, a program or Zendesk itself
/// is an agent.
pub(crate) fn actor(message: &Value, settings: &Settings) -> Value {
    let detail = message.get("detail").unwrap_or(&Value::Null);
    let id = text(message.pointer("/event/actor_id"))
        .or_else(|| text(detail.get("actor_id")))
        .unwrap_or_else(|| "system".to_owned());
    let role = if settings.is_bot(&id) {
        "bot"
    } else if id == "system" || id.starts_with('-') {
        "system"
    } else if reference(detail.get("requester_id")).as_ref() == Some(&id) {
        "customer"
    } else {
        "agent"
    };
    json!({ "id": if role == "agent" { settings.agents.name_of(id) } else { id }, "role": role })
}
