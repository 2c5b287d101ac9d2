//! The report as text, for mail programs and people that read no HTML.

use std::fmt::Write;

use super::view::{BlockView, ChangeView, HeatView, SpanView, TableView, TileView, View};

pub(super) fn render(view: &View) -> String {
    let mut out = format!("{}\n{}\n", view.title, "=".repeat(view.title.chars().count().min(72)));
    // Writing into a string cannot fail.
    for line in [&view.subtitle, &view.period].into_iter().flatten() {
        let _ = writeln!(out, "{line}");
    }
    for block in &view.blocks {
        match block {
            BlockView::Heading { level, text } => {
                let rule = if *level == 1 { "-" } else { "·" }.repeat(text.chars().count().min(72));
                let _ = writeln!(out, "\n{text}\n{rule}");
            }
            BlockView::Text { spans } => {
                let _ = writeln!(out, "\n{}", joined(spans));
            }
            BlockView::Callout { mark, title, spans, .. } => {
                let _ = writeln!(out, "\n[{mark}] {title}\n    {}", joined(spans).replace('\n', "\n    "));
            }
            BlockView::Tiles { tiles, compared } => {
                out.push('\n');
                for each in tiles {
                    tile(&mut out, each);
                }
                if let Some(compared) = compared {
                    let _ = writeln!(out, "  {compared}");
                }
            }
            BlockView::Table(table) => rows(&mut out, &table.caption, table, view.words.no_data),
            BlockView::Chart(chart) => {
                rows(&mut out, &chart.caption, &chart.numbers, view.words.no_data);
                if let Some(note) = &chart.note {
                    let _ = writeln!(out, "  {note}");
                }
            }
            BlockView::Heat(heat) => shades(&mut out, heat, view.words.no_data),
            BlockView::PageBreak => {}
        }
    }
    if view.blocks.is_empty() {
        let _ = writeln!(out, "\n{}", view.words.no_data);
    }
    let _ = writeln!(out, "\n{}: {}", view.words.generated, view.generated);
    out.replace('\u{a0}', " ")
}

fn joined(spans: &[SpanView]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

fn tile(out: &mut String, tile: &TileView) {
    let _ = write!(out, "  {}: {}", tile.label, tile.value);
    if let Some(ChangeView { text, before, .. }) = &tile.change {
        let gap = if text.is_empty() { "" } else { ", " };
        let _ = write!(out, " ({text}{gap}{before})");
    }
    for more in [&tile.benchmark, &tile.basis].into_iter().flatten() {
        let _ = write!(out, "; {more}");
    }
    out.push('\n');
}

/// One line for each row, each value with its column's name: columns drawn with spaces fall apart in most programs.
fn rows(out: &mut String, caption: &str, table: &TableView, no_data: &str) {
    let _ = writeln!(out, "\n{caption}");
    if table.rows.is_empty() {
        let _ = writeln!(out, "  {no_data}");
    }
    for row in &table.rows {
        let mut cells = row.iter();
        let first = cells.next().map_or("", String::as_str);
        let rest: Vec<String> =
            table.columns.iter().skip(1).zip(cells).map(|(column, cell)| format!("{} {cell}", column.label)).collect();
        let colon = if rest.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "  {first}{colon}{}", rest.join(", "));
    }
    if let Some(note) = &table.note {
        let _ = writeln!(out, "  {note}");
    }
}

fn shades(out: &mut String, heat: &HeatView, no_data: &str) {
    let _ = writeln!(out, "\n{}\n  {}", heat.caption, if heat.empty { no_data } else { &heat.alt });
    for row in &heat.rows {
        let cells = heat.hours.iter().zip(&row.cells).filter(|(_, cell)| !cell.text.is_empty());
        let cells: Vec<String> = cells.map(|(hour, cell)| format!("{hour}: {}", cell.text)).collect();
        if !cells.is_empty() {
            let _ = writeln!(out, "  {}  {}", row.label, cells.join(", "));
        }
    }
}
