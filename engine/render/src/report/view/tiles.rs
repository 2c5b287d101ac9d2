use deskbell_model::document::{Change, Direction, Tile, Tone, Value};
use serde::Serialize;

use crate::locale::Locale;
use crate::report::text::line;

#[derive(Debug, Serialize)]
pub(in crate::report) struct TileView {
    pub(in crate::report) label: String,
    pub(in crate::report) value: String,
    pub(in crate::report) change: Option<ChangeView>,
    pub(in crate::report) benchmark: Option<String>,
    /// Count and population.
    pub(in crate::report) basis: Option<String>,
}

#[derive(Debug, Serialize)]
pub(in crate::report) struct ChangeView {
    /// `▲ 12 %`, or a word where nothing changed.
    pub(in crate::report) text: String,
    /// `before 3 h 20 min`
    pub(in crate::report) before: String,
    pub(in crate::report) tone: Tone,
}

pub(super) fn tile(tile: &Tile, locale: &Locale) -> TileView {
    let n = tile.n.map(|n| locale.count(n));
    let basis = [n, tile.population.as_deref().map(line)].into_iter().flatten().collect::<Vec<_>>().join(" · ");
    TileView {
        label: line(&tile.label),
        value: line(&locale.value(&tile.value)),
        change: tile.change.as_ref().map(|change| change_view(&tile.value, change, locale)),
        benchmark: tile.benchmark.as_deref().map(line),
        basis: (!basis.is_empty()).then_some(basis),
    }
}

fn change_view(now: &Value, change: &Change, locale: &Locale) -> ChangeView {
    let before = format!("{} {}", locale.words.before, line(&locale.value(&change.before)));
    let (Some(new), Some(old)) = (now.number(), change.before.number()) else {
        return ChangeView { text: String::new(), before, tone: Tone::Neutral };
    };
    let difference = new - old;
    // What is written the same is the same to the reader.
    if locale.value(now) == locale.value(&change.before) {
        return ChangeView { text: locale.words.unchanged.to_owned(), before, tone: Tone::Neutral };
    }
    let arrow = if difference > 0.0 { "▲" } else { "▼" };
    let size = match now {
        Value::Percent(_) => locale.points(difference.abs()),
        Value::Stars(_) => locale.fixed(difference.abs(), 1),
        // Scores such as NPS begin below 0; of small means the difference says more too.
        Value::Decimal(_) => locale.decimal(difference.abs()),
        // A share of nothing is no share.
        _ if old <= 0.0 || new < 0.0 => String::new(),
        // From 5 minutes to 3 days is no longer a matter of percents.
        _ if difference / old > 9.99 => {
            format!("×{}{}", crate::locale::NO_BREAK, locale.integer((new / old).round() as i64))
        }
        _ => locale.percent(difference.abs() / old),
    };
    let tone = match (change.better, difference > 0.0) {
        (Direction::Neither, _) => Tone::Neutral,
        (Direction::Higher, true) | (Direction::Lower, false) => Tone::Good,
        _ => Tone::Bad,
    };
    ChangeView { text: format!("{arrow} {size}").trim_end().replace(' ', crate::locale::NO_BREAK), before, tone }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_say_how_much_and_whether_it_is_welcome() {
        let cases = [
            (Value::Integer(110), Value::Integer(100), Direction::Higher, "▲ 10%", Tone::Good),
            (Value::Duration(900.0), Value::Duration(1_800.0), Direction::Lower, "▼ 50%", Tone::Good),
            (Value::Percent(0.87), Value::Percent(0.9), Direction::Higher, "▼ 3 pp", Tone::Bad),
            (Value::Integer(5), Value::Integer(0), Direction::Neither, "▲", Tone::Neutral),
            (Value::Integer(500), Value::Integer(10), Direction::Lower, "▲ × 50", Tone::Bad),
            (Value::Integer(7), Value::Integer(7), Direction::Lower, "unchanged", Tone::Neutral),
            (Value::Percent(0.90001), Value::Percent(0.9), Direction::Lower, "unchanged", Tone::Neutral),
            (Value::Decimal(5.0), Value::Decimal(-10.0), Direction::Higher, "▲ 15.0", Tone::Good),
            (Value::None, Value::Integer(7), Direction::Lower, "", Tone::Neutral),
            (Value::Integer(7), Value::None, Direction::Lower, "", Tone::Neutral),
            (Value::currency(-5.0, "EUR"), Value::currency(5.0, "EUR"), Direction::Higher, "▼", Tone::Bad),
        ];
        for (now, before, better, text, tone) in cases {
            let change = change_view(&now, &Change { before: before.clone(), better }, Locale::of("en"));
            assert_eq!(
                (change.text.replace('\u{a0}', " ").as_str(), change.tone),
                (text, tone),
                "{before:?} → {now:?}"
            );
        }
    }
}
