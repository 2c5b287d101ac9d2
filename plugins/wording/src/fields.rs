//! Conditions on a ticket's fields, as operators write them.
//!
//! A field is compared with one value or a list of values, whatever their case. `""` stands for "has no value", `"*"`
//! for "has a value". Numbers and truth values of custom fields are compared by how they are written.

use deskbell::prelude::*;
use serde_json::{Map, Value};

/// The names that a condition may use, besides `custom.NAME`.
const NAMES: &[&str] = &[
    "source",
    "channel",
    "type",
    "category",
    "group",
    "assignee",
    "priority",
    "status",
    "tags",
    "requester",
    "organization",
    "email",
    "email_domain",
];

/// One field and the values that it may have.
#[derive(Debug, PartialEq)]
pub struct Field {
    name: String,
    accepted: Vec<String>,
}

/// Reads the conditions of a table; the error names the member at fault.
pub fn read(table: &Map<String, Value>) -> Result<Vec<Field>, String> {
    let mut fields = Vec::new();
    for (name, value) in table {
        if name == "custom" {
            let custom = value.as_object().ok_or("`custom` must be a table of field names and values")?;
            for (name, value) in custom {
                fields.push(Field::read(&format!("custom.{name}"), value)?);
            }
        } else {
            fields.push(Field::read(name, value)?);
        }
    }
    Ok(fields)
}

impl Field {
    fn read(name: &str, value: &Value) -> Result<Self, String> {
        let is_custom = name.strip_prefix("custom.").is_some_and(|name| !name.is_empty());
        if !is_custom && !NAMES.contains(&name) {
            return Err(format!("`{name}` is no field of a ticket; known are {} and custom.NAME", NAMES.join(", ")));
        }
        let accepted = values(value).ok_or_else(|| format!("`{name}` must be a text or a list of texts"))?;
        if accepted.is_empty() {
            return Err(format!("`{name}` lists no value, so nothing could ever match"));
        }
        Ok(Self { name: name.to_owned(), accepted: accepted.iter().map(|value| value.to_lowercase()).collect() })
    }

    /// What of the ticket matched, in words; none where nothing did.
    pub fn matched(&self, ticket: &Ticket) -> Option<String> {
        let present = present(ticket, &self.name);
        if present.is_empty() {
            return self.accepts("").then(|| format!("no {}", self.name));
        }
        let found = present.iter().find(|value| self.accepts(&value.to_lowercase()) || self.accepts("*"))?;
        let shown: String = found.chars().take(80).collect();
        Some(format!("{} is {shown}", self.name))
    }

    fn accepts(&self, value: &str) -> bool {
        self.accepted.iter().any(|accepted| match self.name.as_str() {
            "email_domain" if !value.is_empty() => is_within(value, accepted),
            _ => accepted == value,
        })
    }
}

/// Whether `domain` is `zone` or lies below it.
fn is_within(domain: &str, zone: &str) -> bool {
    let zone = zone.trim_start_matches(['@', '.']);
    !zone.is_empty() && domain.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A text, number or truth value, or a list of them, as texts.
pub fn values(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(items) => items.iter().map(plain).collect(),
        single => plain(single).map(|text| vec![text]),
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The values that the ticket has in a field.
fn present(ticket: &Ticket, name: &str) -> Vec<String> {
    let requester = &ticket.requester;
    let single = match name {
        "source" => Some(&ticket.source),
        "channel" => Some(&ticket.channel),
        "type" => ticket.kind.as_ref(),
        "category" => ticket.category.as_ref(),
        "group" => ticket.group.as_ref(),
        "assignee" => ticket.assignee.as_ref(),
        "priority" => Some(&ticket.priority),
        "status" => Some(&ticket.status),
        "organization" => requester.organization.as_ref(),
        "email" => requester.email.as_ref(),
        "email_domain" => {
            let domain = requester.email.as_deref().and_then(|email| email.rsplit_once('@'));
            return domain
                .map(|(_, domain)| domain.to_owned())
                .into_iter()
                .filter(|domain| !domain.is_empty())
                .collect();
        }
        "requester" => {
            let names = [Some(&requester.id), requester.email.as_ref()];
            return names.into_iter().flatten().filter(|name| !name.is_empty()).cloned().collect();
        }
        "tags" => return ticket.tags.clone(),
        custom => {
            let value = custom.strip_prefix("custom.").and_then(|name| ticket.custom.get(name));
            let list = value.map(|value| match value {
                Value::Array(items) => items.iter().filter_map(plain).collect(),
                single => plain(single).into_iter().collect::<Vec<_>>(),
            });
            return list.unwrap_or_default().into_iter().filter(|text| !text.is_empty()).collect();
        }
    };
    single.into_iter().filter(|value| !value.is_empty()).cloned().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ticket() -> Ticket {
        Ticket {
            source: "support".into(),
            channel: "email".into(),
            priority: "high".into(),
            status: "new".into(),
            tags: vec!["VIP".into(), "beta".into()],
            requester: Requester {
                id: "c-7".into(),
                email: Some("Ann@Mail.Example.com".into()),
                organization: Some("Acme".into()),
                ..Requester::default()
            },
            custom: [
                ("seats".to_owned(), json!(40)),
                ("areas".to_owned(), json!(["tax", null, "Law"])),
                ("empty".to_owned(), Value::Null),
                ("trial".to_owned(), json!(true)),
            ]
            .into(),
            ..Ticket::default()
        }
    }

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "short cases")]
    fn check(condition: Value, expected: Option<&str>) {
        let fields = read(condition.as_object().unwrap()).unwrap();
        assert_eq!(fields[0].matched(&ticket()).as_deref(), expected, "{condition}");
    }

    #[test]
    fn fields_match_whatever_their_case() {
        check(json!({ "channel": "Email" }), Some("channel is email"));
        check(json!({ "channel": ["web", "chat"] }), None);
        check(json!({ "tags": "vip" }), Some("tags is VIP"));
        check(json!({ "requester": ["c-8", "ann@mail.example.com"] }), Some("requester is Ann@Mail.Example.com"));
        check(json!({ "organization": "acme" }), Some("organization is Acme"));
    }

    #[test]
    fn domains_match_with_what_lies_below_them() {
        check(json!({ "email_domain": "example.com" }), Some("email_domain is Mail.Example.com"));
        check(json!({ "email_domain": "ample.com" }), None);
        check(json!({ "email_domain": "@mail.example.com" }), Some("email_domain is Mail.Example.com"));
    }

    #[test]
    fn custom_fields_of_any_type_are_compared_as_written() {
        check(json!({ "custom": { "seats": 40 } }), Some("custom.seats is 40"));
        check(json!({ "custom.seats": "40" }), Some("custom.seats is 40"));
        check(json!({ "custom.areas": ["law"] }), Some("custom.areas is Law"));
        check(json!({ "custom.trial": true }), Some("custom.trial is true"));
        check(json!({ "custom.empty": "x" }), None);
    }

    #[test]
    fn the_empty_text_stands_for_no_value_and_the_star_for_any() {
        check(json!({ "group": "" }), Some("no group"));
        check(json!({ "custom.empty": "" }), Some("no custom.empty"));
        check(json!({ "tags": "" }), None);
        check(json!({ "channel": "*" }), Some("channel is email"));
        check(json!({ "group": "*" }), None);
    }

    #[test]
    fn a_bad_condition_names_its_member() {
        for (condition, expected) in [
            (json!({ "chanel": "email" }), "`chanel` is no field"),
            (json!({ "channel": [] }), "`channel` lists no value"),
            (json!({ "channel": { "is": "email" } }), "`channel` must be a text"),
            (json!({ "custom.": "x" }), "`custom.` is no field"),
            (json!({ "custom": "x" }), "`custom` must be a table"),
        ] {
            let error = read(condition.as_object().unwrap()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
