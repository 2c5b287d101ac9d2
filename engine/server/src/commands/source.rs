//! `deskbell source`: the accounts that webhooks come from.

use clap::Subcommand;
use deskbell_workers::engine::{Clock as _, SystemClock};
use serde_json::json;

use crate::cli::{Common, Format};
use crate::commands::output::Rows;
use crate::commands::secret::secret_key;
use crate::commands::{WrongUse, configuration, with_store};
use crate::config::Config;

pub(super) mod checks;

use checks::Checks;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show all sources: those of the configuration, and those that only history is known of.
    List {
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Check a source's set-up, and say what to enter at the helpdesk.
    Test {
        /// As the configuration names it.
        name: String,
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Command::List { format } => list(common, format).await,
        Command::Test { name, format } => test(common, &name, format).await,
    }
}

async fn list(common: &Common, format: Format) -> anyhow::Result<()> {
    let config = configuration(common)?;
    let known = with_store(common, async |store| Ok(store.sources().await?)).await?;
    let mut rows = Rows::new(["name", "connector", "configured", "webhook url", "last webhook at", "silent since"]);
    let heard = |name: &str| known.iter().find(|source| source.name == name);
    for source in &config.sources {
        let heard = heard(&source.name);
        rows.push([
            json!(source.name),
            json!(source.connector.as_deref().unwrap_or("(canonical events)")),
            json!(true),
            json!(webhook_url(&config, &source.name)),
            json!(heard.and_then(|heard| heard.last_delivery_at)),
            json!(heard.and_then(|heard| heard.silent_since)),
        ]);
    }
    let configured = |name: &str| config.sources.iter().any(|source| source.name == name);
    for source in known.iter().filter(|source| !configured(&source.name)) {
        rows.push([
            json!(source.name),
            json!(null),
            json!(false),
            json!(null),
            json!(source.last_delivery_at),
            json!(source.silent_since),
        ]);
    }
    rows.print(format)
}

/// Where a source's webhooks are posted to.
fn webhook_url(config: &Config, name: &str) -> String {
    let base = match &config.server.public_url {
        Some(url) => url.clone(),
        None => format!("http://{}", config.server.listen),
    };
    format!("{base}/hooks/{name}")
}

async fn test(common: &Common, name: &str, format: Format) -> anyhow::Result<()> {
    let config = configuration(common)?;
    let Some(source) = config.sources.iter().find(|source| source.name == name) else {
        let known: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(WrongUse(format!(
            "the configuration has no source '{name}'; there are: {known} (add one with [[source]])"
        ))
        .into());
    };
    let checks = with_store(common, async |store| {
        let key = secret_key(&common.data_dir)?;
        let mut checks = Checks::default();
        checks.note("configuration", format!("{} names it", common.config.display()));
        let plugin = checks.connector(common, &config, source, &store).await;
        let secrets = checks.secrets(&config, source, &store, &key).await?;
        let scheme = checks.signature(source, plugin.as_ref(), &secrets);
        checks.sending(source, plugin.as_ref());
        let heard = store.sources().await?.into_iter().find(|heard| heard.name == source.name);
        checks.heard(source, heard.as_ref(), SystemClock.now());
        checks.enter(&config, source, scheme.as_ref());
        Ok(checks)
    })
    .await?;
    checks.conclude(format)
}
