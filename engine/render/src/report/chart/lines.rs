use super::Drawing;
use super::axis::{self, Axis};
use super::svg::Svg;

const HEIGHT: f64 = 190.0;
/// With more points than this, marks would touch each other.
const MOST_MARKS: usize = 62;

/// Lines over a course of time; gives the height of the picture. A gap in the values is a gap in the line.
pub(super) fn draw(drawing: &Drawing<'_>, svg: &mut Svg, top: f64) -> f64 {
    const MARGIN: f64 = 10.0;
    let series = &drawing.chart.series;
    let n = drawing.chart.categories.len();
    let numbers = || series.iter().flat_map(|series| series.values.iter().copied().flatten());
    let axis = Axis::new(drawing, numbers().fold(0.0, f64::min), numbers().fold(0.0, f64::max), top + 8.0, HEIGHT);
    axis.draw(drawing, svg, drawing.width);
    let (left, right) = (axis.left + MARGIN, drawing.width - MARGIN);
    let slot = if n > 1 { (right - left) / (n - 1) as f64 } else { right - left };
    let x = |index: usize| if n > 1 { left + index as f64 * slot } else { f64::midpoint(left, right) };
    for (place, series) in series.iter().enumerate() {
        let colour = drawing.ink.series(place);
        let points: Vec<Option<(f64, f64)>> = series
            .values
            .iter()
            .enumerate()
            .map(|(index, number)| number.map(|number| (x(index), axis.y(number))))
            .collect();
        for run in points.split(Option::is_none) {
            let run: Vec<(f64, f64)> = run.iter().copied().flatten().collect();
            if run.len() > 1 {
                svg.path(&run, colour, series.dashed);
            }
            // A point alone would be invisible without its mark.
            if points.len() <= MOST_MARKS || run.len() == 1 {
                for (x, y) in &run {
                    svg.mark(*x, *y, place, colour);
                }
            }
        }
    }
    axis::categories(drawing, svg, axis.bottom + 18.0, slot, x);
    axis.bottom + 26.0
}

/// A stretch of a series' line for the legend.
pub(super) fn sample(svg: &mut Svg, x: f64, y: f64, series: usize, dashed: bool) {
    let colour = svg.series(series);
    svg.path(&[(x, y), (x + 12.0, y)], colour, dashed);
    svg.mark(x + 6.0, y, series, colour);
}
