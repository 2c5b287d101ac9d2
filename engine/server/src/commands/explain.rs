//! `deskbell explain`: a ticket's whole story, for people.

use deskbell_workers::engine::{Clock as _, SystemClock};

use crate::api::story::{self, MAX_EVENTS, NotOne, Setting};
use crate::cli::{Common, Format};
use crate::commands::{WrongUse, configuration, output, with_store};

mod event;
mod text;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The ticket's id at its helpdesk.
    ticket: String,
    /// Where the id exists at several sources, the one that is meant.
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Tell the youngest N events.
    #[arg(long, value_name = "N", default_value_t = MAX_EVENTS, value_parser = clap::value_parser!(i64).range(1..=MAX_EVENTS))]
    limit: i64,
    /// table (a text to read) or json.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    if arguments.format == Format::Csv {
        return Err(WrongUse("a story is no table of rows; print it as table or json".to_owned()).into());
    }
    let config = configuration(common)?;
    let told = with_store(common, async |store| {
        let source = arguments.source.as_deref();
        let place = story::find(&store, &arguments.ticket, source).await.map_err(|error| match error {
            NotOne::Ambiguous { .. } => WrongUse(format!("{error} with --source NAME")).into(),
            NotOne::Unknown { .. } => anyhow::anyhow!("{error}. `deskbell source list` shows when each source was last heard, `deskbell dead-letters list` what could not be read"),
            NotOne::Store(error) => anyhow::Error::from(error),
        })?;
        let account = config.sources.iter().find(|account| account.name == place.source);
        let setting = Setting {
            own_actors: account.map(|account| account.own_actors.as_slice()).unwrap_or_default(),
            max_hops: i64::try_from(config.loop_guard.max_hops).unwrap_or(i64::MAX),
            now: SystemClock.now(),
        };
        Ok(story::tell(&store, &place, setting, arguments.limit).await?)
    })
    .await?;
    match arguments.format {
        Format::Json => output::line(&serde_json::to_string_pretty(&told)?),
        Format::Table | Format::Csv => output::line(text::of(&told).trim_end()),
    }
}
