//! A plugin's manifest, `plugin.toml`: what it is, which events it is called for, and what it asks for.
//!
//! The SDK stamps it into the component. A plugin may do what its manifest asks *and* the operator grants: the manifest
//! is a wish list, [`Grants`] are the answer. Whatever is wrong with a manifest is refused with the member at fault and,
//! where a word is only misspelled, the word that was meant.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod amount;
mod connecting;
mod nearest;
mod reading;

pub use amount::{duration_ms, size_bytes};
pub use reading::Invalid;

/// The host capabilities that a manifest can ask for in `reads`.
pub const READS: &[&str] =
    &["kv", "timers", "tickets", "agents", "calendars", "figures", "kpis", "comments", "automation-figures"];

/// Those of them that reporters have.
pub const REPORTER_READS: &[&str] = &["calendars", "kpis", "comments", "automation-figures"];

/// The kinds of events that automations are called for.
pub const EVENT_KINDS: &[&str] = &[
    "ticket.created",
    "ticket.snapshot",
    "ticket.updated",
    "ticket.commented",
    "ticket.escalated",
    "ticket.merged",
    "ticket.deleted",
    "interaction.ended",
    "work.logged",
    "rating.submitted",
    "agent.shift",
    "agent.status",
    "knowledge.searched",
    "knowledge.viewed",
    "knowledge.rated",
    "chat.message",
    "cost.recorded",
    "timer.fired",
    "delivery.failed",
    "source.silent",
    "source.surge",
    "schedule.fired",
    "sla.warning",
    "sla.breached",
    "sla.met",
    "sla.cancelled",
    "sla.retracted",
];

/// What a plugin says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    pub version: String,
    /// The contract it was written for.
    pub contract: Contract,
    pub world: World,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// Which events an automation is called for.
    #[serde(default)]
    pub events: Vec<EventPattern>,
    /// The kinds of effects it asks to have.
    #[serde(default)]
    pub effects: BTreeSet<String>,
    /// The host capabilities it asks to use.
    #[serde(default)]
    pub reads: BTreeSet<String>,
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Whether it is also called for echoes of what the engine itself wrote to the helpdesk.
    #[serde(default)]
    pub own_events: bool,
    #[serde(default)]
    pub limits: Limits,
    /// There for connectors and for nobody else.
    #[serde(default)]
    pub connector: Option<Connector>,
    /// Which reports a reporter makes, by name.
    #[serde(default)]
    pub reports: Vec<String>,
}

/// A version of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Contract {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

/// What a plugin can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum World {
    /// Decides what to do about events.
    Automation,
    /// Knows one helpdesk.
    Connector,
    /// Makes reports.
    Reporter,
}

impl World {
    /// The word of it, as in a manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Automation => "automation",
            Self::Connector => "connector",
            Self::Reporter => "reporter",
        }
    }
}

/// What becomes of an event when a plugin's call fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The call is repeated with pauses, then set aside as a dead letter.
    #[default]
    Retry,
    /// The event passes without this plugin.
    Skip,
    /// The ticket's later events wait for this plugin until a person decides.
    Block,
}

/// What a plugin wants to be limited to. The operator's ceilings hold over it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// All memories together.
    pub memory_bytes: Option<u64>,
    /// Time on the processor for one call.
    pub cpu_ms: Option<u64>,
    /// Time from start to end of one call.
    pub wall_ms: Option<u64>,
}

/// What only connectors say.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Connector {
    /// Where its requests may go: host names, `*.` before one for any below it, `$NAME` for the host of the source's
    /// setting of that name.
    pub hosts: Vec<String>,
    /// Where a webhook's own id stands; the first that is there counts.
    #[serde(default)]
    pub delivery_id: Vec<DeliveryId>,
    /// The signature scheme of the helpdesk's webhooks, as the manifest states it. What its members mean is known to
    /// whoever verifies.
    #[serde(default)]
    pub signature: Option<Value>,
}

/// Where a webhook's own id stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryId {
    /// In the header of this name, in lower case.
    Header(String),
    /// In the body, at this JSON pointer.
    Json(String),
}

/// Which kinds of events: one kind, all of a family (`ticket.*`), or all (`*`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventPattern(String);

/// What the operator lets a plugin do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grants {
    /// All that its manifest asks for.
    #[default]
    AsAsked,
    /// These effect kinds and capabilities, as far as its manifest asks for them.
    Only(BTreeSet<String>),
}

/// Why a plugin may not do something, and the line that would allow it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("'{word}' is not asked for by the manifest; in plugin.toml say {member} = {line}")]
    NotAsked { word: String, member: &'static str, line: String },
    #[error(
        "'{word}' is not granted to the plugin '{plugin}'; in deskbell.toml, in its [[plugin]], say grant = {line}"
    )]
    NotGranted { plugin: String, word: String, line: String },
}

impl Manifest {
    /// Reads and checks the text of a `plugin.toml`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        reading::manifest(text)
    }

    /// Whether it wants to be called for events of this kind, given without the `deskbell.` prefix.
    pub fn wants(&self, kind: &str) -> bool {
        self.events.iter().any(|pattern| pattern.matches(kind))
    }

    /// All that it asks for: effect kinds, then capabilities.
    pub fn asks(&self) -> impl Iterator<Item = &str> {
        self.effects.iter().chain(&self.reads).map(String::as_str)
    }

    /// Whether the plugin may have effects of this kind, or use this capability.
    pub fn may(&self, word: &str, grants: &Grants) -> Result<(), Denied> {
        let is_read = READS.contains(&word);
        let asked = if is_read { &self.reads } else { &self.effects };
        if !asked.contains(word) {
            let member = if is_read { "reads" } else { "effects" };
            return Err(Denied::NotAsked { word: word.to_owned(), member, line: line_with(asked, word) });
        }
        match grants {
            Grants::Only(granted) if !granted.contains(word) => Err(Denied::NotGranted {
                plugin: self.name.clone(),
                word: word.to_owned(),
                line: line_with(granted, word),
            }),
            Grants::AsAsked | Grants::Only(_) => Ok(()),
        }
    }
}

/// A list in TOML with one word more.
fn line_with(words: &BTreeSet<String>, word: &str) -> String {
    let words = words.iter().map(String::as_str).chain([word]);
    format!("[{}]", words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", "))
}

impl Grants {
    /// Grants of these words alone. A word that is neither an effect kind nor a capability is refused.
    pub fn only<W: AsRef<str>>(words: impl IntoIterator<Item = W>) -> Result<Self, Invalid> {
        let words = words.into_iter().map(|word| reading::grant(word.as_ref()));
        Ok(Self::Only(words.collect::<Result<_, _>>()?))
    }
}

impl EventPattern {
    /// Whether it covers this kind, given without the `deskbell.` prefix.
    pub fn matches(&self, kind: &str) -> bool {
        match self.0.strip_suffix('*') {
            // "ticket.*" leaves "ticket.", and "*" leaves nothing, with which every kind begins.
            Some(family) => kind.starts_with(family),
            None => self.0 == kind,
        }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl std::str::FromStr for Contract {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| part.parse().map_err(drop));
        let mut next = || parts.next().unwrap_or(Err(()));
        let version = Self { major: next()?, minor: next()?, patch: next()? };
        if parts.next().is_some() { Err(()) } else { Ok(version) }
    }
}

impl Serialize for Contract {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Contract {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|()| serde::de::Error::custom(format!("'{text}' is no version such as 1.0.0")))
    }
}

#[cfg(test)]
#[path = "manifest/tests.rs"]
mod tests;
