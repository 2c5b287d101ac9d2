//! What the plugins did.

use deskbell::prelude::{Context, Result};
use deskbell::report::{Direction, Document, Kind, Request, Table, Tile, Tone, Value};
use serde_json::{Map, Value as Json};

use crate::words::{Language, fill};

pub(crate) fn report(request: &Request, cx: &Context<'_>) -> Result<Document> {
    let words = Language::of(&request.language);
    let now = cx.automation_figures(request.period)?;
    let before = cx.automation_figures(request.previous)?;
    let mut document = request.document(words.automation_report()).heading(1, words.stands_out());
    let mut told = false;
    for (name, own) in members(&now, "plugins") {
        let (calls, errors) = (number(own, "calls"), number(own, "errors"));
        if errors > 0.0 {
            told = true;
            let values =
                [("name", name.as_str()), ("errors", &*words.number(errors, 0)), ("calls", &*words.number(calls, 0))];
            document = document.callout(Tone::Bad, fill(words.failing(), &values));
        }
    }
    if !told {
        document = document.callout(Tone::Good, words.none_failed());
    }
    let n_calls = sum(&now, "calls") as u64;
    let tile = |label: &str, member: &str, better| {
        let value = |figures: &Json| Value::integer(sum(figures, member));
        Tile::new(label, value(&now)).change(value(&before), better).of(n_calls, words.calls())
    };
    let taken = |figures: &Json| Value::integer(actions(figures).iter().map(|(_, _, n)| n).sum::<f64>());
    document = document.heading(2, words.at_a_glance()).tiles([
        tile(words.calls(), "calls", Direction::Neither),
        tile(words.failures(), "errors", Direction::Lower),
        Tile::new(words.actions(), taken(&now)).change(taken(&before), Direction::Neither).of(n_calls, words.calls()),
    ]);
    Ok(document.table(plugins(words, &now)).table(kinds(words, &now)).table(deliveries(words, &now)))
}

fn members<'a>(figures: &'a Json, member: &str) -> impl Iterator<Item = (&'a String, &'a Json)> {
    figures.get(member).and_then(Json::as_object).into_iter().flat_map(Map::iter)
}

fn number(json: &Json, member: &str) -> f64 {
    json.get(member).and_then(Json::as_f64).unwrap_or_default()
}

fn sum(figures: &Json, member: &str) -> f64 {
    members(figures, "plugins").map(|(_, own)| number(own, member)).sum()
}

/// Plugin, kind, number.
fn actions(figures: &Json) -> Vec<(&str, &str, f64)> {
    members(figures, "plugins")
        .flat_map(|(plugin, own)| {
            members(own, "actions")
                .map(move |(kind, n)| (plugin.as_str(), kind.as_str(), n.as_f64().unwrap_or_default()))
        })
        .collect()
}

fn plugins(words: Language, figures: &Json) -> Table {
    let columns = [
        (words.plugin(), Kind::Text),
        (words.calls(), Kind::Integer),
        (words.failures(), Kind::Integer),
        (words.processor_time(), Kind::Duration),
    ];
    let mut table = Table::new(words.of_each_plugin(), columns);
    for (name, own) in members(figures, "plugins") {
        table.rows.push(vec![
            Value::text(name),
            Value::integer(number(own, "calls")),
            Value::integer(number(own, "errors")),
            Value::duration(number(own, "cpu_seconds")),
        ]);
    }
    table
}

fn kinds(words: Language, figures: &Json) -> Table {
    let columns = [(words.plugin(), Kind::Text), (words.action(), Kind::Text), (words.times(), Kind::Integer)];
    let mut table = Table::new(words.of_each_action(), columns);
    for (plugin, kind, n) in actions(figures) {
        table.rows.push(vec![Value::text(plugin), Value::text(kind), Value::integer(n)]);
    }
    table
}

fn deliveries(words: Language, figures: &Json) -> Table {
    let columns = [
        (words.destination(), Kind::Text),
        (words.delivered(), Kind::Integer),
        (words.waiting(), Kind::Integer),
        (words.given_up(), Kind::Integer),
        (words.impossible(), Kind::Integer),
    ];
    let mut table = Table::new(words.of_each_destination(), columns);
    for (name, own) in members(figures, "actions") {
        let of = ["completed", "waiting", "discarded", "cancelled"].map(|member| Value::integer(number(own, member)));
        table.rows.push([Value::text(name)].into_iter().chain(of).collect());
    }
    table
}
