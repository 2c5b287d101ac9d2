//! Reports of the configuration, with the plugins that make them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use deskbell_host::{Host, Plugin};
use deskbell_model::manifest::World;
use deskbell_render::report::{Brand, Logo};
use deskbell_store::Store;
use deskbell_workers::engine::{Clock as _, SystemClock};
use deskbell_workers::report::{Report, Workshop};

use super::{Components, calendars, host, kpi, load};
use crate::config::Config;
use crate::config::mistake::nearest;
use crate::config::report::Report as ConfiguredReport;
use crate::config::settings::Settings;
use crate::service_levels;

/// Whether a configured plugin is there for its reports: its `[[plugin]]` says what it may do and where it comes from.
pub(crate) fn makes_reports(config: &Config, plugin: &str) -> bool {
    config.reports.iter().any(|report| report.plugin == plugin)
}

pub(super) async fn all(config: &Config, host: &Host, components: &Components) -> anyhow::Result<Vec<Arc<Report>>> {
    let mut loaded: BTreeMap<&str, Plugin> = BTreeMap::new();
    let mut reports = Vec::new();
    for configured in &config.reports {
        let reporter = match loaded.get(configured.plugin.as_str()) {
            Some(reporter) => reporter.clone(),
            None => reporter(config, host, components, &configured.plugin).await?,
        };
        loaded.insert(&configured.plugin, reporter.clone());
        reports.push(Arc::new(one_report(config, configured, reporter)?));
    }
    Ok(reports)
}

/// A reporter with what its `[[plugin]]`, where there is one, lets it do.
pub(crate) async fn reporter(
    config: &Config,
    host: &Host,
    components: &Components,
    name: &str,
) -> anyhow::Result<Plugin> {
    let own = config.plugins.iter().find(|plugin| plugin.name == name);
    load(host, components, name, own.and_then(|own| own.grant.as_deref()), World::Reporter).await
}

fn one_report(config: &Config, configured: &ConfiguredReport, reporter: Plugin) -> anyhow::Result<Report> {
    let makes = &reporter.manifest().reports;
    if !makes.contains(&configured.report) {
        let meant = nearest(&configured.report, makes.iter().map(String::as_str));
        let hint =
            meant.map_or_else(|| format!("it makes {}", makes.join(", ")), |meant| format!("did you mean '{meant}'?"));
        bail!(
            "report '{}': the plugin '{}' makes no report '{}'; {hint}",
            configured.name,
            configured.plugin,
            configured.report
        );
    }
    let logo = match &configured.logo {
        None => None,
        Some(path) => {
            let path = config.folder.join(path);
            let bytes = fs::read(&path).with_context(|| {
                format!("the logo of report '{}', {}, cannot be read", configured.name, path.display())
            })?;
            Some(if bytes.starts_with(b"\x89PNG") { Logo::Png(bytes) } else { Logo::Svg(bytes) })
        }
    };
    let colour = configured.colour.as_deref().and_then(|colour| colour.parse().ok()).unwrap_or_default();
    let of_plugin = config.plugins.iter().find(|plugin| plugin.name == configured.plugin);
    let settings = configured.settings.as_ref().or_else(|| of_plugin.map(|plugin| &plugin.settings));
    Ok(Report {
        name: configured.name.clone(),
        reporter,
        kind: configured.report.clone(),
        span: configured.period.parse()?,
        zone: configured.zone(),
        language: configured.language.clone(),
        calendar: configured.calendar.clone(),
        source: configured.source.clone(),
        settings: Arc::from(settings.map_or_else(|| "{}".to_owned(), Settings::to_json)),
        recipients: configured.recipients.clone(),
        to: configured.to.clone(),
        failures_to: configured.failures_to.clone(),
        formats: configured.formats.clone(),
        brand: Brand { name: configured.brand.clone(), logo, colour },
    })
}

/// What it takes to make one report: no account, no secret, nothing that is sent.
pub(crate) async fn one(
    config: &Config,
    store: Store,
    data_dir: &Path,
    name: &str,
) -> anyhow::Result<(Workshop, Report)> {
    let host = host(config, data_dir)?;
    let components = Components::find(&store, config).await?;
    let Some(configured) = config.reports.iter().find(|report| report.name == name) else {
        bail!("there is no report '{name}' in the configuration");
    };
    let reporter = reporter(config, &host, &components, &configured.plugin).await?;
    let report = one_report(config, configured, reporter)?;
    let calendars = Arc::new(calendars(config)?);
    let kpi = Arc::new(kpi(config, service_levels::editions(config, &store, SystemClock.now()).await?));
    Ok((Workshop { store, calendars, kpi }, report))
}
