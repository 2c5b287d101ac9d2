//! What the operator configures for a Zendesk source.

use std::collections::BTreeMap;

use deskbell::prelude::*;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::reading;

/// The source's `settings`; the README explains each.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    /// `https://SUBDOMAIN.zendesk.com`.
    pub base_url: String,
    /// The mail address of the agent whose API token is the secret `token`; without it the secret is an OAuth token.
    pub user: Option<String>,
    /// Names for groups, by which plugins know them.
    pub groups: Names,
    /// Names for agents.
    pub agents: Names,
    /// Names for ticket fields; each becomes a custom field of that name.
    pub custom_fields: Names,
    /// The ticket field that holds the category.
    pub category_field: Option<Id>,
    /// The ticket field that holds the language.
    pub language_field: Option<Id>,
    /// Users that are programs.
    pub bots: Vec<Id>,
    /// The user that Deskbell writes as.
    pub own_actor: Option<Id>,
    /// What an account's own status labels mean: label to status.
    pub statuses: BTreeMap<String, String>,
    /// What an account's own priority labels mean: label to priority.
    pub priorities: BTreeMap<String, String>,
    /// Where a trigger's body holds what, as JSON pointers by member.
    pub fields: BTreeMap<String, String>,
    /// The tag that an escalated ticket gets; empty for none.
    pub escalation_tag: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            user: None,
            groups: Names::default(),
            agents: Names::default(),
            custom_fields: Names::default(),
            category_field: None,
            language_field: None,
            bots: Vec::new(),
            own_actor: None,
            statuses: BTreeMap::new(),
            priorities: BTreeMap::new(),
            fields: BTreeMap::new(),
            escalation_tag: "escalated".to_owned(),
        }
    }
}

impl Settings {
    /// Whether a user is a program: one of `bots`, or Deskbell itself.
    pub(crate) fn is_bot(&self, id: &str) -> bool {
        id.starts_with("zd:") || self.bots.iter().chain(&self.own_actor).any(|bot| bot.0 == id)
    }

    /// The URL of an API path.
    pub(crate) fn url(&self, path: &str) -> Result<String> {
        let base = self.base_url.trim_end_matches('/');
        if base.is_empty() {
            return Err(Error::fail("the source's settings have no base_url; set it to https://SUBDOMAIN.zendesk.com"));
        }
        Ok(format!("{base}/api/v2/{path}"))
    }
}

/// An id of Zendesk's, written as a number or as a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id(pub String);

impl Id {
    /// As Zendesk's API takes it: a number.
    pub(crate) fn as_json(&self) -> Value {
        number_or_text(&self.0)
    }
}

/// A number where the text is one, so that ids beyond 2^53 keep all their digits.
pub(crate) fn number_or_text(text: &str) -> Value {
    text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from)
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        reading::text(Some(&value)).map(Id).ok_or_else(|| D::Error::custom("an id must be a number or a text"))
    }
}

/// Names for ids.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Names(BTreeMap<String, Id>);

impl Names {
    /// The name of an id, or the id itself where it has none.
    pub(crate) fn name_of(&self, id: String) -> String {
        self.0.iter().find(|(_, own)| own.0 == id).map_or(id, |(name, _)| name.clone())
    }

    /// The id of a name; a number stands for itself.
    pub(crate) fn id_of(&self, name: &str) -> Option<Value> {
        match self.0.get(name) {
            Some(id) => Some(id.as_json()),
            None => name.parse::<u64>().ok().map(Value::from),
        }
    }
}
