//! What the operator configures for a Zammad source.

use std::collections::BTreeMap;

use deskbell::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::reading;

/// The source's `settings`; the README explains each.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// Where Zammad is, such as `https://support.example.com`.
    pub base_url: String,
    /// Zammad's names for groups, by the names that plugins use.
    pub groups: BTreeMap<String, String>,
    /// Agents' ids or logins, by the names that plugins use.
    pub agents: BTreeMap<String, Id>,
    /// Zammad's states by status.
    pub states: BTreeMap<String, String>,
    /// Zammad's priorities by priority.
    pub priorities: BTreeMap<String, String>,
    /// Ticket attributes that become custom fields.
    pub custom_fields: Vec<String>,
    /// The ticket attribute that holds the category.
    pub category_field: Option<String>,
    /// The ticket attribute that holds the language.
    pub language_field: Option<String>,
    /// Users (id or login) that are programs.
    pub bots: Vec<Id>,
    /// The user that Deskbell writes as.
    pub own_actor: Option<Id>,
    /// The type of article that a reply becomes: `email`, or `web` for the customer portal alone.
    pub reply_type: ReplyType,
    /// How many days a ticket stays pending before Zammad reminds.
    pub pending_days: u32,
    /// The tag that an escalated ticket gets; empty for none.
    pub escalation_tag: String,
}

/// How replies reach the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReplyType {
    Email,
    Web,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            groups: BTreeMap::new(),
            agents: BTreeMap::new(),
            states: BTreeMap::new(),
            priorities: BTreeMap::new(),
            custom_fields: Vec::new(),
            category_field: None,
            language_field: None,
            bots: Vec::new(),
            own_actor: None,
            reply_type: ReplyType::Email,
            pending_days: 7,
            escalation_tag: "escalated".to_owned(),
        }
    }
}

/// An id, written as a number or as a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        reading::text(Some(&value)).map(Id).ok_or_else(|| D::Error::custom("an id must be a number or a text"))
    }
}

impl Settings {
    /// Whether a user is a program: one of `bots`, or Deskbell itself.
    pub(crate) fn is_bot(&self, id_or_login: &str) -> bool {
        self.bots.iter().chain(&self.own_actor).any(|bot| bot.0 == id_or_login)
    }

    /// The plugins' name for an agent, or the id where there is none.
    pub(crate) fn agent(&self, id: String, login: Option<&str>) -> String {
        let is = |own: &Id| own.0 == id || login == Some(own.0.as_str());
        self.agents.iter().find(|(_, own)| is(own)).map_or(id, |(name, _)| name.clone())
    }

    /// The plugins' name for a group.
    pub(crate) fn group(&self, name: String) -> String {
        self.groups.iter().find(|(_, own)| **own == name).map_or(name, |(known, _)| known.clone())
    }

    /// The URL of an API path.
    pub(crate) fn url(&self, path: &str) -> Result<String> {
        let base = self.base_url.trim_end_matches('/');
        if base.is_empty() {
            return Err(Error::fail(
                "the source's settings have no base_url; set it to Zammad's address, such as https://support.example.com",
            ));
        }
        Ok(format!("{base}/api/v1/{path}"))
    }
}
