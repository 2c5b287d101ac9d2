//! The golden scenarios and the generated history; `tests/fixtures/sla-golden/README.md` says what they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::calendar::Book;
use crate::facts::Facts;
use crate::golden;
use crate::sla::{Clocks, Policies, Row, row};
use crate::timestamp::Timestamp;

fn folder() -> PathBuf {
    golden::folder("sla-golden")
}

fn policies(config: &str) -> Policies {
    let calendars = Book::from_toml(config, &|file| Err(format!("no file {file}"))).unwrap();
    Policies::from_toml(config, &calendars).unwrap()
}

/// How clocks stand, without what a brief account leaves out.
fn stands(policies: &Policies, clocks: &Clocks) -> String {
    // A brief clock has its policy's place in the place of its name.
    let judged_by = |clock: &crate::sla::Clock, judge: &crate::sla::clock::Judge| match judge.policy.as_str() {
        "" => policies.names().nth(clock.judged_by().unwrap()).unwrap().to_owned(),
        name => name.to_owned(),
    };
    let stand = |clock: &crate::sla::Clock| {
        format!(
            "{:?}",
            (
                clock.metric(),
                clock.cycle(),
                clock.judge().map(|judge| (judged_by(clock, judge), judge.target.amount)),
                clock.state(),
                clock.due_at(),
                clock.ended_at(),
                clock.counted_micros()
            )
        )
    };
    clocks.all().iter().map(stand).collect()
}

fn list(policies: &Policies, tickets: &BTreeMap<(String, String), Facts>, at: Timestamp) -> Vec<Row> {
    let of = |((source, ticket), facts): (&(String, String), &Facts)| {
        let brief = Clocks::brief(policies, source, &facts.to_bytes(), at).unwrap();
        let whole = Clocks::of(policies, source, facts, at);
        assert_eq!(stands(policies, &brief), stands(policies, &whole), "{source} {ticket}");
        row::rows(source, ticket, &whole)
    };
    let mut rows: Vec<Row> = tickets.iter().flat_map(of).collect();
    row::sort(&mut rows);
    rows
}

/// `20260302T080500Z` in a file name is 2026-03-02T08:05:00Z.
fn instant(path: &Path) -> Option<Timestamp> {
    let name = path.file_name()?.to_str()?.strip_prefix("expected-")?;
    let text = name.strip_suffix(".json").or(name.strip_suffix(".json.gz"))?;
    let (date, time) = text.trim_end_matches('Z').split_once('T')?;
    let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
    format!("{date}T{}:{}:{}Z", &time[..2], &time[2..4], &time[4..]).parse().ok()
}

/// What differs, row by row; times agree to the millisecond.
fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let rows = |list: &Value| -> Vec<(String, Value)> {
        let key = |row: &Value| format!("{} {} {} {}", row["source"], row["ticket"], row["metric"], row["cycle"]);
        list.as_array().unwrap().iter().map(|row| (key(row), row.clone())).collect()
    };
    let (expected, actual) = (rows(expected), rows(actual));
    let keys = |rows: &[(String, Value)]| rows.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    let (wanted, got) = (keys(&expected), keys(&actual));
    let mut found: Vec<String> =
        wanted.iter().filter(|key| !got.contains(key)).map(|key| format!("{key}: missing")).collect();
    found.extend(got.iter().filter(|key| !wanted.contains(key)).map(|key| format!("{key}: not expected")));
    if found.is_empty() && wanted != got {
        found.push("the order is another".to_owned());
    }
    let actual: BTreeMap<String, Value> = actual.into_iter().collect();
    for (key, wanted) in &expected {
        for (member, value) in wanted.as_object().unwrap() {
            let is = actual.get(key).map_or(&Value::Null, |row| &row[member]);
            if actual.contains_key(key) && !agree(value, is) {
                found.push(format!("{key}: {member} expected {value}, is {is}"));
            }
        }
    }
    found
}

fn agree(expected: &Value, actual: &Value) -> bool {
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    match (expected, actual) {
        (Value::Array(expected), Value::Array(actual)) => {
            expected.len() == actual.len()
                && expected.iter().zip(actual).all(|(expected, actual)| agree(expected, actual))
        }
        _ => match (time(expected), time(actual)) {
            (Some(expected), Some(actual)) => expected.since(actual).abs() < 1000,
            _ => expected == actual,
        },
    }
}

/// Compares every expected list of a folder; gives how many rows there were.
fn check(folder: &Path) -> usize {
    let policies = policies(&golden::text(&folder.join("config.toml")));
    let tickets = golden::facts(&golden::events(folder));
    let mut n_rows = 0;
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let Some(at) = instant(&path) else { continue };
        let actual = serde_json::to_value(list(&policies, &tickets, at)).unwrap();
        let expected: Value = serde_json::from_str(&golden::text(&path)).unwrap();
        let found = differences(&expected, &actual);
        assert!(
            found.is_empty(),
            "{}: {} differ\n{}",
            path.display(),
            found.len(),
            found[..found.len().min(20)].join("\n")
        );
        n_rows += actual.as_array().unwrap().len();
    }
    n_rows
}

#[test]
fn scenarios_end_as_reasoned_by_hand() {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(folder().join("scenarios")).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert_eq!(folders.len(), 31);
    for folder in folders {
        check(&folder);
    }
}

#[test]
fn a_long_history_has_the_clocks_that_an_independent_computation_gives_it() {
    assert_eq!(check(&folder().join("history")), 907 + 1_765 + 2_448);
}

#[test]
fn what_happens_later_changes_nothing_before() {
    let folder = folder().join("history");
    let policies = policies(&golden::text(&folder.join("config.toml")));
    let tickets = golden::facts(&golden::events(&folder));
    let end: Timestamp = "2026-05-20T00:00:00Z".parse().unwrap();
    for ((source, ticket), facts) in tickets.iter().take(300) {
        let clocks = Clocks::of(&policies, source, facts, end);
        for outcome in clocks.outcomes() {
            // Each outcome is there as of its own time, with the same counted time, and its timer was the next to fire.
            let then = Clocks::of(&policies, source, facts, outcome.at);
            assert!(then.outcomes().contains(&outcome), "{source} {ticket}: {outcome:?}");
            let before = Clocks::of(&policies, source, facts, outcome.at.plus_micros(-1));
            assert!(!before.outcomes().contains(&outcome), "{source} {ticket}: {outcome:?}");
            let is_timer = matches!(outcome.kind, crate::sla::Kind::Warning | crate::sla::Kind::Breached);
            let is_change = facts.created_at == outcome.at || facts.entries.iter().any(|entry| entry.at == outcome.at);
            if is_timer && !is_change {
                assert_eq!(before.next_wake(), Some(outcome.at), "{source} {ticket}: {outcome:?}");
            }
        }
    }
}
