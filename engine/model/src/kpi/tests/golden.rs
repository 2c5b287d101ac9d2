//! The golden figures; `tests/fixtures/kpi-golden/README.md` says what they are.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::activity::Activity;
use crate::calendar::Book;
use crate::event::Event;
use crate::facts::Facts;
use crate::golden;
use crate::kpi::{Activities, Options, Report, Request, Settings, Tickets};
use crate::sla::{Editions, Policies};

fn folder() -> PathBuf {
    golden::folder("kpi-golden")
}

/// What an import leaves behind.
struct Imported {
    activities: Vec<(String, Activity)>,
    tickets: Vec<(String, String, Facts)>,
    calendars: Book,
}

fn imported(events: &[Event], calendars: &Path) -> Imported {
    Imported {
        activities: events.iter().filter_map(|event| Some((event.source.clone(), Activity::of(event)?))).collect(),
        tickets: golden::facts(events).into_iter().map(|((source, ticket), facts)| (source, ticket, facts)).collect(),
        calendars: Book::from_toml(&golden::text(calendars), &|file| Err(format!("no file {file}"))).unwrap(),
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&golden::text(path)).unwrap()
}

fn parts(imported: &Imported, options: &Value) -> [Tickets; 2] {
    let word = |member: &str| options[member].as_str();
    let request = Request {
        from: word("from").unwrap(),
        to: word("to").unwrap(),
        tz: word("tz"),
        calendar: word("calendar"),
        by: word("by"),
        bucket: word("bucket"),
        fcr: word("fcr"),
        source: word("source"),
    };
    let options = Options::new(&request, &imported.calendars).unwrap();
    let policies = Policies::from_values(&[], &imported.calendars).unwrap();
    let mut activities = Activities::new(options, Settings::new(Arc::new(Editions::new(policies)), false));
    for (source, activity) in &imported.activities {
        activities.add(source, activity);
    }
    let ready = activities.ready();
    let mut parts = [Tickets::new(&ready), Tickets::new(&ready)];
    for (place, (source, ticket, facts)) in imported.tickets.iter().enumerate() {
        parts[place % 2].add_facts(source, ticket, facts).unwrap();
    }
    parts
}

fn report(imported: &Imported, options: &Value) -> Report {
    let [mut one, other] = parts(imported, options);
    one.merge(other);
    one.finish()
}

/// What differs by more than what two computations may differ by.
fn compare(path: &str, actual: &Value, expected: &Value, skipped: &[&str], found: &mut Vec<String>) {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => {
            let names: std::collections::BTreeSet<&String> = actual.keys().chain(expected.keys()).collect();
            for name in names.into_iter().filter(|name| !skipped.contains(&name.as_str())) {
                match (actual.get(name), expected.get(name)) {
                    (Some(actual), Some(expected)) => {
                        compare(&format!("{path}.{name}"), actual, expected, skipped, found);
                    }
                    (None, expected) => found.push(format!("{path}.{name}: missing, expected {expected:?}")),
                    (actual, None) => found.push(format!("{path}.{name}: not expected, is {actual:?}")),
                }
            }
        }
        (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
            for (place, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                compare(&format!("{path}[{place}]"), actual, expected, skipped, found);
            }
        }
        (Value::Number(actual), Value::Number(expected)) => {
            let (one, other) = (actual.as_f64().unwrap(), expected.as_f64().unwrap());
            if (one - other).abs() > f64::max(1e-9, 1e-6 * one.abs().max(other.abs())) {
                found.push(format!("{path}: {one}, expected {other}"));
            }
        }
        _ if actual == expected => {}
        _ => found.push(format!("{path}: {actual}, expected {expected}")),
    }
}

#[track_caller]
fn check(imported: &Imported, folder: &Path, number: u32) {
    let report = report(imported, &json(&folder.join(format!("options-{number}.json"))));
    let actual: Value = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    let mut expected = json(&folder.join(format!("truth-{number}.json")));
    let not_checked = expected.as_object_mut().unwrap().remove("not_checked").unwrap();
    let skipped: Vec<&str> = not_checked.as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect();
    let mut found = Vec::new();
    compare("", &actual, &expected, &skipped, &mut found);
    assert!(found.is_empty(), "{number}: {} differ\n{}", found.len(), found[..found.len().min(40)].join("\n"));
}

#[test]
fn every_figure_of_a_report_is_explained_and_every_explained_one_is_there() {
    let folder = folder().join("small");
    let imported = imported(&golden::events(&folder), &folder.join("calendars.toml"));
    let report = serde_json::to_value(report(&imported, &json(&folder.join("options-1.json")))).unwrap();
    let mut explained: Vec<&str> = crate::kpi::explain::ALL.iter().map(|explanation| explanation.key).collect();
    explained.sort_unstable();
    let mut figures: Vec<&String> = report["figures"].as_object().unwrap().keys().collect();
    figures.sort_unstable();
    assert_eq!(figures, explained);
}

#[test]
fn another_order_of_arrival_and_another_split_give_the_same() {
    let folder = folder();
    let events = golden::events(&folder);
    let calendars = folder.join("calendars.toml");
    let options = json(&folder.join("options-5.json"));
    let expected = serde_json::to_string(&report(&imported(&events, &calendars), &options)).unwrap();
    for seed in 0..2_u64 {
        // What happens on one ticket at one instant keeps its order; all else arrives anyhow.
        let mut shuffled = events.clone();
        shuffled.sort_by_cached_key(|event| {
            let mut hasher = DefaultHasher::new();
            (seed, &event.source, &event.subject, event.time).hash(&mut hasher);
            hasher.finish()
        });
        let mut imported = imported(&shuffled, &calendars);
        imported.tickets.rotate_left(1);
        let [one, mut other] = parts(&imported, &options);
        other.merge(one);
        assert_eq!(serde_json::to_string(&other.finish()).unwrap(), expected);
    }
}

#[test]
fn twelve_tickets_have_the_figures_that_were_worked_out_by_hand() {
    let folder = folder().join("small");
    let imported = imported(&golden::events(&folder), &folder.join("calendars.toml"));
    (1..=2).for_each(|number| check(&imported, &folder, number));
}

#[test]
fn a_long_history_has_the_figures_that_an_independent_computation_gives_it() {
    let folder = folder();
    let imported = imported(&golden::events(&folder), &folder.join("calendars.toml"));
    (1..=8).for_each(|number| check(&imported, &folder, number));
}
