//! The HTTP server's routes: webhooks, health, metrics, the API.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use deskbell_workers::engine::Engine;
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;

use crate::intake::{self, Intake};
use crate::{api, telemetry};

/// A database that does not answer within this is not ready.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// All routes of an engine.
pub(crate) fn router(intake: Arc<Intake>, api: api::Api) -> Router {
    let engine = Arc::clone(&intake.engine);
    let hooks = Router::new().route("/hooks/{account}", post(intake::post).options(intake::options)).with_state(intake);
    let health = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(engine);
    hooks.merge(health).nest("/api/v1", api::router(api)).layer(CatchPanicLayer::new())
}

/// Ready while the database answers.
async fn ready(State(engine): State<Arc<Engine>>) -> Response {
    match engine.store.ping(READY_WITHIN).await {
        Ok(()) => "ready".into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not ready: the database does not answer");
            let body = axum::Json(json!({ "ready": false, "why": "the database does not answer" }));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

/// Prometheus' text format, the backlog looked up for it.
async fn metrics(State(engine): State<Arc<Engine>>) -> Response {
    if let Ok(backlog) = engine.store.backlog().await {
        metrics::gauge!("deskbell_backlog_lanes").set(backlog.n_lanes as f64);
        metrics::gauge!("deskbell_backlog_age_seconds").set(backlog.age_seconds);
    }
    if let Ok(destinations) = engine.store.outbox_backlog().await {
        for (destination, n_lanes, _) in destinations {
            metrics::gauge!("deskbell_outbox_lanes", "destination" => destination).set(n_lanes as f64);
        }
    }
    if let Ok(n_letters) = engine.store.count_dead_letters().await {
        metrics::gauge!("deskbell_dead_letters").set(n_letters as f64);
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::metrics()).into_response()
}
