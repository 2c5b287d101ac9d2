//! What reporters read: key figures, comments, what the plugins did.

use deskbell_bindings::v1_1_0::generated::deskbell::plugin::{automation_figures, comments, kpis, reporting, types};
use deskbell_bindings::v1_1_0::rating_comment;
use deskbell_model::plugin::FiguresQuery;
use deskbell_model::timestamp::Timestamp;

use crate::reads::Refusal;
use crate::state::State;

impl From<Refusal> for types::Refusal {
    fn from(refusal: Refusal) -> Self {
        Self { code: refusal.code.to_owned(), message: refusal.message }
    }
}

fn period(start: i64, end: i64) -> (Timestamp, Timestamp) {
    (Timestamp::from_micros(start), Timestamp::from_micros(end))
}

impl State {
    async fn read_figures(&mut self, query: &FiguresQuery) -> Result<String, Refusal> {
        let reads = self.use_read("kpis")?;
        reads.figures(&self.asker, query).await
    }

    async fn read_low_ratings(
        &mut self,
        period: (Timestamp, Timestamp),
        source: Option<&str>,
        limit: u32,
    ) -> Result<Vec<comments::RatingComment>, Refusal> {
        let reads = self.use_read("comments")?;
        let ratings = reads.low_ratings(&self.asker, period, source, self.entries(limit)).await?;
        Ok(ratings.into_iter().map(rating_comment).collect())
    }

    async fn read_automation_figures(&mut self, period: (Timestamp, Timestamp)) -> Result<String, Refusal> {
        let reads = self.use_read("automation-figures")?;
        reads.automation_figures(&self.asker, period).await
    }
}

impl types::Host for State {}

impl reporting::Host for State {}

impl kpis::Host for State {
    async fn compute(&mut self, query: kpis::Query) -> wasmtime::Result<Result<String, types::Refusal>> {
        let query = FiguresQuery {
            start: query.start,
            end: query.end,
            tz: query.tz,
            calendar: query.calendar,
            by: query.by,
            bucket: query.bucket,
            fcr: query.fcr,
            source: query.source,
        };
        Ok(self.read_figures(&query).await.map_err(Into::into))
    }
}

impl comments::Host for State {
    async fn low_ratings(
        &mut self,
        start: i64,
        end: i64,
        source: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<comments::RatingComment>, types::Refusal>> {
        Ok(self.read_low_ratings(period(start, end), source.as_deref(), limit).await.map_err(Into::into))
    }
}

impl automation_figures::Host for State {
    async fn calls(&mut self, start: i64, end: i64) -> wasmtime::Result<Result<String, types::Refusal>> {
        Ok(self.read_automation_figures(period(start, end)).await.map_err(Into::into))
    }
}
