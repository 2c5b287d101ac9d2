//! Reports and who gets them: `[[report]]`.

use deskbell_model::report::Span;
use deskbell_render::report::Colour;
use deskbell_workers::report::Format;
use deskbell_workers::scheduler::{Missed, Overlap};
use serde::{Deserialize, Serialize};

use super::account::check_name;
use super::mistake::nearest;
use super::reading::{Problem, Section, zone_problem};
use super::schedule::Schedule;
use super::settings::Settings;

/// `[[report]]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "as the configuration calls it")]
pub(crate) struct Report {
    pub(crate) name: String,
    /// Who makes it.
    #[serde(default = "reporting")]
    pub(crate) plugin: String,
    /// Which of the plugin's reports.
    pub(crate) report: String,
    /// What it is about.
    #[serde(default = "last_week")]
    pub(crate) period: String,
    /// When it is made; without, only by hand or by a `[[schedule]]` that names it.
    pub(crate) schedule: Option<When>,
    /// The IANA zone of its days and hours (absent: the schedule's, else UTC).
    tz: Option<String>,
    #[serde(default = "english")]
    pub(crate) language: String,
    /// Durations are this calendar's working time.
    pub(crate) calendar: Option<String>,
    /// The account that it is about; none for all.
    pub(crate) source: Option<String>,
    /// Who gets it by mail: `Ada <ada@example.com>`.
    #[serde(default)]
    pub(crate) recipients: Vec<String>,
    /// Names of destinations that get it in short.
    #[serde(default)]
    pub(crate) to: Vec<String>,
    /// Names of destinations that are told when it cannot be made.
    #[serde(default)]
    pub(crate) failures_to: Vec<String>,
    /// What is attached to the mail.
    #[serde(default = "usual_formats")]
    pub(crate) formats: Vec<Format>,
    /// The name in its header.
    pub(crate) brand: Option<String>,
    /// A PNG or SVG file.
    pub(crate) logo: Option<String>,
    /// `#1f5fa8`
    pub(crate) colour: Option<String>,
    /// What the plugin reads as its settings.
    pub(crate) settings: Option<Settings>,
}

/// When a report is made.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct When {
    cron: String,
    tz: Option<String>,
    #[serde(default)]
    missed: Missed,
}

fn reporting() -> String {
    "reporting".to_owned()
}

fn last_week() -> String {
    "last_week".to_owned()
}

fn english() -> String {
    "en".to_owned()
}

fn usual_formats() -> Vec<Format> {
    vec![Format::Html, Format::Pdf, Format::Csv]
}

impl Section for Report {
    fn validate(&self, problems: &mut Vec<Problem>) {
        check_name(&self.name, problems);
        if let Err(error) = self.period.parse::<Span>() {
            let meant = nearest(&self.period, Span::WORDS.iter().copied());
            let meant = meant.map(|meant| format!("; did you mean \"{meant}\"?")).unwrap_or_default();
            problems.push(Problem::new("period", format!("is wrong: {error}{meant}")));
        }
        for tz in self.tz.iter().chain(self.schedule.iter().filter_map(|when| when.tz.as_ref())) {
            problems.extend(zone_problem("tz", tz));
        }
        if let Some(Err(error)) = self.scheduled().map(|schedule| schedule.schedule().map(drop)) {
            problems.push(Problem::new("schedule", format!("is wrong: {error}")));
        }
        let is_tag = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.language.is_empty() || self.language.len() > 35 || !self.language.chars().all(is_tag) {
            problems.push(Problem::new("language", "is no language tag; write one such as \"en\" or \"zh-CN\""));
        }
        for recipient in &self.recipients {
            if !deskbell_workers::mail::is_recipient(recipient) {
                let told: String = recipient.chars().take(80).collect();
                problems.push(Problem::new("recipients", format!("has '{told}', which is no mail address")));
            }
        }
        if let Some(Err(error)) = self.colour.as_ref().map(|colour| colour.parse::<Colour>()) {
            problems.push(Problem::new("colour", format!("is wrong: {error}")));
        }
    }
}

impl Report {
    /// The zone of its days and hours.
    pub(crate) fn zone(&self) -> chrono_tz::Tz {
        let own = self.tz.as_ref().or_else(|| self.schedule.as_ref()?.tz.as_ref());
        own.and_then(|name| name.parse().ok()).unwrap_or(chrono_tz::Tz::UTC)
    }

    /// Its schedule, under a name that no other has.
    pub(crate) fn scheduled(&self) -> Option<Schedule> {
        let when = self.schedule.as_ref()?;
        Some(Schedule {
            name: format!("report:{}", self.name),
            cron: when.cron.clone(),
            tz: when.tz.clone().or_else(|| self.tz.clone()).unwrap_or_else(|| "UTC".to_owned()),
            missed: when.missed,
            overlap: Overlap::Queue,
            source: None,
            plugin: None,
            report: Some(self.name.clone()),
            data: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[track_caller]
    fn check(report: &str, expected: &str) {
        let text = format!(
            "[mail]\nhost = 'mx'\nfrom = 'a@example.com'\n[calendars.berlin]\nhours = {{}}\n[[source]]\nname = 'support'\n[[destination]]\nname = 'ops'\nkind = 'slack'\nurl = {{ env = 'X' }}\n[[report]]\nname = 'weekly'\n{report}\n"
        );
        let told = match Config::parse(&text, Path::new("deskbell.toml")) {
            Ok(config) => format!("{:?}", config.reports.len()),
            Err(mistakes) => mistakes.to_string(),
        };
        assert!(told.contains(expected), "{report}: {told}");
    }

    #[test]
    fn mistakes_are_told_with_what_was_meant() {
        check("report = 'weekly'", "1");
        check(
            "report = 'weekly'\nperiod = 'last_month'\nschedule = { cron = '0 7 * * mon', tz = 'Europe/Berlin', missed = 'once' }\n\
             recipients = ['Ada <ada@example.com>', 'bo@example.com']\nto = ['ops']\nformats = ['pdf']\ncalendar = 'berlin'\n\
             source = 'support'\ncolour = '#123456'\nsettings = { least = 3 }",
            "1",
        );
        check("report = 'weekly'\nperiod = 'last_weak'", "did you mean \"last_week\"?");
        check("report = 'weekly'\ntz = 'Europe/Berlinn'", "did you mean \"Europe/Berlin\"?");
        check("report = 'weekly'\nschedule = { cron = '61 * * * *' }", "`report.schedule` is wrong");
        check("report = 'weekly'\nrecipients = ['nobody']", "has 'nobody', which is no mail address");
        check("report = 'weekly'\nto = ['obs']", "names 'obs', which is no destination; did you mean 'ops'?");
        check("report = 'weekly'\nfailures_to = ['obs']", "`report.failures_to` names 'obs'");
        check("report = 'weekly'\ncalendar = 'berli'", "names 'berli', which is no calendar; did you mean 'berlin'?");
        check("report = 'weekly'\nsource = 'suport'", "did you mean 'support'?");
        check("report = 'weekly'\nformats = ['pfd']", "did you mean \"pdf\"?");
        check("report = 'weekly'\ncolour = 'red'", "is no colour");
        check("period = 'last_week'", "`report.report`");
        check(
            "report = 'weekly'\n[[schedule]]\nname = 's'\ncron = '@daily'\nreport = 'weakly'",
            "did you mean 'weekly'?",
        );
    }
}
