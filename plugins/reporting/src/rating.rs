//! Agents and groups by five criteria.

use deskbell::report::{Direction, Document, Kind, Rate, Table, Tile, Value};
use serde_json::Value as Json;

use crate::figures::{CSAT, FCR, QA, UTILISATION};
use crate::{View, findings, parts};

const CRITERIA: [&str; 5] = ["reaction", "quality", "effectiveness", "communication", "feedback"];

pub(crate) fn report(view: &View<'_>) -> Document {
    let words = view.words;
    let mut document = parts::begin(view, words.rating_report(), findings::of_people(view));
    let stars = |figures: &deskbell::report::Figures| Value::stars(figures.number("rating/all/stars"));
    let n_criteria = CRITERIA.iter().filter(|name| view.now.number(&format!("rating/all/{name}")).is_some()).count();
    let tile = Tile::new(words.rating(), stars(&view.now))
        .change(stars(&view.before), Direction::Higher)
        .of(n_criteria as u64, words.of_criteria());
    document = document.heading(2, words.at_a_glance()).tiles([
        tile,
        CSAT.tile(view),
        FCR.tile(view),
        QA.tile(view),
        UTILISATION.tile(view),
    ]);
    let groups = view.now.members("rating/groups").map(|(group, rating)| {
        let before = view.before.at("rating/groups").get(group);
        (view.name(group), rating, before.and_then(|before| number(before, "/stars")))
    });
    document = document.heading(2, words.groups()).table(criteria(view, words.group(), groups));
    let agents = view.now.members("agent_performance").filter_map(|(agent, own)| {
        let before = view.before.at("agent_performance").get(agent);
        Some((view.name(agent), own.get("rating")?, before.and_then(|before| number(before, "/rating/stars"))))
    });
    document = document.heading(2, words.agents()).table(criteria(view, words.agent(), agents));
    document.table(work(view))
}

fn number(json: &Json, pointer: &str) -> Option<f64> {
    json.pointer(pointer).and_then(Json::as_f64)
}

/// The best first; who has no stars stands at the end.
fn criteria<'a>(view: &View<'_>, label: &str, rated: impl Iterator<Item = (&'a str, &'a Json, Option<f64>)>) -> Table {
    let words = view.words;
    let columns = [
        (label, Kind::Text),
        (words.rating(), Kind::Stars),
        (words.before(), Kind::Stars),
        (words.reaction(), Kind::Decimal),
        (words.quality(), Kind::Decimal),
        (words.effectiveness(), Kind::Decimal),
        (words.communication(), Kind::Decimal),
        (words.feedback(), Kind::Decimal),
    ];
    let mut table = Table::new(words.criteria_of(), columns);
    let mut rated: Vec<_> = rated.collect();
    let stars = |rating: &Json| number(rating, "/stars").unwrap_or(-1.0);
    rated.sort_by(|a, b| stars(b.1).total_cmp(&stars(a.1)).then_with(|| a.0.cmp(b.0)));
    for (name, rating, before) in rated.into_iter().take(200) {
        let mut row = vec![Value::text(name), Value::stars(number(rating, "/stars")), Value::stars(before)];
        row.extend(CRITERIA.map(|criterion| Value::decimal(rating.get(criterion).and_then(Json::as_f64))));
        table.rows.push(row);
    }
    table
}

fn work(view: &View<'_>) -> Table {
    let words = view.words;
    let columns = [
        (words.agent(), Kind::Text),
        (words.solves(), Kind::Integer),
        (words.replies_given(), Kind::Integer),
        (words.first_response(), Kind::Duration),
        (parts::N, Kind::Integer),
        (words.resolution(), Kind::Duration),
        (parts::N, Kind::Integer),
        (words.fcr(), Kind::Percent),
        (words.csat(), Kind::Percent),
        (words.ratings(), Kind::Integer),
        (words.utilisation(), Kind::Percent),
    ];
    let mut table = Table::new(words.of_each_agent(), columns);
    table.note = Some(words.how_measured().to_owned());
    let clock = if view.request.calendar.is_some() { "business" } else { "calendar" };
    for (agent, own) in view.now.members("agent_performance").take(200) {
        let rate = |member: &str| own.get(member).map(Rate::of).unwrap_or_default();
        let median = |member: &str| Value::duration(number(own, &format!("/{member}/{clock}/p50")));
        let n = |member: &str| Value::integer(number(own, &format!("/{member}/calendar/count")));
        table.rows.push(vec![
            Value::text(view.name(agent)),
            Value::integer(number(own, "/solved_tickets")),
            Value::integer(number(own, "/agent_replies")),
            median("first_response_time"),
            n("first_response_time"),
            median("resolution_time"),
            n("resolution_time"),
            Value::percent(rate("first_contact_resolution").value),
            Value::percent(rate("csat").value),
            Value::integer(rate("csat").denominator),
            Value::percent(rate("utilisation").value),
        ]);
    }
    table
}
