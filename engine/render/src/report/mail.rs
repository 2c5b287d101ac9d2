//! The mail: tables for layout, styles on each element, pictures by `cid:`, since that is what mail programs agree on.
//! Styles in the head only refine it, for the dark and for small screens.

use deskbell_model::document::{Block, Document};
use minijinja::context;

use super::chart::{self, Ink, png};
use super::view::{BlockView, View};
use super::{Brand, Error, Inline, Logo, page};
use crate::locale::Locale;

/// Rows of a table in the mail; the attachments have them all. Large mails are cut off by the reader's program.
const MOST_ROWS: usize = 25;
/// Rows of a chart's numbers, which are short: a month of days has room.
const MOST_NUMBERS: usize = 31;
/// The width of the mail's body.
const WIDTH: f64 = 576.0;

/// A painted chart: what the template needs to place it.
#[derive(serde::Serialize)]
struct Picture {
    content_id: String,
    width: u32,
}

pub(super) fn render(view: &View, document: &Document, brand: &Brand) -> Result<(String, Vec<Inline>), Error> {
    let locale = Locale::of(&document.language);
    let mut inline = Vec::new();
    let mut pictures: Vec<Option<Picture>> = view.blocks.iter().map(|_| None).collect();
    for block in &view.blocks {
        let BlockView::Chart(view) = block else { continue };
        let (Some(Block::Chart(chart)), Some(place)) = (document.blocks.get(view.index), pictures.get_mut(view.index))
        else {
            continue;
        };
        if view.empty {
            continue;
        }
        let (bytes, width, _) = png::paint(&chart::svg(chart, locale, Ink::PICTURE, WIDTH - 24.0, view.index))?;
        let content_id = format!("chart-{}@report", view.index);
        *place = Some(Picture { content_id: content_id.clone(), width });
        inline.push(Inline { content_id, media_type: "image/png", bytes });
    }
    let logo = match &brand.logo {
        Some(Logo::Png(bytes)) => Some(bytes.clone()),
        // Mail programs show no SVG.
        Some(Logo::Svg(bytes)) => Some(png::paint(&String::from_utf8_lossy(bytes))?.0),
        None => None,
    };
    let has_logo = logo.is_some();
    inline.extend(logo.map(|bytes| Inline { content_id: "logo@report".to_owned(), media_type: "image/png", bytes }));
    let html = page::environment("mail.html", include_str!("../../templates/mail.html"))?
        .get_template("mail.html")?
        .render(context! {
            view,
            pictures,
            has_logo,
            preview => preview(view),
            brand => brand.name,
            accent => brand.colour.for_paper().hex(),
            most_rows => MOST_ROWS,
            most_numbers => MOST_NUMBERS,
        })?;
    Ok((html, inline))
}

/// One line, and no longer than mail programs show.
pub(super) fn subject(view: &View) -> String {
    let subject = match &view.period {
        Some(period) => format!("{}: {period}", view.title),
        None => view.title.clone(),
    };
    let subject = subject.replace('\u{a0}', " ");
    if subject.chars().count() <= 150 { subject } else { subject.chars().take(149).chain(['…']).collect() }
}

/// What a list of mails shows beside the subject: the first key figures.
fn preview(view: &View) -> String {
    let tiles = view.blocks.iter().find_map(|block| match block {
        BlockView::Tiles { tiles, .. } => {
            Some(tiles.iter().take(3).map(|tile| format!("{}: {}", tile.label, tile.value)))
        }
        _ => None,
    });
    tiles.map(|tiles| tiles.collect::<Vec<_>>().join(" · ")).unwrap_or_default()
}
