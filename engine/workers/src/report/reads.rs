//! What a reporter may read.

use std::sync::Arc;

use deskbell_host::{Answer, Asker, Reads, Refusal};
use deskbell_model::calendar::Calendar;
use deskbell_model::kpi::{Options, Request};
use deskbell_model::plugin::{FiguresQuery, LowRating};
use deskbell_model::timestamp::Timestamp;

use super::Workshop;
use crate::figures;
use crate::reads::calendars;

/// Figures, comments, what the plugins did, and calendars.
pub struct ReportReads {
    pub workshop: Workshop,
}

fn unavailable(error: &(dyn std::error::Error + 'static)) -> Refusal {
    tracing::warn!(error, "a reporter's read did not work");
    Refusal::unavailable("the database did not answer; the report can be made again")
}

impl ReportReads {
    async fn compute(&self, query: &FiguresQuery) -> Result<String, Refusal> {
        let request = Request {
            from: &query.start,
            to: &query.end,
            tz: Some(&query.tz),
            calendar: query.calendar.as_deref(),
            by: query.by.as_deref(),
            bucket: query.bucket.as_deref(),
            fcr: query.fcr.as_deref(),
            source: query.source.as_deref(),
        };
        let invalid = |error: &dyn std::fmt::Display| Refusal::invalid(error.to_string());
        let options = Options::new(&request, &self.workshop.calendars).map_err(|error| invalid(&error))?;
        let settings = (*self.workshop.kpi).clone();
        match figures::report(&self.workshop.store, options, settings).await {
            Ok(report) => serde_json::to_string(&report).map_err(|error| invalid(&error)),
            Err(error @ figures::Error::NoSource { .. }) => Err(invalid(&error)),
            Err(error) => Err(unavailable(&error)),
        }
    }

    async fn comments(
        &self,
        period: (Timestamp, Timestamp),
        source: Option<&str>,
        limit: u32,
    ) -> Result<Vec<LowRating>, Refusal> {
        let store = &self.workshop.store;
        let source_id = match source {
            None => None,
            Some(name) => {
                let sources = store.sources().await.map_err(|error| unavailable(&error))?;
                match sources.iter().find(|source| source.name == name) {
                    Some(source) => Some(source.source_id),
                    None => return Ok(Vec::new()),
                }
            }
        };
        store.low_ratings(period, source_id, limit as usize).await.map_err(|error| unavailable(&error))
    }
}

impl Reads for ReportReads {
    fn figures<'a>(&'a self, _: &'a Asker, query: &'a FiguresQuery) -> Answer<'a, String> {
        Box::pin(self.compute(query))
    }

    fn low_ratings<'a>(
        &'a self,
        _: &'a Asker,
        period: (Timestamp, Timestamp),
        source: Option<&'a str>,
        limit: u32,
    ) -> Answer<'a, Vec<LowRating>> {
        Box::pin(self.comments(period, source, limit))
    }

    fn automation_figures<'a>(&'a self, _: &'a Asker, period: (Timestamp, Timestamp)) -> Answer<'a, String> {
        Box::pin(async move {
            let figures = self.workshop.store.automation_figures(period).await;
            figures.map(|figures| figures.to_string()).map_err(|error| unavailable(&error))
        })
    }

    fn calendar(&self, name: &str) -> Result<Arc<Calendar>, Refusal> {
        calendars::named(&self.workshop.calendars, name)
    }
}
