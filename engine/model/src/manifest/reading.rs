//! Reading a manifest, member by member.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::nearest::nearest;
use super::{
    Contract, EVENT_KINDS, EventPattern, Limits, Manifest, OnFailure, READS, REPORTER_READS, World, duration_ms,
    size_bytes,
};
use crate::effect::KINDS;

/// The most letters a name or version may have.
pub(super) const MAX_NAME_CHARS: usize = 64;

const MEMBERS: &[&str] = &[
    "name",
    "version",
    "contract",
    "world",
    "description",
    "events",
    "effects",
    "reads",
    "on_failure",
    "own_events",
    "limits",
    "connector",
    "reports",
];
const LIMIT_MEMBERS: &[&str] = &["memory", "cpu", "wall"];

/// What is wrong with a manifest or a list of grants.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("it is no TOML: {0}")]
    Toml(String),
    #[error("there is no member '{member}'; {hint}")]
    Unknown { member: String, hint: String },
    #[error("'{member}' is missing; {hint}")]
    Missing { member: String, hint: &'static str },
    #[error("'{member}' {problem}")]
    Wrong { member: String, problem: String },
    #[error("'{member}' has '{word}', which is no {what}; {hint}")]
    Word { member: String, word: String, what: &'static str, hint: String },
}

/// Reads and checks the text of a `plugin.toml`.
pub(super) fn manifest(text: &str) -> Result<Manifest, Invalid> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| Invalid::Toml(error.to_string()))?;
    let root = Section { table: &table, path: "" };
    root.knows(MEMBERS)?;
    let world = root.world()?;
    let manifest = Manifest {
        name: root.name()?,
        version: root.version()?,
        contract: root.contract()?,
        world,
        description: root.text("description")?.unwrap_or_default().to_owned(),
        events: root.events()?,
        effects: root.words("effects", "effect kind", KINDS)?,
        reads: root.words("reads", "capability", READS)?,
        on_failure: root.on_failure()?,
        own_events: root.flag("own_events")?,
        limits: root.section("limits")?.map(|limits| limits.limits()).transpose()?.unwrap_or_default(),
        connector: root.section("connector")?.map(|connector| connector.connector()).transpose()?,
        reports: root.reports()?,
    };
    fits_its_world(&manifest)?;
    Ok(manifest)
}

/// Checks a word of an operator's `grant`.
pub(super) fn grant(word: &str) -> Result<String, Invalid> {
    let known: Vec<&str> = KINDS.iter().chain(READS).copied().collect();
    known_word("grant", "effect kind and no capability", word, &known)
}

fn fits_its_world(manifest: &Manifest) -> Result<(), Invalid> {
    let wrong =
        |member: &str, problem: &str| Err(Invalid::Wrong { member: member.to_owned(), problem: problem.to_owned() });
    match (manifest.world, &manifest.connector) {
        (World::Automation, Some(_)) => wrong("connector", "is for world = \"connector\", and this is an automation"),
        (World::Automation, None) if manifest.events.is_empty() => Err(Invalid::Missing {
            member: "events".to_owned(),
            hint: "an automation names the events it is called for, such as events = [\"ticket.created\"]",
        }),
        (World::Automation | World::Connector, _) if !manifest.reports.is_empty() => {
            wrong("reports", "is for world = \"reporter\"")
        }
        (World::Automation, None) => Ok(()),
        (World::Reporter, Some(_)) => wrong("connector", "is for world = \"connector\", and this is a reporter"),
        (World::Reporter, None) => fits_reporters(manifest),
        (World::Connector, None) => Err(Invalid::Missing {
            member: "connector".to_owned(),
            hint: "a connector says where its requests may go, such as hosts = [\"*.example.com\"] under [connector]",
        }),
        (World::Connector, Some(_)) => {
            let nothing = "is for automations; a connector is called for its source's webhooks and actions alone";
            match manifest {
                Manifest { events, .. } if !events.is_empty() => wrong("events", nothing),
                Manifest { effects, .. } if !effects.is_empty() => wrong("effects", nothing),
                Manifest { reads, .. } if !reads.is_empty() => wrong("reads", nothing),
                _ => Ok(()),
            }
        }
    }
}

fn fits_reporters(manifest: &Manifest) -> Result<(), Invalid> {
    let wrong = |member: &str, problem: String| Err(Invalid::Wrong { member: member.to_owned(), problem });
    let nothing = "is for automations; a reporter is called when a report is due";
    let foreign = manifest.reads.iter().find(|word| !REPORTER_READS.contains(&word.as_str()));
    match manifest {
        Manifest { events, .. } if !events.is_empty() => wrong("events", nothing.to_owned()),
        Manifest { effects, .. } if !effects.is_empty() => wrong("effects", nothing.to_owned()),
        Manifest { reports, .. } if reports.is_empty() => Err(Invalid::Missing {
            member: "reports".to_owned(),
            hint: "a reporter names the reports it makes, such as reports = [\"weekly\"]",
        }),
        _ => match foreign {
            Some(word) => wrong("reads", format!("has '{word}', and reporters have {}", REPORTER_READS.join(", "))),
            None => Ok(()),
        },
    }
}

/// A table and the path to it.
pub(super) struct Section<'a> {
    pub(super) table: &'a Table,
    pub(super) path: &'a str,
}

impl<'a> Section<'a> {
    pub(super) fn knows(&self, members: &[&str]) -> Result<(), Invalid> {
        match self.table.keys().find(|member| !members.contains(&member.as_str())) {
            None => Ok(()),
            Some(member) => Err(Invalid::Unknown { member: self.full(member), hint: hint(member, members) }),
        }
    }

    fn full(&self, member: &str) -> String {
        let member: String = member.chars().take(MAX_NAME_CHARS).collect();
        if self.path.is_empty() { member } else { format!("{}.{member}", self.path) }
    }

    pub(super) fn wrong(&self, member: &str, problem: impl Into<String>) -> Invalid {
        Invalid::Wrong { member: self.full(member), problem: problem.into() }
    }

    fn text(&self, member: &str) -> Result<Option<&'a str>, Invalid> {
        match self.table.get(member) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(member, "must be a text")),
        }
    }

    pub(super) fn required(&self, member: &str, hint: &'static str) -> Result<&'a str, Invalid> {
        self.text(member)?.ok_or_else(|| Invalid::Missing { member: self.full(member), hint })
    }

    fn flag(&self, member: &str) -> Result<bool, Invalid> {
        match self.table.get(member) {
            None => Ok(false),
            Some(Value::Boolean(flag)) => Ok(*flag),
            Some(_) => Err(self.wrong(member, "must be true or false")),
        }
    }

    pub(super) fn texts(&self, member: &str) -> Result<Vec<&'a str>, Invalid> {
        let wrong = || self.wrong(member, "must be a list of texts");
        match self.table.get(member) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect(),
            Some(_) => Err(wrong()),
        }
    }

    pub(super) fn section(&self, member: &'static str) -> Result<Option<Section<'a>>, Invalid> {
        match self.table.get(member) {
            None => Ok(None),
            Some(Value::Table(table)) => Ok(Some(Section { table, path: member })),
            Some(_) => Err(self.wrong(member, format!("must be a table, [{member}]"))),
        }
    }

    fn words(&self, member: &str, what: &'static str, known: &[&str]) -> Result<BTreeSet<String>, Invalid> {
        let words = self.texts(member)?.into_iter();
        words.map(|word| known_word(&self.full(member), what, word, known)).collect()
    }

    fn name(&self) -> Result<String, Invalid> {
        let name = self.required("name", "it is what the plugin is called everywhere, such as name = \"routing\"")?;
        let is_right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_right) {
            return Err(self.wrong("name", "must be 1 to 64 lower-case letters, digits and hyphens"));
        }
        Ok(name.to_owned())
    }

    fn version(&self) -> Result<String, Invalid> {
        let version = self.required("version", "such as version = \"0.1.0\"")?;
        let is_right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+');
        let begins = version.chars().next().is_some_and(|c| c.is_ascii_digit());
        if !begins || version.len() > MAX_NAME_CHARS || !version.chars().all(is_right) {
            return Err(self.wrong("version", "must be a version such as 0.1.0"));
        }
        Ok(version.to_owned())
    }

    fn contract(&self) -> Result<Contract, Invalid> {
        let contract =
            self.required("contract", "it is the contract that the SDK names, such as contract = \"1.0.0\"")?;
        contract.parse().map_err(|()| self.wrong("contract", "must be a version such as 1.0.0"))
    }

    fn world(&self) -> Result<World, Invalid> {
        const WORDS: &[&str] = &["automation", "connector", "reporter"];
        match self.required("world", "say \"automation\", \"connector\" or \"reporter\"")? {
            "automation" => Ok(World::Automation),
            "connector" => Ok(World::Connector),
            "reporter" => Ok(World::Reporter),
            word => Err(no_such_word("world", "world", word, WORDS)),
        }
    }

    fn reports(&self) -> Result<Vec<String>, Invalid> {
        let names = self.texts("reports")?;
        let is_right = |name: &&str| {
            !name.is_empty()
                && name.len() <= MAX_NAME_CHARS
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        match names.iter().find(|name| !is_right(name)) {
            None => Ok(names.into_iter().map(str::to_owned).collect()),
            Some(_) => Err(self.wrong("reports", "must be names of 1 to 64 lower-case letters, digits and hyphens")),
        }
    }

    fn on_failure(&self) -> Result<OnFailure, Invalid> {
        const WORDS: &[&str] = &["retry", "skip", "block"];
        match self.text("on_failure")? {
            None | Some("retry") => Ok(OnFailure::Retry),
            Some("skip") => Ok(OnFailure::Skip),
            Some("block") => Ok(OnFailure::Block),
            Some(word) => Err(no_such_word("on_failure", "policy", word, WORDS)),
        }
    }

    fn events(&self) -> Result<Vec<EventPattern>, Invalid> {
        let patterns = self.texts("events")?.into_iter().map(|word| {
            let bare = word.strip_prefix("deskbell.").unwrap_or(word);
            let pattern = EventPattern(bare.to_owned());
            let is_whole = bare.strip_suffix('*').is_none_or(|family| family.is_empty() || family.ends_with('.'));
            let covers_some = EVENT_KINDS.iter().any(|kind| pattern.matches(kind));
            if is_whole && covers_some {
                Ok(pattern)
            } else {
                Err(no_such_word("events", "kind of event", word, EVENT_KINDS))
            }
        });
        patterns.collect()
    }

    fn limits(&self) -> Result<Limits, Invalid> {
        self.knows(LIMIT_MEMBERS)?;
        let amount = |member: &str, read: fn(&str) -> Option<u64>, example: &str| match self.text(member)? {
            None => Ok(None),
            Some(text) => match read(text) {
                Some(amount) if amount > 0 => Ok(Some(amount)),
                _ => Err(self.wrong(member, format!("must be an amount with its unit, such as {example}"))),
            },
        };
        Ok(Limits {
            memory_bytes: amount("memory", size_bytes, "\"32MiB\"")?,
            cpu_ms: amount("cpu", duration_ms, "\"50ms\"")?,
            wall_ms: amount("wall", duration_ms, "\"2s\"")?,
        })
    }
}

fn known_word(member: &str, what: &'static str, word: &str, known: &[&str]) -> Result<String, Invalid> {
    if known.contains(&word) { Ok(word.to_owned()) } else { Err(no_such_word(member, what, word, known)) }
}

fn no_such_word(member: &str, what: &'static str, word: &str, known: &[&str]) -> Invalid {
    let short: String = word.chars().take(MAX_NAME_CHARS).collect();
    Invalid::Word { member: member.to_owned(), word: short, what, hint: hint(word, known) }
}

fn hint(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(meant) => format!("did you mean '{meant}'?"),
        None => format!("known are {}", known.join(", ")),
    }
}
