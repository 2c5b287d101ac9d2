//! The accounts that webhooks come from.

use axum::Json;
use axum::extract::State;
use deskbell_model::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::problem::Problem;

/// A source.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Source {
    name: String,
    /// Whether the configuration names it; of others only history is known.
    configured: bool,
    /// The plugin that knows its helpdesk; null for canonical events.
    connector: Option<String>,
    /// Where its webhooks are posted to.
    webhook_url: Option<String>,
    /// When its last webhook came, noted once a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_webhook_at: Option<Timestamp>,
    /// Since when it counts as silent.
    #[schema(value_type = Option<String>, format = DateTime)]
    silent_since: Option<Timestamp>,
}

/// All sources
#[utoipa::path(
    get,
    path = "/sources",
    operation_id = "list_sources",
    tag = "sources",
    responses((status = 200, description = "By name", body = Vec<Source>), Problem)
)]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<Source>>, Problem> {
    let known = api.engine.store.sources().await?;
    let each = known.into_iter().map(|known| {
        let configured = api.engine.sources.get(&known.name);
        Source {
            configured: configured.is_some(),
            connector: configured.and_then(|source| source.connector.clone()),
            webhook_url: configured.map(|source| format!("{}/hooks/{}", api.base_url, source.name)),
            last_webhook_at: known.last_delivery_at,
            silent_since: known.silent_since,
            name: known.name,
        }
    });
    Ok(Json(each.collect()))
}
