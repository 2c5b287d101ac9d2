//! `deskbell kpi`: the figures of a period. It needs no running engine.

use std::sync::Arc;

use deskbell_model::kpi::options::Invalid;
use deskbell_model::kpi::{Bucket, Dimension, Fcr, Options, Report, Request};
use deskbell_model::sla::Editions;
use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::figures;

use crate::cli::{Common, Format};
use crate::commands::{WrongUse, configuration, output, with_store};
use crate::config::mistake::nearest;
use crate::service_levels::editions;
use crate::wiring;

mod csv;
mod explained;
mod table;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The period begins here: a date, a time in --tz, or a time with an offset.
    #[arg(long, value_name = "TIME", required_unless_present = "explain")]
    from: Option<String>,
    /// The period ends before this, and the figures are as things stood then.
    #[arg(long, value_name = "TIME", required_unless_present = "explain")]
    to: Option<String>,
    /// The zone of dates, days and hours, such as Europe/Berlin (absent: UTC).
    #[arg(long, value_name = "ZONE")]
    tz: Option<String>,
    /// Also give durations in the working time of this calendar.
    #[arg(long, value_name = "NAME")]
    calendar: Option<String>,
    /// Repeat the figures for each channel, priority, category, type, group, assignee, organization, language, tag or source.
    #[arg(long, value_name = "DIMENSION")]
    by: Option<String>,
    /// Cut the period into day, week or month.
    #[arg(long)]
    bucket: Option<String>,
    /// What solved at first contact means: one-reply (the default) or first-hour.
    #[arg(long)]
    fcr: Option<String>,
    /// Look at the events of this source alone.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Tell what a figure is instead: definition, formula, source, benchmark, and the targets and weights in force.
    #[arg(long, value_name = "KEY", conflicts_with_all = ["from", "to", "tz", "calendar", "by", "bucket", "fcr", "source"])]
    explain: Option<String>,
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    let config = configuration(common)?;
    if let Some(key) = &arguments.explain {
        let policies = Editions::new(wiring::policies(&config, &wiring::calendars(&config)?)?);
        return explained::print(key, &wiring::kpi(&config, Arc::new(policies)), arguments.format);
    }
    let request = Request {
        from: arguments.from.as_deref().unwrap_or_default(),
        to: arguments.to.as_deref().unwrap_or_default(),
        tz: arguments.tz.as_deref(),
        calendar: arguments.calendar.as_deref(),
        by: arguments.by.as_deref(),
        bucket: arguments.bucket.as_deref(),
        fcr: arguments.fcr.as_deref(),
        source: arguments.source.as_deref(),
    };
    let calendars = wiring::calendars(&config)?;
    let names: Vec<&str> = calendars.names().collect();
    let options =
        Options::new(&request, &calendars).map_err(|invalid| WrongUse(format!("--{}", told(&invalid, &names))))?;
    let report = with_store(common, async |store| {
        let settings = wiring::kpi(&config, editions(&config, &store, SystemClock.now()).await?);
        Ok(Box::pin(figures::report(&store, options, settings)).await?)
    })
    .await?;
    print(&report, arguments.format)
}

/// What is wrong with what was asked for, with the name that was probably meant.
pub(crate) fn told(invalid: &Invalid, calendars: &[&str]) -> String {
    let (written, known): (&str, Vec<&str>) = match invalid {
        Invalid::Calendar { name, .. } => (name, calendars.to_vec()),
        Invalid::Word { member: "by", text, .. } => (text, Dimension::ALL.iter().map(|word| word.as_str()).collect()),
        Invalid::Word { member: "bucket", text, .. } => (text, Bucket::ALL.iter().map(|word| word.as_str()).collect()),
        Invalid::Word { text, .. } => (text, Fcr::ALL.iter().map(|word| word.as_str()).collect()),
        Invalid::Zone(name) => (name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect()),
        Invalid::Time { .. } | Invalid::Backwards { .. } => return invalid.to_string(),
    };
    match nearest(written, known) {
        Some(meant) => format!("{invalid}; did you mean '{meant}'?"),
        None => invalid.to_string(),
    }
}

fn print(report: &Report, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => output::line(&serde_json::to_string_pretty(report)?),
        Format::Csv => csv::print(&serde_json::to_value(report)?),
        Format::Table => table::print(&serde_json::to_value(report)?),
    }
}

#[cfg(test)]
mod tests {
    use deskbell_model::calendar::Book;

    use super::*;

    #[test]
    fn a_wrong_option_is_named_with_what_was_probably_meant() {
        let calendars = Book::default();
        let names: Vec<&str> = calendars.names().collect();
        let period = Request { from: "2026-03-02", to: "2026-03-03", ..Request::default() };
        for (request, expected) in [
            (Request { by: Some("chanel"), ..period }, "by: 'chanel' is not one of"),
            (Request { by: Some("chanel"), ..period }, "did you mean 'channel'?"),
            (Request { bucket: Some("weak"), ..period }, "did you mean 'week'?"),
            (Request { fcr: Some("one-repli"), ..period }, "did you mean 'one-reply'?"),
            (Request { tz: Some("Europe/Berln"), ..period }, "did you mean 'Europe/Berlin'?"),
            (Request { calendar: Some("alway"), ..period }, "did you mean 'always'?"),
            (Request { to: "tomorrow", ..period }, "to: 'tomorrow' is no time"),
        ] {
            let told = told(&Options::new(&request, &calendars).unwrap_err(), &names);
            assert!(told.contains(expected), "{told}");
        }
    }
}
