//! `deskbell check`: configuration, plugins, grants and database, all mistakes at once.

use anyhow::bail;
use deskbell_model::manifest::World;

use crate::cli::Common;
use crate::commands::output::line;
use crate::commands::{configuration, with_store};
use crate::wiring::{self, Components};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave the database and what needs it out.
    #[arg(long)]
    offline: bool,
}

pub(crate) async fn run(common: &Common, arguments: Arguments) -> anyhow::Result<()> {
    let config = configuration(common)?;
    line(&format!("{}: readable, names fit together", common.config.display()))?;
    let mut n_problems = 0;
    let mut say = |done: anyhow::Result<String>| match done {
        Ok(words) => line(&format!("ok: {words}")),
        Err(error) => {
            n_problems += 1;
            line(&format!("PROBLEM: {error:#}"))
        }
    };
    let calendars = wiring::calendars(&config);
    match &calendars {
        Ok(book) => say(Ok(format!("calendars: {}", book.names().collect::<Vec<_>>().join(", "))))?,
        Err(error) => say(Err(anyhow::anyhow!("{error:#}")))?,
    }
    if let Ok(book) = &calendars {
        say(wiring::policies(&config, book)
            .map(|policies| format!("SLA policies: {}", policies.names().collect::<Vec<_>>().join(", "))))?;
    }
    if arguments.offline {
        return conclude(n_problems);
    }
    let host = wiring::host(&config, &common.data_dir)?;
    let found = with_store(common, async |store| {
        let components = Components::find(&store, &config).await?;
        let mut found = Vec::new();
        for plugin in &config.plugins {
            let loaded =
                wiring::load(&host, &components, &plugin.name, plugin.grant.as_deref(), World::Automation).await;
            found.push(loaded.map(|loaded| {
                let manifest = loaded.manifest();
                let granted =
                    plugin.grant.as_ref().map_or_else(|| "what it asks for".to_owned(), |words| words.join(", "));
                format!("plugin {} {}: granted {granted}", manifest.name, manifest.version)
            }));
        }
        for source in &config.sources {
            let Some(connector) = &source.connector else { continue };
            let loaded = wiring::load(&host, &components, connector, Some(&[]), World::Connector).await;
            found.push(loaded.map(|_| format!("source {}: connector {connector}", source.name)));
        }
        if found.iter().all(Result::is_ok) {
            let wired = wiring::wire(&config, store.clone(), &common.data_dir).await;
            found.push(wired.map(|_| "secrets, signatures and destinations fit together".to_owned()));
        }
        Ok(found)
    })
    .await;
    match found {
        Ok(found) => {
            say(Ok("the database can be used".to_owned()))?;
            for found in found {
                say(found)?;
            }
        }
        Err(error) => say(Err(error))?,
    }
    conclude(n_problems)
}

fn conclude(n_problems: usize) -> anyhow::Result<()> {
    if n_problems > 0 {
        bail!("{n_problems} problem(s); mend them and check again");
    }
    line("Everything is in order.")
}
