//! What a document may hold. The limits are far above what anybody reads, and low enough that a plugin gone wrong cannot
//! fill a mailbox or keep the renderer busy for minutes.

use chrono::NaiveDate;
use chrono_tz::Tz;

use super::{Block, Chart, ChartKind, Document, Kind, Series, Span, Table, Tile, Value};

/// The most that a document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub blocks: usize,
    pub tiles: usize,
    pub columns: usize,
    /// Rows of one table.
    pub rows: usize,
    /// Cells of all tables together.
    pub cells: usize,
    pub series: usize,
    /// Categories of one chart.
    pub categories: usize,
    /// Characters of a paragraph.
    pub paragraph: usize,
    /// Characters of a title, a label, a caption, a cell.
    pub label: usize,
}

impl Limits {
    pub const DEFAULT: Self = Self {
        blocks: 300,
        tiles: 24,
        columns: 16,
        rows: 2_000,
        cells: 40_000,
        series: 8,
        categories: 400,
        paragraph: 10_000,
        label: 1_000,
    };
}

/// Why a document cannot be rendered. Each message names the place, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("{place}: {n} {what} are more than the {most} that a document may have; show the most important ones")]
    TooMany { place: String, what: &'static str, n: usize, most: usize },
    #[error("{place}: the {what} has {n} characters, the most is {most}; shorten it")]
    TooLong { place: String, what: &'static str, n: usize, most: usize },
    #[error("{place}: the {what} is empty")]
    Empty { place: String, what: &'static str },
    #[error("{place}: the heading's level is {level}; use 1, 2 or 3")]
    Level { place: String, level: u8 },
    #[error("{place}: {n} values stand beside {columns} {what}; give one for each")]
    Uneven { place: String, what: &'static str, n: usize, columns: usize },
    #[error("{place}: a {found} stands where a {expected} belongs; give that, a text or none")]
    WrongKind { place: String, found: &'static str, expected: &'static str },
    #[error("{place}: {what}")]
    Senseless { place: String, what: String },
}

impl Document {
    /// Whether the document keeps to [`Limits::DEFAULT`] and hangs together. Renderers may be given only such documents.
    pub fn check(&self) -> Result<(), Invalid> {
        let limits = Limits::DEFAULT;
        let place = || "the document".to_owned();
        label(&place, "title", &self.title, limits)?;
        filled(&place, "title", &self.title)?;
        optional_label(&place, "subtitle", self.subtitle.as_ref(), limits)?;
        if self.language.is_empty()
            || self.language.len() > 35
            || !self.language.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            return senseless(&place, format!("'{}' is no language tag, such as en or zh-CN", clipped(&self.language)));
        }
        if let Some(period) = &self.period {
            if period.from > period.to {
                return senseless(
                    &place,
                    format!("the period ends ({}) before it starts ({})", period.to, period.from),
                );
            }
            if period.tz.parse::<Tz>().is_err() {
                return senseless(&place, format!("'{}' is no time zone, such as Europe/Berlin", clipped(&period.tz)));
            }
        }
        most(&place, "blocks", self.blocks.len(), limits.blocks)?;
        let mut cells = 0;
        for (index, block) in self.blocks.iter().enumerate() {
            let place = || format!("block {} ({})", index + 1, name(block));
            check_block(&place, block, limits)?;
            if let Block::Table(table) = block {
                cells += table.rows.len() * table.columns.len();
                most(&place, "cells of all tables so far", cells, limits.cells)?;
            }
        }
        Ok(())
    }
}

fn check_block(place: &dyn Fn() -> String, block: &Block, limits: Limits) -> Result<(), Invalid> {
    match block {
        Block::Heading(heading) => {
            if !(1..=3).contains(&heading.level) {
                return Err(Invalid::Level { place: place(), level: heading.level });
            }
            filled(place, "heading's text", &heading.text)?;
            label(place, "heading's text", &heading.text, limits)
        }
        Block::Text(text) => spans(place, &text.spans, limits),
        Block::Callout(callout) => {
            optional_label(place, "title", callout.title.as_ref(), limits)?;
            spans(place, &callout.spans, limits)
        }
        Block::Tiles(tiles) => {
            most(place, "tiles", tiles.tiles.len(), limits.tiles)?;
            tiles
                .tiles
                .iter()
                .enumerate()
                .try_for_each(|(n, tile)| check_tile(&|| format!("{}, tile {}", place(), n + 1), tile, limits))
        }
        Block::Table(table) => check_table(place, table, limits),
        Block::Chart(chart) => check_chart(place, chart, limits),
        Block::PageBreak => Ok(()),
    }
}

fn check_tile(place: &dyn Fn() -> String, tile: &Tile, limits: Limits) -> Result<(), Invalid> {
    label(place, "label", &tile.label, limits)?;
    filled(place, "label", &tile.label)?;
    optional_label(place, "benchmark", tile.benchmark.as_ref(), limits)?;
    optional_label(place, "population", tile.population.as_ref(), limits)?;
    value(place, &tile.value, limits)?;
    let Some(change) = &tile.change else { return Ok(()) };
    value(place, &change.before, limits)?;
    match (tile.value.kind(), change.before.kind()) {
        (Some(now), Some(before)) if now != before => {
            Err(Invalid::WrongKind { place: place(), found: before.as_str(), expected: now.as_str() })
        }
        _ => Ok(()),
    }
}

fn check_table(place: &dyn Fn() -> String, table: &Table, limits: Limits) -> Result<(), Invalid> {
    label(place, "caption", &table.caption, limits)?;
    filled(place, "caption", &table.caption)?;
    optional_label(place, "note", table.note.as_ref(), limits)?;
    most(place, "columns", table.columns.len(), limits.columns)?;
    most(place, "rows", table.rows.len(), limits.rows)?;
    if table.columns.is_empty() {
        return senseless(place, "the table has no columns".to_owned());
    }
    for column in &table.columns {
        label(place, "column's label", &column.label, limits)?;
    }
    for (index, row) in table.rows.iter().enumerate() {
        let place = || format!("{}, row {}", place(), index + 1);
        if row.len() != table.columns.len() {
            return Err(Invalid::Uneven {
                place: place(),
                what: "columns",
                n: row.len(),
                columns: table.columns.len(),
            });
        }
        for (column, cell) in table.columns.iter().zip(row) {
            value(&place, cell, limits)?;
            let Some(kind) = cell.kind() else { continue };
            let fits =
                kind == column.kind || kind == Kind::Text || (kind == Kind::Integer && column.kind == Kind::Decimal);
            if !fits {
                return Err(Invalid::WrongKind {
                    place: place(),
                    found: kind.as_str(),
                    expected: column.kind.as_str(),
                });
            }
        }
    }
    Ok(())
}

fn check_chart(place: &dyn Fn() -> String, chart: &Chart, limits: Limits) -> Result<(), Invalid> {
    label(place, "caption", &chart.caption, limits)?;
    filled(place, "caption", &chart.caption)?;
    label(place, "alt text", &chart.alt, limits)?;
    filled(place, "alt text", &chart.alt)?;
    optional_label(place, "note", chart.note.as_ref(), limits)?;
    optional_label(place, "category label", chart.category_label.as_ref(), limits)?;
    most(place, "series", chart.series.len(), limits.series)?;
    most(place, "categories", chart.categories.len(), limits.categories)?;
    if !chart.values.is_number() {
        return senseless(place, format!("a chart cannot draw values of kind {}", chart.values.as_str()));
    }
    match (&chart.currency, chart.values) {
        (Some(code), Kind::Currency) => currency(place, code)?,
        (None, Kind::Currency) => {
            return senseless(place, "the values are currency; name it in 'currency', such as EUR".to_owned());
        }
        (Some(_), _) => return senseless(place, "'currency' is given, but the values are none".to_owned()),
        (None, _) => {}
    }
    for category in &chart.categories {
        value(place, category, limits)?;
        if !matches!(category, Value::Text(_) | Value::Date(_) | Value::Integer(_)) {
            return senseless(place, "a category is neither text nor date nor integer".to_owned());
        }
    }
    let points = if chart.kind == ChartKind::Heatmap {
        if chart.series.len() != 7 || !chart.categories.is_empty() {
            return senseless(place, "a heat-map has seven series, Monday to Sunday, and no categories".to_owned());
        }
        24
    } else {
        chart.categories.len()
    };
    chart.series.iter().enumerate().try_for_each(|(n, series)| {
        let place = || format!("{}, series {}", place(), n + 1);
        check_series(&place, series, chart.kind, points, limits)
    })
}

fn check_series(
    place: &dyn Fn() -> String,
    series: &Series,
    kind: ChartKind,
    points: usize,
    limits: Limits,
) -> Result<(), Invalid> {
    label(place, "name", &series.name, limits)?;
    if series.values.len() != points {
        return Err(Invalid::Uneven { place: place(), what: "categories", n: series.values.len(), columns: points });
    }
    for number in series.values.iter().flatten() {
        finite(place, *number)?;
        if *number < 0.0 && matches!(kind, ChartKind::StackedBar | ChartKind::Heatmap) {
            return senseless(place, format!("{number} is below 0, which can be neither stacked nor shaded"));
        }
    }
    Ok(())
}

fn value(place: &dyn Fn() -> String, value: &Value, limits: Limits) -> Result<(), Invalid> {
    match value {
        Value::None | Value::Integer(_) => Ok(()),
        Value::Text(text) => label(place, "text", text, limits),
        Value::Decimal(number) | Value::Percent(number) | Value::Duration(number) => finite(place, *number),
        Value::Date(day) => match NaiveDate::parse_from_str(day, "%Y-%m-%d") {
            Ok(_) if day.len() == 10 => Ok(()),
            _ => senseless(place, format!("'{}' is no date, such as 2026-03-02", clipped(day))),
        },
        Value::Currency { amount, code } => {
            finite(place, *amount)?;
            currency(place, code)
        }
        Value::Stars(number) if (0.0..=5.0).contains(number) => Ok(()),
        Value::Stars(number) => senseless(place, format!("{number} stars are not between 0 and 5")),
    }
}

fn currency(place: &dyn Fn() -> String, code: &str) -> Result<(), Invalid> {
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    senseless(place, format!("'{}' is no currency code, such as EUR", clipped(code)))
}

/// Beyond this a double has no whole numbers left between its values, and a column no room.
const LARGEST: f64 = 9e15;

fn finite(place: &dyn Fn() -> String, number: f64) -> Result<(), Invalid> {
    if number.is_finite() && number.abs() <= LARGEST {
        return Ok(());
    }
    senseless(place, format!("{number} is no number that can be shown"))
}

fn spans(place: &dyn Fn() -> String, spans: &[Span], limits: Limits) -> Result<(), Invalid> {
    let n = spans.iter().map(|span| span.text.chars().count()).sum();
    if n > limits.paragraph {
        return Err(Invalid::TooLong { place: place(), what: "paragraph", n, most: limits.paragraph });
    }
    most(place, "spans", spans.len(), limits.paragraph / 10)
}

fn optional_label(
    place: &dyn Fn() -> String,
    what: &'static str,
    text: Option<&String>,
    limits: Limits,
) -> Result<(), Invalid> {
    text.map_or(Ok(()), |text| label(place, what, text, limits))
}

fn label(place: &dyn Fn() -> String, what: &'static str, text: &str, limits: Limits) -> Result<(), Invalid> {
    // Bytes bound characters from above, and most texts are short: the count is rarely needed.
    if text.len() > limits.label {
        let n = text.chars().count();
        if n > limits.label {
            return Err(Invalid::TooLong { place: place(), what, n, most: limits.label });
        }
    }
    Ok(())
}

fn filled(place: &dyn Fn() -> String, what: &'static str, text: &str) -> Result<(), Invalid> {
    if text.trim().is_empty() {
        return Err(Invalid::Empty { place: place(), what });
    }
    Ok(())
}

fn most(place: &dyn Fn() -> String, what: &'static str, n: usize, most: usize) -> Result<(), Invalid> {
    if n > most {
        return Err(Invalid::TooMany { place: place(), what, n, most });
    }
    Ok(())
}

fn senseless(place: &dyn Fn() -> String, what: String) -> Result<(), Invalid> {
    Err(Invalid::Senseless { place: place(), what })
}

fn clipped(text: &str) -> String {
    text.chars().take(64).collect()
}

const fn name(block: &Block) -> &'static str {
    match block {
        Block::Heading(_) => "heading",
        Block::Text(_) => "text",
        Block::Callout(_) => "callout",
        Block::Tiles(_) => "tiles",
        Block::Table(_) => "table",
        Block::Chart(_) => "chart",
        Block::PageBreak => "page break",
    }
}

#[cfg(test)]
mod tests;
