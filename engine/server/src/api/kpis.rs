//! The figures of a period.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use deskbell_model::kpi::{Options, Report, Request};
use deskbell_workers::figures;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::asked::Asked;
use super::problem::Problem;
use crate::commands::kpi::told;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Which {
    /// The period begins here: a date, a time in the zone, or a time with an offset.
    from: String,
    /// The period ends before this, and the figures are as things stood then.
    to: String,
    /// The zone of dates, days and hours, such as Europe/Berlin (absent: UTC).
    tz: Option<String>,
    /// Also give durations in the working time of this calendar.
    calendar: Option<String>,
    /// Repeat the figures for each channel, priority, category, type, group, assignee, organization, language, tag or
    /// source.
    by: Option<String>,
    /// Cut the period into day, week or month.
    bucket: Option<String>,
    /// What solved at first contact means: one-reply (absent) or first-hour.
    fcr: Option<String>,
    /// Look at the events of this source alone.
    source: Option<String>,
}

/// The figures of a period, as `deskbell kpi` prints them
#[utoipa::path(
    get,
    path = "/kpis",
    operation_id = "get_figures",
    tag = "figures",
    params(Which),
    responses((status = 200, description = "The figures, definition 1", body = Object), Problem)
)]
pub(super) async fn get(State(api): State<Api>, Asked(which): Asked<Which>) -> Result<Json<Report>, Problem> {
    let request = Request {
        from: &which.from,
        to: &which.to,
        tz: which.tz.as_deref(),
        calendar: which.calendar.as_deref(),
        by: which.by.as_deref(),
        bucket: which.bucket.as_deref(),
        fcr: which.fcr.as_deref(),
        source: which.source.as_deref(),
    };
    let calendars = &api.engine.calendars;
    let options = Options::new(&request, calendars).map_err(|invalid| {
        let names: Vec<&str> = calendars.names().collect();
        Problem::bad_request(told(&invalid, &names))
    })?;
    let (store, settings) = (api.engine.store.clone(), (*api.kpi).clone());
    let turn = Arc::clone(&api.figures);
    // On its own: it goes on where nobody waits for the answer any more, and the next one waits for its end.
    let computing = tokio::spawn(async move {
        let _turn = turn.acquire_owned().await;
        figures::report(&store, options, settings).await
    });
    let broke_off = |error: &(dyn std::error::Error + 'static)| {
        tracing::error!(error, "the figures of a period could not be computed");
        Problem::internal()
    };
    match computing.await {
        Ok(Ok(report)) => Ok(Json(report)),
        Ok(Err(figures::Error::Store(error))) => Err(error.into()),
        Ok(Err(error @ figures::Error::NoSource { .. })) => Err(Problem::not_found(error.to_string())),
        Ok(Err(error)) => Err(broke_off(&error)),
        Err(error) => Err(broke_off(&error)),
    }
}
