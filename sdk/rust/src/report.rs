//! Reports: what a reporter is asked for, the figures it reads, the document it gives back.
//!
//! ```
//! use deskbell::prelude::*;
//! use deskbell::report::{Document, Period, Request, Tile, Value};
//! use deskbell::testing::TestHost;
//!
//! fn report(request: &Request, cx: &mut Context) -> Result<Document> {
//!     let figures = cx.figures(&request.figures())?;
//!     let before = cx.figures(&request.figures_before())?;
//!     let volume = |figures: &deskbell::report::Figures| Value::integer(figures.number("ticket_volume"));
//!     let tile = Tile::new("Tickets", volume(&figures)).change(volume(&before), Direction::Neither);
//!     Ok(request.document("Last week").heading(1, "Volume").tiles([tile]))
//! }
//! # use deskbell::report::Direction;
//!
//! let period = |from: &str, to: &str| -> Result<Period> {
//!     Ok(Period { from: Instant::parse_rfc3339(from)?, to: Instant::parse_rfc3339(to)? })
//! };
//! let request = Request::new("weekly", period("2026-03-02T00:00:00Z", "2026-03-09T00:00:00Z")?);
//! let mut host = TestHost::new()
//!     .figures(None, json!({ "figures": { "ticket_volume": 12 } }))
//!     .figures(Some(request.previous.from), json!({ "figures": { "ticket_volume": 10 } }));
//! let document = host.report(report, &request)?;
//! assert_eq!(json!(document)["blocks"][1]["tiles"][0]["change"]["before"], json!({ "integer": 10 }));
//! # Ok::<(), Error>(())
//! ```

mod document;
mod figures;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use document::{
    Block, Change, Chart, ChartKind, Column, Direction, Document, DocumentPeriod, Kind, Series, Span, Table, Tile,
    Tone, Value,
};
pub use figures::{Figures, FiguresQuery, Rate};

use crate::instant::Instant;

/// From an instant up to, and without, another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// Belongs to it.
    pub from: Instant,
    /// Does not.
    pub to: Instant,
}

/// What a report is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The configured report's name.
    pub name: String,
    /// Which of the plugin's reports is wanted; one of the manifest's `reports`.
    pub report: String,
    /// What it is about.
    pub period: Period,
    /// What to compare it with.
    pub previous: Period,
    /// The IANA zone in which days and hours are told.
    pub tz: String,
    /// The language tag to write in.
    pub language: String,
    /// The business calendar, where working time is wanted.
    pub calendar: Option<String>,
    /// The account that it is about; none for all.
    pub source: Option<String>,
    /// What agents and groups are called, by id, as far as it is known.
    pub names: BTreeMap<String, String>,
}

impl Request {
    /// A request for a report in English and UTC, compared with as long a time before. For tests; the engine makes its own.
    pub fn new(report: impl Into<String>, period: Period) -> Self {
        let report = report.into();
        let length = period.to.0 - period.from.0;
        Self {
            name: report.clone(),
            report,
            period,
            previous: Period { from: Instant(period.from.0 - length), to: period.from },
            tz: "UTC".to_owned(),
            language: "en".to_owned(),
            calendar: None,
            source: None,
            names: BTreeMap::new(),
        }
    }

    /// The question for the period's figures.
    pub fn figures(&self) -> FiguresQuery {
        self.query(self.period)
    }

    /// The question for the figures of the period before.
    pub fn figures_before(&self) -> FiguresQuery {
        self.query(self.previous)
    }

    fn query(&self, period: Period) -> FiguresQuery {
        FiguresQuery {
            from: period.from.to_string(),
            to: period.to.to_string(),
            tz: self.tz.clone(),
            calendar: self.calendar.clone(),
            source: self.source.clone(),
            ..FiguresQuery::default()
        }
    }

    /// An empty document with the request's language and period.
    pub fn document(&self, title: impl Into<String>) -> Document {
        Document {
            title: title.into(),
            subtitle: None,
            language: self.language.clone(),
            period: Some(DocumentPeriod { from: self.period.from, to: self.period.to, tz: self.tz.clone() }),
            generated_at: self.period.to,
            blocks: Vec::new(),
        }
    }

    /// What an agent or a group is called: its name, or its id where none is known.
    pub fn name_of<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

/// A comment beside a bad rating.
#[derive(Clone, Debug, PartialEq)]
pub struct LowRating {
    /// When it was given.
    pub at: Instant,
    /// csat, nps, ces, qa or `agent_satisfaction`.
    pub kind: String,
    /// Between the worst (0) and the best (1).
    pub normalized: f64,
    /// The ticket's id.
    pub ticket: Option<String>,
    /// The agent's id.
    pub agent: Option<String>,
    /// What the customer wrote. A stranger's text.
    pub comment: String,
}
