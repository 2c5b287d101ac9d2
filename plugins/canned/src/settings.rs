//! The canned replies as operators write them.

use std::collections::BTreeMap;

use deskbell::prelude::*;
use deskbell_wording::language;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Everything an operator can set.
#[derive(Debug)]
pub(crate) struct Settings {
    /// How a line of a note begins that asks for a reply.
    pub(crate) command: String,
    /// How a tag begins that asks for a reply; empty: tags ask for none.
    pub(crate) tag_prefix: String,
    default_language: String,
    /// By name, in lower case.
    pub(crate) replies: BTreeMap<String, Reply>,
}

/// A canned reply.
#[derive(Debug, PartialEq)]
pub(crate) struct Reply {
    /// By language; the empty language stands for any.
    texts: BTreeMap<String, String>,
    /// What the ticket's status becomes with it.
    pub(crate) status: Option<String>,
    /// Tags that the ticket gets with it.
    pub(crate) tags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    command: String,
    tag_prefix: String,
    default_language: String,
    replies: BTreeMap<String, Value>,
}

impl Default for Written {
    fn default() -> Self {
        Self {
            command: "/canned".to_owned(),
            tag_prefix: "canned:".to_owned(),
            default_language: "en".to_owned(),
            replies: BTreeMap::new(),
        }
    }
}

impl Settings {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let written: Written = cx.settings()?;
        if written.command.trim().is_empty() {
            return Err(Error::fail("canned setting `command` is empty; leave it out for \"/canned\""));
        }
        let mut replies = BTreeMap::new();
        for (name, reply) in written.replies {
            let reply =
                Reply::read(reply).map_err(|problem| Error::fail(format!("canned reply '{name}': {problem}")))?;
            if name.contains(char::is_whitespace) || name.is_empty() {
                return Err(Error::fail(format!("canned reply '{name}': a name is one word without spaces")));
            }
            if replies.insert(name.to_lowercase(), reply).is_some() {
                return Err(Error::fail(format!("canned reply '{name}': there are two of that name but for the case")));
            }
        }
        Ok(Self {
            command: written.command.trim().to_owned(),
            tag_prefix: written.tag_prefix,
            default_language: language::primary(&written.default_language),
            replies,
        })
    }

    /// The reply's text for the ticket's requester, and its language.
    pub(crate) fn text<'a>(&self, reply: &'a Reply, ticket: &Ticket) -> (&'a str, String) {
        let stated = [&ticket.requester.language, &ticket.language];
        let stated = stated.into_iter().flatten().map(|tag| language::primary(tag));
        let codes = stated.chain([self.default_language.clone(), String::new()]);
        let found = codes.into_iter().find_map(|code| reply.texts.get(&code).map(|text| (text.as_str(), code)));
        found.unwrap_or_else(|| {
            let first = reply.texts.iter().next();
            first.map_or(("", String::new()), |(code, text)| (text.as_str(), code.clone()))
        })
    }
}

impl Reply {
    fn read(written: Value) -> Result<Self, String> {
        let mut members = match written {
            Value::String(text) => return Self::new(Value::String(text), None, vec![]),
            Value::Object(members) => members,
            _ => {
                return Err("must be a text, a table of texts by language, or a table with `text`".to_owned());
            }
        };
        let Some(text) = members.remove("text") else {
            return Self::new(Value::Object(members), None, vec![]);
        };
        let status = match members.remove("status") {
            None => None,
            Some(Value::String(status)) if STATUSES.contains(&status.as_str()) => Some(status),
            Some(other) => {
                return Err(format!("`status` = {other} is no status; known are {}", STATUSES.join(", ")));
            }
        };
        let tags = members.remove("tags").unwrap_or_else(|| Value::Array(vec![]));
        let tags = serde_json::from_value(tags).map_err(|_| "`tags` must be a list of texts".to_owned())?;
        if let Some(name) = members.keys().next() {
            return Err(format!("`{name}` is unknown; beside `text` there are `status` and `tags`"));
        }
        Self::new(text, status, tags)
    }

    fn new(text: Value, status: Option<String>, tags: Vec<String>) -> Result<Self, String> {
        let written = match text {
            Value::Object(by_language) => by_language,
            single => Map::from_iter([(String::new(), single)]),
        };
        let mut texts = BTreeMap::new();
        for (tag, text) in written {
            let text = text.as_str().filter(|text| !text.trim().is_empty()).ok_or_else(|| match tag.as_str() {
                "" => "its text is missing or empty".to_owned(),
                tag => format!("its text in '{tag}' is missing or empty"),
            })?;
            texts.insert(language::primary(&tag), text.to_owned());
        }
        if texts.is_empty() {
            return Err("it has no text".to_owned());
        }
        Ok(Self { texts, status, tags })
    }
}

const STATUSES: &[&str] = &["new", "open", "pending", "on_hold", "solved", "closed"];
