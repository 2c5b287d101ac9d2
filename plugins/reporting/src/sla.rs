//! What was promised, and what was kept.

use deskbell::report::{Direction, Document, Kind, Rate, Table, Tile, Tone, Value};
use serde_json::Value as Json;

use crate::figures::{FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION, WAIT};
use crate::words::{Language, fill};
use crate::{View, parts};

/// A target that is met less often stands out.
const POOR: f64 = 0.9;

pub(crate) fn report(view: &View<'_>) -> Document {
    let words = view.words;
    let targets = view.now.items("sla_attainment");
    let mut document = view.request.document(words.sla_report()).heading(1, words.stands_out());
    let mut told = false;
    for target in targets {
        let rate = Rate::of(target);
        let (policy, metric) = names(target);
        if rate.denominator < view.settings.least as f64 || rate.value.is_none_or(|value| value >= POOR) {
            continue;
        }
        told = true;
        let values = [
            ("policy", policy),
            ("metric", named(words, metric)),
            ("met", &*words.number(rate.numerator, 0)),
            ("due", &*words.number(rate.denominator, 0)),
            ("share", &*words.percent(rate.value.unwrap_or_default())),
        ];
        document = document.callout(Tone::Bad, fill(words.missed_most(), &values));
    }
    if targets.is_empty() {
        document = document.callout(Tone::Neutral, words.no_policies());
    } else if !told {
        document = document.callout(Tone::Good, words.all_kept());
    }
    let (now, before) = (all(targets), all(view.before.items("sla_attainment")));
    document =
        document.heading(2, words.at_a_glance()).tiles([Tile::new(words.attainment(), Value::percent(now.value))
            .change(Value::percent(before.value), Direction::Higher)
            .of(now.denominator as u64, words.of_targets())]);
    document = document.table(table(view, targets));
    document = parts::tiles(document, view, words.speed(), &[FIRST_RESPONSE, NEXT_RESPONSE, RESOLUTION, WAIT]);
    parts::groups(document, view)
}

fn names(target: &Json) -> (&str, &str) {
    let text = |member: &str| target.get(member).and_then(Json::as_str).unwrap_or_default();
    (text("policy"), text("metric"))
}

/// A metric as people call it.
fn named(words: Language, metric: &str) -> &str {
    match metric {
        "first_response" => words.first_response(),
        "next_response" => words.next_response(),
        "resolution" => words.resolution(),
        other => other,
    }
}

fn all(targets: &[Json]) -> Rate {
    let sum = |member: fn(&Rate) -> f64| targets.iter().map(|target| member(&Rate::of(target))).sum::<f64>();
    let (numerator, denominator) = (sum(|rate| rate.numerator), sum(|rate| rate.denominator));
    Rate { numerator, denominator, value: (denominator > 0.0).then(|| numerator / denominator) }
}

fn table(view: &View<'_>, targets: &[Json]) -> Table {
    let words = view.words;
    let columns = [
        (words.policy(), Kind::Text),
        (words.metric(), Kind::Text),
        (words.due(), Kind::Integer),
        (words.met(), Kind::Integer),
        (words.share(), Kind::Percent),
        (words.before(), Kind::Percent),
    ];
    let mut table = Table::new(words.of_each_target(), columns);
    for target in targets {
        let rate = Rate::of(target);
        let before = view.before.items("sla_attainment").iter().find(|other| names(other) == names(target));
        let (policy, metric) = names(target);
        table.rows.push(vec![
            Value::text(policy),
            Value::text(named(words, metric)),
            Value::integer(rate.denominator),
            Value::integer(rate.numerator),
            Value::percent(rate.value),
            Value::percent(before.and_then(|before| Rate::of(before).value)),
        ]);
    }
    table
}
