use deskbell_model::document::Chart;
use serde::Serialize;

use crate::locale::Locale;
use crate::report::brand::Colour;
use crate::report::text::line;

/// A week by hours. It is placed as a table whose cells are shaded, so the numbers are in the picture and a screen reader
/// walks through them.
#[derive(Debug, Serialize)]
pub(in crate::report) struct HeatView {
    pub(in crate::report) caption: String,
    pub(in crate::report) alt: String,
    pub(in crate::report) note: Option<String>,
    pub(in crate::report) empty: bool,
    /// `00` to `23`.
    pub(in crate::report) hours: Vec<String>,
    pub(in crate::report) rows: Vec<HeatRow>,
}

#[derive(Debug, Serialize)]
pub(in crate::report) struct HeatRow {
    pub(in crate::report) label: &'static str,
    pub(in crate::report) cells: Vec<HeatCell>,
}

#[derive(Debug, Serialize)]
pub(in crate::report) struct HeatCell {
    /// Empty where there is nothing, so that the shades speak.
    pub(in crate::report) text: String,
    pub(in crate::report) ground: String,
    pub(in crate::report) ink: &'static str,
}

/// From nothing to the most. Readable in print and on a dark page, for each cell brings its own ground and letters. These are
/// white or black: of the two one has a contrast of 4.5 to any ground.
const PALE: Colour = Colour(0xf1, 0xf5, 0xfa);
const FULL: Colour = Colour(0x0b, 0x4a, 0x86);

pub(super) fn heat(chart: &Chart, locale: &'static Locale) -> HeatView {
    let numbers = || chart.series.iter().flat_map(|series| series.values.iter().copied().flatten());
    let most = numbers().fold(0.0, f64::max);
    let rows = locale.weekdays.iter().zip(&chart.series).map(|(label, series)| HeatRow {
        label,
        cells: series.values.iter().map(|number| cell(number.unwrap_or(0.0), most, chart, locale)).collect(),
    });
    HeatView {
        caption: line(&chart.caption),
        alt: line(&chart.alt),
        note: chart.note.as_deref().map(line),
        empty: numbers().next().is_none(),
        hours: (0..24).map(|hour| format!("{hour:02}")).collect(),
        rows: rows.collect(),
    }
}

fn cell(number: f64, most: f64, chart: &Chart, locale: &Locale) -> HeatCell {
    let share = if most > 0.0 { number / most } else { 0.0 };
    let ground = PALE.towards(FULL, share);
    let ink =
        if ground.contrast(Colour(255, 255, 255)) >= ground.contrast(Colour(0, 0, 0)) { "#ffffff" } else { "#000000" };
    HeatCell {
        text: if number == 0.0 { String::new() } else { locale.brief(number, chart.values) },
        ground: ground.hex(),
        ink,
    }
}
