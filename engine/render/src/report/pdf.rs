//! The PDF: the view as data, set by the template `report.typ`.
//!
//! The typesetter sees the template, the data, the charts and the bundled fonts, and nothing else: no file, no network, no
//! clock. Its caches are emptied after each document.

mod world;

use chrono::{Datelike, Timelike};
use deskbell_model::document::{Block, Document};
use serde_json::{Value, json};
use typst::diag::SourceDiagnostic;
use typst::foundations::{Bytes, Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::chart;
use super::text::breakable;
use super::view::{BlockView, View};
use super::{Brand, Logo};
use crate::locale::Locale;
use world::World;
#[cfg(test)]
pub(super) use world::settable;

/// Why a PDF could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the typesetter refused the report: {0}")]
    Typesetting(String),
    #[error("the report could not be written as an accessible PDF: {0}")]
    Writing(String),
}

pub(super) fn render(view: &View, document: &Document, brand: &Brand) -> Result<Vec<u8>, Error> {
    let world = World::new(files(view, document, brand));
    let result = set(&world, document);
    // Everything, also after an error: reports are rare, and what one leaves behind is of no use to the next.
    comemo::evict(0);
    result
}

fn set(world: &World, document: &Document) -> Result<Vec<u8>, Error> {
    let pages =
        typst::compile::<PagedDocument>(world).output.map_err(|errors| Error::Typesetting(messages(&errors)))?;
    let standards =
        PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|error| Error::Writing(error.message().to_string()))?;
    let options = PdfOptions {
        creator: Smart::Custom(Some("Deskbell".to_owned())),
        ident: Smart::Custom(format!("{} {}", document.title, document.generated_at)),
        timestamp: timestamp(document),
        standards,
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&pages, &options).map_err(|errors| Error::Writing(messages(&errors)))
}

fn messages(errors: &[SourceDiagnostic]) -> String {
    errors.iter().take(3).map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ")
}

fn timestamp(document: &Document) -> Option<Timestamp> {
    let at = document.generated_at.to_chrono();
    let part = |n: u32| u8::try_from(n).unwrap_or_default();
    Datetime::from_ymd_hms(
        at.year(),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
    )
    .map(Timestamp::new_utc)
}

/// What the template reads.
fn files(view: &View, document: &Document, brand: &Brand) -> Vec<(String, Bytes)> {
    let mut files = Vec::new();
    let logo = brand.logo.as_ref().map(|logo| match logo {
        Logo::Png(bytes) => ("logo.png", bytes),
        Logo::Svg(bytes) => ("logo.svg", bytes),
    });
    let mut subtags = document.language.split('-');
    let language = subtags.next().filter(|tag| matches!(tag.len(), 2 | 3)).unwrap_or("en");
    let region = subtags.find(|tag| tag.len() == 2);
    let locale = Locale::of(&document.language);
    let mut drawings = serde_json::Map::new();
    for block in &view.blocks {
        let BlockView::Chart(chart_view) = block else { continue };
        let Some(Block::Chart(chart)) = document.blocks.get(chart_view.index) else { continue };
        let width = if chart_view.beside { chart::PART_WIDTH } else { chart::FULL_WIDTH };
        let bare = chart::bare(chart, locale, width, chart_view.index);
        drawings.insert(chart_view.index.to_string(), json!(bare));
        files.push((format!("chart-{}.svg", chart_view.index), Bytes::from_string(bare.svg)));
    }
    let mut data = json!({
        "view": view,
        "drawings": drawings,
        "brand": brand.name,
        "accent": brand.colour.for_paper().hex(),
        "logo": logo.map(|(name, _)| name),
        "lang": language.to_ascii_lowercase(),
        "region": region.map(str::to_ascii_uppercase),
    });
    prepare(&mut data);
    files.push(("data.json".to_owned(), Bytes::from_string(data.to_string())));
    if let Some((name, bytes)) = logo {
        files.push((name.to_owned(), Bytes::new(bytes.clone())));
    }
    files
}

/// All texts as they can be set: without signs that no font has, and with chances to break long words.
fn prepare(data: &mut Value) {
    match data {
        Value::String(text) => *text = breakable(&world::settable(text)),
        Value::Array(items) => items.iter_mut().for_each(prepare),
        Value::Object(fields) => fields.values_mut().for_each(prepare),
        _ => {}
    }
}
