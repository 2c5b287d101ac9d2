//! Effects: what a plugin asks for. The vocabulary is open in the contract and closed here: what this engine does not
//! know, or cannot carry out as stated, is refused with the member at fault.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ticket::{Priority, Status};

/// Something a plugin asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub kind: String,
    #[serde(default)]
    pub data: Map<String, Value>,
    /// Why, in words an operator will read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The effect kinds that this engine carries out.
pub const KINDS: &[&str] = &["ticket.update", "ticket.tag", "ticket.reply", "ticket.note", "ticket.escalate", "notify"];

/// The most characters a reply, note or notice may have.
pub const MAX_TEXT_CHARS: usize = 64 * 1024;

/// Why an effect is not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error(
        "there is no effect kind '{0}'; this engine knows ticket.update, ticket.tag, ticket.reply, ticket.note, ticket.escalate and notify"
    )]
    UnknownKind(String),
    #[error("{kind}: '{member}' {problem}")]
    Member { kind: String, member: String, problem: &'static str },
    #[error("{0}: it asks for nothing")]
    Empty(String),
    #[error("{kind} acts on a ticket, but the event belongs to none")]
    NoTicket { kind: String },
}

impl Effect {
    /// Whether it goes to the ticket's helpdesk (and not to a destination of the configuration).
    pub fn is_for_helpdesk(&self) -> bool {
        self.kind.starts_with("ticket.")
    }

    /// The text member `name`, where there is one.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Value::as_str)
    }

    /// Checks kind and arguments.
    pub fn validate(&self) -> Result<(), Invalid> {
        match self.kind.as_str() {
            "ticket.update" => self.validate_update(),
            "ticket.tag" => {
                let added = self.words("add")?;
                let removed = self.words("remove")?;
                if added + removed == 0 { Err(Invalid::Empty(self.kind.clone())) } else { Ok(()) }
            }
            "ticket.reply" | "ticket.note" => self.required_text("body"),
            "ticket.escalate" => {
                self.optional("tier", Value::is_u64, "must be a whole number")?;
                self.optional("group", Value::is_string, "must be a text")
            }
            "notify" => {
                self.required_text("to")?;
                self.required_text("text")?;
                self.optional("subject", Value::is_string, "must be a text")
            }
            _ => Err(Invalid::UnknownKind(self.kind.chars().take(64).collect())),
        }
    }

    fn validate_update(&self) -> Result<(), Invalid> {
        if self.data.is_empty() {
            return Err(Invalid::Empty(self.kind.clone()));
        }
        for (member, value) in &self.data {
            let problem = match member.as_str() {
                "status" => value
                    .as_str()
                    .is_none_or(|word| Status::parse(word).is_none())
                    .then_some("must be new, open, pending, on_hold, solved or closed"),
                "priority" => value
                    .as_str()
                    .is_none_or(|word| Priority::parse(word).is_none())
                    .then_some("must be low, normal, high or urgent"),
                "group" | "assignee" | "category" | "type" | "language" => {
                    (!value.is_string() && !value.is_null()).then_some("must be a text or null")
                }
                "custom" => (!value.is_object()).then_some("must be an object of custom fields"),
                _ => Some(
                    "is no field that can be set; known are status, priority, group, assignee, category, type, language and custom",
                ),
            };
            if let Some(problem) = problem {
                return Err(self.member(member, problem));
            }
        }
        Ok(())
    }

    fn required_text(&self, member: &str) -> Result<(), Invalid> {
        match self.text(member) {
            None => Err(self.member(member, "is missing or no text")),
            Some(text) if text.trim().is_empty() => Err(self.member(member, "is empty")),
            Some(text) if text.chars().count() > MAX_TEXT_CHARS => {
                Err(self.member(member, "is longer than 65536 characters"))
            }
            Some(_) => Ok(()),
        }
    }

    fn optional(&self, member: &str, is_right: impl Fn(&Value) -> bool, problem: &'static str) -> Result<(), Invalid> {
        match self.data.get(member) {
            None | Some(Value::Null) => Ok(()),
            Some(value) if is_right(value) => Ok(()),
            Some(_) => Err(self.member(member, problem)),
        }
    }

    fn words(&self, member: &str) -> Result<usize, Invalid> {
        match self.data.get(member) {
            None => Ok(0),
            Some(Value::Array(words)) if words.iter().all(|word| word.as_str().is_some_and(|w| !w.is_empty())) => {
                Ok(words.len())
            }
            Some(_) => Err(self.member(member, "must be a list of texts that are not empty")),
        }
    }

    fn member(&self, member: &str, problem: &'static str) -> Invalid {
        Invalid::Member { kind: self.kind.clone(), member: member.chars().take(64).collect(), problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let effect: Effect = serde_json::from_str(json).unwrap();
        let actual = effect.validate().map_or_else(|error| error.to_string(), |()| "valid".to_owned());
        assert!(actual.contains(expected), "{json}: {actual}");
    }

    #[test]
    fn takes_what_the_vocabulary_has() {
        check(r#"{"kind":"ticket.update","data":{"status":"on_hold","group":null,"custom":{"a":1}}}"#, "valid");
        check(r#"{"kind":"ticket.tag","data":{"add":["a"]}}"#, "valid");
        check(r#"{"kind":"ticket.reply","data":{"body":"Hello"},"reason":"why not"}"#, "valid");
        check(r#"{"kind":"ticket.escalate"}"#, "valid");
        check(r#"{"kind":"notify","data":{"to":"ops","text":"x"}}"#, "valid");
    }

    #[test]
    fn names_the_member_at_fault() {
        check(r#"{"kind":"ticket.burn"}"#, "no effect kind 'ticket.burn'");
        check(r#"{"kind":"ticket.update"}"#, "asks for nothing");
        check(r#"{"kind":"ticket.update","data":{"status":"done"}}"#, "'status' must be new");
        check(r#"{"kind":"ticket.update","data":{"priority":null}}"#, "'priority' must be low");
        check(r#"{"kind":"ticket.update","data":{"grup":"x"}}"#, "'grup' is no field");
        check(r#"{"kind":"ticket.tag","data":{"add":"a"}}"#, "'add' must be a list");
        check(r#"{"kind":"ticket.tag","data":{"add":[]}}"#, "asks for nothing");
        check(r#"{"kind":"ticket.note","data":{"body":"  "}}"#, "'body' is empty");
        check(r#"{"kind":"ticket.escalate","data":{"tier":-1}}"#, "'tier' must be a whole number");
        check(r#"{"kind":"notify","data":{"to":"ops"}}"#, "'text' is missing");
    }
}
