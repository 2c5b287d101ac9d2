//! Documents to look at: what a week and a month say in each language, and those that are hard to lay out. The tests render
//! all of them; the example `samples` writes them to a folder.

mod edges;
mod texts;

use deskbell_model::document::{
    Block, Callout, Change, Chart, ChartKind, Column, Direction, Document, Kind, Period, Series, Span, Table, Text,
    Tile, Tiles, Tone, Value,
};
use deskbell_model::timestamp::Timestamp;
use texts::Texts;

/// A document with the name of its files.
pub struct Sample {
    pub name: String,
    pub document: Document,
}

/// All samples.
pub fn all() -> Vec<Sample> {
    let mut samples = vec![Sample { name: "weekly-en".to_owned(), document: weekly() }];
    samples.extend(
        texts::ALL.iter().map(|texts| Sample { name: format!("monthly-{}", texts.language), document: monthly(texts) }),
    );
    samples.extend(edges::all());
    samples
}

/// Midnight in Berlin on the first of March 2026, the start of the samples' month.
const MARCH: Timestamp = Timestamp::from_seconds(1_772_319_600);
const DAY: i64 = 86_400;

fn document(title: &str, language: &str, days: i64, blocks: Vec<Block>) -> Document {
    Document {
        title: title.to_owned(),
        subtitle: None,
        language: language.to_owned(),
        // The clocks go forward on the 29th: a whole month is an hour short.
        period: Some(Period {
            from: MARCH,
            to: MARCH.plus_seconds(days * DAY - if days > 28 { 3_600 } else { 0 }),
            tz: "Europe/Berlin".to_owned(),
        }),
        generated_at: MARCH.plus_seconds(31 * DAY + 6 * 3_600),
        blocks,
    }
}

/// Numbers that look like a helpdesk's and are the same each time.
fn wave(index: usize, base: f64, swing: f64) -> f64 {
    let weekday = (index + 6) % 7;
    let weekend = if weekday >= 5 { 0.3 } else { 1.0 };
    ((base + swing * ((index * 37 % 17) as f64 / 17.0 - 0.4)) * weekend).round()
}

fn dates(days: usize) -> Vec<Value> {
    (1..=days).map(|day| Value::date(format!("2026-03-{day:02}"))).collect()
}

fn figure(label: &str, value: Value, before: Value, better: Direction, n: u64, population: &str) -> Tile {
    Tile {
        change: Some(Change { before, better }),
        n: Some(n),
        population: Some(population.to_owned()),
        ..Tile::new(label, value)
    }
}

fn tiles(texts: &Texts) -> Block {
    let [created, solved, first, resolution, fcr, csat] = texts.figures;
    let [tickets, solved_tickets, ratings] = texts.populations;
    let mut reply = figure(first, Value::Duration(7_500.0), Value::Duration(9_060.0), Direction::Lower, 1_198, tickets);
    reply.benchmark = Some(texts.target.to_owned());
    Block::Tiles(Tiles {
        tiles: vec![
            figure(created, Value::Integer(1_284), Value::Integer(1_201), Direction::Neither, 1_284, tickets),
            figure(solved, Value::Integer(1_251), Value::Integer(1_190), Direction::Higher, 1_251, tickets),
            reply,
            figure(
                resolution,
                Value::Duration(98_000.0),
                Value::Duration(91_000.0),
                Direction::Lower,
                1_251,
                solved_tickets,
            ),
            figure(fcr, Value::Percent(0.613), Value::Percent(0.613), Direction::Higher, 1_251, solved_tickets),
            figure(csat, Value::Percent(0.874), Value::Percent(0.891), Direction::Higher, 342, ratings),
        ],
    })
}

fn line(texts: &Texts, days: usize) -> Block {
    let [created, solved, ..] = texts.figures;
    let series = |name: &str, base, swing| Series::new(name, (0..days).map(|day| Some(wave(day, base, swing))));
    Block::Chart(Chart {
        kind: ChartKind::Line,
        caption: texts.per_day.to_owned(),
        alt: texts.per_day_alt.to_owned(),
        categories: dates(days),
        category_label: None,
        series: vec![series(created, 54.0, 30.0), series(solved, 50.0, 36.0)],
        values: Kind::Integer,
        currency: None,
        note: None,
    })
}

fn channels(texts: &Texts) -> Block {
    Block::Chart(Chart {
        kind: ChartKind::Bar,
        caption: texts.by_channel.to_owned(),
        alt: texts.by_channel_alt.to_owned(),
        categories: texts.channels.iter().map(|name| Value::text(*name)).collect(),
        category_label: None,
        series: vec![Series::new(texts.figures[0], [612.0, 341.0, 198.0, 97.0, 36.0].map(Some))],
        values: Kind::Integer,
        currency: None,
        note: None,
    })
}

fn stacked(texts: &Texts) -> Block {
    let weeks = ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23"].map(Value::date);
    let series = texts.priorities.iter().zip([40.0, 88.0, 120.0]).enumerate();
    Block::Chart(Chart {
        kind: ChartKind::StackedBar,
        caption: texts.backlog.to_owned(),
        alt: texts.backlog_alt.to_owned(),
        categories: weeks.to_vec(),
        category_label: None,
        series: series
            .map(|(place, (name, base))| {
                Series::new(*name, (0..4).map(|week| Some(wave(week * 7 + place + 1, base, 30.0))))
            })
            .collect(),
        values: Kind::Integer,
        currency: None,
        note: None,
    })
}

fn hours(texts: &Texts) -> Block {
    let count = |day: usize, hour: usize| {
        let open = (8..18).contains(&hour) && day < 5;
        let base = if open {
            14.0
        } else if hour > 6 {
            2.0
        } else {
            0.0
        };
        Some((base + if base > 0.0 { (day * 7 + hour * 5) as f64 % 9.0 } else { 0.0 }).round())
    };
    Block::Chart(Chart {
        kind: ChartKind::Heatmap,
        caption: texts.by_hour.to_owned(),
        alt: texts.by_hour_alt.to_owned(),
        categories: Vec::new(),
        category_label: None,
        series: (0..7).map(|day| Series::new("", (0..24).map(|hour| count(day, hour)))).collect(),
        values: Kind::Integer,
        currency: None,
        note: None,
    })
}

fn agents(texts: &Texts, rows: usize) -> Block {
    let [agent, solved, first, fcr, csat, since, cost] = texts.columns;
    let row = |index: usize| {
        let name = texts.names.get(index % texts.names.len()).copied().unwrap_or_default();
        vec![
            Value::text(if index < texts.names.len() {
                name.to_owned()
            } else {
                format!("{name} {}", index / texts.names.len() + 1)
            }),
            Value::Integer(31 + (index as i64 * 53) % 140),
            Value::Duration(900.0 + (index as f64 * 2_711.0) % 20_000.0),
            Value::Percent(0.4 + (index as f64 * 0.137) % 0.5),
            if index % 9 == 5 { Value::None } else { Value::Stars(3.0 + (index as f64 * 0.41) % 2.0) },
            Value::date(format!("20{:02}-{:02}-1{}", 15 + index % 10, 1 + index % 12, index % 9)),
            Value::currency(820.5 + index as f64 * 311.25, texts.currency),
        ]
    };
    let kinds = [Kind::Text, Kind::Integer, Kind::Duration, Kind::Percent, Kind::Stars, Kind::Date, Kind::Currency];
    let columns = [agent, solved, first, fcr, csat, since, cost].into_iter().zip(kinds);
    Block::Table(Table {
        caption: texts.by_agent.to_owned(),
        columns: columns.map(|(label, kind)| Column::new(label, kind)).collect(),
        rows: (0..rows).map(row).collect(),
        note: Some(texts.note.to_owned()),
    })
}

fn finding(tone: Tone, text: &str, strong: &str) -> Block {
    Block::Callout(Callout {
        tone,
        title: None,
        spans: vec![Span::plain(text), Span::plain(" "), Span::strong(strong)],
    })
}

/// A month, as the reporting plugin would send it to a manager.
fn monthly(texts: &Texts) -> Document {
    let blocks = vec![
        Block::heading(1, texts.overview),
        tiles(texts),
        finding(Tone::Good, texts.good, "−17%"),
        finding(Tone::Bad, texts.bad, "+8%"),
        Block::heading(1, texts.volume),
        line(texts, 31),
        channels(texts),
        hours(texts),
        stacked(texts),
        Block::PageBreak,
        Block::heading(1, texts.by_agent),
        Block::Text(Text { spans: vec![Span::plain(texts.paragraph), Span::plain(" "), Span::emphasis(texts.note)] }),
        agents(texts, 42),
    ];
    Document { subtitle: Some(texts.subtitle.to_owned()), ..document(texts.title, texts.tag, 31, blocks) }
}

/// A week in English with two series beside each other and a forecast.
fn weekly() -> Document {
    let texts = &texts::EN;
    let mut forecast = Series::new("Forecast", (0..14).map(|day| (day >= 6).then_some(204.0 + f64::from(day) * 3.0)));
    forecast.dashed = true;
    let backlog = Series::new("Backlog", (0..14).map(|day| (day < 7).then(|| 220.0 - wave(day, 18.0, 20.0))));
    let compared = Chart {
        kind: ChartKind::Bar,
        caption: "Median first reply by channel".to_owned(),
        alt: "E-mail got faster, from 2 h 31 min to 2 h 5 min; phone and chat stayed within minutes.".to_owned(),
        categories: texts.channels.iter().map(|name| Value::text(*name)).collect(),
        category_label: None,
        series: vec![
            Series::new("This week", [Some(7_500.0), Some(5_400.0), Some(240.0), Some(95.0), None]),
            Series::new("The week before", [Some(9_060.0), Some(5_100.0), Some(260.0), Some(90.0), Some(43_000.0)]),
        ],
        values: Kind::Duration,
        currency: None,
        note: Some("A channel without replies shows a dash.".to_owned()),
    };
    let ahead = Chart {
        kind: ChartKind::Line,
        caption: "Backlog and forecast".to_owned(),
        alt: "The backlog fell to about 205 tickets and is expected to reach 243 in a week.".to_owned(),
        categories: dates(14),
        category_label: None,
        series: vec![backlog, forecast],
        values: Kind::Integer,
        currency: None,
        note: None,
    };
    let blocks = vec![
        tiles(texts),
        finding(Tone::Neutral, "Monday was a public holiday in three regions;", "compare with care."),
        Block::heading(1, texts.volume),
        line(texts, 7),
        Block::Chart(compared),
        Block::Chart(ahead),
        hours(texts),
        agents(texts, 8),
    ];
    document("Weekly report", "en", 7, blocks)
}
