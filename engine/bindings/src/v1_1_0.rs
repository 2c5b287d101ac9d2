//! Contract 1.1.0: what it has beyond 1.0.0, the reporters.
//!
//! The rest is as it was, and wasmtime takes an interface of 1.0.0 where 1.1.0 is imported.

use deskbell_model::plugin::{LowRating, ReportRequest};
use wasmtime::component::{Component, ComponentExportIndex, Instance};
use wasmtime::{AsContextMut, Result, format_err};

use crate::Answer;
use generated::deskbell::plugin::{comments, reporting, types};

/// What `bindgen!` makes of the contract.
pub mod generated {
    #![allow(clippy::pedantic, unreachable_pub, reason = "generated code")]

    wasmtime::component::bindgen!({
        path: "../../sdk/wit/since_v1.1.0",
        inline: "
            package deskbell:host;
            world reporting {
                import deskbell:plugin/kpis@1.1.0;
                import deskbell:plugin/comments@1.1.0;
                import deskbell:plugin/automation-figures@1.1.0;
                use deskbell:plugin/types@1.1.0.{failure};
                use deskbell:plugin/reporting@1.1.0.{request};
                export report: func(request: request) -> result<string, failure>;
            }
        ",
        world: "deskbell:host/reporting",
        imports: {
            default: async | trappable,
        },
        exports: { default: async },
    });
}

type Arguments = (reporting::Request,);
type Outcome = (std::result::Result<String, types::Failure>,);

/// The exports of a component of the world `reporter`.
#[derive(Clone, Copy)]
pub struct Reporter {
    report: ComponentExportIndex,
}

impl Reporter {
    /// Finds the exports. Whether they have the right types shows [`Self::check`].
    pub fn new(component: &Component) -> Result<Self> {
        let report = component.get_export_index(None, "report");
        Ok(Self { report: report.ok_or_else(|| format_err!("it does not export `report`"))? })
    }

    /// Compares the types of the exports with the contract.
    pub fn check(&self, mut store: impl AsContextMut, instance: &Instance) -> Result<()> {
        instance.get_typed_func::<Arguments, Outcome>(&mut store, self.report).map(drop)
    }

    /// Calls `report`. The outer error is a trap, or a limit that was reached.
    pub async fn report<T: Send>(
        &self,
        mut store: impl AsContextMut<Data = T>,
        instance: &Instance,
        request: &ReportRequest,
    ) -> Result<Answer<String>> {
        let report = instance.get_typed_func::<Arguments, Outcome>(&mut store, self.report)?;
        let request = request.clone();
        let argument = reporting::Request {
            name: request.name,
            report: request.report,
            period: period(request.period),
            previous: period(request.previous),
            tz: request.tz,
            language: request.language,
            calendar: request.calendar,
            source: request.source,
            names: request.names,
            extra: Vec::new(),
        };
        let (answer,) = report.call_async(store, (argument,)).await?;
        Ok(answer.map_err(|failure| crate::Failure { message: failure.message, retry: failure.retry }))
    }
}

fn period(
    (start, end): (deskbell_model::timestamp::Timestamp, deskbell_model::timestamp::Timestamp),
) -> reporting::Period {
    reporting::Period { start: start.micros(), end: end.micros() }
}

/// A comment as the contract has it.
pub fn rating_comment(rating: LowRating) -> comments::RatingComment {
    comments::RatingComment {
        at: rating.at.micros(),
        kind: rating.kind,
        normalized: rating.normalized,
        ticket: rating.ticket,
        agent: rating.agent,
        comment: rating.comment,
    }
}
