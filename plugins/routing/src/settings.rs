//! The rules as operators write them in `settings`. An error names the rule and the member at fault.

use deskbell::prelude::*;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::assign::Assign;
use crate::conditions::Conditions;

/// When rules are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum On {
    /// When a ticket is created.
    Created,
    /// Whenever something happens to a ticket that has neither group nor assignee.
    NoGroup,
}

/// Everything an operator can set.
#[derive(Debug, PartialEq)]
pub(crate) struct Settings {
    pub(crate) on: Vec<On>,
    /// Whether every matching rule counts, or the first alone.
    pub(crate) all: bool,
    pub(crate) form_field: String,
    pub(crate) detect_language: bool,
    pub(crate) rules: Vec<Rule>,
}

/// A rule: what it asks, and what follows.
#[derive(Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) when: Conditions,
    pub(crate) unless: Option<Conditions>,
    pub(crate) then: Actions,
}

/// What a rule does with a ticket.
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Actions {
    pub(crate) group: Option<String>,
    pub(crate) assignee: Option<String>,
    pub(crate) priority: Option<Priority>,
    pub(crate) category: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) assign: Option<Assign>,
}

/// The four priorities, so that a misspelt one is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    Low,
    Normal,
    High,
    Urgent,
}

impl Priority {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    on: Vec<On>,
    all: bool,
    form_field: String,
    detect_language: bool,
    rules: Vec<Value>,
}

impl Default for Written {
    fn default() -> Self {
        Self { on: vec![On::Created], all: false, form_field: "form".to_owned(), detect_language: true, rules: vec![] }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    name: String,
    #[serde(default)]
    when: Map<String, Value>,
    unless: Option<Map<String, Value>>,
    then: Value,
}

impl Settings {
    /// Reads the settings of this plugin.
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        let written: Written = cx.settings()?;
        let rules = written.rules.into_iter().enumerate().map(|(at, rule)| Rule::read(at + 1, rule));
        Ok(Self {
            on: written.on,
            all: written.all,
            form_field: written.form_field,
            detect_language: written.detect_language,
            rules: rules.collect::<Result<_>>()?,
        })
    }
}

impl Rule {
    fn read(number: usize, written: Value) -> Result<Self> {
        let named = written.get("name").and_then(Value::as_str).map(|name| format!(" '{name}'"));
        let wrong = |problem: String| {
            Error::fail(format!("routing rule {number}{}: {problem}", named.clone().unwrap_or_default()))
        };
        let rule: WrittenRule = part(written).map_err(&wrong)?;
        let when = Conditions::read(&rule.when).map_err(|problem| wrong(format!("`when`: {problem}")))?;
        let unless = rule.unless.as_ref().map(Conditions::read).transpose();
        let unless = unless.map_err(|problem| wrong(format!("`unless`: {problem}")))?;
        let then: Actions = part(rule.then).map_err(|problem| wrong(format!("`then`: {problem}")))?;
        if then == Actions::default() {
            return Err(wrong(
                "`then` does nothing; give group, assignee, assign, priority, category or tags".to_owned(),
            ));
        }
        if then.assign.is_some() && then.assignee.is_some() {
            return Err(wrong("`then`: give either `assignee` or `assign`".to_owned()));
        }
        Ok(Self { name: rule.name, when, unless, then })
    }
}

fn part<T: DeserializeOwned>(written: Value) -> Result<T, String> {
    serde_json::from_value(written).map_err(|error| error.to_string())
}
