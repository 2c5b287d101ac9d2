//! What follows what befalls a service level clock: `[[sla_on]]`. The shipped plugin `sla` does it.

use deskbell_model::sla::Metric;
use deskbell_model::ticket::Priority;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use super::plugin::Plugin;
use super::reading::{Problem, Section};

/// The shipped plugin that does it.
pub(crate) const PLUGIN: &str = "sla";

/// `[[sla_on]]`. Conditions that are not there hold for everything.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlaOn {
    #[serde(deserialize_with = "one_or_many")]
    pub(crate) event: Vec<Happening>,
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub(crate) metric: Option<Vec<Metric>>,
    /// Names of `[[sla]]` policies.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub(crate) policy: Option<Vec<String>>,
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub(crate) priority: Option<Vec<Priority>>,
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub(crate) group: Option<Vec<String>>,
    /// Which warning, as written in the policy.
    #[serde(default, deserialize_with = "some", skip_serializing_if = "Option::is_none")]
    pub(crate) warning: Option<Vec<String>>,
    pub(crate) r#do: Vec<Reaction>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Happening {
    Warning,
    Breached,
    Met,
    Cancelled,
    Retracted,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reaction {
    Escalate(Escalation),
    Notify(Notice),
    Assign(String),
    Group(String),
    Priority(Priority),
    Note(String),
    #[serde(deserialize_with = "one_or_many")]
    Tag(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Escalation {
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
}

/// The name of a `[[destination]]`, or that with a text of one's own.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged, expecting = "is the name of a destination or { to = .., subject = .., text = .. }")]
pub(crate) enum Notice {
    To(String),
    Whole(WholeNotice),
}

#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WholeNotice {
    to: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl Section for SlaOn {
    fn validate(&self, problems: &mut Vec<Problem>) {
        if self.event.is_empty() {
            problems.push(Problem::new("event", "names nothing; write event = \"breached\""));
        }
        if self.r#do.is_empty() {
            problems.push(Problem::new("do", "has nothing to do; write do = [{ notify = \"ops\" }]"));
        }
        let is_nowhere =
            |reaction: &Reaction| matches!(reaction, Reaction::Escalate(Escalation { tier: None, group: None }));
        if self.r#do.iter().any(is_nowhere) {
            problems.push(Problem::new("do", "escalates to nobody; write { escalate = { group = \"tier-2\" } }"));
        }
    }
}

impl SlaOn {
    /// The destinations that it sends notices to.
    pub(crate) fn destinations(&self) -> impl Iterator<Item = &str> {
        self.r#do.iter().filter_map(|reaction| match reaction {
            Reaction::Notify(Notice::To(to) | Notice::Whole(WholeNotice { to, .. })) => Some(to.as_str()),
            _ => None,
        })
    }
}

/// The rules as the plugin reads them: it runs because there are rules, or is configured and gets them added.
pub(crate) fn hand_over(rules: &[SlaOn], plugins: &mut Vec<Plugin>) {
    if rules.is_empty() {
        return;
    }
    // Rules are made of what JSON has.
    let rules: Value = serde_json::to_value(rules).unwrap_or_else(|_| json!([]));
    if let Some(plugin) = plugins.iter_mut().find(|plugin| plugin.name == PLUGIN) {
        plugin.settings.set("rules", rules);
    } else {
        let mut plugin = Plugin::shipped(PLUGIN);
        plugin.settings.set("rules", rules);
        plugins.push(plugin);
    }
}

/// One value or a list of them. What is wrong with one is told as if it stood alone.
fn one_or_many<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let values = match toml::Value::deserialize(deserializer)? {
        toml::Value::Array(values) => values,
        value => vec![value],
    };
    let read = |value: toml::Value| T::deserialize(value).map_err(|error| D::Error::custom(error.message()));
    values.into_iter().map(read).collect()
}

fn some<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<Vec<T>>, D::Error> {
    one_or_many(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    const BASE: &str = "[[destination]]\nname = 'ops'\nkind = 'slack'\nurl = { env = 'OPS' }\n\
                        [[sla]]\nname = 'gold'\n";

    #[test]
    fn rules_become_the_settings_of_the_plugin() {
        let text = format!(
            "{BASE}[[sla_on]]\nevent = 'breached'\nmetric = 'resolution'\npolicy = ['gold']\n\
             do = [{{ escalate = {{ group = 'tier-2' }} }}, {{ notify = 'ops' }}, {{ tag = 'late' }}]\n"
        );
        let config = Config::parse(&text, Path::new("deskbell.toml")).unwrap();
        let plugin = config.plugins.iter().find(|plugin| plugin.name == PLUGIN).unwrap();
        let expected = json!([{ "event": ["breached"], "metric": ["resolution"], "policy": ["gold"],
            "do": [{ "escalate": { "group": "tier-2" } }, { "notify": "ops" }, { "tag": ["late"] }] }]);
        assert_eq!(plugin.settings.get("rules"), Some(&expected));
        assert!(plugin.enabled && plugin.grant.is_none());
        assert!(Config::parse(BASE, Path::new("deskbell.toml")).unwrap().plugins.is_empty());
    }

    #[test]
    fn mistakes_are_told_with_their_place_and_what_was_meant() {
        for (rule, expected) in [
            ("event = 'breeched'\ndo = [{ tag = 'x' }]", "`sla_on.event` is none of `warning`"),
            ("event = 'breeched'\ndo = [{ tag = 'x' }]", "did you mean \"breached\"?"),
            ("event = 'met'\nmetrics = 'resolution'\ndo = [{ tag = 'x' }]", "did you mean `metric`?"),
            ("event = 'met'\nmetric = 'resolutions'\ndo = [{ tag = 'x' }]", "did you mean \"resolution\"?"),
            ("event = 'met'\ndo = [{ notfy = 'ops' }]", "did you mean \"notify\"?"),
            ("event = 'met'\ndo = [{ notify = 'opps' }]", "names 'opps', which is no destination; did you mean 'ops'?"),
            (
                "event = 'met'\npolicy = 'golt'\ndo = [{ tag = 'x' }]",
                "names 'golt', which is no SLA policy; did you mean 'gold'?",
            ),
            ("event = 'met'\ndo = []", "has nothing to do"),
            ("event = 'met'\ndo = [{ escalate = {} }]", "escalates to nobody"),
            ("do = [{ tag = 'x' }]", "`sla_on.event` is missing"),
        ] {
            let text = format!("{BASE}[[sla_on]]\n{rule}\n");
            let mistakes = Config::parse(&text, Path::new("deskbell.toml")).unwrap_err().to_string();
            assert!(mistakes.contains(expected), "{rule}: {mistakes}");
            let line = mistakes.lines().nth(1).unwrap();
            let number: usize = line.split(':').nth(1).unwrap().parse().unwrap();
            assert!(number >= 7, "{line}");
        }
    }
}
