//! The helpdesk over HTTP: its tickets, the actions of the engine, the faults and the figures.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use deskbell_workers::signature::standard_webhooks::ID_HEADER;
use serde::Deserialize;
use serde_json::{Value, json};

use super::actions::{self, Action};
use super::connection::Cut;
use super::desk;
use super::faults::{self, Kind, Order};
use super::helpdesk::Helpdesk;
use crate::signature;

mod tickets;

/// All routes. Faults hit tickets and actions; faults and figures themselves can always be asked for.
pub(super) fn routes(helpdesk: Arc<Helpdesk>) -> Router {
    let hit_by_faults = Router::new()
        .route("/tickets", get(tickets::list).post(tickets::create))
        .route("/tickets/{id}", get(tickets::show).patch(tickets::change))
        .route("/tickets/{id}/comments", post(tickets::comment))
        .route("/actions", post(act))
        .layer(from_fn_with_state(Arc::clone(&helpdesk), be_hit));
    Router::new()
        .merge(hit_by_faults)
        .route("/faults", get(list_faults).post(order_fault).delete(lift_faults))
        .route("/stats", get(stats))
        .with_state(helpdesk)
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("the header webhook-id is missing; it has to be the action's key")]
    NoKey,
    #[error("the signature does not hold: {0}")]
    Signature(#[from] deskbell_workers::signature::Refused),
    #[error(transparent)]
    Action(#[from] actions::Refused),
    #[error(transparent)]
    Desk(#[from] desk::Refused),
    #[error(transparent)]
    Fault(#[from] faults::Invalid),
}

impl Refused {
    const fn status(&self) -> StatusCode {
        use actions::Refused as OfAction;
        use desk::Refused as OfDesk;
        match self {
            Self::Signature(_) => StatusCode::UNAUTHORIZED,
            Self::NoKey | Self::Action(OfAction::NoAction(_) | OfAction::OtherKey) => StatusCode::BAD_REQUEST,
            Self::Desk(OfDesk::NoTicket(_)) | Self::Action(OfAction::Desk(OfDesk::NoTicket(_))) => {
                StatusCode::NOT_FOUND
            }
            Self::Action(_) | Self::Desk(_) | Self::Fault(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status(), Json(json!({ "reason": self.to_string() }))).into_response()
    }
}

/// Has the request fare as the faults want it.
async fn be_hit(
    State(helpdesk): State<Arc<Helpdesk>>,
    ConnectInfo(connection): ConnectInfo<Cut>,
    request: Request,
    next: Next,
) -> Response {
    let faults = &helpdesk.faults;
    let hits = |kind| faults.hits(kind, helpdesk.clock.now());
    if hits(Kind::Down) {
        connection.cut();
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if let Some(delay) = faults.delay(helpdesk.clock.now()) {
        tokio::time::sleep(delay).await;
    }
    if hits(Kind::Errors) {
        let reason = json!({ "reason": "an error that was asked for" });
        return (StatusCode::INTERNAL_SERVER_ERROR, Json(reason)).into_response();
    }
    if hits(Kind::RateLimit) {
        let reason = json!({ "reason": "a limit that was asked for" });
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], Json(reason)).into_response();
    }
    let response = next.run(request).await;
    if hits(Kind::DropAnswers) {
        connection.cut();
    }
    response
}

/// `POST /actions`: an action of the engine, signed.
async fn act(State(helpdesk): State<Arc<Helpdesk>>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Refused> {
    signature::verify(&helpdesk.verifier, &headers, &body, helpdesk.clock.now())?;
    let key = headers.get(ID_HEADER).and_then(|key| key.to_str().ok()).ok_or(Refused::NoKey)?;
    let action = Action::read(key, &body)?;
    let answer = helpdesk.act(|state, now| state.ledger.carry_out(&mut state.desk, action, now))?;
    Ok(Json(answer))
}

async fn order_fault(State(helpdesk): State<Arc<Helpdesk>>, Json(order): Json<Order>) -> Result<Json<Value>, Refused> {
    helpdesk.faults.order(order, helpdesk.clock.now())?;
    Ok(faults_of(&helpdesk))
}

async fn lift_faults(State(helpdesk): State<Arc<Helpdesk>>) -> Json<Value> {
    helpdesk.faults.lift();
    faults_of(&helpdesk)
}

async fn list_faults(State(helpdesk): State<Arc<Helpdesk>>) -> Json<Value> {
    faults_of(&helpdesk)
}

fn faults_of(helpdesk: &Helpdesk) -> Json<Value> {
    Json(json!({ "faults": helpdesk.faults.list(helpdesk.clock.now()) }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    /// Whether to list each action.
    keys: bool,
}

/// `GET /stats`, with `?keys=true` for each action.
async fn stats(State(helpdesk): State<Arc<Helpdesk>>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let (actions, n_tickets) = helpdesk.act(|state, _| (state.ledger.stats(wanted.keys), state.desk.tickets().count()));
    Json(json!({ "actions": actions, "webhooks": helpdesk.poster.stats(), "tickets": n_tickets }))
}
