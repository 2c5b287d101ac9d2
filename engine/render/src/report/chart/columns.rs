use super::axis::{self, Axis};
use super::svg::Svg;
use super::{Drawing, LETTERS};
use crate::report::text::ems;

const HEIGHT: f64 = 190.0;

/// Bars side by side along a course of time; gives the height of the picture.
pub(super) fn draw(drawing: &Drawing<'_>, svg: &mut Svg, top: f64) -> f64 {
    let n = drawing.chart.categories.len().max(1);
    let n_series = drawing.chart.series.len().max(1);
    let (lowest, highest) = range(drawing);
    let top = top + 8.0;
    let axis = Axis::new(drawing, lowest, highest, top, HEIGHT);
    axis.draw(drawing, svg, drawing.width);
    let slot = (drawing.width - axis.left) / n as f64;
    let share = if drawing.stacked() { 1 } else { n_series };
    let gap = (slot * 0.25).clamp(1.0, 24.0);
    let bar = ((slot - gap) / share as f64).min(56.0);
    let middle = |index: usize| axis.left + (index as f64 + 0.5) * slot;
    for index in 0..n {
        let mut base = 0.0;
        for (place, series) in drawing.chart.series.iter().enumerate() {
            let Some(number) = series.values.get(index).copied().flatten() else { continue };
            let (from, to, offset) =
                if drawing.stacked() { (base, base + number, 0.0) } else { (0.0, number, place as f64 * bar) };
            base = to;
            let x = middle(index) - bar * share as f64 / 2.0 + offset;
            let (upper, lower) = (axis.y(from.max(to)), axis.y(from.min(to)));
            // A line of ground between the parts of a stack keeps them apart in print.
            let seam = if drawing.stacked() && from > 0.0 { 1.0 } else { 0.0 };
            svg.rect(x, upper, (bar - 1.0).max(0.8), lower - upper - seam, drawing.ink.series(place));
            let label = drawing.value(number);
            if share == 1 && n_series == 1 && ems(&label) * LETTERS < slot - 2.0 {
                let y = if number < 0.0 { lower + 12.0 } else { upper - 5.0 };
                svg.text(middle(index), y, "middle", drawing.ink.letters, &label);
            }
        }
    }
    axis::categories(drawing, svg, axis.bottom + 18.0, slot, middle);
    axis.bottom + 26.0
}

/// The lowest and the highest that is drawn, stacks being as high as their sum.
fn range(drawing: &Drawing<'_>) -> (f64, f64) {
    let series = &drawing.chart.series;
    if drawing.stacked() {
        let sum = |index: usize| series.iter().filter_map(|series| series.values.get(index).copied().flatten()).sum();
        return (0.0, (0..drawing.chart.categories.len()).map(sum).fold(0.0, f64::max));
    }
    let numbers = || series.iter().flat_map(|series| series.values.iter().copied().flatten());
    (numbers().fold(0.0, f64::min), numbers().fold(0.0, f64::max))
}
