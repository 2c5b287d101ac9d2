//! Charts as SVG, drawn by hand: every label is text of the document's language, every colour keeps its distance from the
//! ground it stands on, series differ in more than colour, and whoever cannot see the picture gets its title and text.

mod axis;
mod columns;
mod ink;
mod lines;
pub(super) mod png;
mod rows;
mod svg;

use deskbell_model::document::{Chart, ChartKind, Value};

pub(super) use ink::Ink;

use super::text::{clean, line};
use super::view::time_like;
use crate::locale::Locale;
use svg::{Bare, Svg};

/// The height of letters in the picture's own units, in which a full width is 680.
const LETTERS: f64 = 12.0;
pub(super) const FULL_WIDTH: f64 = 680.0;
/// Where the numbers stand beside the picture.
pub(super) const PART_WIDTH: f64 = 420.0;

/// What the drawing functions share.
struct Drawing<'a> {
    chart: &'a Chart,
    locale: &'a Locale,
    ink: Ink,
    width: f64,
}

/// A chart that is no heat-map as one SVG element. `id` keeps the names inside it apart from those of others on a page.
pub(super) fn svg(chart: &Chart, locale: &Locale, ink: Ink, width: f64, id: usize) -> String {
    let (svg, height) = draw(chart, locale, ink, width);
    svg.finish(width, height, id, &line(&chart.caption), &clean(&chart.alt))
}

/// The same for paper, with the letters apart.
pub(super) fn bare(chart: &Chart, locale: &Locale, width: f64, id: usize) -> Bare {
    let (svg, height) = draw(chart, locale, Ink::PAPER, width);
    svg.finish_bare(width, height, id, &line(&chart.caption), &clean(&chart.alt))
}

fn draw(chart: &Chart, locale: &Locale, ink: Ink, width: f64) -> (Svg, f64) {
    let drawing = Drawing { chart, locale, ink, width };
    let mut svg = Svg::new(ink);
    let top = drawing.legend(&mut svg);
    let height = match chart.kind {
        ChartKind::Line => lines::draw(&drawing, &mut svg, top),
        _ if time_like(chart) => columns::draw(&drawing, &mut svg, top),
        _ => rows::draw(&drawing, &mut svg, top),
    };
    (svg, height)
}

impl Drawing<'_> {
    fn value(&self, number: f64) -> String {
        self.locale.number(number, self.chart.values, self.chart.currency.as_deref())
    }

    fn category(&self, index: usize) -> String {
        match self.chart.categories.get(index) {
            Some(Value::Date(day)) => line(&self.locale.day_of(day)),
            // Whole numbers as categories are years, hours, numbers of weeks: never grouped.
            Some(Value::Integer(number)) => number.to_string(),
            Some(value) => line(&self.locale.value(value)),
            None => String::new(),
        }
    }

    fn stacked(&self) -> bool {
        self.chart.kind == ChartKind::StackedBar
    }

    /// The names of the series above the picture, where there are several; gives the height taken. Lines carry their names
    /// at their ends where these have room.
    fn legend(&self, svg: &mut Svg) -> f64 {
        const GAP: f64 = 18.0;
        if self.chart.series.len() < 2 {
            return 8.0;
        }
        let (mut x, mut y) = (0.0, LETTERS);
        for (index, series) in self.chart.series.iter().enumerate() {
            let name = line(&series.name);
            let name = super::text::lines(&name, self.width / LETTERS - 3.0, 1).concat();
            let width = 16.0 + super::text::ems(&name) * LETTERS * self.ink.broad;
            if x > 0.0 && x + width > self.width {
                x = 0.0;
                y += 18.0;
            }
            if self.chart.kind == ChartKind::Line {
                lines::sample(svg, x, y - 4.0, index, series.dashed);
            } else {
                svg.rect(x, y - 9.0, 10.0, 10.0, self.ink.series(index));
            }
            svg.text(x + 16.0, y, "start", self.ink.letters, &name);
            x += width + GAP;
        }
        y + 14.0
    }
}

#[cfg(test)]
mod tests;
