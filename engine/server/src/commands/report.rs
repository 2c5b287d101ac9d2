//! `deskbell report`: reports by hand. It needs no running engine; what it sends, the engine sends when it runs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Subcommand;
use deskbell_model::report::Span;
use deskbell_render::report as render;
use deskbell_store::Store;
use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::report::{Made, Report, errands, make, maker};
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::output::{Rows, line};
use crate::commands::{WrongUse, configuration, with_store};
use crate::config::Config;
use crate::config::mistake::nearest;
use crate::wiring;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a report, file it in the archive and print its number.
    Run {
        /// The name of a [[report]].
        name: String,
        /// Another period than its own: yesterday, last_7_days, last_week, last_month, last_quarter, or 2026-03-01..2026-04-01.
        #[arg(long, value_name = "PERIOD")]
        period: Option<Span>,
        /// Send it to its recipients and destinations too.
        #[arg(long)]
        send: bool,
    },
    /// Make a report and write it into a folder as HTML, PDF, CSV and JSON. Nothing is filed or sent.
    Preview {
        /// The name of a [[report]].
        name: String,
        /// Where the files go.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
        /// Another period than its own.
        #[arg(long, value_name = "PERIOD")]
        period: Option<Span>,
    },
    /// List the filed reports, latest first.
    List {
        /// Of this report alone.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: i64,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Send a filed report to the recipients and destinations of its [[report]].
    Send {
        /// Its number, as `report list` prints it.
        id: i64,
    },
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    let config = configuration(common)?;
    match arguments.command {
        Command::Run { name, period, send } => {
            known(&config, &name)?;
            with_store(common, async |store| by_hand(common, &config, store, &name, period, send).await).await
        }
        Command::Preview { name, out, period } => {
            known(&config, &name)?;
            with_store(common, async |store| preview(common, &config, store, &name, period, &out).await).await
        }
        Command::List { name, limit, format } => {
            with_store(common, async |store| list(&store, name.as_deref(), limit, format).await).await
        }
        Command::Send { id } => with_store(common, async |store| send(common, &config, store, id).await).await,
    }
}

fn known(config: &Config, name: &str) -> Result<(), WrongUse> {
    let names: Vec<&str> = config.reports.iter().map(|report| report.name.as_str()).collect();
    if names.contains(&name) {
        return Ok(());
    }
    Err(WrongUse(match (nearest(name, names.iter().copied()), names.is_empty()) {
        (Some(meant), _) => format!("there is no report '{name}' in the configuration; did you mean '{meant}'?"),
        (None, true) => "there is no [[report]] in the configuration; add one, as `deskbell init` shows".to_owned(),
        (None, false) => format!("there is no report '{name}' in the configuration; there are {}", names.join(", ")),
    }))
}

async fn preview(
    common: &Common,
    config: &Config,
    store: Store,
    name: &str,
    period: Option<Span>,
    out: &Path,
) -> anyhow::Result<()> {
    let (workshop, report) = wiring::reports::one(config, store, &common.data_dir, name).await?;
    let made = make(&workshop, &report, period, SystemClock.now()).await?;
    for file in write(&made, out, name)? {
        line(&file.display().to_string())?;
    }
    Ok(())
}

/// Writes all forms of a report into a folder, in place of those that it wrote there before, and gives the files.
pub(crate) fn write(made: &Made, out: &Path, name: &str) -> anyhow::Result<Vec<PathBuf>> {
    fs::create_dir_all(out).with_context(|| format!("cannot make {}", out.display()))?;
    remove_tables(out, name).with_context(|| format!("cannot clear {}", out.display()))?;
    let mut files = vec![
        (format!("{name}.html"), made.html.clone().into_bytes()),
        (format!("{name}.pdf"), made.pdf.clone()),
        (format!("{name}.json"), render::json(&made.document)?.into_bytes()),
    ];
    files.extend(render::csv(&made.document)?.into_iter().map(|file| (format!("{name}.{}", file.name), file.bytes)));
    let mut written = Vec::new();
    for (name, bytes) in files {
        let path = out.join(name);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// Removes the tables that an earlier run wrote: another period or language has others, with other names.
fn remove_tables(out: &Path, name: &str) -> std::io::Result<()> {
    for entry in fs::read_dir(out)? {
        let file = entry?.file_name();
        // Names of reports have no point: another one's tables are not taken for this one's.
        let rest = file.to_str().and_then(|file| file.strip_prefix(name)?.strip_prefix('.')?.strip_suffix(".csv"));
        if rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
            fs::remove_file(out.join(file))?;
        }
    }
    Ok(())
}

async fn by_hand(
    common: &Common,
    config: &Config,
    store: Store,
    name: &str,
    period: Option<Span>,
    sends: bool,
) -> anyhow::Result<()> {
    let wired = wiring::wire(config, store, &common.data_dir).await?;
    let engine = &wired.engine;
    let Some(report) = engine.reports.iter().find(|report| report.name == name) else {
        bail!("the report '{name}' is not there any more");
    };
    let made = make(&engine.workshop(), report, period, engine.now()).await?;
    let filed =
        if sends { maker::send(engine, report, &made, None).await } else { maker::file(engine, report, &made).await }?;
    let Some(id) = filed else { bail!("the report was not filed") };
    line(&id.to_string())?;
    eprintln!("{} for {} to {} is report {id}.", made.document.title, made.period.0, made.period.1);
    if sends {
        tell_who(report);
    }
    Ok(())
}

fn tell_who(report: &Report) {
    let who: Vec<&str> = report.recipients.iter().chain(&report.to).map(String::as_str).collect();
    if who.is_empty() {
        eprintln!("Nobody gets it: it has neither recipients nor destinations.");
    } else {
        eprintln!("A running engine delivers it to {}.", who.join(", "));
    }
}

async fn list(store: &Store, name: Option<&str>, limit: i64, format: Format) -> anyhow::Result<()> {
    let mut rows = Rows::new(["id", "report", "from", "to", "state", "due", "made", "title", "error"]);
    for run in store.reports(name, limit.clamp(1, 10_000)).await? {
        rows.push([
            json!(run.report_run_id),
            json!(run.report),
            json!(run.period.0),
            json!(run.period.1),
            json!(if run.error.is_none() { "made" } else { "failed" }),
            json!(run.due_at),
            json!(run.created_at),
            json!(run.title),
            json!(run.error),
        ]);
    }
    rows.print(format)
}

async fn send(common: &Common, config: &Config, store: Store, id: i64) -> anyhow::Result<()> {
    let Some(content) = store.report_content(id).await? else {
        bail!("there is no made report {id}; `deskbell report list` shows those that there are");
    };
    known(config, &content.report)?;
    let wired = wiring::wire(config, store, &common.data_dir).await?;
    let engine = &wired.engine;
    let Some(report) = engine.reports.iter().find(|report| report.name == content.report) else {
        bail!("the report '{}' is not in the configuration any more", content.report);
    };
    let document = serde_json::from_str(&content.document).context("the filed document does not read back")?;
    let now = engine.now();
    let made = Made { document, period: (now, now), html: content.html, pdf: content.pdf };
    let errands = errands::of(&engine.store, &engine.destinations, report, &made, &now.to_string()).await?;
    engine.store.send_report(id, &content.report, &errands, engine.own_source, now).await?;
    tell_who(report);
    Ok(())
}
