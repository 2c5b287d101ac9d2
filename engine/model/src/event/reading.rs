//! Reading members of JSON objects so that whatever is wrong is named by its whole path.

use serde_json::{Map, Value};

use super::{MAX_KEY_BYTES, Rejected};
use crate::timestamp::Timestamp;

/// An object and the path that leads to it.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    path: &'a str,
}

pub(super) type Read<T> = Result<T, Rejected>;

pub(super) fn rejected<T>(member: impl Into<String>, problem: impl Into<String>) -> Read<T> {
    Err(Rejected { member: member.into(), problem: problem.into() })
}

/// A text that is part of a key, unless it is too long for one.
pub(super) fn key(member: &str, text: String) -> Read<String> {
    if text.len() <= MAX_KEY_BYTES {
        return Ok(text);
    }
    rejected(member, format!("has {} bytes, and {MAX_KEY_BYTES} are allowed", text.len()))
}

impl<'a> Object<'a> {
    pub(super) fn new(members: &'a Map<String, Value>, path: &'a str) -> Self {
        Self { members, path }
    }

    pub(super) fn name(&self, member: &str) -> String {
        if self.path.is_empty() { member.to_owned() } else { format!("{}.{member}", self.path) }
    }

    pub(super) fn reject<T>(&self, member: &str, problem: impl Into<String>) -> Read<T> {
        rejected(self.name(member), problem)
    }

    /// The member, where it is there and not null.
    fn present(&self, member: &str) -> Option<&'a Value> {
        self.members.get(member).filter(|value| !value.is_null())
    }

    fn required(&self, member: &str) -> Read<&'a Value> {
        match self.members.get(member) {
            Some(Value::Null) => self.reject(member, "must not be null"),
            Some(value) => Ok(value),
            None => self.reject(member, "is missing"),
        }
    }

    /// A member that must be there, though perhaps null.
    pub(super) fn nullable_time(&self, member: &str) -> Read<Option<Timestamp>> {
        match self.members.get(member) {
            None => self.reject(member, "is missing (null where there was none)"),
            Some(Value::Null) => Ok(None),
            Some(value) => self.as_time(member, value).map(Some),
        }
    }

    pub(super) fn text(&self, member: &str) -> Read<String> {
        self.as_text(member, self.required(member)?)
    }

    /// A text that is not empty.
    pub(super) fn word(&self, member: &str) -> Read<String> {
        let text = self.text(member)?;
        if text.is_empty() { self.reject(member, "must not be empty") } else { Ok(text) }
    }

    pub(super) fn text_or_none(&self, member: &str) -> Read<Option<String>> {
        self.present(member).map(|value| self.as_text(member, value)).transpose()
    }

    pub(super) fn as_text(&self, member: &str, value: &Value) -> Read<String> {
        match value.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => self.reject(member, "must be a text"),
        }
    }

    pub(super) fn time(&self, member: &str) -> Read<Timestamp> {
        self.as_time(member, self.required(member)?)
    }

    fn as_time(&self, member: &str, value: &Value) -> Read<Timestamp> {
        let Some(text) = value.as_str() else { return self.reject(member, "must be an RFC 3339 time") };
        text.parse().or_else(|error: crate::timestamp::Malformed| self.reject(member, error.to_string()))
    }

    pub(super) fn bool(&self, member: &str) -> Read<bool> {
        match self.required(member)?.as_bool() {
            Some(value) => Ok(value),
            None => self.reject(member, "must be true or false"),
        }
    }

    pub(super) fn number(&self, member: &str) -> Read<f64> {
        self.as_number(member, self.required(member)?)
    }

    pub(super) fn as_number(&self, member: &str, value: &Value) -> Read<f64> {
        match value.as_f64().filter(|number| number.is_finite()) {
            Some(number) => Ok(number),
            None => self.reject(member, "must be a number"),
        }
    }

    /// Seconds, not negative; 0 where an optional one is absent.
    pub(super) fn seconds(&self, member: &str) -> Read<f64> {
        let seconds = self.number(member)?;
        if seconds < 0.0 { self.reject(member, "must not be negative") } else { Ok(seconds) }
    }

    pub(super) fn seconds_or_zero(&self, member: &str) -> Read<f64> {
        if self.present(member).is_none() { Ok(0.0) } else { self.seconds(member) }
    }

    fn as_integer(&self, member: &str, value: &Value) -> Read<i64> {
        let whole = value.as_i64().or_else(|| {
            // 3.0 is a whole number in JSON, however it is written.
            value.as_f64().filter(|n| n.fract() == 0.0 && n.abs() < 9e15).map(|n| n as i64)
        });
        match whole {
            Some(whole) => Ok(whole),
            None => self.reject(member, "must be a whole number"),
        }
    }

    pub(super) fn integer_or_none(&self, member: &str) -> Read<Option<i64>> {
        self.present(member).map(|value| self.as_integer(member, value)).transpose()
    }

    pub(super) fn count(&self, member: &str) -> Read<u64> {
        let whole = self.as_integer(member, self.required(member)?)?;
        u64::try_from(whole).or_else(|_| self.reject(member, "must not be negative"))
    }

    pub(super) fn count_or_none(&self, member: &str) -> Read<Option<u32>> {
        let Some(whole) = self.integer_or_none(member)? else { return Ok(None) };
        u32::try_from(whole).map(Some).or_else(|_| self.reject(member, "must be a count, 0 or more"))
    }

    pub(super) fn one_of<T>(&self, member: &str, parse: impl Fn(&str) -> Option<T>, words: &str) -> Read<T> {
        let text = self.text(member)?;
        parse(&text).map_or_else(|| self.reject(member, format!("must be one of {words}")), Ok)
    }

    pub(super) fn one_of_or<T>(
        &self,
        member: &str,
        parse: impl Fn(&str) -> Option<T>,
        words: &str,
        absent: T,
    ) -> Read<T> {
        if self.present(member).is_none() { Ok(absent) } else { self.one_of(member, parse, words) }
    }

    pub(super) fn texts_or_none(&self, member: &str) -> Read<Vec<String>> {
        self.present(member).map_or(Ok(Vec::new()), |value| self.as_texts(member, value))
    }

    pub(super) fn as_texts(&self, member: &str, value: &Value) -> Read<Vec<String>> {
        let Some(items) = value.as_array() else { return self.reject(member, "must be a list of texts") };
        items.iter().map(|item| self.as_text(member, item)).collect()
    }

    pub(super) fn map_or_none(&self, member: &str) -> Read<Option<&'a Map<String, Value>>> {
        match self.present(member) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(map)),
            Some(_) => self.reject(member, "must be an object"),
        }
    }

    pub(super) fn map(&self, member: &str) -> Read<&'a Map<String, Value>> {
        match self.required(member)? {
            Value::Object(map) => Ok(map),
            _ => self.reject(member, "must be an object"),
        }
    }
}
