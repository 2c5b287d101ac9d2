//! The fields of a ticket by their names, as changes of the specification name them.

use deskbell_model::ticket::{Fields, Priority, Status};
use serde_json::{Map, Value, json};

use super::desk::Refused;

/// `wanted`, with each custom field under a name of its own.
pub(super) fn flattened(wanted: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut flat = Vec::with_capacity(wanted.len());
    for (name, value) in wanted {
        match (name.as_str(), value) {
            ("custom", Value::Object(custom)) => {
                let named = |(name, value): (&String, &Value)| (format!("custom.{name}"), value.clone());
                flat.extend(custom.iter().map(named));
            }
            _ => flat.push((name.clone(), value.clone())),
        }
    }
    flat
}

/// What a field holds; null where it is empty or unknown.
pub(super) fn value_of(fields: &Fields, name: &str) -> Value {
    match name {
        "subject" => json!(fields.subject),
        "status" => json!(fields.status),
        "priority" => json!(fields.priority),
        "group" => json!(fields.group),
        "assignee" => json!(fields.assignee),
        "category" => json!(fields.category),
        "type" => json!(fields.kind),
        "language" => json!(fields.language),
        "tags" => json!(fields.tags),
        _ => {
            let custom = name.strip_prefix("custom.").and_then(|name| fields.custom.get(name));
            custom.cloned().unwrap_or_default()
        }
    }
}

/// Sets a field, or says why it cannot have this value.
pub(super) fn set(fields: &mut Fields, name: &str, to: &Value) -> Result<(), Refused> {
    match name {
        "subject" => fields.subject = word(name, to)?,
        "status" => {
            fields.status = Status::parse(&word(name, to)?).ok_or_else(|| wrong(name, "is no status"))?;
        }
        "priority" => {
            fields.priority = Priority::parse(&word(name, to)?).ok_or_else(|| wrong(name, "is no priority"))?;
        }
        "group" => fields.group = word_or_none(name, to)?,
        "assignee" => fields.assignee = word_or_none(name, to)?,
        "category" => fields.category = word_or_none(name, to)?,
        "type" => fields.kind = word_or_none(name, to)?,
        "language" => fields.language = word_or_none(name, to)?,
        "tags" => fields.tags = words(name, to)?,
        _ => match name.strip_prefix("custom.").filter(|name| !name.is_empty()) {
            Some(name) if to.is_null() => drop(fields.custom.remove(name)),
            Some(name) => drop(fields.custom.insert(name.to_owned(), to.clone())),
            None => return Err(wrong(name, "is no field of a ticket")),
        },
    }
    Ok(())
}

/// The texts of a list.
pub(super) fn words(name: &str, value: &Value) -> Result<Vec<String>, Refused> {
    let list = value.as_array().ok_or_else(|| wrong(name, "must be a list of texts"))?;
    list.iter().map(|item| word(name, item)).collect()
}

fn word(name: &str, value: &Value) -> Result<String, Refused> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(name, "must be a text"))
}

fn word_or_none(name: &str, value: &Value) -> Result<Option<String>, Refused> {
    if value.is_null() { Ok(None) } else { word(name, value).map(Some) }
}

fn wrong(name: &str, problem: &'static str) -> Refused {
    Refused::Field { name: name.chars().take(64).collect(), problem }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_holds_what_it_was_set_to() {
        for (name, value) in [
            ("status", json!("on_hold")),
            ("priority", json!("urgent")),
            ("group", json!("billing")),
            ("assignee", Value::Null),
            ("type", json!("incident")),
            ("tags", json!(["a", "b"])),
            ("custom.order", json!(17)),
            ("custom.order", Value::Null),
        ] {
            let mut fields = Fields::default();
            set(&mut fields, name, &value).unwrap();
            assert_eq!(value_of(&fields, name), value, "{name}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (name, value) in [
            ("status", json!("done")),
            ("status", Value::Null),
            ("priority", json!(1)),
            ("tags", json!("a")),
            ("colour", json!("red")),
            ("custom.", json!(1)),
        ] {
            let refused = set(&mut Fields::default(), name, &value).unwrap_err();
            assert!(refused.to_string().contains(name), "{refused}");
        }
    }

    #[test]
    fn custom_fields_are_named_one_by_one() {
        let wanted = json!({ "status": "open", "custom": { "a": 1, "b": null } });
        let flat = flattened(wanted.as_object().unwrap());
        let names: Vec<&str> = flat.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["custom.a", "custom.b", "status"]);
    }
}
