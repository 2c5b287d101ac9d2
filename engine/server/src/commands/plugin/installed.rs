//! Installed plugins: checking, keeping and listing components, and going back to an earlier one.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use deskbell_host::{Compiler, Host, Inspected};
use deskbell_model::manifest::{Grants, Manifest, World};
use deskbell_workers::engine::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::cli::{Common, Format};
use crate::commands::output::{Rows, line};
use crate::commands::{configuration, with_store};
use crate::config::Config;
use crate::{shipped, wiring};

/// Reads a component and says what it is.
async fn inspected(common: &Common, component: &Path) -> anyhow::Result<(Arc<[u8]>, Inspected)> {
    let config = configuration(common)?;
    let bytes: Arc<[u8]> =
        Arc::from(fs::read(component).with_context(|| format!("cannot read {}", component.display()))?);
    let inspected = Host::inspect(&bytes).with_context(|| format!("{} cannot be used", component.display()))?;
    let folder = tempfile::tempdir()?;
    let host = wiring::host_with(&config, folder.path(), Compiler::InProcess, false)?;
    host.load(Arc::clone(&bytes), Grants::AsAsked)
        .await
        .with_context(|| format!("{} cannot be used", component.display()))?;
    Ok((bytes, inspected))
}

pub(super) async fn check(common: &Common, component: &Path) -> anyhow::Result<()> {
    let (_, inspected) = inspected(common, component).await?;
    let manifest = &inspected.manifest;
    line(&format!("{} {}: {}", manifest.name, manifest.version, manifest.description))?;
    line(&format!("{} bytes, sha256 {}", inspected.size_bytes, inspected.digest))?;
    line(&asks(manifest))?;
    line("It compiles, fits the contract and starts.")
}

/// What a plugin asks for, in words.
fn asks(manifest: &Manifest) -> String {
    let list = |words: Vec<String>| if words.is_empty() { "nothing".to_owned() } else { words.join(", ") };
    match manifest.world {
        World::Automation => format!(
            "It is called for {}, and asks for {}.",
            list(manifest.events.iter().map(|pattern| pattern.as_str().to_owned()).collect()),
            list(manifest.asks().map(str::to_owned).collect())
        ),
        World::Reporter => format!(
            "It makes the reports {}, and asks for {}.",
            manifest.reports.join(", "),
            list(manifest.asks().map(str::to_owned).collect())
        ),
        World::Connector => format!(
            "It is a connector; its requests may go to {}.",
            list(manifest.connector.as_ref().map(|connector| connector.hosts.clone()).unwrap_or_default())
        ),
    }
}

pub(super) async fn install(common: &Common, component: &Path) -> anyhow::Result<()> {
    let (bytes, inspected) = inspected(common, component).await?;
    let manifest = &inspected.manifest;
    let digest = hex::decode(&inspected.digest)?;
    let before = with_store(common, async |store| {
        let before = store.installed_plugins().await?;
        let text = serde_json::to_string(manifest)?;
        store.install_plugin(&manifest.name, &manifest.version, &digest, &bytes, &text, SystemClock.now()).await?;
        Ok(before)
    })
    .await?;
    line(&format!("Installed {} {} (sha256 {}).", manifest.name, manifest.version, inspected.digest))?;
    let earlier = before.iter().find(|plugin| plugin.name == manifest.name && plugin.active);
    if let Some(earlier) = earlier {
        line(&format!("It takes the place of version {}.", earlier.version))?;
        let had: Manifest = serde_json::from_str(&earlier.manifest)?;
        let new: Vec<&str> = manifest.asks().filter(|word| !had.asks().any(|held| held == *word)).collect();
        if !new.is_empty() {
            line(&format!("It asks for more than that one did: {}.", new.join(", ")))?;
        }
    }
    line(&asks(manifest))?;
    line(&format!("To have it called, say in {} and restart the engine:\n", common.config.display()))?;
    let stanza = match manifest.world {
        World::Automation => {
            let words: Vec<String> = manifest.asks().map(|word| format!("\"{word}\"")).collect();
            format!("[[plugin]]\nname = \"{}\"\ngrant = [{}]", manifest.name, words.join(", "))
        }
        World::Reporter => {
            let report = manifest.reports.first().map_or("...", String::as_str);
            let words: Vec<String> = manifest.asks().map(|word| format!("\"{word}\"")).collect();
            format!(
                "[[plugin]]\nname = \"{0}\"\ngrant = [{1}]\n\n[[report]]\nname = \"...\"\nplugin = \"{0}\"\nreport = \"{report}\"",
                manifest.name,
                words.join(", ")
            )
        }
        World::Connector => format!("[[source]]\nname = \"...\"\nconnector = \"{}\"", manifest.name),
    };
    line(&stanza)
}

pub(super) async fn list(common: &Common, format: Format) -> anyhow::Result<()> {
    let config = configuration(common)?;
    let installed = with_store(common, async |store| Ok(store.installed_plugins().await?)).await?;
    let mut rows =
        Rows::new(["name", "version", "world", "from", "state", "asks for", "granted", "sha256", "description"]);
    for name in shipped::names() {
        let Some(component) = shipped::component(name) else { continue };
        let inspected = Host::inspect(component).with_context(|| format!("the shipped plugin '{name}'"))?;
        let replaced = installed.iter().any(|plugin| plugin.active && plugin.name == name);
        let use_of = Use::of(&config, &inspected.manifest, !replaced, true);
        rows.push(row(&inspected.manifest, "shipped", &use_of, &inspected.digest));
    }
    for plugin in &installed {
        let manifest: Manifest = serde_json::from_str(&plugin.manifest)
            .with_context(|| format!("the manifest of the installed plugin '{}' does not read back", plugin.name))?;
        let use_of = Use::of(&config, &manifest, plugin.active, false);
        rows.push(row(&manifest, &format!("installed {}", plugin.installed_at), &use_of, &hex::encode(&plugin.digest)));
    }
    rows.print(format)
}

/// What the configuration makes of a version.
struct Use {
    state: &'static str,
    granted: String,
}

impl Use {
    /// `is_active`: it is the version that runs under its name, where that is used.
    fn of(config: &Config, manifest: &Manifest, is_active: bool, ships: bool) -> Self {
        let none = |state| Self { state, granted: String::new() };
        if !is_active {
            return none("replaced");
        }
        if manifest.world == World::Connector {
            let names = config.sources.iter().any(|source| source.connector.as_ref() == Some(&manifest.name));
            return none(if names { "used" } else { "not used" });
        }
        let is_reporter = config.reports.iter().any(|report| report.plugin == manifest.name);
        if is_reporter && config.plugins.iter().all(|plugin| plugin.name != manifest.name) {
            let granted = if ships { manifest.asks().collect::<Vec<_>>().join(", ") } else { String::new() };
            return Self { state: "used", granted };
        }
        let Some(plugin) = config.plugins.iter().find(|plugin| plugin.name == manifest.name) else {
            return none("not used");
        };
        let asked = || manifest.asks().collect::<Vec<_>>().join(", ");
        let granted = match &plugin.grant {
            Some(words) => words.join(", "),
            None if ships => asked(),
            None => String::new(),
        };
        let state = match (plugin.enabled, &plugin.component) {
            (false, _) => "switched off",
            (true, Some(_)) => "replaced by a file",
            (true, None) => "used",
        };
        Self { state, granted }
    }
}

fn row(manifest: &Manifest, from: &str, use_of: &Use, digest: &str) -> Vec<Value> {
    let world = manifest.world.as_str();
    let short: String = digest.chars().take(12).collect();
    vec![
        json!(manifest.name),
        json!(manifest.version),
        json!(world),
        json!(from),
        json!(use_of.state),
        json!(manifest.asks().collect::<Vec<_>>().join(", ")),
        json!(use_of.granted),
        json!(short),
        json!(manifest.description),
    ]
}

pub(super) async fn logs(
    common: &Common,
    name: Option<&str>,
    hours: u32,
    limit: i64,
    format: Format,
) -> anyhow::Result<()> {
    let since = SystemClock.now().plus_seconds(-i64::from(hours) * 3600);
    let calls =
        with_store(common, async |store| Ok(store.recent_calls(name, since, limit.clamp(1, 10_000)).await?)).await?;
    let mut rows = Rows::new([
        "time", "plugin", "source", "ticket", "event", "outcome", "decided", "log", "wall us", "cpu us", "memory",
    ]);
    for call in calls {
        let outcome = match call.outcome {
            0 => "decided",
            1 => "failed, will be retried",
            2 => "failed, set aside",
            _ => "failed, passed over",
        };
        let effects: Vec<Value> =
            call.effects.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let decided = effects.iter().map(|effect| effect["kind"].clone()).collect();
        let log: Vec<Value> = call.log.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let log =
            log.iter().map(|line| json!(format!("{}: {}", text(&line["level"]), text(&line["message"])))).collect();
        rows.push([
            json!(call.called_at),
            json!(format!("{} {}", call.plugin, call.version)),
            json!(call.source),
            json!(call.ticket),
            json!(call.kind),
            json!(call.error.map_or_else(|| outcome.to_owned(), |error| format!("{outcome}: {error}"))),
            Value::Array(decided),
            Value::Array(log),
            json!(call.wall_us),
            json!(call.cpu_us),
            json!(call.memory_bytes),
        ]);
    }
    rows.print(format)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) async fn rollback(common: &Common, name: &str) -> anyhow::Result<()> {
    let now_active = with_store(common, async |store| {
        let versions: Vec<_> =
            store.installed_plugins().await?.into_iter().filter(|plugin| plugin.name == name).collect();
        let Some(active) = versions.iter().find(|plugin| plugin.active) else {
            bail!("no version of '{name}' is installed and active; `deskbell plugin list` shows what there is");
        };
        let earlier = versions.iter().find(|plugin| plugin.installed_at < active.installed_at);
        store.activate_plugin(name, earlier.map(|plugin| plugin.digest.as_slice())).await?;
        Ok(earlier.map(|plugin| plugin.version.clone()))
    })
    .await?;
    match now_active {
        Some(version) => line(&format!("Version {version} of '{name}' is active again; restart the engine to run it.")),
        None if shipped::component(name).is_some() => {
            line(&format!("The version of '{name}' that ships is active again; restart the engine to run it."))
        }
        None => line(&format!("No version of '{name}' is active any more.")),
    }
}
