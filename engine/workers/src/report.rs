//! Reports: from a configured report and a period to a document in the archive and errands in the outbox.
//!
//! Who comes before: the scheduler, which notes that a report is due, or a person with `deskbell report`. The reporter is
//! called with reads over the store; its document is checked and rendered here, filed with what it says, and leaves by the
//! outbox like every action. A scheduled report is made once; where that fails it is tried again with pauses. Then it is filed
//! as failed and stands as a dead letter, whose replay makes it, and whoever wants to know is told.

use std::sync::Arc;

use chrono_tz::Tz;
use deskbell_host::Plugin;
use deskbell_model::calendar::Book;
use deskbell_model::document::Document;
use deskbell_model::kpi::Settings;
use deskbell_model::plugin::ReportRequest;
use deskbell_model::report::{Periods, Span};
use deskbell_model::timestamp::Timestamp;
use deskbell_render::report::{self as render, Brand};
use deskbell_store::Store;
use tokio::task::spawn_blocking;

pub mod errands;
pub mod maker;
mod reads;

pub use reads::ReportReads;

/// A report of the configuration.
#[derive(Clone, Debug)]
pub struct Report {
    pub name: String,
    pub reporter: Plugin,
    /// Which of the reporter's reports.
    pub kind: String,
    pub span: Span,
    pub zone: Tz,
    pub language: String,
    pub calendar: Option<String>,
    pub source: Option<String>,
    /// What the reporter reads as its settings, JSON text.
    pub settings: Arc<str>,
    /// Mail addresses, with or without a name before them.
    pub recipients: Vec<String>,
    /// Names of destinations that get it in short.
    pub to: Vec<String>,
    /// Names of destinations that are told when it cannot be made.
    pub failures_to: Vec<String>,
    /// What is attached to mails.
    pub formats: Vec<Format>,
    pub brand: Brand,
}

/// A form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The page; of a mail, its body.
    Html,
    Pdf,
    Csv,
    Json,
}

/// What reports are made with.
#[derive(Clone)]
pub struct Workshop {
    pub store: Store,
    pub calendars: Arc<Book>,
    pub kpi: Arc<Settings>,
}

/// A report that was made.
#[derive(Clone, Debug)]
pub struct Made {
    pub document: Document,
    pub period: (Timestamp, Timestamp),
    pub html: String,
    pub pdf: Vec<u8>,
}

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("its period {0} lies beyond the years that there are")]
    Period(Span),
    #[error(transparent)]
    Plugin(#[from] deskbell_host::Failure),
    #[error("what the plugin {plugin} answered is no document: {error}")]
    NoDocument { plugin: String, error: serde_json::Error },
    #[error(transparent)]
    Render(#[from] render::Error),
    #[error(transparent)]
    Store(#[from] deskbell_store::Error),
    #[error("its making broke off")]
    BrokeOff(#[from] tokio::task::JoinError),
}

impl Error {
    /// The message with its causes.
    pub fn in_full(&self) -> String {
        let causes = std::iter::successors(std::error::Error::source(self), |error| error.source());
        causes.fold(self.to_string(), |told, cause| format!("{told}: {cause}"))
    }
}

/// Makes a report as of `now`; `span` takes the place of its own period. Nothing is filed or sent.
pub async fn make(workshop: &Workshop, report: &Report, span: Option<Span>, now: Timestamp) -> Result<Made, Error> {
    let span = span.unwrap_or(report.span);
    let Periods { period, previous } = span.periods(now, report.zone).ok_or(Error::Period(span))?;
    let request = ReportRequest {
        name: report.name.clone(),
        report: report.kind.clone(),
        period,
        previous,
        tz: report.zone.name().to_owned(),
        language: report.language.clone(),
        calendar: report.calendar.clone(),
        source: report.source.clone(),
        names: Vec::new(),
    };
    let reads = Arc::new(ReportReads { workshop: workshop.clone() });
    let call = report.reporter.report(&request, &report.settings, reads, now).await;
    for line in &call.log {
        tracing::debug!(plugin.name = %report.reporter.identity(), level = line.level, message = line.message, "a reporter says");
    }
    let mut document: Document = serde_json::from_str(&call.result?)
        .map_err(|error| Error::NoDocument { plugin: report.reporter.identity().to_string(), error })?;
    document.generated_at = now;
    let brand = report.brand.clone();
    spawn_blocking(move || -> Result<Made, Error> {
        let (html, pdf) = (render::html(&document, &brand)?, render::pdf(&document, &brand)?);
        Ok(Made { document, period, html, pdf })
    })
    .await?
}
