//! The rules, as the engine hands them over from `[[sla_on]]`.

use deskbell::event::data::Sla;
use deskbell::prelude::*;
use serde::Deserialize;

/// What follows what.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) rules: Vec<Rule>,
}

/// What follows an event of a clock. Conditions that are not there hold for everything.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    /// `warning`, `breached`, `met`, `cancelled`, `retracted`.
    pub(crate) event: Many,
    metric: Option<Many>,
    policy: Option<Many>,
    priority: Option<Many>,
    group: Option<Many>,
    /// Of a warning, as written in the policy.
    warning: Option<Many>,
    #[serde(rename = "do")]
    pub(crate) reactions: Vec<Reaction>,
}

/// Something to do.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reaction {
    Escalate(Escalation),
    Notify(Notice),
    Assign(String),
    Group(String),
    Priority(String),
    Note(String),
    Tag(Many),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Escalation {
    pub(crate) tier: Option<u32>,
    pub(crate) group: Option<String>,
}

/// A destination by its name, or with a text of one's own.
#[derive(Debug, Deserialize)]
#[serde(from = "WrittenNotice")]
pub(crate) struct Notice {
    pub(crate) to: String,
    pub(crate) subject: Option<String>,
    pub(crate) text: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a notice is the name of a destination or { to, subject, text }")]
enum WrittenNotice {
    To(String),
    Whole { to: String, subject: Option<String>, text: Option<String> },
}

impl From<WrittenNotice> for Notice {
    fn from(written: WrittenNotice) -> Self {
        match written {
            WrittenNotice::To(to) => Self { to, subject: None, text: None },
            WrittenNotice::Whole { to, subject, text } => Self { to, subject, text },
        }
    }
}

/// A text or a list of texts.
#[derive(Debug, Deserialize)]
#[serde(from = "OneOrMany")]
pub(crate) struct Many(pub(crate) Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "write a text or a list of texts")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Many {
    fn from(written: OneOrMany) -> Self {
        match written {
            OneOrMany::One(text) => Self(vec![text]),
            OneOrMany::Many(texts) => Self(texts),
        }
    }
}

impl Settings {
    pub(crate) fn read(cx: &Context) -> Result<Self> {
        cx.settings()
    }
}

impl Rule {
    /// Whether it speaks of this event.
    pub(crate) fn is_for(&self, event: &Event, sla: &Sla, ticket: &Ticket) -> bool {
        let kind = event.kind.strip_prefix("sla.").unwrap_or_default();
        let holds = |accepted: &Option<Many>, value: Option<&str>| {
            accepted.as_ref().is_none_or(|accepted| value.is_some_and(|value| accepted.has(value)))
        };
        self.event.has(kind)
            && holds(&self.metric, Some(&sla.metric))
            && holds(&self.policy, Some(&sla.policy))
            && holds(&self.priority, Some(&ticket.priority))
            && holds(&self.group, ticket.group.as_deref())
            && holds(&self.warning, sla.warning.as_deref())
    }
}

impl Many {
    fn has(&self, value: &str) -> bool {
        self.0.iter().any(|accepted| accepted == value)
    }
}

impl Reaction {
    /// Whether it changes the ticket, as opposed to telling somebody.
    pub(crate) const fn changes_ticket(&self) -> bool {
        !matches!(self, Self::Notify(_) | Self::Note(_))
    }
}
