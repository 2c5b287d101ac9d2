//! What a plugin asks for.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::ticket::Extras;

/// Something to be done. It is applied once the call has ended well, if the manifest asks for its kind and the operator grants it.
///
/// ```
/// use deskbell::prelude::*;
///
/// let effect = Effect::set_priority("high").because("a premium customer");
/// assert_eq!(effect.kind, "ticket.update");
/// assert_eq!(effect.data, json!({ "priority": "high" }));
/// assert_eq!(effect.reason.as_deref(), Some("a premium customer"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// One of the effect kinds, such as `ticket.update`.
    pub kind: String,
    /// Its arguments, an object.
    pub data: Value,
    /// Why, in words an operator will read.
    #[serde(default)]
    pub reason: Option<String>,
    /// Further members.
    #[serde(default)]
    pub extra: Extras,
}

impl Effect {
    /// Changes fields of the ticket.
    pub const UPDATE: &'static str = "ticket.update";
    /// Adds and removes tags.
    pub const TAG: &'static str = "ticket.tag";
    /// A public answer.
    pub const REPLY: &'static str = "ticket.reply";
    /// An internal note.
    pub const NOTE: &'static str = "ticket.note";
    /// Hands the ticket to a higher tier.
    pub const ESCALATE: &'static str = "ticket.escalate";
    /// A message to one of the engine's destinations.
    pub const NOTIFY: &'static str = "notify";

    /// An effect of any kind; the functions below make those that the contract describes.
    pub fn new(kind: impl Into<String>, data: Value) -> Self {
        Self { kind: kind.into(), data, ..Self::default() }
    }

    /// Says why. Operators see it in the ticket's history and in `deskbell explain`.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Changes several fields at once; null clears one.
    ///
    /// ```
    /// use deskbell::prelude::*;
    ///
    /// let effect = Effect::update(json!({ "group": "billing", "assignee": null }));
    /// assert_eq!(effect.kind, "ticket.update");
    /// ```
    pub fn update(fields: impl Into<Value>) -> Self {
        Self::new(Self::UPDATE, fields.into())
    }

    /// new, open, pending, `on_hold`, solved or closed.
    pub fn set_status(status: impl AsRef<str>) -> Self {
        Self::set("status", status.as_ref())
    }

    /// low, normal, high or urgent.
    pub fn set_priority(priority: impl AsRef<str>) -> Self {
        Self::set("priority", priority.as_ref())
    }

    /// Puts the ticket into a group.
    pub fn set_group(group: impl AsRef<str>) -> Self {
        Self::set("group", group.as_ref())
    }

    /// Gives the ticket to an agent, by id.
    pub fn set_assignee(agent: impl AsRef<str>) -> Self {
        Self::set("assignee", agent.as_ref())
    }

    /// Says what the ticket is about.
    pub fn set_category(category: impl AsRef<str>) -> Self {
        Self::set("category", category.as_ref())
    }

    /// Sets the ticket's type.
    pub fn set_type(kind: impl AsRef<str>) -> Self {
        Self::set("type", kind.as_ref())
    }

    /// Sets the ticket's language, a BCP 47 tag.
    pub fn set_language(language: impl AsRef<str>) -> Self {
        Self::set("language", language.as_ref())
    }

    /// Sets a custom field; null clears it.
    ///
    /// ```
    /// use deskbell::prelude::*;
    ///
    /// assert_eq!(Effect::set_custom("seats", 40).data, json!({ "custom": { "seats": 40 } }));
    /// ```
    pub fn set_custom(name: impl AsRef<str>, value: impl Into<Value>) -> Self {
        let custom = Map::from_iter([(name.as_ref().to_owned(), value.into())]);
        Self::update(json!({ "custom": custom }))
    }

    /// Clears a field: group, assignee, category, type or language.
    pub fn clear(field: impl AsRef<str>) -> Self {
        Self::set(field.as_ref(), Value::Null)
    }

    /// Adds tags; those that are there already stay.
    pub fn add_tags(tags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self::new(Self::TAG, json!({ "add": texts(tags) }))
    }

    /// Removes tags.
    pub fn remove_tags(tags: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        Self::new(Self::TAG, json!({ "remove": texts(tags) }))
    }

    /// Answers the customer, publicly.
    pub fn reply(text: impl AsRef<str>) -> Self {
        Self::new(Self::REPLY, json!({ "body": text.as_ref() }))
    }

    /// Leaves a note that only agents see.
    pub fn note(text: impl AsRef<str>) -> Self {
        Self::new(Self::NOTE, json!({ "body": text.as_ref() }))
    }

    /// Hands the ticket to a higher tier, a group, or both.
    ///
    /// ```
    /// use deskbell::prelude::*;
    ///
    /// assert_eq!(Effect::escalate(Some(2), None).data, json!({ "tier": 2 }));
    /// ```
    pub fn escalate(tier: Option<u32>, group: Option<&str>) -> Self {
        let mut data = Map::new();
        if let Some(tier) = tier {
            data.insert("tier".to_owned(), tier.into());
        }
        if let Some(group) = group {
            data.insert("group".to_owned(), group.into());
        }
        Self::new(Self::ESCALATE, Value::Object(data))
    }

    /// Sends a text to a destination that the operator configured under this name.
    ///
    /// ```
    /// use deskbell::prelude::*;
    ///
    /// let effect = Effect::notify("ops", "Ticket 7 waits").with("subject", "A ticket waits");
    /// assert_eq!(effect.data, json!({ "to": "ops", "subject": "A ticket waits", "text": "Ticket 7 waits" }));
    /// ```
    pub fn notify(destination: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        Self::new(Self::NOTIFY, json!({ "to": destination.as_ref(), "text": text.as_ref() }))
    }

    /// Adds a member to the arguments, or replaces it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        if let Value::Object(data) = &mut self.data {
            data.insert(name.into(), value.into());
        } else {
            self.data = Value::Object(Map::from_iter([(name.into(), value.into())]));
        }
        self
    }

    fn set(field: &str, value: impl Into<Value>) -> Self {
        Self::update(Map::from_iter([(field.to_owned(), value.into())]))
    }
}

fn texts(items: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    items.into_iter().map(|item| item.as_ref().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "short cases")]
    fn check(effect: Effect, kind: &str, data: Value) {
        assert_eq!((effect.kind.as_str(), &effect.data), (kind, &data));
    }

    #[test]
    fn every_kind_has_the_arguments_of_the_contract() {
        check(Effect::set_status("open"), "ticket.update", json!({ "status": "open" }));
        check(Effect::set_priority(String::from("low")), "ticket.update", json!({ "priority": "low" }));
        check(Effect::set_group("a"), "ticket.update", json!({ "group": "a" }));
        check(Effect::set_assignee("7"), "ticket.update", json!({ "assignee": "7" }));
        check(Effect::set_category("c"), "ticket.update", json!({ "category": "c" }));
        check(Effect::set_type("t"), "ticket.update", json!({ "type": "t" }));
        check(Effect::set_language("de"), "ticket.update", json!({ "language": "de" }));
        check(Effect::set_custom("x", true), "ticket.update", json!({ "custom": { "x": true } }));
        check(Effect::clear("group"), "ticket.update", json!({ "group": null }));
        check(Effect::add_tags(["a", "b"]), "ticket.tag", json!({ "add": ["a", "b"] }));
        check(Effect::remove_tags(vec![String::from("a")]), "ticket.tag", json!({ "remove": ["a"] }));
        check(Effect::reply("hi"), "ticket.reply", json!({ "body": "hi" }));
        check(Effect::note("hi"), "ticket.note", json!({ "body": "hi" }));
        check(Effect::escalate(None, Some("t2")), "ticket.escalate", json!({ "group": "t2" }));
        check(Effect::notify("ops", "hi"), "notify", json!({ "to": "ops", "text": "hi" }));
    }

    #[test]
    fn members_are_added_and_replaced() {
        let both = Effect::add_tags(["a"]).with("remove", vec!["b"]);
        check(both, "ticket.tag", json!({ "add": ["a"], "remove": ["b"] }));
        check(Effect::new("x", Value::Null).with("a", 1), "x", json!({ "a": 1 }));
    }
}
