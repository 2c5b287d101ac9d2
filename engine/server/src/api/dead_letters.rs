//! What could not be done, and having it tried again.

use axum::extract::State;
use axum::{Extension, Json};
use deskbell_model::timestamp::Timestamp;
use deskbell_store::dead_letter::{self, What};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::asked::{Asked, Named, within};
use super::auth::Caller;
use super::problem::Problem;

const USUAL: i64 = 100;
const MOST: i64 = 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Also those that have been replayed.
    #[serde(default)]
    #[param(required = false)]
    all: bool,
    /// The youngest so many, 1 to 1000 (absent: 100).
    limit: Option<i64>,
}

/// Something that could not be done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeadLetter {
    id: i64,
    /// plugin: it failed on an event; action: it could not be delivered; delivery: it could not be read.
    kind: String,
    source: Option<String>,
    /// The ticket's id at its helpdesk.
    ticket: Option<String>,
    /// The plugin or connector that failed.
    plugin: Option<String>,
    /// Where the action was to go.
    destination: Option<String>,
    error: String,
    attempts: i32,
    #[schema(value_type = String, format = DateTime)]
    set_aside_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    replayed_at: Option<Timestamp>,
}

impl From<dead_letter::DeadLetter> for DeadLetter {
    fn from(letter: dead_letter::DeadLetter) -> Self {
        let (kind, plugin, destination) = match letter.what {
            What::Plugin { plugin, .. } => ("plugin", Some(plugin), None),
            What::Action { destination, .. } => ("action", None, Some(destination)),
            What::Delivery { connector, .. } => ("delivery", Some(connector), None),
        };
        Self {
            id: letter.dead_letter_id,
            kind: kind.to_owned(),
            source: letter.source,
            ticket: letter.ticket,
            plugin,
            destination,
            error: letter.error,
            attempts: letter.attempts,
            set_aside_at: letter.set_aside_at,
            replayed_at: letter.replayed_at,
        }
    }
}

/// Dead letters, youngest first
#[utoipa::path(
    get,
    path = "/dead-letters",
    operation_id = "list_dead_letters",
    tag = "dead letters",
    params(Which),
    responses((status = 200, description = "Youngest first", body = Vec<DeadLetter>), Problem)
)]
pub(super) async fn list(State(api): State<Api>, Asked(which): Asked<Which>) -> Result<Json<Vec<DeadLetter>>, Problem> {
    let limit = within(which.limit, USUAL, MOST)?;
    let letters = api.engine.store.dead_letters(which.all, None, limit).await?;
    Ok(Json(letters.into_iter().map(DeadLetter::from).collect()))
}

/// That a dead letter is tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    id: i64,
    #[schema(value_type = String, format = DateTime)]
    replayed_at: Timestamp,
}

/// Has a dead letter tried again (scope operate)
#[utoipa::path(
    post,
    path = "/dead-letters/{id}/replay",
    operation_id = "replay_dead_letter",
    tag = "dead letters",
    params(("id" = i64, Path, description = "The dead letter's id")),
    responses(
        (status = 200, description = "It is tried again", body = Replayed),
        (status = 404, description = "There is no such dead letter", body = Problem),
        (
            status = 409,
            description = "Replayed already, what it speaks of is gone, or its plugin is behind on another event",
            body = Problem
        ),
        Problem,
    )
)]
pub(super) async fn replay(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<i64>,
) -> Result<Json<Replayed>, Problem> {
    let engine = &api.engine;
    let letter = engine.store.dead_letters(true, Some(id), 1).await?.pop();
    let letter = letter.ok_or_else(|| Problem::not_found(format!("there is no dead letter {id}")))?;
    if let Some(at) = letter.replayed_at {
        return Err(Problem::conflict(format!("dead letter {id} was replayed already, at {at}")));
    }
    let now = engine.now();
    if !engine.store.replay(&letter, now).await? {
        return Err(Problem::conflict(format!(
            "dead letter {id} was replayed by somebody else just now, what it speaks of is gone, or its plugin is \
             behind on another event"
        )));
    }
    tracing::info!(
        dead_letter.id = id,
        token.id = caller.token_id,
        token.name = caller.token_name,
        "a dead letter is replayed"
    );
    engine.wake.dispatcher.notify_one();
    engine.wake.deliverer.notify_one();
    Ok(Json(Replayed { id, replayed_at: now }))
}
