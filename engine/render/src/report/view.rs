//! The view of a document: every value a text of the document's language, every text cleaned, ready to be placed.

mod heat;
pub(super) mod numbers;
mod tiles;

use serde::Serialize;

use chrono_tz::Tz;
use deskbell_model::document::{Block, Chart, ChartKind, Document, Kind, Span, Table, Tone, Value};

pub(super) use heat::HeatView;
pub(super) use tiles::{ChangeView, TileView};

use super::text::{clean, ems, line};
use crate::locale::{Locale, Words};

#[derive(Debug, Serialize)]
pub(super) struct View {
    /// The document's own tag, such as `zh-CN`.
    pub(super) language: String,
    pub(super) right_to_left: bool,
    pub(super) title: String,
    pub(super) subtitle: Option<String>,
    pub(super) period: Option<String>,
    pub(super) generated: String,
    pub(super) words: Words,
    pub(super) blocks: Vec<BlockView>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum BlockView {
    Heading {
        level: u8,
        text: String,
    },
    Text {
        spans: Vec<SpanView>,
    },
    Callout {
        tone: Tone,
        /// Says the tone where there are no colours: in plain text.
        #[serde(skip)]
        mark: &'static str,
        title: String,
        spans: Vec<SpanView>,
    },
    /// `compared` explains the arrows, under the first tiles that have any.
    Tiles {
        tiles: Vec<TileView>,
        compared: Option<&'static str>,
    },
    Table(TableView),
    Chart(ChartView),
    Heat(HeatView),
    PageBreak,
}

#[derive(Debug, Serialize)]
pub(super) struct SpanView {
    pub(super) text: String,
    pub(super) strong: bool,
    pub(super) emphasis: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct TableView {
    pub(super) caption: String,
    pub(super) columns: Vec<ColumnView>,
    pub(super) rows: Vec<Vec<String>>,
    pub(super) note: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct ColumnView {
    pub(super) label: String,
    /// Right-aligned.
    pub(super) number: bool,
    /// Numbers and dates: as wide as its longest value, and never broken.
    pub(super) tight: bool,
    /// How wide it wants to be, in ems of its letters.
    pub(super) ems: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct ChartView {
    /// The block's place in the document, by which the picture is found.
    pub(super) index: usize,
    pub(super) caption: String,
    pub(super) alt: String,
    pub(super) note: Option<String>,
    /// What the picture leaves out.
    pub(super) cut: Option<String>,
    /// Nothing to draw.
    pub(super) empty: bool,
    /// Whether the numbers have room at the picture's side.
    pub(super) beside: bool,
    pub(super) numbers: TableView,
}

/// Pictures of more bars than this would be taller than a page.
pub(super) const MOST_BARS: usize = 30;
/// Up to so many rows stand beside a picture, more below it.
const MOST_BESIDE: usize = 8;
/// The width beside a picture on paper, in points.
const ROOM_BESIDE: f64 = 176.0;

pub(super) fn view(document: &Document) -> View {
    let locale = Locale::of(&document.language);
    let zone = document.period.as_ref().and_then(|period| period.tz.parse().ok()).unwrap_or(Tz::UTC);
    let primary = document.language.split('-').next().unwrap_or_default().to_ascii_lowercase();
    View {
        language: document.language.clone(),
        right_to_left: matches!(primary.as_str(), "ar" | "fa" | "he" | "ur" | "yi"),
        title: line(&document.title),
        subtitle: document.subtitle.as_deref().map(line),
        period: document.period.as_ref().map(|period| locale.period(period)),
        generated: locale.instant(document.generated_at, zone),
        words: locale.words,
        blocks: blocks(document, locale),
    }
}

fn blocks(document: &Document, locale: &'static Locale) -> Vec<BlockView> {
    let mut blocks: Vec<BlockView> =
        document.blocks.iter().enumerate().map(|(index, block)| block_view(index, block, locale)).collect();
    // Whoever walks a document by its headings must not fall through a missing level.
    let mut above = 0;
    let mut explained = false;
    for block in &mut blocks {
        match block {
            BlockView::Heading { level, .. } => {
                *level = (*level).min(above + 1);
                above = *level;
            }
            BlockView::Tiles { tiles, compared } if !explained && tiles.iter().any(|tile| tile.change.is_some()) => {
                *compared = Some(locale.words.compared);
                explained = true;
            }
            _ => {}
        }
    }
    blocks
}

fn block_view(index: usize, block: &Block, locale: &'static Locale) -> BlockView {
    match block {
        Block::Heading(heading) => BlockView::Heading { level: heading.level, text: line(&heading.text) },
        Block::Text(text) => BlockView::Text { spans: spans(&text.spans) },
        Block::Callout(callout) => {
            let (mark, word) = match callout.tone {
                Tone::Good => ("✓", locale.words.good),
                Tone::Bad => ("!", locale.words.bad),
                Tone::Neutral => ("i", locale.words.neutral),
            };
            let title = callout.title.as_deref().map_or_else(|| word.to_owned(), line);
            BlockView::Callout { tone: callout.tone, mark, title, spans: spans(&callout.spans) }
        }
        Block::Tiles(tiles) => BlockView::Tiles {
            tiles: tiles.tiles.iter().map(|tile| tiles::tile(tile, locale)).collect(),
            compared: None,
        },
        Block::Table(table) => BlockView::Table(table_view(table, locale)),
        Block::Chart(chart) if chart.kind == ChartKind::Heatmap => BlockView::Heat(heat::heat(chart, locale)),
        Block::Chart(chart) => BlockView::Chart(chart_view(index, chart, locale)),
        Block::PageBreak => BlockView::PageBreak,
    }
}

fn table_view(table: &Table, locale: &Locale) -> TableView {
    let places: Vec<usize> = (0..table.columns.len()).map(|index| percent_places(table, index)).collect();
    let cell = |cell: &Value, places: usize| match cell {
        Value::Percent(fraction) => locale.percent_fixed(*fraction, places),
        other => line(&locale.value(other)),
    };
    let rows =
        table.rows.iter().map(|row| row.iter().zip(&places).map(|(value, places)| cell(value, *places)).collect());
    let columns = table.columns.iter().map(|column| ColumnView::new(&column.label, column.kind));
    TableView::new(line(&table.caption), columns.collect(), rows.collect(), table.note.as_deref().map(line))
}

/// One place after the point for all percentages of a column of which any has one, so that points stand below points.
fn percent_places(table: &Table, index: usize) -> usize {
    let broken = |fraction: f64| (fraction * 1000.0).round() % 10.0 != 0.0;
    usize::from(
        table.rows.iter().any(|row| matches!(row.get(index), Some(Value::Percent(fraction)) if broken(*fraction))),
    )
}

impl TableView {
    fn new(caption: String, mut columns: Vec<ColumnView>, rows: Vec<Vec<String>>, note: Option<String>) -> Self {
        for (index, column) in columns.iter_mut().enumerate() {
            let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| ems(cell)).fold(0.0, f64::max);
            // Heads are set in broader letters, and break between words before they break within them.
            let longest = column.label.split(' ').map(ems).fold(0.0, f64::max).min(9.0);
            let word = longest.max(ems(&column.label).min(7.0)) * 1.12;
            // Text that is longer than this breaks into lines; what is tight never does.
            column.ems =
                cells.min(if column.tight { 40.0 } else { 16.0 }).max(word).max(if column.tight { 2.0 } else { 5.0 });
        }
        Self { caption, columns, rows, note }
    }

    /// How wide the table wants to be in letters of this size, with its paddings.
    fn width(&self, letters: f64) -> f64 {
        self.columns.iter().map(|column| column.ems * letters * 1.06 + 8.0).sum()
    }
}

impl ColumnView {
    fn new(label: &str, kind: Kind) -> Self {
        Self { label: line(label), number: kind.is_number(), tight: kind != Kind::Text, ems: 0.0 }
    }
}

fn chart_view(index: usize, chart: &Chart, locale: &Locale) -> ChartView {
    let empty = chart.series.iter().all(|series| series.values.iter().all(Option::is_none));
    let cut = (!time_like(chart) && chart.kind != ChartKind::Line && chart.categories.len() > MOST_BARS)
        .then(|| locale.words.first_drawn.replace("{n}", &locale.integer(MOST_BARS as i64)));
    let numbers = numbers::numbers(chart, locale);
    ChartView {
        index,
        caption: line(&chart.caption),
        alt: line(&chart.alt),
        note: chart.note.as_deref().map(line),
        cut,
        empty,
        beside: !empty && chart.categories.len() <= MOST_BESIDE && numbers.width(7.5) <= ROOM_BESIDE,
        numbers,
    }
}

/// Whether the categories are a course of time, drawn from left to right.
pub(super) fn time_like(chart: &Chart) -> bool {
    chart.categories.iter().all(|category| matches!(category, Value::Date(_) | Value::Integer(_)))
}

fn spans(spans: &[Span]) -> Vec<SpanView> {
    spans
        .iter()
        .map(|span| SpanView { text: clean(&span.text), strong: span.strong, emphasis: span.emphasis })
        .collect()
}
