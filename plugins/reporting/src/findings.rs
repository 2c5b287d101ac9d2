//! What stands out, in plain words.

use deskbell::report::{Rate, Tone};
use serde_json::Value as Json;

use crate::View;
use crate::figures::{ALL, CSAT, Figure, RATED, Shape};
use crate::parts::{first_response, of_groups, tone};
use crate::words::fill;

/// A change of less is not told.
const LEAST_CHANGE: f64 = 0.1;
/// The most that is told of each kind.
const MOST: usize = 3;
/// A category's satisfaction lies below that of all by so much.
const LESS_SATISFIED: f64 = 0.1;
/// Above, agents have too much to do.
const UNHEALTHY: f64 = 0.6;

/// Something that stands out.
pub(crate) struct Finding {
    pub(crate) tone: Tone,
    pub(crate) text: String,
}

/// All findings, what changed first.
pub(crate) fn all(view: &View<'_>) -> Vec<Finding> {
    let mut findings = changes(view, ALL);
    findings.extend(behind(view));
    findings.extend(weak_categories(view));
    findings.extend(overworked(view));
    findings.extend(surges(view));
    findings.extend(busiest(view));
    findings
}

/// Those about people: how well they work, and how much they have to do.
pub(crate) fn of_people(view: &View<'_>) -> Vec<Finding> {
    let mut findings = changes(view, RATED);
    findings.extend(behind(view));
    findings.extend(overworked(view));
    findings
}

fn changes(view: &View<'_>, figures: &[Figure]) -> Vec<Finding> {
    let mut changes: Vec<(f64, Finding)> = figures.iter().filter_map(|figure| change(view, figure)).collect();
    changes.sort_by(|a, b| b.0.total_cmp(&a.0));
    changes.into_iter().take(MOST).map(|(_, finding)| finding).collect()
}

fn change(view: &View<'_>, figure: &Figure) -> Option<(f64, Finding)> {
    let (now, before) = (figure.number(&view.now, view)?, figure.number(&view.before, view)?);
    let (n_now, n_before) = (figure.n(&view.now), figure.n(&view.before));
    // A count that fell to nothing has changed; a share or a time says little where it is made of few.
    let n = if figure.shape() == Shape::Count { n_now.max(n_before) } else { n_now.min(n_before) };
    if n < view.settings.least || before <= 0.0 {
        return None;
    }
    let size = ((now - before) / before).abs();
    if size < LEAST_CHANGE || (figure.shape() == Shape::Percent && (now - before).abs() < 0.02) {
        return None;
    }
    let rose = now > before;
    // A share of a share is read as the difference.
    let difference = match figure.shape() {
        Shape::Percent => view.words.points((now - before).abs()),
        Shape::Decimal => view.words.number((now - before).abs(), 1),
        _ => view.words.percent(size),
    };
    let sentence = if rose { view.words.rose() } else { view.words.fell() };
    let text = fill(
        sentence,
        &[
            ("what", &figure.label(view)),
            ("before", &figure.told(before, view.words)),
            ("now", &figure.told(now, view.words)),
            ("change", &difference),
        ],
    );
    Some((size, Finding { tone: tone(figure.better(), rose), text }))
}

fn behind(view: &View<'_>) -> Vec<Finding> {
    let mut behind: Vec<(f64, Finding)> = Vec::new();
    for (group, figures) in of_groups(&view.now) {
        let number = |member: &str| figures.number(&format!("opened_vs_solved/{member}")).unwrap_or_default();
        let (opened, solved, net) = (number("opened"), number("solved"), number("net"));
        // Tickets that nobody has yet are no group's.
        if group == "(none)" || net < view.settings.least as f64 || net < opened * LEAST_CHANGE {
            continue;
        }
        let told = |number: f64| view.words.number(number, 0);
        let text = fill(
            view.words.behind(),
            &[("name", view.name(group)), ("opened", &told(opened)), ("solved", &told(solved)), ("net", &told(net))],
        );
        behind.push((net, Finding { tone: Tone::Bad, text }));
    }
    behind.sort_by(|a, b| b.0.total_cmp(&a.0));
    behind.into_iter().take(MOST).map(|(_, finding)| finding).collect()
}

fn weak_categories(view: &View<'_>) -> Vec<Finding> {
    let (Some(all), Some(all_time)) = (CSAT.number(&view.now, view), first_response(view)) else { return Vec::new() };
    let clock = if view.request.calendar.is_some() { "business" } else { "calendar" };
    let mut weak: Vec<(f64, Finding)> = Vec::new();
    for (name, own) in view.now.members("distribution") {
        let csat = own.get("csat").map(Rate::of).unwrap_or_default();
        let time = own.pointer(&format!("/first_response_time/{clock}")).and_then(Json::as_f64);
        let (Some(value), Some(time)) = (csat.value, time) else { continue };
        if csat.denominator < view.settings.least as f64 || value > all - LESS_SATISFIED || time <= all_time {
            continue;
        }
        let name = if name == "(none)" { view.words.none() } else { name };
        let text = fill(
            view.words.weak_category(),
            &[
                ("name", name),
                ("csat", &view.words.percent(value)),
                ("n", &view.words.number(csat.denominator, 0)),
                ("all", &view.words.percent(all)),
                ("time", &view.words.duration(time)),
                ("all_time", &view.words.duration(all_time)),
            ],
        );
        weak.push((all - value, Finding { tone: Tone::Bad, text }));
    }
    weak.sort_by(|a, b| b.0.total_cmp(&a.0));
    weak.into_iter().take(MOST).map(|(_, finding)| finding).collect()
}

fn overworked(view: &View<'_>) -> Option<Finding> {
    let mut agents: Vec<(f64, &str)> = view
        .now
        .members("agent_performance")
        .filter_map(|(agent, own)| Some((own.get("utilisation").map(Rate::of)?.value?, agent)))
        .filter(|(utilisation, _)| *utilisation > UNHEALTHY)
        .collect();
    agents.sort_by(|a, b| b.0.total_cmp(&a.0));
    if agents.is_empty() {
        return None;
    }
    let told =
        |(utilisation, agent): &(f64, &str)| format!("{} ({})", view.name(agent), view.words.percent(*utilisation));
    let names = agents.iter().take(10).map(told).collect::<Vec<_>>().join(", ");
    Some(Finding { tone: Tone::Bad, text: fill(view.words.overworked(), &[("names", &names)]) })
}

fn surges(view: &View<'_>) -> Vec<Finding> {
    let mut surges: Vec<&Json> = view.now.items("surges").iter().collect();
    let count = |surge: &Json| surge.get("count").and_then(Json::as_u64).unwrap_or_default();
    surges.sort_by_key(|surge| std::cmp::Reverse(count(surge)));
    let told = |surge: &&Json| {
        let text = fill(
            view.words.surge(),
            &[
                ("date", &view.words.date(surge.get("date").and_then(Json::as_str).unwrap_or_default())),
                ("hour", &surge.get("hour").and_then(Json::as_u64).unwrap_or_default().to_string()),
                ("count", &view.words.number(count(surge) as f64, 0)),
                ("mean", &view.words.number(surge.get("mean").and_then(Json::as_f64).unwrap_or_default(), 1)),
            ],
        );
        Finding { tone: Tone::Bad, text }
    };
    surges.iter().take(MOST).map(told).collect()
}

fn busiest(view: &View<'_>) -> Option<Finding> {
    let weekday = view.now.at("heatmap/busiest/weekday").as_u64()?;
    let load = view.now.number("heatmap/busiest/load")?;
    if view.now.count("ticket_volume") < view.settings.least {
        return None;
    }
    let values = [("day", view.words.weekday(weekday)), ("load", &view.words.number(load, 1))];
    Some(Finding { tone: Tone::Neutral, text: fill(view.words.busiest(), &values) })
}
