//! The HTTP API below `/api/v1`, and its OpenAPI document.
//!
//! Whoever asks shows a token (`deskbell token create`). Looking needs the scope `read`, acting `operate`; what is not
//! said otherwise needs the wider one, so that a new route is never open by mistake. Every answer is bounded. What goes
//! wrong is told as `{ "error": .., "code": .. }`: the text is for people, the code for programs.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::routing::get;
use bytes::Bytes;
use deskbell_model::kpi::Settings;
use deskbell_workers::engine::Engine;
use tokio::sync::Semaphore;
use utoipa::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::config::Config;

mod asked;
mod auth;
mod dead_letters;
mod kpis;
mod outbox;
mod plugins;
mod problem;
mod reports;
mod sla;
mod sources;
pub(crate) mod story;
mod tickets;

/// What the routes need. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    engine: Arc<Engine>,
    kpi: Arc<Settings>,
    /// Figures are computed for one at a time: each takes all cores for seconds.
    figures: Arc<Semaphore>,
    /// What stands before `/hooks/NAME` for the outside.
    base_url: Arc<str>,
}

impl Api {
    pub(crate) fn new(config: &Config, engine: Arc<Engine>) -> Self {
        let kpi = Arc::clone(&engine.kpi);
        let base_url = match &config.server.public_url {
            Some(url) => Arc::from(url.as_str()),
            None => Arc::from(format!("http://{}", config.server.listen)),
        };
        Self { engine, kpi, figures: Arc::new(Semaphore::new(1)), base_url }
    }
}

/// The routes, to be nested below `/api/v1`.
pub(crate) fn router(api: Api) -> Router {
    let (routes, document) = routes().split_for_parts();
    // Serialising plain data into memory has no way to fail.
    let document = Bytes::from(document.to_pretty_json().unwrap_or_default());
    let checked = routes
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(axum::middleware::from_fn_with_state(api.clone(), auth::check))
        .with_state(api);
    let describe = || async move { ([(header::CONTENT_TYPE, "application/json")], document) };
    Router::new().route("/openapi.json", get(describe)).merge(checked)
}

fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(tickets::ticket))
        .routes(routes!(tickets::story))
        .routes(routes!(sources::list))
        .routes(routes!(plugins::list))
        .routes(routes!(plugins::calls))
        .routes(routes!(dead_letters::list))
        .routes(routes!(dead_letters::replay))
        .routes(routes!(outbox::list))
        .routes(routes!(outbox::backlog))
        .routes(routes!(sla::list))
        .routes(routes!(kpis::get))
        .routes(routes!(reports::list))
        .routes(routes!(reports::get))
}

/// The parts of the OpenAPI document that belong to no route.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Deskbell",
        version = "1",
        description = "Tickets and their stories, sources, plugins, dead letters, the outbox, service level clocks \
                       and figures of a Deskbell engine. Times are RFC 3339 in UTC.",
        license(name = "MIT OR Apache-2.0")
    ),
    servers((url = "/api/v1")),
    components(schemas(problem::Problem)),
    security(("token" = [])),
    modifiers(&Token)
)]
struct Document;

/// The way tokens are shown.
struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
            "A token of `deskbell token create NAME --scope read`. Its scopes are read, operate and admin; each \
             includes those before it.",
        ));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme.build()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn document() -> Value {
        serde_json::from_str(&routes().into_openapi().to_json().unwrap()).unwrap()
    }

    /// Every reference of a document, from wherever in it.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if let (true, Some(text)) = (name == "$ref", member.as_str()) {
                        found.push(text.to_owned());
                    }
                    references(member, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn describes_every_route_with_its_refusals() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let operations: Vec<String> = paths
            .iter()
            .flat_map(|(path, item)| item.as_object().unwrap().keys().map(move |method| format!("{method} {path}")))
            .collect();
        assert_eq!(
            operations,
            [
                "get /backlog",
                "get /dead-letters",
                "post /dead-letters/{id}/replay",
                "get /kpis",
                "get /outbox",
                "get /plugins",
                "get /plugins/{name}/calls",
                "get /reports",
                "get /reports/{file}",
                "get /sla",
                "get /sources",
                "get /tickets/{id}",
                "get /tickets/{id}/story",
            ]
        );
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in paths {
            for operation in item.as_object().unwrap().values() {
                for status in ["200", "401", "403", "503"] {
                    assert!(operation["responses"].get(status).is_some(), "{path}: {status}");
                }
                assert!(operation["summary"].is_string(), "{path}");
                assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{path}");
            }
        }
    }

    #[test]
    fn refers_to_nothing_that_it_does_not_define() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn is_the_same_each_time() {
        let one = routes().into_openapi().to_pretty_json().unwrap();
        assert_eq!(one, routes().into_openapi().to_pretty_json().unwrap());
        assert!(one.contains("\"bearer\""), "{one}");
    }
}
