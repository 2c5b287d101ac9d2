//! Figures for people: durations in hours and minutes, rates in percent, and how many each is computed from.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use serde_json::{Map, Value};

use crate::commands::output;

/// The figures in the order of the definition.
const ORDER: [&str; 35] = [
    "ticket_volume",
    "volume_by_channel",
    "opened_vs_solved",
    "distribution",
    "first_response_time",
    "next_response_time",
    "requester_wait_time",
    "first_resolution_time",
    "resolution_time",
    "first_contact_resolution",
    "resolution_rate",
    "reopen_rate",
    "backlog",
    "backlog_forecast",
    "replies_per_ticket",
    "transfer_rate",
    "escalation_rate",
    "handle_time",
    "abandonment_rate",
    "answer_time",
    "csat",
    "nps",
    "ces",
    "qa_score",
    "agent_satisfaction",
    "agent_utilisation",
    "agent_performance",
    "rating",
    "self_service_rate",
    "knowledge",
    "sla_attainment",
    "support_efficiency_index",
    "cost_per_ticket",
    "surges",
    "heatmap",
];

/// Lists that are too long for a table; the other formats have them.
const LEFT_OUT: [&str; 2] = ["heatmap: cells", "knowledge: articles"];

/// Rates that are means of something else than a share.
const MEANS: [&str; 3] = ["replies_per_ticket", "handle_time", "cost_per_ticket"];

/// A line of the table.
#[derive(Debug, PartialEq)]
struct Line {
    label: String,
    value: String,
    business: String,
    n: String,
}

pub(super) fn print(report: &Value) -> anyhow::Result<()> {
    let text = |member: &str| report[member].as_str().unwrap_or_default();
    output::line(&format!("{} to {} ({})", text("from"), text("to"), text("tz")))?;
    // Without --bucket the one bucket says what the figure beside it says.
    let has_buckets = !report["bucket"].is_null();
    output::line(&table(&report["figures"], has_buckets))?;
    for (value, figures) in report["by"]["values"].as_object().into_iter().flatten() {
        let dimension = report["by"]["dimension"].as_str().unwrap_or_default();
        output::line(&format!("\n{dimension}: {value}"))?;
        output::line(&table(figures, has_buckets))?;
    }
    Ok(())
}

fn table(figures: &Value, has_buckets: bool) -> String {
    let mut lines = Vec::new();
    for key in ORDER {
        if let Some(figure) = figures.get(key) {
            add(&mut lines, key, &key.replace('_', " "), figure);
        }
    }
    lines.retain(|line| has_buckets || !line.label.contains(": buckets: "));
    let has_business = lines.iter().any(|line| !line.business.is_empty());
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let mut header = vec!["figure", "value", "n"];
    if has_business {
        header.insert(2, "in working time");
    }
    let last = header.len() - 1;
    table.set_header(header);
    for line in lines {
        let mut row = vec![line.label, line.value, line.n];
        if has_business {
            row.insert(2, line.business);
        }
        table.add_row(row);
    }
    if let Some(column) = table.column_mut(last) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// The lines of a figure, or of a part of one.
fn add(lines: &mut Vec<Line>, key: &str, label: &str, value: &Value) {
    if LEFT_OUT.contains(&label) {
        return;
    }
    let mut push = |value: String, business: String, n: String| {
        lines.push(Line { label: label.to_owned(), value, business, n });
    };
    match value {
        Value::Object(members) if is_duration(members) => {
            let count = |of: &Value| of.get("count").map(ToString::to_string).unwrap_or_default();
            let business = members.get("business").filter(|value| !value.is_null());
            let n = members.get("calendar").map(count).unwrap_or_default();
            push(
                distribution(members.get("calendar")),
                business.map(|of| distribution(Some(of))).unwrap_or_default(),
                n,
            );
        }
        Value::Object(members) if members.contains_key("numerator") => {
            let shown = rate(key, label, members);
            push(shown, String::new(), members.get("denominator").map(plain).unwrap_or_default());
            rest(lines, key, label, members, &["numerator", "denominator", "value", "policy", "metric"]);
        }
        Value::Object(members) if members.contains_key("count") && members.contains_key("mean") => {
            push(number(members.get("mean")), String::new(), number(members.get("count")));
            rest(lines, key, label, members, &["count", "mean"]);
        }
        Value::Object(members) => rest(lines, key, label, members, &[]),
        Value::Array(items) => {
            for item in items {
                add(lines, key, &format!("{label}: {}", name_of(item)), &without_name(item));
            }
        }
        share if label.ends_with(": share") => {
            push(
                share.as_f64().map(|share| format!("{:.1} %", 100.0 * share)).unwrap_or_default(),
                String::new(),
                String::new(),
            );
        }
        leaf => push(number(Some(leaf)), String::new(), String::new()),
    }
}

fn rest(lines: &mut Vec<Line>, key: &str, label: &str, members: &Map<String, Value>, but: &[&str]) {
    for (name, member) in members.iter().filter(|(name, _)| !but.contains(&name.as_str())) {
        add(lines, key, &format!("{label}: {}", name.replace('_', " ")), member);
    }
}

fn is_duration(members: &Map<String, Value>) -> bool {
    members.contains_key("calendar") && members.contains_key("business")
}

/// What tells an item of a list from the others.
const NAMES: [&str; 8] = ["policy", "metric", "date", "hour", "days", "to", "query", "weekday"];

fn name_of(item: &Value) -> String {
    let names = NAMES.iter().filter_map(|name| {
        let value = item.get(name)?;
        Some(match *name {
            "days" => format!("in {value} days"),
            "to" => format!("until {}", plain(value)),
            "hour" => format!("{value} h"),
            _ => plain(value),
        })
    });
    names.collect::<Vec<_>>().join(", ")
}

fn without_name(item: &Value) -> Value {
    let Some(members) = item.as_object() else { return item.clone() };
    let left = members.iter().filter(|(name, _)| !NAMES.contains(&name.as_str()) && *name != "from");
    Value::Object(left.map(|(name, value)| (name.clone(), value.clone())).collect())
}

fn rate(key: &str, label: &str, members: &Map<String, Value>) -> String {
    let Some(value) = members.get("value").and_then(Value::as_f64) else { return "-".to_owned() };
    match key {
        "handle_time" => span(value),
        _ if MEANS.contains(&key) => format!("{value:.2}"),
        _ => {
            let of = members.get("numerator").map(plain).unwrap_or_default();
            if label.contains("utilisation") {
                // Seconds say nothing here.
                return format!("{:.1} %", 100.0 * value);
            }
            format!("{:.1} % ({of})", 100.0 * value)
        }
    }
}

fn distribution(of: Option<&Value>) -> String {
    match of {
        Some(Value::Object(members)) => {
            let at = |name: &str| members.get(name).and_then(Value::as_f64).map(span);
            match (at("p50"), at("mean"), at("p90"), at("p95")) {
                (Some(p50), Some(mean), Some(p90), Some(p95)) => {
                    format!("median {p50}, mean {mean}, 90 % {p90}, 95 % {p95}")
                }
                _ => "-".to_owned(),
            }
        }
        Some(Value::Number(median)) => median.as_f64().map(span).unwrap_or_default(),
        _ => "-".to_owned(),
    }
}

fn number(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(value) => plain(value),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => {
            let text = format!("{:.2}", number.as_f64().unwrap_or_default());
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        other => other.to_string(),
    }
}

/// Seconds as hours and minutes; what is shorter than a minute as seconds.
fn span(seconds: f64) -> String {
    if seconds < 59.5 {
        return format!("{seconds:.0} s");
    }
    let minutes = (seconds / 60.0).round() as i64;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(key: &str, value: &Value, expected: &[(&str, &str, &str, &str)]) {
        let mut lines = Vec::new();
        add(&mut lines, key, &key.replace('_', " "), value);
        let shown: Vec<_> = lines
            .iter()
            .map(|line| (line.label.as_str(), line.value.as_str(), line.business.as_str(), line.n.as_str()))
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn durations_are_hours_and_minutes_with_how_many_there_are() {
        let of = |p50: f64| json!({ "count": 3, "mean": 20.0, "p50": p50, "p90": 59.6, "p95": 7200.0 });
        check(
            "resolution_time",
            &json!({ "calendar": of(3900.0), "business": null }),
            &[("resolution time", "median 1 h 5 min, mean 20 s, 90 % 1 min, 95 % 2 h", "", "3")],
        );
        let none = json!({ "count": 0, "mean": null, "p50": null, "p90": null, "p95": null });
        check("answer_time", &json!({ "calendar": none, "business": none }), &[("answer time", "-", "-", "0")]);
    }

    #[test]
    fn rates_are_percent_and_their_other_members_follow() {
        let rate = json!({ "numerator": 3, "denominator": 4, "value": 0.75 });
        check("reopen_rate", &rate, &[("reopen rate", "75.0 % (3)", "", "4")]);
        check("replies_per_ticket", &rate, &[("replies per ticket", "0.75", "", "4")]);
        let csat = json!({ "numerator": 0, "denominator": 0, "value": null, "mean": 71.25, "response_rate": rate });
        check(
            "csat",
            &csat,
            &[("csat", "-", "", "0"), ("csat: mean", "71.25", "", ""), ("csat: response rate", "75.0 % (3)", "", "4")],
        );
    }

    #[test]
    fn items_of_lists_are_told_apart() {
        let item = json!({ "from": "a", "to": "b", "opened": 2 });
        check(
            "opened_vs_solved",
            &json!({ "buckets": [item] }),
            &[("opened vs solved: buckets: until b: opened", "2", "", "")],
        );
    }
}
