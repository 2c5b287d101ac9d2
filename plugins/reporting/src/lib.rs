//! The reports that ship with the engine.

mod automation;
mod figures;
mod findings;
mod monthly;
mod parts;
mod rating;
mod sla;
#[cfg(test)]
mod tests;
mod themes;
mod weekly;
mod words;

use std::collections::BTreeMap;

use deskbell::prelude::{Context, Error, Result};
use deskbell::report::{Document, Figures, Request};
use serde::Deserialize;

use words::Language;

deskbell::reporter!(report);

/// What the operator may set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many tickets or ratings a finding needs to be told.
    least: u64,
    /// How many comments are quoted.
    examples: usize,
    /// What agents and groups are called, by id.
    names: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { least: 5, examples: 3, names: BTreeMap::new() }
    }
}

/// What every report is made from.
struct View<'a> {
    request: &'a Request,
    settings: Settings,
    words: Language,
    now: Figures,
    before: Figures,
}

impl<'a> View<'a> {
    /// `bucket` cuts the period; groups are told apart.
    fn new(request: &'a Request, cx: &Context<'_>, bucket: &str) -> Result<Self> {
        Ok(Self {
            settings: cx.settings()?,
            words: Language::of(&request.language),
            now: cx.figures(&request.figures().bucket(bucket).by("group"))?,
            before: cx.figures(&request.figures_before().by("group"))?,
            request,
        })
    }

    /// What an agent or a group is called.
    fn name<'s>(&'s self, id: &'s str) -> &'s str {
        match id {
            "(none)" => self.words.none(),
            id => self.settings.names.get(id).map_or_else(|| self.request.name_of(id), String::as_str),
        }
    }
}

/// Makes the report that is asked for.
pub fn report(request: &Request, cx: &mut Context<'_>) -> Result<Document> {
    match request.report.as_str() {
        "weekly" => weekly::report(&View::new(request, cx, "day")?, cx),
        "monthly" => monthly::report(&View::new(request, cx, "week")?, cx),
        "sla" => Ok(sla::report(&View::new(request, cx, "day")?)),
        "rating" => Ok(rating::report(&View::new(request, cx, "day")?)),
        "automation" => automation::report(request, cx),
        other => Err(Error::fail(format!(
            "there is no report '{other}'; there are weekly, monthly, sla, rating and automation"
        ))),
    }
}
