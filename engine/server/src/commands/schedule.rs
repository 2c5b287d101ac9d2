//! `deskbell schedule`: when expressions come true, and how the configured schedules stand.

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use deskbell_model::schedule::{self, Schedule};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::Store;
use deskbell_store::schedule::{Run, State};
use deskbell_workers::engine::{Clock as _, SystemClock};
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::calendar::answer_lines;
use crate::commands::output::{self, Rows};
use crate::commands::{WrongUse, configuration, with_store};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the next runs of an expression, in UTC.
    Next {
        /// Five fields, six with seconds in front, or @daily and its like; in quotes.
        expression: String,
        /// The zone whose clock it goes by, such as Europe/Berlin.
        #[arg(long, value_name = "ZONE")]
        tz: String,
        /// Runs after this instant (absent: now).
        #[arg(long, value_name = "TIME")]
        after: Option<Timestamp>,
        /// How many.
        #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=10_000))]
        count: u16,
    },
    /// List the configured schedules with their last and next runs.
    List {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Keep a schedule from running until it is resumed.
    Pause { name: String },
    /// Let a schedule run again, from now on.
    Resume { name: String },
    /// Answer a file of cases, one JSON object a line.
    Batch {
        /// The file; `-` is standard input.
        file: PathBuf,
    },
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::List { format } => list(common, format).await,
        Command::Pause { name } => set_paused(common, &name, true).await,
        Command::Resume { name } => set_paused(common, &name, false).await,
        Command::Batch { file } => answer_lines(&file, schedule::batch_line),
        Command::Next { expression, tz, after, count } => {
            let schedule = Schedule::new(&expression, &tz).map_err(|error| WrongUse(error.to_string()))?;
            let after = after.unwrap_or_else(|| SystemClock.now());
            let runs = schedule.upcoming(after, usize::from(count));
            if runs.is_empty() {
                bail!("{schedule} has no run after {after} and before the year 10000");
            }
            runs.iter().try_for_each(|run| output::line(&run.to_string()))
        }
    }
}

async fn list(common: &Common, format: Format) -> anyhow::Result<()> {
    let config = configuration(common)?;
    let rows = with_store(common, async |store| {
        let standings = store.schedules().await?;
        let mut rows =
            Rows::new(["name", "cron", "tz", "next run", "last run", "state", "attempts", "error", "paused since"]);
        for schedule in &config.schedules {
            let standing = standings.iter().find(|standing| standing.name == schedule.name);
            let last = last_run(&store, &schedule.name).await?;
            let paused_at = standing.and_then(|standing| standing.paused_at);
            let next = match paused_at {
                Some(_) => None,
                None => schedule.schedule()?.next_after(SystemClock.now()),
            };
            rows.push([
                json!(schedule.name),
                json!(schedule.cron),
                json!(schedule.tz),
                json!(next),
                json!(last.as_ref().map(|run| run.due_at)),
                json!(last.as_ref().map(|run| word(run.state))),
                json!(last.as_ref().map(|run| run.attempts)),
                json!(last.as_ref().and_then(|run| run.error.clone())),
                json!(paused_at),
            ]);
        }
        Ok(rows)
    })
    .await?;
    rows.print(format)
}

async fn last_run(store: &Store, name: &str) -> anyhow::Result<Option<Run>> {
    Ok(store.latest_runs(name, 1).await?.pop())
}

async fn set_paused(common: &Common, name: &str, is_paused: bool) -> anyhow::Result<()> {
    let config = configuration(common)?;
    let Some(schedule) = config.schedules.iter().find(|schedule| schedule.name == name) else {
        let known: Vec<&str> = config.schedules.iter().map(|schedule| schedule.name.as_str()).collect();
        bail!("there is no schedule '{name}' in the configuration; there are: {}", known.join(", "));
    };
    let definition = schedule.schedule()?.to_string();
    with_store(common, async |store| {
        let now = SystemClock.now();
        store.meet_schedule(name, &definition, now).await?;
        if is_paused {
            store.pause_schedule(name, now).await?
        } else {
            store.resume_schedule(name, now).await?
        };
        Ok(())
    })
    .await?;
    let done = if is_paused { "is paused until it is resumed" } else { "runs again from now on" };
    output::line(&format!("{name} {done}"))
}

const fn word(state: State) -> &'static str {
    match state {
        State::Scheduled => "scheduled",
        State::Running => "running",
        State::Completed => "completed",
        State::Failed => "failed",
        State::Skipped => "skipped",
    }
}
