//! `deskbell.toml`: what the operator wants.
//!
//! The file is read section by section into typed values; unknown names, wrong types and values that make no sense are
//! mistakes, reported all at once with file, line and column, and with the name that was probably meant. Secrets never
//! stand in it, only where they are ([`secret`]). Calendars, SLA policies, schedules and reports are kept as they stand
//! for the code that knows them; [`Config::position`] leads their mistakes back to the file.
//!
//! [`DEFAULT`] is the manual: every setting with its default, explained.

pub(crate) mod account;
pub(crate) mod bounds;
pub(crate) mod destination;
pub(crate) mod digest;
pub(crate) mod kpi;
pub(crate) mod mistake;
pub(crate) mod plugin;
pub(crate) mod process;
mod reading;
pub(crate) mod report;
pub(crate) mod schedule;
pub(crate) mod secret;
pub(crate) mod settings;
pub(crate) mod sla_on;
mod units;

use std::io;
use std::path::{Path, PathBuf};

use account::Source;
use bounds::{Limits, LoopGuard, Retention};
use destination::{Destination, Kind, Mail};
use digest::Digest;
use kpi::Kpi;
use mistake::{Mistakes, nearest};
use plugin::Plugin;
use process::{Deliver, Dispatch, Intake, Server};
use reading::{Placed, Reader};
use report::Report;
use schedule::Schedule;
use sla_on::SlaOn;

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
    pub(crate) sla_on: Vec<SlaOn>,
    pub(crate) kpi: Kpi,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) reports: Vec<Report>,
    /// The folder that relative paths in it start from; empty for the working directory.
    pub(crate) folder: PathBuf,
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
        let sla_on = reader.sections::<SlaOn>("sla_on");
        let schedules = reader.sections::<Schedule>("schedule");
        let reports = reader.sections::<Report>("report");
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
            kpi: reader.section("kpi"),
            folder: file.parent().map(Path::to_owned).unwrap_or_default(),
            ..Self::default()
        };
        // Whether names fit together can be told only where all of them could be read.
        if reader.mistakes.is_empty() {
            check_names(&mut reader, "source", &sources, |source| &source.name);
            check_names(&mut reader, "plugin", &plugins, |plugin| &plugin.name);
            check_names(&mut reader, "destination", &destinations, |destination| &destination.name);
            check_plugins(&mut reader, &plugins, &sources);
            check_mail(&mut reader, &destinations, config.mail.is_some());
            check_names(&mut reader, "schedule", &schedules, |schedule| &schedule.name);
            check_sla_on(&mut reader, &sla_on, &destinations, &config.sla, &plugins);
            check_schedules(&mut reader, &schedules, &sources, &plugins, &reports);
            check_names(&mut reader, "report", &reports, |report| &report.name);
            check_reports(&mut reader, &reports, &sources, &destinations, &config);
        }
        config.sources = sources.into_iter().map(|placed| placed.value).collect();
        config.plugins = plugins.into_iter().map(|placed| placed.value).collect();
        config.destinations = destinations.into_iter().map(|placed| placed.value).collect();
        config.schedules = schedules.into_iter().map(|placed| placed.value).collect();
        config.schedules.extend(reports.iter().filter_map(|placed| placed.value.scheduled()));
        config.reports = reports.into_iter().map(|placed| placed.value).collect();
        config.sla_on = sla_on.into_iter().map(|placed| placed.value).collect();
        sla_on::hand_over(&config.sla_on, &mut config.plugins);
        match reader.finish() {
            list if list.is_empty() => Ok(config),
            list => Err(mistakes(list)),
        }
    }

    /// By which processes that share a database know that they are told to do the same.
    pub(crate) fn digest(&self) -> Digest {
        digest::of(self)
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

fn check_sla_on(
    reader: &mut Reader<'_>,
    rules: &[Placed<SlaOn>],
    destinations: &[Placed<Destination>],
    policies: &[toml::Value],
    plugins: &[Placed<Plugin>],
) {
    let destinations: Vec<&str> = destinations.iter().map(|placed| placed.value.name.as_str()).collect();
    let policies: Vec<&str> = policies.iter().filter_map(|policy| policy.get("name")?.as_str()).collect();
    // Without any, the built-in policy holds.
    let policies = if policies.is_empty() { vec!["default"] } else { policies };
    for rule in rules {
        for to in rule.value.destinations() {
            check_known(reader, (&rule.name_at, "sla_on.do"), to, "destination", &destinations);
        }
        for policy in rule.value.policy.iter().flatten() {
            check_known(reader, (&rule.name_at, "sla_on.policy"), policy, "SLA policy", &policies);
        }
    }
    let own = plugins.iter().find(|placed| placed.value.name == sla_on::PLUGIN);
    if let Some(plugin) = own.filter(|placed| !rules.is_empty() && placed.value.settings.get("rules").is_some()) {
        let problem = "has rules, and there are rules in [[sla_on]]; write all of them there";
        reader.mistake(&plugin.name_at, "plugin.settings", problem);
    }
}

fn check_schedules(
    reader: &mut Reader<'_>,
    schedules: &[Placed<Schedule>],
    sources: &[Placed<Source>],
    plugins: &[Placed<Plugin>],
    reports: &[Placed<Report>],
) {
    let reports: Vec<&str> = reports.iter().map(|placed| placed.value.name.as_str()).collect();
    let sources: Vec<&str> = sources.iter().map(|placed| placed.value.name.as_str()).collect();
    let plugins: Vec<&str> = plugins.iter().map(|placed| placed.value.name.as_str()).collect();
    for schedule in schedules {
        if let Some(source) = &schedule.value.source {
            check_known(reader, (&schedule.name_at, "schedule.source"), source, "source", &sources);
        }
        if let Some(plugin) = &schedule.value.plugin {
            check_known(reader, (&schedule.name_at, "schedule.plugin"), plugin, "plugin", &plugins);
        }
        if let Some(report) = &schedule.value.report {
            check_known(reader, (&schedule.name_at, "schedule.report"), report, "report", &reports);
        }
    }
}

fn check_reports(
    reader: &mut Reader<'_>,
    reports: &[Placed<Report>],
    sources: &[Placed<Source>],
    destinations: &[Placed<Destination>],
    config: &Config,
) {
    let sources: Vec<&str> = sources.iter().map(|placed| placed.value.name.as_str()).collect();
    let destinations: Vec<&str> = destinations.iter().map(|placed| placed.value.name.as_str()).collect();
    let calendars: Vec<&str> = config.calendars.keys().map(String::as_str).chain(["always"]).collect();
    for report in reports {
        if !report.value.recipients.is_empty() && config.mail.is_none() {
            let problem = "get it by mail, and there is no mail server; add [mail]";
            reader.mistake(&report.name_at, "report.recipients", problem);
        }
        for to in &report.value.to {
            check_known(reader, (&report.name_at, "report.to"), to, "destination", &destinations);
        }
        for to in &report.value.failures_to {
            check_known(reader, (&report.name_at, "report.failures_to"), to, "destination", &destinations);
        }
        if let Some(source) = &report.value.source {
            check_known(reader, (&report.name_at, "report.source"), source, "source", &sources);
        }
        if let Some(calendar) = &report.value.calendar {
            check_known(reader, (&report.name_at, "report.calendar"), calendar, "calendar", &calendars);
        }
    }
}

/// Notes a mistake where `name` is none of the known ones.
fn check_known(
    reader: &mut Reader<'_>,
    (at, key): (&std::ops::Range<usize>, &str),
    name: &str,
    what: &str,
    known: &[&str],
) {
    if !known.contains(&name) {
        let meant = nearest(name, known.iter().copied()).map(|meant| format!("; did you mean '{meant}'?"));
        reader.mistake(at, key, format!("names '{name}', which is no {what}{}", meant.unwrap_or_default()));
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
