//! The ticket that a webhook shows, whole, as it was when the webhook's job ran.

use deskbell::prelude::*;
use serde_json::Map;

use crate::people::{owner, requester};
use crate::reading::{name, put, text};
use crate::settings::Settings;
use crate::words::{channel, priority, status};

/// The canonical ticket, without its description, which is its first article.
pub(crate) fn ticket(stated: &Value, settings: &Settings, cx: &Context<'_>) -> Value {
    let state = name(stated.get("state"));
    let mut ticket = json!({
        "subject": text(stated.get("title")).unwrap_or_default(),
        "channel": text(stated.get("create_article_type")).and_then(|kind| channel(&kind)).unwrap_or_else(|| "web".to_owned()),
        "status": state.map_or("open", |state| status(&state, settings, cx)),
        "priority": priority(name(stated.get("priority")).as_deref(), settings, cx),
        "tags": tags(stated.get("tags")),
        "requester": requester(stated),
        "custom": custom(stated, settings),
    });
    put(&mut ticket, "type", text(stated.get("type")));
    put(&mut ticket, "group", name(stated.get("group")).map(|group| settings.group(group)));
    put(&mut ticket, "assignee", owner(stated, settings));
    put(&mut ticket, "category", attribute(stated, settings.category_field.as_deref()));
    put(&mut ticket, "language", attribute(stated, settings.language_field.as_deref()));
    ticket
}

fn attribute(stated: &Value, field: Option<&str>) -> Option<String> {
    name(stated.get(field?))
}

/// Zammad's default body has no tags; one of the admin's own may have them, as a list or with commas between them.
fn tags(stated: Option<&Value>) -> Vec<String> {
    match stated {
        Some(Value::Array(tags)) => tags.iter().filter_map(|tag| text(Some(tag))).collect(),
        Some(Value::String(tags)) => {
            tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn custom(stated: &Value, settings: &Settings) -> Map<String, Value> {
    let named = settings.custom_fields.iter().filter_map(|field| {
        let value = stated.get(field).filter(|value| !value.is_null())?;
        Some((field.clone(), value.clone()))
    });
    named.collect()
}
