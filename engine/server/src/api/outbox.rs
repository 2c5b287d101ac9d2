//! How much waits: to be sent, and to be decided on.

use axum::Json;
use axum::extract::State;
use deskbell_model::timestamp::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::problem::Problem;

/// What waits to be sent to a destination.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Outgoing {
    /// source:NAME for a helpdesk, destination:NAME for a configured one.
    destination: String,
    /// Tickets that have actions waiting.
    n_tickets: i64,
    /// When the first of them is tried next; in the past where it is overdue.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
}

/// What waits to be sent, by destination
#[utoipa::path(
    get,
    path = "/outbox",
    operation_id = "list_outbox",
    tag = "work",
    responses((status = 200, description = "Destinations with something waiting, by name", body = Vec<Outgoing>), Problem)
)]
pub(super) async fn list(State(api): State<Api>) -> Result<Json<Vec<Outgoing>>, Problem> {
    let backlog = api.engine.store.outbox_backlog().await?;
    let each =
        backlog.into_iter().map(|(destination, n_tickets, next_at)| Outgoing { destination, n_tickets, next_at });
    Ok(Json(each.collect()))
}

/// What waits to be decided on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Backlog {
    /// Tickets and other lanes with work that is due, counted up to 10,000.
    n_due: i64,
    /// For how long the first of them has been due.
    oldest_due_seconds: f64,
    /// When the engine has something to do next.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_wake: Option<Timestamp>,
    /// Dead letters that wait for a person.
    n_dead_letters: i64,
}

/// What waits to be decided on
#[utoipa::path(
    get,
    path = "/backlog",
    operation_id = "get_backlog",
    tag = "work",
    responses((status = 200, description = "The backlog", body = Backlog), Problem)
)]
pub(super) async fn backlog(State(api): State<Api>) -> Result<Json<Backlog>, Problem> {
    let store = &api.engine.store;
    let due = store.backlog().await?;
    Ok(Json(Backlog {
        n_due: due.n_lanes,
        oldest_due_seconds: due.age_seconds,
        next_wake: store.next_wake().await?,
        n_dead_letters: store.count_dead_letters().await?,
    }))
}
