//! A second set of cases: working time on which independent computations agree.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{at, company_file};
use crate::calendar::Book;
use crate::calendar::config::Config;

const SHIFTS: &str = include_str!("../../../../../tests/fixtures/sla-golden/business-hours-calendars.json");
const SHIFT_CASES: &str = include_str!("../../../../../tests/fixtures/sla-golden/business-hours-cases.jsonl");

/// A calendar of the second set of cases, whose form is another.
fn shift_calendar(value: &Value) -> Config {
    let intervals = |value: &Value| -> Vec<String> {
        let windows = value.as_array().unwrap().iter();
        windows.map(|window| format!("{}-{}", window[0].as_str().unwrap(), window[1].as_str().unwrap())).collect()
    };
    let map = |value: &Value| -> BTreeMap<String, Vec<String>> {
        value.as_object().into_iter().flatten().map(|(day, windows)| (day.clone(), intervals(windows))).collect()
    };
    Config {
        timezone: value["tz"].as_str().map(str::to_owned),
        hours: map(&value["weekly"]),
        holidays: value["holidays"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|day| day.as_str().unwrap().to_owned())
            .collect(),
        special: map(&value["exceptions"]),
        ..Config::default()
    }
}

#[test]
fn answers_are_those_that_independent_computations_agree_on() {
    let calendars: BTreeMap<String, Value> = serde_json::from_str(SHIFTS).unwrap();
    let configs = calendars.iter().map(|(name, value)| (name.clone(), shift_calendar(value))).collect();
    let book = Book::from_configs(configs, &company_file).unwrap();
    let mut n_cases = 0;
    for line in SHIFT_CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let calendar = book.get(case["calendar"].as_str().unwrap()).unwrap();
        let time = |member: &str| at(case[member].as_str().unwrap());
        let micros = |member: &str| case[member].as_i64().unwrap() * 1_000_000;
        match case["kind"].as_str().unwrap() {
            "elapsed" => {
                assert_eq!(calendar.between(time("start"), time("end")).unwrap(), micros("expect_seconds"), "{line}");
            }
            "due" => {
                assert_eq!(
                    calendar.add_working(time("start"), micros("budget_seconds")).unwrap(),
                    time("expect_due"),
                    "{line}"
                );
            }
            "due_with_pauses" => {
                let (mut start, mut rest) = (time("start"), micros("budget_seconds"));
                for pause in case["pauses"].as_array().unwrap() {
                    let (from, until) = (at(pause[0].as_str().unwrap()), at(pause[1].as_str().unwrap()));
                    let before = calendar.between(start, from.max(start)).unwrap();
                    if before >= rest {
                        break;
                    }
                    rest -= before;
                    start = until;
                }
                assert_eq!(calendar.add_working(start, rest).unwrap(), time("expect_due"), "{line}");
            }
            "state" => {
                assert_eq!(calendar.is_open(time("at")).unwrap(), case["expect_open"].as_bool().unwrap(), "{line}");
                assert_eq!(calendar.next_opening(time("at")).unwrap(), time("expect_next_open"), "{line}");
            }
            other => unreachable!("unknown kind {other}"),
        }
        n_cases += 1;
    }
    assert!(n_cases > 250);
}
