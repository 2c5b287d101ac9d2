use deskbell_model::document::Kind;

use super::svg::Svg;
use super::{Drawing, LETTERS};
use crate::report::text::ems;

/// The upright axis of columns and lines: round marks from zero, or from below it, to above the largest value.
pub(super) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// Steps of durations that people count in, in seconds.
const DURATIONS: [f64; 22] = [
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 14_400.0,
    21_600.0, 43_200.0, 86_400.0, 172_800.0, 432_000.0, 864_000.0,
];

impl Axis {
    /// For values between these two, drawn so high.
    pub(super) fn new(drawing: &Drawing<'_>, lowest: f64, highest: f64, top: f64, height: f64) -> Self {
        let (low, high) = (lowest.min(0.0), highest.max(0.0));
        let kind = drawing.chart.values;
        let step = step((high - low) / 4.0, kind);
        let low = (low / step).floor() * step;
        let mut high = (high / step).ceil() * step;
        if high <= low {
            high = low + step;
        }
        let mut axis = Self { low, high, step, left: 0.0, top, bottom: top + height };
        let widest = axis.marks().map(|mark| ems(&tick(drawing, mark))).fold(0.0, f64::max);
        axis.left = (widest * LETTERS * 1.05 + 10.0).min(drawing.width / 3.0);
        axis
    }

    pub(super) fn y(&self, number: f64) -> f64 {
        self.bottom - (number - self.low) / (self.high - self.low) * (self.bottom - self.top)
    }

    fn marks(&self) -> impl Iterator<Item = f64> {
        let n = ((self.high - self.low) / self.step).round() as usize;
        (0..=n.min(20)).map(|index| self.low + index as f64 * self.step)
    }

    pub(super) fn draw(&self, drawing: &Drawing<'_>, svg: &mut Svg, right: f64) {
        for mark in self.marks() {
            let y = self.y(mark);
            let stroke = if mark.abs() < self.step / 2.0 { drawing.ink.faint } else { drawing.ink.grid };
            svg.rule((self.left, y), (right, y), stroke);
            svg.text(self.left - 7.0, y + 4.0, "end", drawing.ink.faint, &tick(drawing, mark));
        }
    }
}

fn tick(drawing: &Drawing<'_>, mark: f64) -> String {
    match drawing.chart.values {
        Kind::Duration => drawing.locale.brief(mark, Kind::Duration),
        // Of two axis marks of an amount nobody wants to see the cents.
        Kind::Currency | Kind::Stars | Kind::Decimal if mark.fract() == 0.0 => drawing.locale.integer(mark as i64),
        Kind::Currency | Kind::Stars => drawing.locale.decimal(mark),
        _ => drawing.value(mark),
    }
}

/// The round step just above the rough one.
fn step(rough: f64, kind: Kind) -> f64 {
    if kind == Kind::Duration {
        if let Some(step) = DURATIONS.into_iter().find(|step| *step >= rough) {
            return step;
        }
        return round(rough / 86_400.0) * 86_400.0;
    }
    if rough <= 0.0 {
        return if kind == Kind::Percent { 0.25 } else { 1.0 };
    }
    let step = round(rough);
    if kind != Kind::Integer {
        return step;
    }
    // Two and a half is no number of tickets.
    if (2.1..=2.9).contains(&step) { 5.0 } else { step.max(1.0) }
}

/// 1, 2, 2.5 or 5 times a power of ten.
fn round(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let part = [1.0, 2.0, 2.5, 5.0].into_iter().find(|part| part * power >= rough * 0.999).unwrap_or(10.0);
    part * power
}

/// Labels under columns and points, as many as have room; `x` gives the middle of each.
pub(super) fn categories(drawing: &Drawing<'_>, svg: &mut Svg, y: f64, slot: f64, x: impl Fn(usize) -> f64) {
    let n = drawing.chart.categories.len();
    let widest = (0..n).map(|index| ems(&drawing.category(index))).fold(0.0, f64::max) * LETTERS;
    // Words that are much wider than their slot are cut; dates and numbers are left out instead.
    let shown = widest.min(120.0);
    let every = ((shown + 10.0) / slot).ceil().max(1.0) as usize;
    for index in (0..n).step_by(every) {
        let label = crate::report::text::lines(&drawing.category(index), shown / LETTERS + 0.1, 1).concat();
        // The first and the last must not leave the picture.
        let half = ems(&label) * LETTERS / 2.0;
        let middle = x(index).max(half).min(drawing.width - half);
        svg.text(middle, y, "middle", drawing.ink.faint, &label);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_count_in_round_steps() {
        let cases = [
            (3.1, Kind::Integer, 5.0),
            (2.2, Kind::Integer, 5.0),
            (0.2, Kind::Integer, 1.0),
            (0.0, Kind::Integer, 1.0),
            (23.0, Kind::Integer, 25.0),
            (0.21, Kind::Percent, 0.25),
            (0.0, Kind::Percent, 0.25),
            (1_700.0, Kind::Duration, 1_800.0),
            (2_000_000.0, Kind::Duration, 25.0 * 86_400.0),
            (0.07, Kind::Decimal, 0.1),
        ];
        for (rough, kind, expected) in cases {
            assert!((step(rough, kind) - expected).abs() < 1e-9, "{rough} {kind:?}: {}", step(rough, kind));
        }
    }
}
