//! Actions as calls of Zammad's REST API.

use deskbell::prelude::*;
use serde_json::Map;

use crate::answers::{Reason, follow};
use crate::reply;
use crate::settings::{Id, Settings};
use crate::words::{priority_name, state};

/// Unassigned is a user of its own in Zammad.
const NOBODY: u64 = 1;

type Plan = std::result::Result<Vec<Request>, Reason>;

/// How an action is carried out, given the answers so far. `now` is when the action was made.
pub(crate) fn render(action: &Action, so_far: &[Exchange], settings: &Settings, now: Instant) -> Result<RenderStep> {
    let ticket = ticket_id(action)?;
    let plan = match action.kind.as_str() {
        "ticket.update" => update(action, ticket, settings, now)?,
        "ticket.tag" => Ok(tag(action, ticket, settings)?),
        "ticket.reply" => return reply::render(action, ticket, so_far, settings),
        "ticket.note" => Ok(vec![reply::note(action, ticket, settings)?]),
        "ticket.escalate" => escalate(action, ticket, so_far, settings)?,
        kind => Err(format!("the Zammad connector does not know {kind}")),
    };
    match plan {
        Ok(plan) => follow(plan, so_far),
        Err(reason) => Ok(RenderStep::Impossible(reason)),
    }
}

/// The ticket's id (not its number), checked, since it becomes part of a URL.
pub(crate) fn ticket_id(action: &Action) -> Result<u64> {
    let id = action.subject()?;
    id.parse().map_err(|_| Error::fail(format!("'{id}' is no ticket of Zammad's, whose ids are numbers")))
}

/// A request with the credentials.
pub(crate) fn authorized(request: Request) -> Request {
    request.header("authorization", "Token token={{secret:token}}")
}

fn put_ticket(ticket: u64, fields: Map<String, Value>, settings: &Settings) -> Result<Request> {
    let url = settings.url(&format!("tickets/{ticket}"))?;
    Ok(authorized(Request::put(url).json(&Value::Object(fields)).idempotent()))
}

fn update(action: &Action, ticket: u64, settings: &Settings, now: Instant) -> Result<Plan> {
    let mut fields = Map::new();
    for (member, value) in action.data.as_object().into_iter().flatten() {
        if let Err(reason) = set(member, value, &mut fields, settings, now) {
            return Ok(Err(reason));
        }
    }
    Ok(Ok(vec![put_ticket(ticket, fields, settings)?]))
}

fn set(
    member: &str,
    value: &Value,
    fields: &mut Map<String, Value>,
    settings: &Settings,
    now: Instant,
) -> std::result::Result<(), Reason> {
    let word = value.as_str();
    match member {
        "status" => {
            let status = word.unwrap_or_default();
            let state = state(status, settings)
                .ok_or_else(|| format!("Zammad has no state for {status}; name one in settings.states, such as states = {{ {status} = \"pending reminder\" }}"))?;
            if state.to_lowercase().starts_with("pending") {
                // Zammad takes no pending state without the time at which it ends.
                let until = now.plus_seconds(i64::from(settings.pending_days) * 86_400);
                fields.insert("pending_time".to_owned(), Value::from(until.to_rfc3339()));
            }
            fields.insert("state".to_owned(), Value::from(state));
        }
        "priority" => {
            let priority = word.unwrap_or_default();
            let name = priority_name(priority, settings)
                .ok_or_else(|| format!("Zammad has no priority for {priority}; name one in settings.priorities, such as priorities = {{ {priority} = \"3 high\" }}"))?;
            fields.insert("priority".to_owned(), Value::from(name));
        }
        "group" => {
            let group = word.ok_or("Zammad's tickets always have a group, so it cannot be cleared")?;
            fields.insert("group".to_owned(), group_name(group, settings));
        }
        "assignee" => {
            let (field, owner) = word.map_or(("owner_id", Value::from(NOBODY)), |name| owner(name, settings));
            fields.insert(field.to_owned(), owner);
        }
        "category" | "language" => {
            let field = if member == "category" { &settings.category_field } else { &settings.language_field };
            let field = field.clone().ok_or_else(|| {
                format!("Zammad's tickets have no {member}; name an attribute for it in settings.{member}_field")
            })?;
            fields.insert(field, value.clone());
        }
        "type" => {
            fields.insert("type".to_owned(), value.clone());
        }
        "custom" => {
            for (name, value) in value.as_object().into_iter().flatten() {
                if !settings.custom_fields.contains(name) {
                    return Err(format!(
                        "'{name}' is not among settings.custom_fields, the ticket attributes that may be set"
                    ));
                }
                fields.insert(name.clone(), value.clone());
            }
        }
        other => return Err(format!("the Zammad connector cannot set '{other}'")),
    }
    Ok(())
}

fn group_name(group: &str, settings: &Settings) -> Value {
    Value::from(settings.groups.get(group).map_or(group, String::as_str))
}

/// By id where it is a number, else by login, which Zammad takes as a name.
fn owner(name: &str, settings: &Settings) -> (&'static str, Value) {
    let id = settings.agents.get(name).map_or(name, |Id(id)| id.as_str());
    match id.parse::<u64>() {
        Ok(id) => ("owner_id", Value::from(id)),
        Err(_) => ("owner", Value::from(id)),
    }
}

fn tag(action: &Action, ticket: u64, settings: &Settings) -> Result<Vec<Request>> {
    let words = |member: &str| {
        action.data.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    };
    let added = words("add").map(|tag| tag_request("POST", "tags/add", tag, ticket, settings));
    added.chain(words("remove").map(|tag| tag_request("DELETE", "tags/remove", tag, ticket, settings))).collect()
}

/// Adding a tag that is there, or removing one that is not, changes nothing.
fn tag_request(method: &str, path: &str, tag: &str, ticket: u64, settings: &Settings) -> Result<Request> {
    let body = json!({ "object": "Ticket", "o_id": ticket, "item": tag });
    Ok(authorized(Request::new(method, settings.url(path)?).json(&body).idempotent()))
}

/// A higher tier is a group and tags: Zammad knows no tiers of its own. A ticket gets the tags only when it is in the group.
fn escalate(action: &Action, ticket: u64, so_far: &[Exchange], settings: &Settings) -> Result<Plan> {
    let mut plan = Vec::new();
    if let Some(group) = action.data.get("group").and_then(Value::as_str) {
        plan.push(put_ticket(ticket, Map::from_iter([("group".to_owned(), group_name(group, settings))]), settings)?);
        if so_far.is_empty() {
            return Ok(Ok(plan));
        }
    }
    let tag = settings.escalation_tag.as_str();
    if !tag.is_empty() {
        plan.push(tag_request("POST", "tags/add", tag, ticket, settings)?);
        if let Some(tier) = action.data.get("tier").and_then(Value::as_u64) {
            plan.push(tag_request("POST", "tags/add", &format!("{tag}_tier_{tier}"), ticket, settings)?);
        }
    }
    if plan.is_empty() {
        return Ok(Err("an escalation without a group needs settings.escalation_tag in Zammad".to_owned()));
    }
    Ok(Ok(plan))
}
