//! `deskbell dead-letters`: what could not be done, and having it tried again.

use anyhow::bail;
use clap::Subcommand;
use deskbell_store::Store;
use deskbell_store::dead_letter::{DeadLetter, What};
use deskbell_workers::engine::{Clock as _, SystemClock};
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::output::Rows;
use crate::commands::with_store;

/// Read at a time when all are replayed.
const BATCH: i64 = 500;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what waits for a person, youngest first.
    List {
        /// Also those that have been replayed.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(i64).range(1..))]
        limit: i64,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Have dead letters tried again.
    Replay {
        /// As `deskbell dead-letters list` shows them.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        ids: Vec<i64>,
        /// All that wait.
        #[arg(long)]
        all: bool,
    },
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::List { all, limit, format } => list(common, all, limit, format).await,
        Command::Replay { ids, all } => {
            let replayed = with_store(
                common,
                async |store| {
                    if all { replay_all(&store).await } else { replay(&store, &ids).await }
                },
            )
            .await?;
            conclude(&replayed)
        }
    }
}

async fn list(common: &Common, all: bool, limit: i64, format: Format) -> anyhow::Result<()> {
    let letters = with_store(common, async |store| Ok(store.dead_letters(all, None, limit).await?)).await?;
    let mut rows =
        Rows::new(["id", "kind", "source", "ticket", "of", "error", "attempts", "set aside at", "replayed at"]);
    for letter in letters {
        let (kind, of) = kind_and_bearer(&letter.what);
        rows.push([
            json!(letter.dead_letter_id),
            json!(kind),
            json!(letter.source),
            json!(letter.ticket),
            json!(of),
            json!(letter.error),
            json!(letter.attempts),
            json!(letter.set_aside_at),
            json!(letter.replayed_at),
        ]);
    }
    rows.print(format)
}

/// The kind of a dead letter, and the plugin, destination or connector that it is of.
pub(crate) fn kind_and_bearer(what: &What) -> (&'static str, &str) {
    match what {
        What::Plugin { plugin, .. } => ("plugin", plugin),
        What::Action { destination, .. } => ("action", destination),
        What::Delivery { connector, .. } => ("delivery", connector),
    }
}

/// What came of a replay.
#[derive(Debug, Default)]
struct Replayed {
    n_replayed: u64,
    problems: Vec<String>,
}

impl Replayed {
    async fn one(&mut self, store: &Store, letter: &DeadLetter) -> anyhow::Result<()> {
        let id = letter.dead_letter_id;
        if let Some(at) = letter.replayed_at {
            self.problems.push(format!("dead letter {id} was replayed already, at {at}"));
        } else if store.replay(letter, SystemClock.now()).await? {
            self.n_replayed += 1;
        } else {
            self.problems.push(format!(
                "dead letter {id} was replayed by somebody else just now, what it speaks of is gone, or its plugin is \
                 behind on another event"
            ));
        }
        Ok(())
    }
}

async fn replay(store: &Store, ids: &[i64]) -> anyhow::Result<Replayed> {
    let mut replayed = Replayed::default();
    for id in ids {
        match store.dead_letters(true, Some(*id), 1).await?.first() {
            Some(letter) => replayed.one(store, letter).await?,
            None => replayed.problems.push(format!("there is no dead letter {id}")),
        }
    }
    Ok(replayed)
}

/// Those that wait now; what is set aside meanwhile waits for a person again.
async fn replay_all(store: &Store) -> anyhow::Result<Replayed> {
    let mut replayed = Replayed::default();
    let mut n_left = store.count_dead_letters().await?;
    while n_left > 0 {
        let letters = store.dead_letters(false, None, BATCH.min(n_left)).await?;
        if letters.is_empty() {
            break;
        }
        for letter in &letters {
            replayed.one(store, letter).await?;
        }
        n_left -= letters.len() as i64;
    }
    Ok(replayed)
}

fn conclude(replayed: &Replayed) -> anyhow::Result<()> {
    let n_replayed = replayed.n_replayed;
    let are = if n_replayed == 1 { "dead letter is" } else { "dead letters are" };
    eprintln!("{n_replayed} {are} tried again, now or when the engine runs");
    match replayed.problems.len() {
        0 => Ok(()),
        _ => bail!("{}", replayed.problems.join("\n")),
    }
}
