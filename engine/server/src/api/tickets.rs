//! Tickets: how they stand, and their stories.

use axum::Json;
use axum::extract::State;
use deskbell_model::ticket::Ticket;
use deskbell_model::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::asked::{Asked, Named, within};
use super::problem::Problem;
use super::story::{self, MAX_EVENTS, Setting, Story};

/// Events of a story, unless more are asked for.
const USUAL_EVENTS: i64 = 500;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Where the id exists at several sources, the one that is meant.
    source: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct WhichStory {
    /// Where the id exists at several sources, the one that is meant.
    source: Option<String>,
    /// The youngest so many events, 1 to 2000 (absent: 500).
    limit: Option<i64>,
}

/// A ticket as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(super) struct Standing {
    source: String,
    /// The id at its helpdesk.
    ticket: String,
    /// Its fields, as plugins see them; null before its creation is known.
    #[schema(value_type = Option<Object>)]
    state: Option<Ticket>,
    /// The time of its youngest event.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_event_at: Option<Timestamp>,
    /// Events that wait for its creation.
    n_held: u32,
}

/// A ticket as it stands
#[utoipa::path(
    get,
    path = "/tickets/{id}",
    operation_id = "get_ticket",
    tag = "tickets",
    params(("id" = String, Path, description = "The ticket's id at its helpdesk"), Which),
    responses(
        (status = 200, description = "The ticket", body = Standing),
        (status = 404, description = "There is no such ticket", body = Problem),
        (status = 409, description = "The id exists at several sources", body = Problem),
        Problem,
    )
)]
pub(super) async fn ticket(
    State(api): State<Api>,
    Named(id): Named<String>,
    Asked(which): Asked<Which>,
) -> Result<Json<Standing>, Problem> {
    let store = &api.engine.store;
    let place = story::find(store, &id, which.source.as_deref()).await?;
    let loaded = store.tickets(&[place.lane_id]).await?.pop();
    Ok(Json(Standing {
        source: place.source,
        ticket: place.ticket,
        last_event_at: loaded.as_ref().map(|loaded| loaded.last_at),
        n_held: loaded.as_ref().map_or(0, |loaded| loaded.n_held),
        state: loaded.and_then(|loaded| loaded.ticket),
    }))
}

/// A ticket's whole story
#[utoipa::path(
    get,
    path = "/tickets/{id}/story",
    operation_id = "get_ticket_story",
    tag = "tickets",
    params(("id" = String, Path, description = "The ticket's id at its helpdesk"), WhichStory),
    responses(
        (status = 200, description = "What came in, who decided what and why, what was sent, what waits", body = Story),
        (status = 404, description = "There is no such ticket", body = Problem),
        (status = 409, description = "The id exists at several sources", body = Problem),
        Problem,
    )
)]
pub(super) async fn story(
    State(api): State<Api>,
    Named(id): Named<String>,
    Asked(which): Asked<WhichStory>,
) -> Result<Json<Story>, Problem> {
    let limit = within(which.limit, USUAL_EVENTS, MAX_EVENTS)?;
    let store = &api.engine.store;
    let place = story::find(store, &id, which.source.as_deref()).await?;
    let source = api.engine.sources.get(&place.source);
    let setting = Setting {
        own_actors: source.map(|source| source.own_actors.as_slice()).unwrap_or_default(),
        max_hops: i64::from(api.engine.options.limits.max_hops),
        now: api.engine.now(),
    };
    Ok(Json(story::tell(store, &place, setting, limit).await?))
}
