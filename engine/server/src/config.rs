//! `deskbell.toml`: what the operator wants.
//!
//! The file is read section by section into typed values; unknown names, wrong types and values that make no sense are
//! mistakes, reported all at once with file, line and column, and with the name that was probably meant. Secrets never
//! stand in it, only where they are ([`secret`]). Calendars, SLA policies, KPI settings, schedules and reports are kept as
//! they stand for the code that knows them; [`Config::position`] leads their mistakes back to the file.
//!
//! [`DEFAULT`] is the manual: every setting with its default, explained.

pub(crate) mod account;
pub(crate) mod bounds;
pub(crate) mod destination;
pub(crate) mod digest;
pub(crate) mod mistake;
pub(crate) mod plugin;
pub(crate) mod process;
mod reading;
pub(crate) mod secret;
pub(crate) mod settings;
mod units;

use std::io;
use std::path::{Path, PathBuf};

use account::Source;
use bounds::{Limits, LoopGuard, Retention};
use destination::{Destination, Kind, Mail};
use digest::Digest;
use mistake::{Mistakes, Position, nearest};
use plugin::Plugin;
use process::{Deliver, Dispatch, Intake, Server};
use reading::{Placed, Reader};

/// The commented default configuration, as `deskbell init` writes it.
pub(crate) const DEFAULT: &str = include_str!("config.default.toml");

/// The whole configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    pub(crate) server: Server,
    pub(crate) intake: Intake,
    pub(crate) dispatch: Dispatch,
    pub(crate) deliver: Deliver,
    pub(crate) loop_guard: LoopGuard,
    pub(crate) retention: Retention,
    pub(crate) limits: Limits,
    pub(crate) mail: Option<Mail>,
    pub(crate) sources: Vec<Source>,
    pub(crate) plugins: Vec<Plugin>,
    pub(crate) destinations: Vec<Destination>,
    /// `[calendars.NAME]`
    pub(crate) calendars: toml::Table,
    /// `[[sla]]`, each a table.
    pub(crate) sla: Vec<toml::Value>,
    /// `[[sla_on]]`, each a table.
    pub(crate) sla_on: Vec<toml::Value>,
    pub(crate) kpi: toml::Table,
    /// `[[schedule]]`, each a table.
    pub(crate) schedules: Vec<toml::Value>,
    /// `[[report]]`, each a table.
    pub(crate) reports: Vec<toml::Value>,
    /// The folder that relative paths in it start from; empty for the working directory.
    pub(crate) folder: PathBuf,
    text: String,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("there is no configuration {}; write one with `deskbell init`, or name another with --config", .0.display())]
    Missing(PathBuf),
    #[error("cannot read the configuration {}", .file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{0}")]
    Mistakes(Mistakes),
}

impl Config {
    pub(crate) fn load(file: &Path) -> Result<Self, Error> {
        match std::fs::read_to_string(file) {
            Ok(text) => Self::parse(&text, file).map_err(Error::Mistakes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::Missing(file.to_owned())),
            Err(source) => Err(Error::Unreadable { file: file.to_owned(), source }),
        }
    }

    /// Reads a configuration; `file` says where it stands, for messages and relative paths.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Mistakes> {
        let mistakes = |list| Mistakes::new(file, list);
        let mut reader = Reader::new(text).map_err(mistakes)?;
        let sources = reader.sections::<Source>("source");
        let plugins = reader.sections::<Plugin>("plugin");
        let destinations = reader.sections::<Destination>("destination");
        let mut config = Self {
            server: reader.section("server"),
            intake: reader.section("intake"),
            dispatch: reader.section("dispatch"),
            deliver: reader.section("deliver"),
            loop_guard: reader.section("loop_guard"),
            retention: reader.section("retention"),
            limits: reader.section("limits"),
            mail: reader.optional("mail"),
            calendars: reader.raw_table("calendars"),
            sla: reader.raw_tables("sla"),
            sla_on: reader.raw_tables("sla_on"),
            kpi: reader.raw_table("kpi"),
            schedules: reader.raw_tables("schedule"),
            reports: reader.raw_tables("report"),
            folder: file.parent().map(Path::to_owned).unwrap_or_default(),
            text: text.to_owned(),
            ..Self::default()
        };
        // Whether names fit together can be told only where all of them could be read.
        if reader.mistakes.is_empty() {
            check_names(&mut reader, "source", &sources, |source| &source.name);
            check_names(&mut reader, "plugin", &plugins, |plugin| &plugin.name);
            check_names(&mut reader, "destination", &destinations, |destination| &destination.name);
            check_plugins(&mut reader, &plugins, &sources);
            check_mail(&mut reader, &destinations, config.mail.is_some());
        }
        config.sources = sources.into_iter().map(|placed| placed.value).collect();
        config.plugins = plugins.into_iter().map(|placed| placed.value).collect();
        config.destinations = destinations.into_iter().map(|placed| placed.value).collect();
        match reader.finish() {
            list if list.is_empty() => Ok(config),
            list => Err(mistakes(list)),
        }
    }

    /// By which processes that share a database know that they are told to do the same.
    pub(crate) fn digest(&self) -> Digest {
        digest::of(self)
    }

    /// Where a setting stands, by its names from the top; list entries by their number from 0: `["sla", "0", "name"]`.
    /// Nothing if it is not in the file.
    pub(crate) fn position(&self, path: &[&str]) -> Option<Position> {
        reading::locate(&self.text, path).map(|span| Position::of(&self.text, span.start))
    }
}

fn check_names<T>(reader: &mut Reader<'_>, section: &str, list: &[Placed<T>], name: impl Fn(&T) -> &str) {
    let mut seen: Vec<&str> = Vec::new();
    for placed in list {
        let name = name(&placed.value);
        if seen.contains(&name) {
            reader.mistake(&placed.name_at, format!("{section}.name"), format!("has '{name}' a second time"));
        }
        seen.push(name);
    }
}

fn check_plugins(reader: &mut Reader<'_>, plugins: &[Placed<Plugin>], sources: &[Placed<Source>]) {
    let known: Vec<&str> = sources.iter().map(|source| source.value.name.as_str()).collect();
    for plugin in plugins {
        for name in plugin.value.sources.iter().flatten().filter(|name| !known.contains(&name.as_str())) {
            let meant = nearest(name, known.iter().copied()).map(|meant| format!("; did you mean '{meant}'?"));
            let problem = format!("names '{name}', which is no source{}", meant.unwrap_or_default());
            reader.mistake(&plugin.name_at, "plugin.sources", problem);
        }
    }
}

fn check_mail(reader: &mut Reader<'_>, destinations: &[Placed<Destination>], has_mail: bool) {
    let by_mail = destinations.iter().find(|destination| destination.value.kind == Kind::Mail);
    if let Some(destination) = by_mail.filter(|_| !has_mail) {
        reader.mistake(&destination.name_at, "destination.kind", "is mail, and there is no mail server; add [mail]");
    }
}

#[cfg(test)]
mod tests;
