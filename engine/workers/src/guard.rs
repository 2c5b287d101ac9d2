//! The loop guard: what keeps an automation from answering itself.
//!
//! A write of the engine comes back as a webhook. The guard remembers, per ticket, what it has asked the helpdesk for,
//! recognises the echo, once, and counts how many own writes led to an event, one after the other. It drops what is there
//! already or has just been asked for, and it limits how many automated actions a ticket gets in an hour.

use deskbell_model::effect::Effect;
use deskbell_model::history::Difference;
use deskbell_model::ticket::Ticket;
use deskbell_model::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// How long an echo may take: helpdesks retry a failed webhook for hours.
pub const ECHO_SECONDS: i64 = 6 * 3600;
/// How long the same request to the same end is taken for a repetition.
const REPEAT_SECONDS: i64 = 600;
const HOUR_SECONDS: i64 = 3600;
/// The most echoes remembered for a ticket; older ones are forgotten first.
const MAX_EXPECTED: usize = 64;

/// The limits of the guard.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// An event that so many own writes led to reaches no plugin.
    pub max_hops: i16,
    /// Automated actions a ticket may get in an hour.
    pub actions_per_hour: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_hops: 4, actions_per_hour: 30 }
    }
}

/// The guard's memory of one ticket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    expected: Vec<Expected>,
    /// When automated actions were taken within the last hour.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    acted: Vec<i64>,
}

/// A write that will come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Expected {
    /// A field with its value, `tag+`, `tag-` with the tag, or `comment` with the digest of its text. An `escalate` with tier
    /// and group never comes back as such; it is remembered as what has just been asked for.
    what: String,
    value: Value,
    hop: i16,
    asked_at: i64,
    /// When it came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    echoed_at: Option<i64>,
}

/// What becomes of an effect.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It goes out, perhaps without the members that are true already.
    Act(Map<String, Value>),
    /// It does not, for this reason.
    Drop(String),
}

impl Memory {
    /// Reads the stored memory; one that does not read back is forgotten.
    pub fn read(stored: Option<&str>) -> Self {
        stored.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The stored form; none while there is nothing to remember.
    pub fn to_stored(&self) -> Option<String> {
        if *self == Self::default() { None } else { serde_json::to_string(self).ok() }
    }

    /// Whether changes and a comment are the echo of own writes; with the hops that led to them. What has come back is not
    /// expected any more: whoever does the same later does it themselves.
    pub fn recognise(&mut self, differences: &[Difference], comment: Option<&str>, now: Timestamp) -> Option<i16> {
        self.forget(now);
        let said = comment.map(digest);
        let all = differences.iter().flat_map(parts).chain(said.iter().map(|digest| ("comment", digest)));
        let mut hop: Option<i16> = None;
        let mut is_echo = true;
        for (what, value) in all {
            let mut awaited = self.expected.iter_mut().filter(|expected| expected.is_awaited(now));
            match awaited.find(|expected| expected.what == what && expected.value == *value) {
                Some(found) => {
                    found.echoed_at.get_or_insert(now.micros());
                    hop = hop.max(Some(found.hop));
                }
                None => is_echo = false,
            }
        }
        hop.filter(|_| is_echo)
    }

    /// Decides on an effect for the helpdesk, and remembers it where it goes out.
    pub fn decide(&mut self, effect: &Effect, ticket: &Ticket, hop: i16, limits: Limits, now: Timestamp) -> Verdict {
        self.forget(now);
        let (left, expected) = self.what_is_new(effect, ticket, hop + 1, now);
        let Some(left) = left else {
            return Verdict::Drop("it is so already, or has just been asked for".to_owned());
        };
        if self.acted.len() >= limits.actions_per_hour as usize {
            return Verdict::Drop(format!(
                "the ticket has had {} automated actions within an hour, which is the limit (loop_guard.actions_per_ticket_per_hour)",
                self.acted.len()
            ));
        }
        self.acted.push(now.micros());
        self.expected.extend(expected);
        let surplus = self.expected.len().saturating_sub(MAX_EXPECTED);
        self.expected.drain(..surplus);
        Verdict::Act(left)
    }

    fn forget(&mut self, now: Timestamp) {
        let echo = now.plus_seconds(-ECHO_SECONDS).micros();
        self.expected.retain(|expected| expected.asked_at >= echo);
        let hour = now.plus_seconds(-HOUR_SECONDS).micros();
        self.acted.retain(|at| *at >= hour);
    }

    fn has_asked(&self, what: &str, value: &Value, now: Timestamp) -> bool {
        // The latest request for the same thing counts: to set a field to and fro is no repetition.
        let latest =
            self.expected.iter().rev().find(|e| e.what == what && (!what.starts_with("tag") || e.value == *value));
        let recent = now.plus_seconds(-REPEAT_SECONDS).micros();
        latest.is_some_and(|expected| expected.value == *value && expected.asked_at >= recent)
    }

    /// The part of an effect that is not so yet, none where nothing is, and what it will come back as.
    fn what_is_new(
        &self,
        effect: &Effect,
        ticket: &Ticket,
        hop: i16,
        now: Timestamp,
    ) -> (Option<Map<String, Value>>, Vec<Expected>) {
        let mut expected = Vec::new();
        let mut expect = |what: String, value: Value| {
            expected.push(Expected { what, value, hop, asked_at: now.micros(), echoed_at: None });
        };
        let mut left = effect.data.clone();
        match effect.kind.as_str() {
            "ticket.update" => {
                left.retain(|field, value| {
                    if let ("custom", Value::Object(custom)) = (field.as_str(), &mut *value) {
                        custom.retain(|name, value| {
                            let held = ticket.fields.custom.get(name).cloned().unwrap_or(Value::Null);
                            let field = format!("custom.{name}");
                            let is_new = held != *value && !self.has_asked(&field, value, now);
                            if is_new {
                                expect(field, value.clone());
                            }
                            is_new
                        });
                        !custom.is_empty()
                    } else {
                        let is_new = field_of(ticket, field) != *value && !self.has_asked(field, value, now);
                        if is_new {
                            expect(field.clone(), value.clone());
                        }
                        is_new
                    }
                });
                if left.is_empty() {
                    return (None, Vec::new());
                }
            }
            "ticket.tag" => {
                for (member, what, wanted) in [("add", "tag+", true), ("remove", "tag-", false)] {
                    if let Some(Value::Array(tags)) = left.get_mut(member) {
                        tags.retain(|tag| {
                            let has = tag.as_str().is_some_and(|tag| ticket.fields.tags.iter().any(|held| held == tag));
                            let is_new = has != wanted && !self.has_asked(what, tag, now);
                            if is_new {
                                expect(what.to_owned(), tag.clone());
                            }
                            is_new
                        });
                    }
                }
                left.retain(|_, tags| tags.as_array().is_none_or(|tags| !tags.is_empty()));
                if left.is_empty() {
                    return (None, Vec::new());
                }
            }
            "ticket.reply" | "ticket.note" => {
                let digest = digest(effect.text("body").unwrap_or_default());
                if self.has_asked("comment", &digest, now) {
                    return (None, Vec::new());
                }
                expect("comment".to_owned(), digest);
            }
            "ticket.escalate" => {
                let asked = json!({ "tier": left.get("tier"), "group": left.get("group") });
                if self.has_asked("escalate", &asked, now) {
                    return (None, Vec::new());
                }
                expect("escalate".to_owned(), asked);
                if let Some(group) = left.get("group").filter(|group| !group.is_null()) {
                    expect("group".to_owned(), group.clone());
                }
            }
            _ => {}
        }
        (Some(left), expected)
    }
}

impl Expected {
    /// Whether it may come back. A change does so once: told again it changes nothing and gets nowhere. A comment may be
    /// told again under another id.
    fn is_awaited(&self, now: Timestamp) -> bool {
        let recent = now.plus_seconds(-REPEAT_SECONDS).micros();
        self.echoed_at.is_none_or(|at| self.what == "comment" && at >= recent)
    }
}

/// What a difference consists of, as it would be expected: a field with its value, or `tag+` or `tag-` with each tag that came
/// or went.
pub fn parts(difference: &Difference) -> Vec<(&str, &Value)> {
    if difference.field != "tags" {
        return vec![(difference.field.as_str(), &difference.to)];
    }
    let (from, to) = (tags(&difference.from), tags(&difference.to));
    let added = to.iter().filter(|tag| !from.contains(tag)).map(|tag| ("tag+", tag));
    let removed = from.iter().filter(|tag| !to.contains(tag)).map(|tag| ("tag-", tag));
    added.chain(removed).collect()
}

fn tags(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn field_of(ticket: &Ticket, field: &str) -> Value {
    let fields = &ticket.fields;
    match field {
        "status" => json!(fields.status),
        "priority" => json!(fields.priority),
        "group" => json!(fields.group),
        "assignee" => json!(fields.assignee),
        "category" => json!(fields.category),
        "type" => json!(fields.kind),
        "language" => json!(fields.language),
        _ => Value::Null,
    }
}

/// The digest of a comment's text, by its letters and digits alone: helpdesks wrap, escape and decorate what they are given.
pub fn digest(text: &str) -> Value {
    let visible = text.split("<!--").next().unwrap_or_default();
    let letters: String = visible.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Value::String(hex::encode(&Sha256::digest(letters.as_bytes())[..8]))
}

#[cfg(test)]
#[path = "guard/tests.rs"]
mod tests;
