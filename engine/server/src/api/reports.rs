//! The archive of reports.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use deskbell_model::document::Document;
use deskbell_model::timestamp::Timestamp;
use deskbell_render::report as render;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::asked::{Asked, within};
use super::problem::Problem;

const USUAL: i64 = 50;
const MOST: i64 = 1000;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// Of this [[report]] alone.
    name: Option<String>,
    /// So many, 1 to 1000 (absent: 50).
    limit: Option<i64>,
}

/// A filed report.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Filed {
    id: i64,
    /// The name of its [[report]].
    report: String,
    title: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
    /// made or failed.
    state: String,
    /// Why it failed.
    error: Option<String>,
    /// When a schedule wanted it.
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The filed reports, latest first
#[utoipa::path(
    get,
    path = "/reports",
    operation_id = "list_reports",
    tag = "reports",
    params(Which),
    responses((status = 200, description = "The reports", body = Vec<Filed>), Problem)
)]
pub(super) async fn list(State(api): State<Api>, Asked(which): Asked<Which>) -> Result<Json<Vec<Filed>>, Problem> {
    let limit = within(which.limit, USUAL, MOST)?;
    let runs = api.engine.store.reports(which.name.as_deref(), limit).await?;
    let each = runs.into_iter().map(|run| Filed {
        id: run.report_run_id,
        report: run.report,
        title: run.title,
        from: run.period.0,
        to: run.period.1,
        state: if run.error.is_none() { "made" } else { "failed" }.to_owned(),
        error: run.error,
        due_at: run.due_at,
        created_at: run.created_at,
    });
    Ok(Json(each.collect()))
}

/// A filed report as page, PDF, document or table
#[utoipa::path(
    get,
    path = "/reports/{file}",
    operation_id = "get_report",
    tag = "reports",
    params(("file" = String, Path, description = "The report's id with .html, .pdf, .json or .csv; the latter is its first table, or with `.N.csv` the Nth")),
    responses(
        (status = 200, description = "The report", content((String = "text/html"), (Vec<u8> = "application/pdf"), (Object = "application/json"), (String = "text/csv"))),
        (status = 404, description = "There is no such report, or it failed", body = Problem),
        Problem
    )
)]
pub(super) async fn get(State(api): State<Api>, Path(file): Path<String>) -> Result<Response, Problem> {
    let (id, form) = file.split_once('.').unwrap_or((&file, ""));
    let Ok(id) = id.parse::<i64>() else {
        return Err(Problem::not_found("name a report by its id and a form, such as 7.pdf"));
    };
    let content = api.engine.store.report_content(id).await?;
    let content = content.ok_or_else(|| Problem::not_found(format!("there is no made report {id}")))?;
    match form {
        "html" => Ok(answer("text/html; charset=utf-8", content.html.into_bytes())),
        "pdf" => Ok(answer("application/pdf", content.pdf)),
        "json" => Ok(answer("application/json", content.document.into_bytes())),
        form => {
            let number = match form.strip_suffix(".csv").map(str::parse::<usize>) {
                Some(Ok(number)) => number,
                None if form == "csv" => 1,
                _ => return Err(Problem::not_found("a report has the forms html, pdf, json and csv")),
            };
            let tables = spawn_blocking(move || tables(&content.document)).await;
            let tables = tables.ok().flatten().ok_or_else(Problem::internal)?;
            let n_tables = tables.len();
            let table = number.checked_sub(1).and_then(|place| tables.into_iter().nth(place));
            let bytes = table.ok_or_else(|| Problem::not_found(format!("the report has {n_tables} tables")))?;
            Ok(answer("text/csv; charset=utf-8", bytes))
        }
    }
}

fn tables(document: &str) -> Option<Vec<Vec<u8>>> {
    let document: Document = serde_json::from_str(document).ok()?;
    Some(render::csv(&document).ok()?.into_iter().map(|file| file.bytes).collect())
}

/// Pages of reports hold texts of strangers: nothing in them may run or load anything.
fn answer(media_type: &'static str, bytes: Vec<u8>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}
