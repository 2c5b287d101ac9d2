//! Parts that several reports have.

use deskbell::prelude::{Context, Error};
use deskbell::report::{Chart, ChartKind, Direction, Document, Figures, Kind, Rate, Series, Table, Tone, Value};
use serde_json::Value as Json;

use crate::figures::{BACKLOG, CREATED, FIRST_RESPONSE, Figure, SOLVED};
use crate::findings::Finding;
use crate::words::fill;
use crate::{View, themes};

/// The head of a column that says of how many the figure before it is made; the same in every language.
pub(crate) const N: &str = "n";
/// Comments that themes are looked for in.
const MAX_COMMENTS: u32 = 500;
/// Rows of a table, the most important ones.
const MAX_ROWS: usize = 30;

/// A document with the findings on top.
pub(crate) fn begin(view: &View<'_>, title: &str, findings: Vec<Finding>) -> Document {
    let told = |figure: Figure| figure.told(figure.number(&view.now, view).unwrap_or_default(), view.words);
    let values = [("created", &*told(CREATED)), ("solved", &*told(SOLVED)), ("backlog", &*told(BACKLOG))];
    let document = view.request.document(title).subtitle(fill(view.words.in_short(), &values));
    let mut document = document.heading(1, view.words.stands_out());
    if findings.is_empty() {
        document = document.callout(Tone::Neutral, view.words.nothing());
    }
    for finding in findings {
        document = document.callout(finding.tone, finding.text);
    }
    document
}

/// A heading and its key figures.
pub(crate) fn tiles(document: Document, view: &View<'_>, heading: &str, figures: &[Figure]) -> Document {
    document.heading(2, heading).tiles(figures.iter().map(|figure| figure.tile(view)))
}

/// Opened and solved, by the parts of the period.
pub(crate) fn over_time(document: Document, view: &View<'_>) -> Document {
    let buckets = view.now.items("opened_vs_solved/buckets");
    if buckets.len() < 2 {
        return document;
    }
    let words = view.words;
    let series = |name: &str, member: &str| {
        Series::new(name, buckets.iter().map(|bucket| bucket.get(member).and_then(Json::as_f64)))
    };
    let mut chart = Chart::new(ChartKind::Bar, Kind::Integer, words.over_time(), words.chart_opened());
    chart.categories = buckets.iter().map(|bucket| Value::date(local_day(bucket))).collect();
    chart.series = vec![series(words.opened(), "opened"), series(words.solves(), "solved")];
    document.heading(2, words.by_time()).chart(chart)
}

/// The local day on which a bucket begins. Buckets begin at local midnight or with the period; the middle of the first half
/// day is on the same local day in UTC for zones up to 12 hours off.
fn local_day(bucket: &Json) -> String {
    let text = |member: &str| bucket.get(member).and_then(Json::as_str).unwrap_or_default();
    let (from, to) = (deskbell::Instant::parse_rfc3339(text("from")), deskbell::Instant::parse_rfc3339(text("to")));
    match (from, to) {
        (Ok(from), Ok(to)) => {
            let middle = from.plus_seconds((to.seconds_since(from) / 2).min(12 * 3600));
            middle.to_rfc3339().chars().take(10).collect()
        }
        _ => text("from").chars().take(10).collect(),
    }
}

/// When tickets come in.
pub(crate) fn heatmap(document: Document, view: &View<'_>) -> Document {
    let cells = view.now.items("heatmap/cells");
    if cells.is_empty() {
        return document;
    }
    let number = |cell: &Json, member: &str| cell.get(member).and_then(Json::as_u64).unwrap_or_default();
    let of = |weekday: u64, hour: u64| {
        let cell = cells.iter().find(|cell| number(cell, "weekday") == weekday && number(cell, "hour") == hour);
        Some(cell.map_or(0.0, |cell| number(cell, "count") as f64))
    };
    let words = view.words;
    let mut chart = Chart::new(ChartKind::Heatmap, Kind::Integer, words.of_each_hour(), words.chart_heatmap());
    chart.series = (1..=7).map(|day| Series::new(words.weekday(day), (0..24).map(|hour| of(day, hour)))).collect();
    document.heading(2, words.when_tickets_come()).chart(chart)
}

/// Groups beside each other.
pub(crate) fn groups(document: Document, view: &View<'_>) -> Document {
    let words = view.words;
    let columns = [
        (words.group(), Kind::Text),
        (words.opened(), Kind::Integer),
        (words.solves(), Kind::Integer),
        (words.backlog(), Kind::Integer),
        (words.first_response(), Kind::Duration),
        (N, Kind::Integer),
        (words.resolution(), Kind::Duration),
        (N, Kind::Integer),
        (words.fcr(), Kind::Percent),
        (words.csat(), Kind::Percent),
        (words.ratings(), Kind::Integer),
    ];
    let mut table = Table::new(words.of_each_group(), columns);
    table.note = Some(words.how_measured().to_owned());
    let mut rows: Vec<_> = of_groups(&view.now).collect();
    rows.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.count("ticket_volume")));
    for (group, figures) in rows.into_iter().take(MAX_ROWS) {
        let median = |path: &str| Value::duration(clocked(view, &figures, path));
        table.rows.push(vec![
            Value::text(view.name(group)),
            Value::integer(figures.number("ticket_volume")),
            Value::integer(figures.number("opened_vs_solved/solved")),
            Value::integer(figures.number("backlog/unsolved")),
            median("first_response_time"),
            Value::integer(figures.number("first_response_time/calendar/count")),
            median("resolution_time"),
            Value::integer(figures.number("resolution_time/calendar/count")),
            Value::percent(figures.rate("first_contact_resolution").value),
            Value::percent(figures.rate("csat").value),
            Value::integer(figures.rate("csat").denominator),
        ]);
    }
    document.heading(2, words.groups()).table(table)
}

/// The median of a duration by the request's clock.
pub(crate) fn clocked(view: &View<'_>, figures: &Figures, path: &str) -> Option<f64> {
    let clock = if view.request.calendar.is_some() { "business" } else { "calendar" };
    figures.number(&format!("{path}/{clock}/p50"))
}

/// The figures of each group.
pub(crate) fn of_groups(figures: &Figures) -> impl Iterator<Item = (&str, Figures)> {
    let values = figures.report().pointer("/by/values").and_then(Json::as_object);
    values.into_iter().flatten().filter_map(|(group, own)| {
        let report = serde_json::json!({ "figures": own });
        Some((group.as_str(), Figures::parse(&report.to_string()).ok()?))
    })
}

/// Categories beside each other.
pub(crate) fn categories(document: Document, view: &View<'_>) -> Document {
    let words = view.words;
    let columns = [
        (words.category(), Kind::Text),
        (words.tickets(), Kind::Integer),
        (words.share(), Kind::Percent),
        (words.first_response(), Kind::Duration),
        (words.csat(), Kind::Percent),
        (words.ratings(), Kind::Integer),
    ];
    let mut table = Table::new(words.of_each_category(), columns);
    table.note = Some(words.how_measured_categories().to_owned());
    let number = |json: &Json, pointer: &str| json.pointer(pointer).and_then(Json::as_f64);
    let mut rows: Vec<_> = view.now.members("distribution").collect();
    rows.sort_by(|a, b| {
        number(b.1, "/count").unwrap_or_default().total_cmp(&number(a.1, "/count").unwrap_or_default())
    });
    let clock = if view.request.calendar.is_some() { "business" } else { "calendar" };
    for (name, own) in rows.into_iter().take(MAX_ROWS) {
        let csat = own.get("csat").map(Rate::of).unwrap_or_default();
        table.rows.push(vec![
            Value::text(if name == "(none)" { words.none() } else { name }),
            Value::integer(number(own, "/count")),
            Value::percent(number(own, "/share")),
            Value::duration(number(own, &format!("/first_response_time/{clock}"))),
            Value::percent(csat.value),
            Value::integer(csat.denominator),
        ]);
    }
    document.heading(2, words.categories()).table(table)
}

/// What comments beside bad ratings have in common.
pub(crate) fn bad_ratings(document: Document, view: &View<'_>, cx: &Context<'_>) -> Result<Document, Error> {
    let comments = cx.low_ratings(view.request.period, view.request.source.as_deref(), MAX_COMMENTS)?;
    let themes = themes::of(comments.iter().map(|rating| rating.comment.as_str()));
    if themes.is_empty() {
        return Ok(document);
    }
    let words = view.words;
    let columns = [(words.theme(), Kind::Text), (words.comments(), Kind::Integer), (words.example(), Kind::Text)];
    let mut table = Table::new(words.words_shared(), columns);
    for theme in themes {
        let example = match view.settings.examples {
            0 => Value::None,
            most => {
                let quoted = theme.examples.iter().take(most).map(|example| format!("“{example}”"));
                Value::text(quoted.collect::<Vec<_>>().join(" · "))
            }
        };
        table.rows.push(vec![Value::text(theme.term), Value::Integer(theme.n_comments as i64), example]);
    }
    table.note = Some(fill(words.themes_note(), &[("n", &comments.len().to_string())]));
    Ok(document.heading(2, words.themes()).table(table))
}

/// Whether a change of a figure is welcome.
pub(crate) const fn tone(better: Direction, rose: bool) -> Tone {
    match (better, rose) {
        (Direction::Higher, true) | (Direction::Lower, false) => Tone::Good,
        (Direction::Higher, false) | (Direction::Lower, true) => Tone::Bad,
        (Direction::Neither, _) => Tone::Neutral,
    }
}

/// The first response of all, by the request's clock.
pub(crate) fn first_response(view: &View<'_>) -> Option<f64> {
    FIRST_RESPONSE.number(&view.now, view)
}
