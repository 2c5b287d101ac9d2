//! What the API says when it does not do what was asked.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use deskbell_store::Error;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, ResponseBuilder};

use super::story::NotOne;

/// Why something was not done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    #[serde(skip)]
    status: StatusCode,
    /// For people.
    error: String,
    /// For programs: unauthorized, forbidden, bad_request, not_found, method_not_allowed, ambiguous, conflict,
    /// unavailable or internal.
    #[schema(value_type = String)]
    code: &'static str,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), code }
    }

    pub(super) fn unauthorized(error: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", error)
    }

    pub(super) fn forbidden(error: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", error)
    }

    pub(super) fn bad_request(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", error)
    }

    pub(super) fn not_found(error: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", error)
    }

    pub(super) fn conflict(error: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", error)
    }

    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "the engine failed; its log says why")
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "the API could not use the database");
        if error.is_passing() {
            let text = "the database does not answer at the moment; ask again";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", text);
        }
        Self::internal()
    }
}

impl From<NotOne> for Problem {
    fn from(not_one: NotOne) -> Self {
        match not_one {
            NotOne::Unknown { .. } => Self::not_found(not_one.to_string()),
            NotOne::Ambiguous { .. } => {
                Self::new(StatusCode::CONFLICT, "ambiguous", format!("{not_one} with ?source=NAME"))
            }
            NotOne::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        match status {
            StatusCode::UNAUTHORIZED => (status, [(header::WWW_AUTHENTICATE, "Bearer")], Json(self)).into_response(),
            StatusCode::SERVICE_UNAVAILABLE => (status, [(header::RETRY_AFTER, "2")], Json(self)).into_response(),
            _ => (status, Json(self)).into_response(),
        }
    }
}

/// The refusals that every route has.
impl utoipa::IntoResponses for Problem {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let each = [
            ("400", "A parameter makes no sense"),
            ("401", "No token, or one that does not hold"),
            ("403", "The token's scopes do not reach so far"),
            ("503", "The database does not answer at the moment"),
        ];
        let response = |(status, description): (&str, &str)| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let response = ResponseBuilder::new().description(description).content("application/json", content);
            (status.to_owned(), RefOr::T(response.build()))
        };
        each.into_iter().map(response).collect()
    }
}

pub(super) async fn no_such_path() -> Problem {
    Problem::not_found("there is no such path; /api/v1/openapi.json describes those that there are")
}

pub(super) async fn no_such_method() -> Problem {
    let text = "this path does not take this method; /api/v1/openapi.json describes those that it takes";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", text)
}
