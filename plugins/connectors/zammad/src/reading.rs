//! Reading what Zammad states in several ways: a name as a text, or an object that carries it; null, `{}` or nothing.

use deskbell::prelude::*;

/// A text, or a number as a text with all its digits; nothing where it is null, empty or anything else.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A name: webhooks show most associations as objects, but the state as a text.
pub(crate) fn name(value: Option<&Value>) -> Option<String> {
    text(value).or_else(|| text(value?.get("name")))
}

/// An RFC 3339 time.
pub(crate) fn time(value: Option<&Value>) -> Option<Instant> {
    Instant::parse_rfc3339(value?.as_str()?).ok()
}

/// Adds a member, where there is something to add.
pub(crate) fn put(object: &mut Value, member: &str, value: Option<String>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(member.to_owned(), Value::from(value));
    }
}
