//! `deskbell schedule`: when expressions come true. It needs no database.

use std::path::PathBuf;

use anyhow::bail;
use clap::Subcommand;
use deskbell_model::schedule::{self, Schedule};
use deskbell_model::timestamp::Timestamp;
use deskbell_workers::engine::{Clock as _, SystemClock};

use crate::commands::calendar::answer_lines;
use crate::commands::{WrongUse, output};

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
    /// Answer a file of cases, one JSON object a line.
    Batch {
        /// The file; `-` is standard input.
        file: PathBuf,
    },
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    match &arguments.command {
        Command::Batch { file } => answer_lines(file, schedule::batch_line),
        Command::Next { expression, tz, after, count } => {
            let schedule = Schedule::new(expression, tz).map_err(|error| WrongUse(error.to_string()))?;
            let after = after.unwrap_or_else(|| SystemClock.now());
            let runs = schedule.upcoming(after, usize::from(*count));
            if runs.is_empty() {
                bail!("{schedule} has no run after {after} and before the year 10000");
            }
            runs.iter().try_for_each(|run| output::line(&run.to_string()))
        }
    }
}
