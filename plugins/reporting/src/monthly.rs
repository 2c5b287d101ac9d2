//! A month for those who pay for it.

use deskbell::prelude::{Context, Result};
use deskbell::report::{Chart, ChartKind, Direction, Document, Kind, Rate, Series, Table, Tile, Value};
use serde_json::Value as Json;

use crate::figures::{
    ABANDONED, ANSWER, BACKLOG, CES, CREATED, CSAT, ESCALATIONS, FCR, FIRST_RESPONSE, HANDLE, NPS, QA, REOPENS,
    REPLIES, RESOLUTION, RESOLUTION_RATE, SELF_SERVICE, SOLVED, TRANSFERS, UTILISATION,
};
use crate::{View, findings, parts};

pub(crate) fn report(view: &View<'_>, cx: &Context<'_>) -> Result<Document> {
    let words = view.words;
    let mut document = parts::begin(view, words.monthly(), findings::all(view));
    let value = |figures: &deskbell::report::Figures| Value::decimal(figures.number("support_efficiency_index"));
    let index = Tile::new(words.efficiency(), value(&view.now))
        .change(value(&view.before), Direction::Higher)
        .benchmark(words.efficiency_of());
    let at_a_glance = [CREATED, SOLVED, BACKLOG].iter().map(|figure| figure.tile(view)).chain([index]);
    document = document.heading(2, words.at_a_glance()).tiles(at_a_glance);
    document = parts::tiles(document, view, words.speed(), &[FIRST_RESPONSE, RESOLUTION, ANSWER, ABANDONED]);
    document = parts::tiles(document, view, words.satisfaction(), &[CSAT, NPS, CES, QA]);
    document = parts::tiles(document, view, words.quality(), &[FCR, RESOLUTION_RATE, REOPENS, ESCALATIONS]);
    document = parts::tiles(document, view, words.work(), &[REPLIES, TRANSFERS, HANDLE, UTILISATION]);
    document = cost(document, view);
    document = parts::over_time(document, view);
    document = channels(document, view);
    document = parts::categories(document, view);
    document = parts::groups(document, view);
    document = forecast(document, view);
    document = knowledge(document, view);
    document = parts::heatmap(document, view);
    parts::bad_ratings(document, view, cx)
}

fn cost(document: Document, view: &View<'_>) -> Document {
    let words = view.words;
    let amount = |code: &str, rate: Rate| {
        rate.value.map_or(Value::None, |amount| Value::Currency { amount, code: code.to_owned() })
    };
    let tiles: Vec<Tile> = view
        .now
        .members("cost_per_ticket")
        .map(|(code, now)| {
            let now = Rate::of(now);
            let before = amount(code, Rate::of(view.before.at("cost_per_ticket").get(code).unwrap_or(&Json::Null)));
            let tile = Tile::new(format!("{} ({code})", words.cost_per_ticket()), amount(code, now));
            tile.change(before, Direction::Lower).of(now.denominator as u64, words.of_solved())
        })
        .take(8)
        .collect();
    if tiles.is_empty() { document } else { document.heading(2, words.cost()).tiles(tiles) }
}

fn channels(document: Document, view: &View<'_>) -> Document {
    let words = view.words;
    let mut channels: Vec<(&str, u64)> =
        view.now.members("volume_by_channel").map(|(name, n)| (name, n.as_u64().unwrap_or_default())).collect();
    channels.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    channels.truncate(20);
    if channels.is_empty() {
        return document;
    }
    let mut chart = Chart::new(ChartKind::Bar, Kind::Integer, words.of_each_channel(), words.chart_channels());
    chart.category_label = Some(words.channel().to_owned());
    chart.categories = channels.iter().map(|(name, _)| Value::text(*name)).collect();
    chart.series = vec![Series::new(words.created(), channels.iter().map(|(_, n)| Some(*n as f64)))];
    document.heading(2, words.channels()).chart(chart)
}

fn forecast(document: Document, view: &View<'_>) -> Document {
    let words = view.words;
    let columns = [
        (words.days_ahead(), Kind::Text),
        (words.opened(), Kind::Decimal),
        (words.solves(), Kind::Decimal),
        (words.expected(), Kind::Decimal),
        (words.at_least(), Kind::Decimal),
        (words.at_most(), Kind::Decimal),
    ];
    let mut table = Table::new(words.ahead(), columns);
    for item in view.now.items("backlog_forecast") {
        let number = |member: &str| item.get(member).and_then(Json::as_f64);
        let rest = ["created", "solved", "backlog", "low", "high"].map(|member| Value::decimal(number(member)));
        table.rows.push(
            [Value::text(words.duration(number("days").unwrap_or_default() * 86_400.0))]
                .into_iter()
                .chain(rest)
                .collect(),
        );
    }
    if table.rows.is_empty() { document } else { document.heading(2, words.forecast()).table(table) }
}

fn knowledge(document: Document, view: &View<'_>) -> Document {
    let words = view.words;
    let searches = view.now.number("knowledge/searches");
    let no_result = view.now.rate("knowledge/no_result");
    if searches.unwrap_or_default() == 0.0 && view.now.rate("self_service_rate").denominator == 0.0 {
        return document;
    }
    let before = |path: &str| view.before.number(path);
    let document = document.heading(2, words.knowledge()).tiles([
        SELF_SERVICE.tile(view),
        Tile::new(words.searches(), Value::integer(searches))
            .change(Value::integer(before("knowledge/searches")), Direction::Neither),
        Tile::new(words.no_result(), Value::percent(no_result.value))
            .change(Value::percent(before("knowledge/no_result/value")), Direction::Lower)
            .of(no_result.denominator as u64, words.searches()),
    ]);
    let mut table = Table::new(words.frequent(), [(words.search(), Kind::Text), (words.times(), Kind::Integer)]);
    for item in view.now.items("knowledge/frequent").iter().take(10) {
        let query = item.get("query").and_then(Json::as_str).unwrap_or_default();
        table.rows.push(vec![Value::text(query), Value::integer(item.get("count").and_then(Json::as_f64))]);
    }
    if table.rows.is_empty() { document } else { document.table(table) }
}
