//! `deskbell check`: configuration, plugins, grants and database, all mistakes at once.

use std::sync::Arc;

use anyhow::bail;
use deskbell_host::{Failure, NoReads, Plugin};
use deskbell_model::manifest::World;
use deskbell_model::plugin::Event;
use serde_json::json;

use crate::cli::Common;
use crate::commands::output::line;
use crate::commands::plugin::author::sample;
use crate::commands::source::checks;
use crate::commands::{configuration, told, with_store};
use crate::config::plugin::Plugin as Configured;
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
            line(&format!("PROBLEM: {}", told(&error)))
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
        for plugin in config.plugins.iter().filter(|plugin| !wiring::reports::makes_reports(&config, &plugin.name)) {
            let loaded =
                wiring::load(&host, &components, &plugin.name, plugin.grant.as_deref(), World::Automation).await;
            let loaded = match loaded {
                Ok(loaded) => try_settings(&loaded, plugin).await.map(|()| loaded),
                Err(error) => Err(error),
            };
            found.push(loaded.map(|loaded| {
                let manifest = loaded.manifest();
                let granted =
                    plugin.grant.as_ref().map_or_else(|| "what it asks for".to_owned(), |words| words.join(", "));
                format!("plugin {} {}: granted {granted}", manifest.name, manifest.version)
            }));
        }
        for report in &config.reports {
            let loaded = wiring::reports::reporter(&config, &host, &components, &report.plugin).await;
            found.push(loaded.map(|_| format!("report {}: {} of {}", report.name, report.report, report.plugin)));
        }
        for source in &config.sources {
            let Some(connector) = &source.connector else { continue };
            let loaded = wiring::load(&host, &components, connector, Some(&[]), World::Connector).await;
            found.push(loaded.and_then(|loaded| match checks::unlisted_host(source, &loaded) {
                Some(problem) => bail!("source {}: {problem}", source.name),
                None => Ok(format!("source {}: connector {connector}", source.name)),
            }));
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

/// Calls a plugin on a made-up ticket, to see whether it takes its settings. What it says to such a ticket without any, such
/// as that it has nothing to read, is no mistake of the configuration.
async fn try_settings(loaded: &Plugin, plugin: &Configured) -> anyhow::Result<()> {
    let kind = "ticket.created";
    if !loaded.manifest().wants(kind) {
        return Ok(());
    }
    let event = sample::event(json!({ "kind": kind }))?;
    let settings: Arc<str> = Arc::from(plugin.settings.to_json());
    let Some(refusal) = refusal(loaded, &event, &settings).await else { return Ok(()) };
    // The first is how the SDK says it.
    if refusal.contains("settings do not fit")
        || refusal_without_settings(loaded, &event).await != Some(refusal.clone())
    {
        bail!("plugin {}: {refusal}", plugin.name);
    }
    Ok(())
}

async fn refusal_without_settings(loaded: &Plugin, event: &Event) -> Option<String> {
    refusal(loaded, event, &Arc::from("{}")).await
}

async fn refusal(loaded: &Plugin, event: &Event, settings: &Arc<str>) -> Option<String> {
    match loaded.handle(event, settings, Arc::new(NoReads)).await.result {
        Err(Failure::Refused { message, retry: false, .. }) => Some(message),
        _ => None,
    }
}

fn conclude(n_problems: usize) -> anyhow::Result<()> {
    if n_problems > 0 {
        bail!("{n_problems} problem(s); mend them and check again");
    }
    line("Everything is in order.")
}
