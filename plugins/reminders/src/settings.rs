//! What an operator can set.

use std::collections::BTreeMap;

use deskbell::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Everything an operator can set.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) calendar: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) follow_up: Option<FollowUp>,
    except_tags: Vec<String>,
}

/// One step of reminding, counted from the customer's comment that nobody has answered.
#[derive(Debug)]
pub(crate) struct Step {
    after: After,
    pub(crate) what: What,
    text: Option<String>,
}

/// The same time for all priorities, or one for each; a priority that is left out gets no such reminder.
#[derive(Debug)]
enum After {
    Always(String),
    ByPriority(BTreeMap<String, String>),
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum What {
    /// An internal note that names the assignee.
    Note,
    /// A notice to one of the engine's destinations.
    Notify { to: String },
    /// A higher tier, another group, or both.
    Escalate { tier: Option<u32>, group: Option<String> },
}

/// Where the date of a follow-up stands, and who hears of it besides the ticket.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FollowUp {
    /// A custom field with a date or a time.
    pub(crate) field: String,
    /// The beginning of a tag; the date follows it.
    pub(crate) tag: String,
    pub(crate) text: Option<String>,
    pub(crate) notify: Option<String>,
}

impl Default for FollowUp {
    fn default() -> Self {
        Self { field: "follow_up".to_owned(), tag: "follow-up:".to_owned(), text: None, notify: None }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    calendar: String,
    steps: Vec<Value>,
    follow_up: Value,
    except_tags: Vec<String>,
}

impl Default for Written {
    fn default() -> Self {
        let after = [("urgent", "1h"), ("high", "4h"), ("normal", "8h"), ("low", "24h")];
        let after: Map<String, Value> =
            after.iter().map(|(priority, time)| ((*priority).to_owned(), (*time).into())).collect();
        Self {
            calendar: "always".to_owned(),
            steps: vec![Map::from_iter([("after".to_owned(), after.into()), ("do".to_owned(), "note".into())]).into()],
            follow_up: Value::Null,
            except_tags: vec!["no-reminders".to_owned()],
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenStep {
    after: Value,
    r#do: String,
    text: Option<String>,
    to: Option<String>,
    tier: Option<u32>,
    group: Option<String>,
}

impl Settings {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let written: Written = cx.settings()?;
        let steps = written.steps.into_iter().enumerate().map(|(at, step)| {
            Step::read(step)
                .map_err(|problem| Error::fail(format!("reminders setting `steps`, step {}: {problem}", at + 1)))
        });
        let follow_up = match written.follow_up {
            Value::Bool(false) => None,
            Value::Null | Value::Bool(true) => Some(FollowUp::default()),
            table => {
                let read =
                    part(table).map_err(|problem| Error::fail(format!("reminders setting `follow_up`: {problem}")))?;
                Some(read)
            }
        };
        Ok(Self {
            calendar: written.calendar,
            steps: steps.collect::<Result<_>>()?,
            follow_up,
            except_tags: written.except_tags,
        })
    }

    /// Whether the ticket is to be left alone.
    pub(crate) fn excepts(&self, ticket: &Ticket) -> bool {
        self.except_tags.iter().any(|tag| ticket.has_tag(tag))
    }

    /// The first step from `at` on that the ticket's priority has, its number and its time.
    pub(crate) fn next_step(&self, at: usize, priority: &str) -> Option<(usize, &str)> {
        self.steps.iter().enumerate().skip(at).find_map(|(at, step)| Some((at, step.after(priority)?)))
    }
}

impl Step {
    fn read(written: Value) -> Result<Self, String> {
        let written: WrittenStep = part(written)?;
        let after = match written.after {
            Value::String(time) => After::Always(time),
            Value::Object(_) => {
                After::ByPriority(part(written.after).map_err(|problem| format!("`after`: {problem}"))?)
            }
            _ => {
                return Err("`after` must be a time such as \"4h\", or a table of times by priority".to_owned());
            }
        };
        if let After::ByPriority(times) = &after {
            let known = ["low", "normal", "high", "urgent"];
            if let Some(priority) = times.keys().find(|priority| !known.contains(&priority.as_str())) {
                return Err(format!("`after`: '{priority}' is no priority; known are {}", known.join(", ")));
            }
        }
        let takes = |member: &str, is_given: bool| {
            if is_given { Err(format!("`{member}` does not belong to `do = \"{}\"`", written.r#do)) } else { Ok(()) }
        };
        let what = match written.r#do.as_str() {
            "note" => What::Note,
            "notify" => What::Notify {
                to: written.to.clone().ok_or("`do = \"notify\"` needs `to`, the name of a destination")?,
            },
            "escalate" if written.tier.is_none() && written.group.is_none() => {
                return Err("`do = \"escalate\"` needs `tier` or `group`".to_owned());
            }
            "escalate" => What::Escalate { tier: written.tier, group: written.group.clone() },
            other => {
                return Err(format!("`do` = '{other}' is unknown; known are note, notify and escalate"));
            }
        };
        if !matches!(what, What::Notify { .. }) {
            takes("to", written.to.is_some())?;
        }
        if matches!(what, What::Escalate { .. }) {
            takes("text", written.text.is_some())?;
        } else {
            takes("tier", written.tier.is_some())?;
            takes("group", written.group.is_some())?;
        }
        Ok(Self { after, what, text: written.text })
    }

    fn after(&self, priority: &str) -> Option<&str> {
        match &self.after {
            After::Always(time) => Some(time),
            After::ByPriority(times) => times.get(priority).map(String::as_str),
        }
    }

    /// The operator's own text, where there is one.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }
}

fn part<T: DeserializeOwned>(written: Value) -> Result<T, String> {
    serde_json::from_value(written).map_err(|error| error.to_string())
}
