//! Service level clocks, as of any instant.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use deskbell_model::sla::{Row, row};
use deskbell_model::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::asked::{Asked, within};
use super::problem::Problem;

const USUAL_TICKETS: i64 = 200;
const MAX_TICKETS: i64 = 2000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// As of this time (absent: now).
    #[param(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// Of the tickets with this id alone.
    ticket: Option<String>,
    /// Of this source alone.
    source: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<i64>,
    /// Of so many tickets, 1 to 2000 (absent: 200).
    limit: Option<i64>,
}

/// The clocks of some tickets.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClocksPage {
    /// As of when.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// By source, ticket, metric and cycle within the page.
    #[schema(value_type = Vec<Clock>)]
    clocks: Vec<Row>,
    /// What to give as `after` for the next page; null after the last one.
    next: Option<i64>,
}

/// A clock, as in the document.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the rows of the model, which knows no OpenAPI")]
struct Clock {
    source: String,
    ticket: String,
    /// first_response, next_response or resolution.
    metric: String,
    cycle: u32,
    policy: String,
    /// As written in the configuration.
    target: String,
    /// running, paused, met, breached, breached_met or cancelled.
    state: String,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    counted_seconds: i64,
    #[schema(value_type = Vec<String>)]
    warnings: Vec<Timestamp>,
}

/// Service level clocks, some tickets at a time
#[utoipa::path(
    get,
    path = "/sla",
    operation_id = "list_clocks",
    tag = "sla",
    params(Which),
    responses((status = 200, description = "The clocks", body = ClocksPage), Problem)
)]
pub(super) async fn list(State(api): State<Api>, Asked(which): Asked<Which>) -> Result<Json<ClocksPage>, Problem> {
    let limit = within(which.limit, USUAL_TICKETS, MAX_TICKETS)?;
    let store = &api.engine.store;
    let (tickets, next) = if let Some(ticket) = &which.ticket {
        let lanes = store.find_ticket(ticket, which.source.as_deref()).await?;
        let lanes: Vec<i64> = lanes.iter().map(|(lane_id, ..)| *lane_id).collect();
        (store.facts_of(&lanes).await?, None)
    } else {
        let source_id = match &which.source {
            Some(name) => Some(source_id(&api, name).await?),
            None => None,
        };
        let page = store.facts_page(which.after.unwrap_or(0), source_id, limit).await?;
        (page.tickets, page.next)
    };
    let at = which.at.unwrap_or_else(|| api.engine.now());
    let editions = Arc::clone(api.engine.levels.editions());
    let computing = tokio::task::spawn_blocking(move || {
        let mut clocks = Vec::new();
        for ticket in &tickets {
            let of_ticket = editions.clocks(&ticket.source, &ticket.facts, at);
            clocks.append(&mut row::rows(&ticket.source, &ticket.ticket, &of_ticket));
        }
        row::sort(&mut clocks);
        clocks
    });
    let clocks = computing.await.map_err(|error| {
        tracing::error!(%error, "the clocks of some tickets could not be computed");
        Problem::internal()
    })?;
    Ok(Json(ClocksPage { at, clocks, next }))
}

async fn source_id(api: &Api, name: &str) -> Result<i32, Problem> {
    let known = api.engine.store.sources().await?;
    let found = known.iter().find(|source| source.name == name).map(|source| source.source_id);
    found.ok_or_else(|| Problem::not_found(format!("there is no source '{name}'; GET /sources lists them")))
}
