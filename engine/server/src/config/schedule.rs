//! What runs at certain times: `[[schedule]]`.

use deskbell_workers::scheduler::{Missed, Overlap};
use serde::{Deserialize, Serialize};

use super::account::check_name;
use super::reading::{Problem, Section};
use super::settings::Settings;

/// `[[schedule]]`
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    pub(crate) name: String,
    /// Five fields, six with seconds in front, or `@daily` and its like.
    pub(crate) cron: String,
    /// The IANA zone whose clock it goes by.
    #[serde(default = "utc")]
    pub(crate) tz: String,
    #[serde(default)]
    pub(crate) missed: Missed,
    #[serde(default)]
    pub(crate) overlap: Overlap,
    /// The account whose event it becomes; none for the engine's own.
    pub(crate) source: Option<String>,
    /// The plugin that gets the event; none for all that want `schedule.fired`.
    pub(crate) plugin: Option<String>,
    /// The `[[report]]` that it makes and sends, instead of an event.
    pub(crate) report: Option<String>,
    /// What the event brings along.
    pub(crate) data: Option<Settings>,
}

fn utc() -> String {
    "UTC".to_owned()
}

impl Section for Schedule {
    fn validate(&self, problems: &mut Vec<Problem>) {
        use deskbell_model::schedule::Error;
        check_name(&self.name, problems);
        match self.schedule() {
            Ok(_) => {}
            Err(error @ Error::Zone(_)) => problems.push(Problem::new("tz", format!("is wrong: {error}"))),
            Err(error) => problems.push(Problem::new("cron", format!("is wrong: {error}"))),
        }
        if self.report.is_some() && (self.plugin.is_some() || self.data.is_some()) {
            problems.push(Problem::new("report", "stands beside what is for plugins; write two schedules"));
        }
    }
}

impl Schedule {
    /// The expression in its zone.
    pub(crate) fn schedule(&self) -> Result<deskbell_model::schedule::Schedule, deskbell_model::schedule::Error> {
        deskbell_model::schedule::Schedule::new(&self.cron, &self.tz)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    #[track_caller]
    fn check(schedule: &str, expected: &str) {
        let text = format!(
            "[[source]]\nname = 'support'\n[[plugin]]\nname = 'reminders'\n[[schedule]]\nname = 'nightly'\n{schedule}\n"
        );
        let told = match Config::parse(&text, Path::new("deskbell.toml")) {
            Ok(config) => format!("{:?}", config.schedules.len()),
            Err(mistakes) => mistakes.to_string(),
        };
        assert!(told.contains(expected), "{schedule}: {told}");
    }

    #[test]
    fn mistakes_are_told_with_what_was_meant() {
        check("cron = '0 3 * * *'\ntz = 'Europe/Berlin'\nplugin = 'reminders'\nsource = 'support'", "1");
        check("cron = '@daily'\nmissed = 'catch_up'\noverlap = 'queue'\ndata = { a = 1 }", "1");
        check("cron = '61 * * * *'", "`schedule.cron` is wrong");
        check("cron = '@daily'\ntz = 'Europe/Berlinn'", "`schedule.tz` is wrong: unknown time zone");
        check("cron = '@daily'\nmissed = 'ones'", "did you mean \"once\"?");
        check(
            "cron = '@daily'\nplugin = 'reminder'",
            "names 'reminder', which is no plugin; did you mean 'reminders'?",
        );
        check("cron = '@daily'\nsource = 'suport'", "names 'suport', which is no source; did you mean 'support'?");
        check("crn = '@daily'", "did you mean `cron`?");
        check("cron = '@daily'\n[[schedule]]\nname = 'nightly'\ncron = '@daily'", "has 'nightly' a second time");
    }
}
