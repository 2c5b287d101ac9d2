//! Actions as calls of the Support API.

use deskbell::prelude::*;
use serde_json::Map;

use crate::answers::{Reason, follow};
use crate::settings::{Settings, number_or_text};
use crate::words::zendesk_status;

/// Where an update carries the action's key: Zendesk keeps it with the audit of the update, where `probe` finds it.
pub(crate) const KEY: &str = "deskbell_key";

const TYPES: &[&str] = &["problem", "incident", "question", "task"];

/// How an action is carried out, given the answers so far.
pub(crate) fn render(action: &Action, so_far: &[Exchange], settings: &Settings) -> Result<RenderStep> {
    let ticket = ticket_id(action)?;
    let plan = match action.kind.as_str() {
        "ticket.update" => update(action, ticket, settings)?,
        "ticket.tag" => tag(action, ticket, settings)?,
        "ticket.reply" => comment(action, ticket, true, settings)?,
        "ticket.note" => comment(action, ticket, false, settings)?,
        "ticket.escalate" => escalate(action, ticket, settings)?,
        kind => Err(format!("the Zendesk connector does not know {kind}")),
    };
    match plan {
        Ok(plan) => follow(plan, so_far),
        Err(reason) => Ok(RenderStep::Impossible(reason)),
    }
}

/// The ticket's number, checked, since it becomes part of a URL.
pub(crate) fn ticket_id(action: &Action) -> Result<&str> {
    let id = action.subject()?;
    if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(id);
    }
    Err(Error::fail(format!("'{id}' is no ticket of Zendesk's, whose ids are numbers")))
}

/// A request with the credentials that the settings name.
pub(crate) fn authorized(request: Request, settings: &Settings) -> Request {
    match &settings.user {
        Some(user) => request.basic(format!("{user}/token"), "token"),
        None => request.bearer("token"),
    }
}

type Plan = std::result::Result<Vec<Request>, Reason>;

fn put_ticket(ticket: &str, mut fields: Map<String, Value>, key: &str, settings: &Settings) -> Result<Request> {
    fields.insert("metadata".to_owned(), json!({ KEY: key }));
    let url = settings.url(&format!("tickets/{ticket}"))?;
    Ok(authorized(Request::put(url).json(&json!({ "ticket": fields })), settings))
}

fn update(action: &Action, ticket: &str, settings: &Settings) -> Result<Plan> {
    let mut fields = Map::new();
    let mut custom = Vec::new();
    for (member, value) in action.data.as_object().into_iter().flatten() {
        if let Err(reason) = set(member, value, &mut fields, &mut custom, settings) {
            return Ok(Err(reason));
        }
    }
    if !custom.is_empty() {
        fields.insert("custom_fields".to_owned(), Value::from(custom));
    }
    Ok(Ok(vec![put_ticket(ticket, fields, &action.key, settings)?.idempotent()]))
}

fn set(
    member: &str,
    value: &Value,
    fields: &mut Map<String, Value>,
    custom: &mut Vec<Value>,
    settings: &Settings,
) -> std::result::Result<(), Reason> {
    let word = value.as_str();
    let field = match member {
        "status" => ("status", word.map_or(Value::Null, |word| Value::from(zendesk_status(word)))),
        "priority" => ("priority", value.clone()),
        "type" => match word {
            Some(word) if !TYPES.contains(&word) => {
                return Err(format!("Zendesk has no ticket type '{word}', only problem, incident, question and task"));
            }
            _ => ("type", value.clone()),
        },
        "group" => ("group_id", group(word, settings)?),
        "assignee" => match word {
            Some(mail) if mail.contains('@') && settings.agents.id_of(mail).is_none() => {
                ("assignee_email", mail.into())
            }
            Some(name) => ("assignee_id", settings.agents.id_of(name).ok_or_else(|| missing("agents", name))?),
            None => ("assignee_id", Value::Null),
        },
        "category" | "language" => {
            let id = if member == "category" { &settings.category_field } else { &settings.language_field };
            let id = id.as_ref().ok_or_else(|| {
                format!("Zendesk tickets have no {member}; name a ticket field for it in settings.{member}_field")
            })?;
            custom.push(json!({ "id": id.as_json(), "value": value }));
            return Ok(());
        }
        "custom" => {
            for (name, value) in value.as_object().into_iter().flatten() {
                if name == "custom_status" {
                    let id = value.as_str().map_or_else(|| value.clone(), number_or_text);
                    fields.insert("custom_status_id".to_owned(), id);
                    continue;
                }
                let id = settings.custom_fields.id_of(name).ok_or_else(|| missing("custom_fields", name))?;
                custom.push(json!({ "id": id, "value": value }));
            }
            return Ok(());
        }
        other => return Err(format!("the Zendesk connector cannot set '{other}'")),
    };
    fields.insert(field.0.to_owned(), field.1);
    Ok(())
}

fn group(name: Option<&str>, settings: &Settings) -> std::result::Result<Value, Reason> {
    name.map_or(Ok(Value::Null), |name| settings.groups.id_of(name).ok_or_else(|| missing("groups", name)))
}

fn missing(table: &str, name: &str) -> Reason {
    format!("no id is known for '{name}'; add it to settings.{table}, such as {table} = {{ \"{name}\" = 360000123 }}")
}

fn tag(action: &Action, ticket: &str, settings: &Settings) -> Result<Plan> {
    let words = |member: &str| -> Vec<&str> {
        action.data.get(member).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut plan = Vec::new();
    let (added, removed) = (words("add"), words("remove"));
    if !added.is_empty() {
        plan.push(tags_request("PUT", ticket, &added, settings)?);
    }
    if !removed.is_empty() {
        plan.push(tags_request("DELETE", ticket, &removed, settings)?);
    }
    Ok(Ok(plan))
}

/// PUT adds, DELETE removes; a POST would replace the list.
fn tags_request(method: &str, ticket: &str, tags: &[&str], settings: &Settings) -> Result<Request> {
    let url = settings.url(&format!("tickets/{ticket}/tags"))?;
    Ok(authorized(Request::new(method, url).json(&json!({ "tags": tags })).idempotent(), settings))
}

fn comment(action: &Action, ticket: &str, public: bool, settings: &Settings) -> Result<Plan> {
    let mut fields = Map::new();
    fields.insert("comment".to_owned(), json!({ "body": action.text("body")?, "public": public }));
    Ok(Ok(vec![put_ticket(ticket, fields, &action.key, settings)?]))
}

/// A higher tier is a group and tags: Zendesk knows no tiers of its own.
fn escalate(action: &Action, ticket: &str, settings: &Settings) -> Result<Plan> {
    let mut plan = Vec::new();
    if let Some(name) = action.data.get("group").and_then(Value::as_str) {
        let group = match group(Some(name), settings) {
            Ok(group) => group,
            Err(reason) => return Ok(Err(reason)),
        };
        let fields = Map::from_iter([("group_id".to_owned(), group)]);
        plan.push(put_ticket(ticket, fields, &action.key, settings)?.idempotent());
    }
    let tag = settings.escalation_tag.as_str();
    if !tag.is_empty() {
        let tier = action.data.get("tier").and_then(Value::as_u64).map(|tier| format!("{tag}_tier_{tier}"));
        let tags: Vec<&str> = std::iter::once(tag).chain(tier.as_deref()).collect();
        plan.push(tags_request("PUT", ticket, &tags, settings)?);
    }
    if plan.is_empty() {
        return Ok(Err("an escalation without a group needs settings.escalation_tag in Zendesk".to_owned()));
    }
    Ok(Ok(plan))
}
