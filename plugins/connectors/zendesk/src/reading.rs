//! Reading what Zendesk states in several ways: ids as texts or numbers, null or an empty text for nothing.

use deskbell::prelude::*;

/// A text, or a number as a text with all its digits; nothing where it is null, empty or anything else.
pub(crate) fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text or number, or that of the member of an object which carries it.
pub(crate) fn scalar(value: Option<&Value>) -> Option<String> {
    text(value).or_else(|| {
        let object = value?.as_object()?;
        ["id", "value", "name", "status"].iter().find_map(|name| text(object.get(*name)))
    })
}

/// A text as it is written, line breaks and all.
pub(crate) fn body(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A yes or no, as a boolean or spelt out.
pub(crate) fn flag(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
        Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Tags as a list, or as one text with spaces between them.
pub(crate) fn tags(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(tags)) => tags.iter().filter_map(|tag| text(Some(tag))).collect(),
        Some(Value::String(tags)) => tags.split_whitespace().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// An RFC 3339 time; nothing where it is one for people, such as "February 3, 2025".
pub(crate) fn time(value: Option<&Value>) -> Option<Instant> {
    Instant::parse_rfc3339(value?.as_str()?.trim()).ok()
}
