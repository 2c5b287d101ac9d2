//! The plugins that run, what they may do, and what they did.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use deskbell_host::Plugin as Loaded;
use deskbell_model::timestamp::Timestamp;
use deskbell_store::call::{Listed, Used};
use deskbell_workers::breaker;
use deskbell_workers::registry::Suspended;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::asked::{Asked, Named, within};
use super::problem::Problem;
use super::story::{LogLine, Outcome, log_lines};

const DAY_SECONDS: i64 = 86_400;
const MAX_DAYS: i64 = 90;
const USUAL_CALLS: i64 = 100;
const MAX_CALLS: i64 = 1000;

/// A plugin that runs.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Plugin {
    name: String,
    version: String,
    /// automation or connector.
    world: String,
    description: String,
    /// The SHA-256 of its component.
    digest: String,
    /// The event kinds that it is called for.
    events: Vec<String>,
    /// The effect kinds and capabilities that its manifest asks for.
    asks: Vec<String>,
    /// Those that the operator grants of them.
    granted: Vec<String>,
    /// The sources that it is for; null for all.
    sources: Option<Vec<String>>,
    limits: Limits,
    /// Until when it is not called because it kept failing.
    #[schema(value_type = Option<String>, format = DateTime)]
    suspended_until: Option<Timestamp>,
    /// It kept failing and is being tried again.
    on_trial: bool,
    /// Of the last 24 hours; null where it was not called.
    usage: Option<Usage>,
}

/// What one call may use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Limits {
    memory_bytes: u64,
    cpu_ms: u64,
    wall_ms: u64,
}

/// What a plugin used.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Usage {
    n_calls: i64,
    n_failed: i64,
    wall_us_p50: f64,
    wall_us_p95: f64,
    memory_peak_bytes: i64,
    /// Of all calls together.
    cpu_us: i64,
}

/// The plugins that run
#[utoipa::path(
    get,
    path = "/plugins",
    operation_id = "list_plugins",
    tag = "plugins",
    responses((status = 200, description = "Automations in the order in which they are called, then connectors", body = Vec<Plugin>), Problem)
)]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<Plugin>>, Problem> {
    let now = api.engine.now();
    let used = api.engine.store.plugin_usage(now.plus_seconds(-DAY_SECONDS)).await?;
    let mut used: BTreeMap<String, Usage> = used.into_iter().map(usage).collect();
    let registry = &api.engine.registry;
    let automations = registry.automations.iter().map(|automation| {
        let state = automation.state(now);
        plugin(&automation.plugin, automation.sources.clone(), state)
    });
    let connectors = registry.connectors.values().map(|connector| {
        let knows = |source: &&std::sync::Arc<deskbell_workers::engine::Source>| {
            source.connector.as_ref() == Some(&connector.name)
        };
        let sources = api.engine.sources.values().filter(knows).map(|source| source.name.clone());
        plugin(&connector.plugin, Some(sources.collect()), connector.state(now))
    });
    let mut plugins: Vec<Plugin> = automations.chain(connectors).collect();
    for plugin in &mut plugins {
        plugin.usage = used.remove(&plugin.name);
    }
    Ok(Json(plugins))
}

fn plugin(loaded: &Loaded, sources: Option<Vec<String>>, state: breaker::State) -> Plugin {
    let manifest = loaded.manifest();
    let granted = manifest.asks().filter(|word| manifest.may(word, loaded.grants()).is_ok());
    let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Plugin {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        world: manifest.world.as_str().to_owned(),
        description: manifest.description.clone(),
        digest: loaded.digest().to_owned(),
        events: manifest.events.iter().map(|pattern| pattern.as_str().to_owned()).collect(),
        asks: manifest.asks().map(str::to_owned).collect(),
        granted: granted.map(str::to_owned).collect(),
        sources,
        limits: Limits {
            memory_bytes: loaded.limits().memory_bytes,
            cpu_ms: milliseconds(loaded.limits().cpu),
            wall_ms: milliseconds(loaded.limits().wall),
        },
        suspended_until: match state {
            breaker::State::Open { until } => Some(until),
            breaker::State::Closed | breaker::State::HalfOpen => None,
        },
        on_trial: matches!(state, breaker::State::HalfOpen),
        usage: None,
    }
}

fn usage(used: Used) -> (String, Usage) {
    let usage = Usage {
        n_calls: used.n_calls,
        n_failed: used.n_failed,
        wall_us_p50: used.wall_us_p50,
        wall_us_p95: used.wall_us_p95,
        memory_peak_bytes: used.memory_peak_bytes,
        cpu_us: used.cpu_us,
    };
    (used.plugin, usage)
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichCalls {
    /// Calls since this time, at most 90 days ago (absent: of the last 24 hours).
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// The youngest so many, 1 to 1000 (absent: 100).
    limit: Option<i64>,
}

/// A call of a plugin.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PluginCall {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    version: String,
    source: String,
    /// The ticket's or conversation's id; empty for what belongs to none.
    ticket: String,
    /// The event's kind.
    event_kind: String,
    outcome: Outcome,
    error: Option<String>,
    /// What it asked for, with reasons and what became of each.
    #[schema(value_type = Vec<Object>)]
    effects: Value,
    log: Vec<LogLine>,
    cpu_us: i32,
    wall_us: i32,
    memory_bytes: i64,
}

/// A plugin's calls, youngest first
#[utoipa::path(
    get,
    path = "/plugins/{name}/calls",
    operation_id = "list_plugin_calls",
    tag = "plugins",
    params(("name" = String, Path, description = "The plugin's name; it need not run any more"), WhichCalls),
    responses((status = 200, description = "Youngest first", body = Vec<PluginCall>), Problem)
)]
pub(super) async fn calls(
    State(api): State<Api>,
    Named(name): Named<String>,
    Asked(which): Asked<WhichCalls>,
) -> Result<Json<Vec<PluginCall>>, Problem> {
    let limit = within(which.limit, USUAL_CALLS, MAX_CALLS)?;
    let now = api.engine.now();
    let since = which.since.unwrap_or_else(|| now.plus_seconds(-DAY_SECONDS));
    if since < now.plus_seconds(-MAX_DAYS * DAY_SECONDS) {
        return Err(Problem::bad_request(format!("since has to be within the last {MAX_DAYS} days")));
    }
    let calls = api.engine.store.recent_calls(Some(&name), since, limit).await?;
    Ok(Json(calls.into_iter().map(plugin_call).collect()))
}

fn plugin_call(call: Listed) -> PluginCall {
    let effects = call.effects.as_deref().and_then(|text| serde_json::from_str(text).ok());
    PluginCall {
        at: call.called_at,
        version: call.version,
        source: call.source,
        ticket: call.ticket,
        event_kind: call.kind,
        outcome: Outcome::of(call.outcome),
        error: call.error,
        effects: effects.unwrap_or_else(|| Value::Array(Vec::new())),
        log: log_lines(call.log.as_deref()),
        cpu_us: call.cpu_us,
        wall_us: call.wall_us,
        memory_bytes: call.memory_bytes,
    }
}
