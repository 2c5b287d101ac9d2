//! Reading members of GitHub's bodies.

use deskbell::prelude::*;

/// A text, or a number as a text with all its digits; nothing where it is null, empty or anything else.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An RFC 3339 time.
pub(crate) fn time(value: Option<&Value>) -> Option<Instant> {
    Instant::parse_rfc3339(value?.as_str()?).ok()
}

/// The names of labels, or logins of users, in their order.
pub(crate) fn each(list: Option<&Value>, member: &str) -> Vec<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| text(item.get(member))).collect()
}

/// Adds a member, where there is something to add.
pub(crate) fn put(object: &mut Value, member: &str, value: Option<String>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(member.to_owned(), Value::from(value));
    }
}
