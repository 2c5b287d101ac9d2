//! The rules as operators write them in `settings`. An error names the rule and the member at fault.

use deskbell::prelude::*;
use deskbell_wording::fields::{self, Field};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Everything an operator can set.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) rules: Vec<Rule>,
}

/// A rule: which events, under which conditions, are told to whom.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    events: Vec<String>,
    ticket: Vec<Field>,
    /// Fields of which an update must change one.
    changed: Vec<String>,
    /// Members of the event's data and the values that they may have.
    data: Vec<(String, Vec<String>)>,
    pub(crate) to: Vec<String>,
    pub(crate) subject: Option<String>,
    pub(crate) text: Option<String>,
    /// How long the same is not told again.
    pub(crate) repeat: String,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// Who is told by rules that do not say.
    to: Value,
    repeat: String,
    rules: Option<Vec<Value>>,
}

impl Default for Written {
    fn default() -> Self {
        Self { to: Value::Array(vec![]), repeat: "1h".to_owned(), rules: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    name: String,
    event: Value,
    #[serde(default)]
    when: Map<String, Value>,
    to: Option<Value>,
    subject: Option<String>,
    text: Option<String>,
    repeat: Option<String>,
}

impl Settings {
    /// Reads the settings. Without rules, the usual ones hold for the destinations in `to`.
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let written: Written = cx.settings()?;
        let to = fields::values(&written.to)
            .ok_or("notify setting `to` must be the name of a destination or a list of names")?;
        let rules = written.rules.unwrap_or_else(|| if to.is_empty() { vec![] } else { usual() });
        let rules = rules.into_iter().enumerate().map(|(at, rule)| Rule::read(at + 1, rule, &to, &written.repeat));
        Ok(Self { rules: rules.collect::<Result<_>>()? })
    }
}

/// What most teams want to hear of.
fn usual() -> Vec<Value> {
    vec![
        json!({ "name": "urgent tickets", "event": ["ticket.created", "ticket.updated"], "when": { "priority": "urgent", "changed": "priority" } }),
        json!({ "name": "breaches", "event": "sla.breached" }),
        json!({ "name": "escalations", "event": "ticket.escalated" }),
        json!({ "name": "failed deliveries", "event": "delivery.failed" }),
        json!({ "name": "silent sources", "event": "source.silent" }),
        json!({ "name": "surges", "event": "source.surge" }),
    ]
}

impl Rule {
    fn read(number: usize, written: Value, to: &[String], repeat: &str) -> Result<Self> {
        let named = written.get("name").and_then(Value::as_str).map(|name| format!(" '{name}'")).unwrap_or_default();
        Self::parse(written, to, repeat)
            .map_err(|problem| Error::fail(format!("notify rule {number}{named}: {problem}")))
    }

    fn parse(written: Value, to: &[String], repeat: &str) -> Result<Self, String> {
        let mut written: WrittenRule = serde_json::from_value(written).map_err(|error| error.to_string())?;
        let events = texts("event", &written.event)?;
        let changed = written.when.remove("changed");
        let changed = changed.map(|changed| texts("when.changed", &changed)).transpose()?.unwrap_or_default();
        let data = written.when.remove("data").map(|data| conditions(&data)).transpose()?.unwrap_or_default();
        let to = written.to.as_ref().map(|to| texts("to", to)).transpose()?.unwrap_or_else(|| to.to_vec());
        if to.is_empty() {
            return Err("`to` is missing: name a destination here or in the setting `to`".to_owned());
        }
        Ok(Self {
            name: written.name,
            events,
            ticket: fields::read(&written.when)
                .map_err(|problem| format!("`when`: {}", problem.replace("known are ", "known are data, changed, ")))?,
            changed,
            data,
            to,
            subject: written.subject,
            text: written.text,
            repeat: written.repeat.unwrap_or_else(|| repeat.to_owned()),
        })
    }

    /// What of the event matched, in words; none where the rule does not speak of it.
    pub(crate) fn matched(&self, event: &Event) -> Option<Vec<String>> {
        self.events.iter().find(|kind| event.is(kind))?;
        let mut found = vec![event.kind.clone()];
        if !self.changed.is_empty() && event.kind == "ticket.updated" {
            let changed = self.changed.iter().find(|field| event.change(field).is_some())?;
            found.push(format!("{changed} has changed"));
        }
        if !self.ticket.is_empty() {
            let ticket = event.ticket.as_ref()?;
            for field in &self.ticket {
                found.push(field.matched(ticket)?);
            }
        }
        for (name, accepted) in &self.data {
            let present = fields::values(event.data.get(name)?)?;
            let value =
                present.iter().find(|value| accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(value)))?;
            found.push(format!("{name} is {value}"));
        }
        Some(found)
    }
}

fn conditions(data: &Value) -> Result<Vec<(String, Vec<String>)>, String> {
    let data = data.as_object().ok_or("`when.data` must be a table of members and values")?;
    data.iter().map(|(name, value)| Ok((name.clone(), texts(&format!("when.data.{name}"), value)?))).collect()
}

fn texts(member: &str, value: &Value) -> Result<Vec<String>, String> {
    let list = fields::values(value).ok_or_else(|| format!("`{member}` must be a text or a list of texts"))?;
    if list.is_empty() || list.iter().any(String::is_empty) {
        return Err(format!("`{member}` must not be empty"));
    }
    Ok(list)
}
