use super::svg::Svg;
use super::{Drawing, LETTERS};
use crate::report::text::{ems, lines};
use crate::report::view::MOST_BARS;

/// Lying bars with their names before and their values behind them; gives the height of the picture.
pub(super) fn draw(drawing: &Drawing<'_>, svg: &mut Svg, top: f64) -> f64 {
    const GAP: f64 = 10.0;
    let series = &drawing.chart.series;
    let n = drawing.chart.categories.len().min(MOST_BARS);
    let letters = LETTERS * drawing.ink.broad;
    let room = drawing.width * 0.34 / letters;
    let names: Vec<Vec<String>> = (0..n).map(|index| lines(&drawing.category(index), room, 2)).collect();
    let widest = names.iter().flatten().map(|line| ems(line)).fold(0.0, f64::max).min(room + 0.5) * letters * 1.06;
    let left = widest + GAP;

    let total =
        |index: usize| -> f64 { series.iter().filter_map(|series| series.values.get(index).copied().flatten()).sum() };
    let numbers = || series.iter().flat_map(|series| series.values.iter().take(n).copied().flatten());
    let most = if drawing.stacked() {
        (0..n).map(total).fold(0.0, f64::max)
    } else {
        numbers().map(f64::abs).fold(0.0, f64::max)
    };
    let labels = |index| -> Vec<String> {
        if drawing.stacked() {
            return vec![drawing.value(total(index))];
        }
        series
            .iter()
            .map(|series| {
                series
                    .values
                    .get(index)
                    .copied()
                    .flatten()
                    .map_or_else(|| "–".to_owned(), |number| drawing.value(number))
            })
            .collect()
    };
    let widest_label = (0..n).flat_map(labels).map(|label| ems(&label)).fold(0.0, f64::max) * letters * 1.04;
    let span = (drawing.width - left - widest_label - 8.0).max(20.0);
    let scale = if most > 0.0 { span / most } else { 0.0 };

    let per_row = if drawing.stacked() { 1 } else { series.len().max(1) };
    let thick = if per_row == 1 { 16.0 } else { 13.0 };
    let mut y = top;
    for (index, name) in names.iter().enumerate() {
        let bars = per_row as f64 * thick;
        let name_height = name.len() as f64 * (LETTERS + 2.0);
        let row = bars.max(name_height) + 9.0;
        let first = y + (row - name_height) / 2.0 + LETTERS - 1.0;
        for (place, text) in name.iter().enumerate() {
            svg.text(left - GAP, first + place as f64 * (LETTERS + 2.0), "end", drawing.ink.letters, text);
        }
        let bar_top = y + (row - bars) / 2.0;
        let mut x = left;
        for (place, series) in series.iter().enumerate() {
            // A bar of a value below zero is as long as the value and says so in its label.
            let width = series.values.get(index).copied().flatten().unwrap_or(0.0).abs() * scale;
            if drawing.stacked() {
                svg.rect(
                    x,
                    bar_top,
                    if width > 2.0 { width - 1.0 } else { width },
                    thick - 1.0,
                    drawing.ink.series(place),
                );
                x += width;
            } else {
                svg.rect(left, bar_top + place as f64 * thick, width.max(1.0), thick - 1.0, drawing.ink.series(place));
            }
        }
        for (place, label) in labels(index).iter().enumerate() {
            let value =
                series.get(place).and_then(|series| series.values.get(index).copied().flatten()).unwrap_or(0.0).abs();
            let end = if drawing.stacked() { x } else { left + (value * scale).max(1.0) };
            svg.text(
                end + 6.0,
                bar_top + place as f64 * thick + thick / 2.0 + 4.0,
                "start",
                drawing.ink.letters,
                label,
            );
        }
        y += row;
    }
    svg.rule((left, top), (left, y), drawing.ink.faint);
    y + 4.0
}
