use serde_json::Value;

use super::*;

/// Runs by the rules of the format, and expressions to refuse; `tests/fixtures/cron-golden/README.md` says where from.
const CASES: &str = include_str!("../../../../tests/fixtures/cron-golden/cases.ndjson");
/// Runs on which at least three public cron libraries agree.
const AGREED: &str = include_str!("../../../../tests/fixtures/cron-golden/agreed.jsonl");

fn instants(value: &Value) -> Vec<Timestamp> {
    value.as_array().unwrap().iter().map(|time| time.as_str().unwrap().parse().unwrap()).collect()
}

#[test]
fn runs_come_when_the_golden_cases_say() {
    let mut differences = Vec::new();
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let result: Value = serde_json::from_str(&batch_line(line).unwrap()).unwrap();
        let agrees = result["id"] == case["id"]
            && match case.get("error") {
                Some(error) => result["error"] == *error,
                None => result.get("next").is_some_and(|next| instants(next) == instants(&case["next"])),
            };
        if !agrees {
            differences.push(format!("{line}\n  is {result}"));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn runs_come_when_public_libraries_agree_that_they_do() {
    let mut n_cases = 0;
    for case in AGREED.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let schedule = Schedule::new(case["expr"].as_str().unwrap(), case["tz"].as_str().unwrap()).unwrap();
        let expected = instants(&case["expect_next"]);
        let actual = schedule.upcoming(case["start"].as_str().unwrap().parse().unwrap(), expected.len());
        assert_eq!(actual, expected, "{case}");
        n_cases += 1;
    }
    assert!(n_cases > 200);
}

#[track_caller]
fn refuses(expression: &str, message: &str) {
    let error = Schedule::new(expression, "UTC").unwrap_err().to_string();
    assert!(error.contains(message), "{expression}: {error}");
}

#[test]
fn what_is_no_part_of_the_format_is_refused() {
    refuses("", "has 0 fields");
    refuses("* * * *", "has 4 fields");
    refuses("0 0 0 * * * 2026", "has 7 fields");
    refuses("@reboot", "has 1 fields");
    refuses("? * * * *", "'?' is no minute");
    refuses("5/15 * * * *", "'5/15' is no minute");
    refuses("*/0 * * * *", "cannot be read");
    refuses("30-10 * * * *", "cannot be read");
    refuses("1,,2 * * * *", "'' is no minute");
    refuses("-1 * * * *", "'-1' is no minute");
    refuses("1-2-3 * * * *", "'1-2-3' is no minute");
    refuses("99999999999 * * * *", "is no minute");
    refuses("* 24 * * *", "cannot be read");
    refuses("* * 0 * *", "cannot be read");
    refuses("* * 32 * *", "cannot be read");
    refuses("* * LW * *", "'LW' is no day of month");
    refuses("* * * 13 *", "cannot be read");
    refuses("* * * january *", "'january' is no month");
    refuses("* * * * 8", "'8' is no day of week");
    refuses("* * * * L", "'L' is no day of week");
    refuses("* * * * 5#6", "'5#6' is no day of week");
    refuses("* * * * 5#0", "'5#0' is no day of week");
    refuses("* * * * friday", "'friday' is no day of week");
    refuses("* * * * 5-1", "'5-1' is no day of week");
    refuses("* * * * */0", "'*/0' is no day of week");
    assert!(matches!(Schedule::new("* * * * *", "Mars/Olympus"), Err(Error::Zone(_))));
}

#[test]
fn what_never_comes_true_is_refused() {
    refuses("0 0 30 2 *", "never comes true");
    refuses("0 0 31 4,6,9,11 *", "never comes true");
    refuses("0 0 30,31 2 */2", "never comes true");
    assert!(Schedule::new("0 0 30 2 1", "UTC").is_ok(), "the weekday alone is enough");
}

#[track_caller]
fn check(expression: &str, zone: &str, after: &str, expected: &[&str]) {
    let runs = Schedule::new(expression, zone).unwrap().upcoming(after.parse().unwrap(), expected.len());
    assert_eq!(runs.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{expression}");
}

#[test]
fn rare_dates_are_found() {
    // Five Fridays in a February: once in 28 years, and once in 40 where a century is no leap year.
    check("0 0 * 2 5#5", "UTC", "2026-01-01T00:00:00Z", &["2036-02-29T00:00:00Z", "2064-02-29T00:00:00Z"]);
    check("0 0 * 2 5#5", "UTC", "2092-03-01T00:00:00Z", &["2104-02-29T00:00:00Z"]);
    check("0 9 29 feb *", "Europe/Berlin", "2026-01-01T00:00:00Z", &["2028-02-29T08:00:00Z"]);
}

#[test]
fn days_and_weekdays_combine() {
    check(
        "0 0 L,1 * *",
        "UTC",
        "2026-01-15T00:00:00Z",
        &["2026-01-31T00:00:00Z", "2026-02-01T00:00:00Z", "2026-02-28T00:00:00Z"],
    );
    check(
        "0 0 1 * fri#2,monl",
        "UTC",
        "2026-01-02T00:00:00Z",
        &["2026-01-09T00:00:00Z", "2026-01-26T00:00:00Z", "2026-02-01T00:00:00Z"],
    );
    check("0 0 */10 * mon", "UTC", "2026-01-01T00:00:00Z", &["2026-05-11T00:00:00Z", "2026-06-01T00:00:00Z"]);
    check(
        "0 0 * * fri-sun",
        "UTC",
        "2026-01-05T00:00:00Z",
        &["2026-01-09T00:00:00Z", "2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z", "2026-01-16T00:00:00Z"],
    );
    check(
        "0 0 * * 6-7",
        "UTC",
        "2026-01-05T00:00:00Z",
        &["2026-01-10T00:00:00Z", "2026-01-11T00:00:00Z", "2026-01-17T00:00:00Z"],
    );
}

#[test]
fn clock_changes_move_fixed_runs_and_stretch_intervals() {
    check("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", &["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    check("0,30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", &["2026-03-29T01:00:00Z", "2026-03-30T00:00:00Z"]);
    check("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", &["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    check("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", &["2026-10-26T01:30:00Z"]);
    check(
        "*/30 2 * * *",
        "Europe/Berlin",
        "2026-10-25T00:00:00Z",
        &["2026-10-25T00:30:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:00:00Z"],
    );
    check("*/30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", &["2026-03-30T00:00:00Z"]);
    check("* * * * * *", "UTC", "2026-01-01T00:00:00.5Z", &["2026-01-01T00:00:01Z"]);
}

#[test]
fn lines_that_are_no_case_give_an_error_with_their_id() {
    let check = |line: &str, expected: Option<&str>| {
        assert_eq!(batch_line(line).as_deref(), expected, "{line}");
    };
    check("  ", None);
    check("nonsense", Some(r#"{"id":null,"error":"bad_input"}"#));
    check(r#"{"id": 7, "expr": "@daily"}"#, Some(r#"{"id":7,"error":"bad_input"}"#));
    check(
        r#"{"id": "a", "expr": "@daily", "timezone": "X", "after": "2026-01-01T00:00:00Z"}"#,
        Some(r#"{"id":"a","error":"bad_input"}"#),
    );
    check(
        r#"{"id": "a", "expr": "@never", "timezone": "UTC", "after": "2026-01-01T00:00:00Z"}"#,
        Some(r#"{"id":"a","error":"bad_expression"}"#),
    );
}

#[test]
fn times_out_of_range_have_no_runs() {
    let schedule = Schedule::new("* * * * *", "Europe/Berlin").unwrap();
    for micros in [i64::MIN, i64::MAX, *YEARS.end()] {
        assert_eq!(schedule.next_after(Timestamp::from_micros(micros)), None);
    }
}

/// Zones and the day around one of their clock changes, in seconds since 1970.
const CHANGES: [(&str, i64); 6] = [
    ("Europe/Berlin", 1_774_746_000),
    ("Europe/Berlin", 1_792_890_000),
    ("Australia/Lord_Howe", 1_775_314_800),
    ("Australia/Lord_Howe", 1_791_039_600),
    ("America/Santiago", 1_788_667_200),
    ("Pacific/Apia", 1_325_239_200),
];

proptest::proptest! {
    /// A scan of every minute: an interval runs whenever the clock shows one of its times; the others have each of
    /// their local times once, when the clock first shows it or something later.
    #[test]
    fn runs_around_clock_changes_are_those_of_a_scan(
        change in 0..CHANGES.len(),
        minute in proptest::sample::select(vec!["*", "*/20", "0", "30", "15,45", "0-10/5"]),
        hour in proptest::sample::select(vec!["*", "*/2", "2", "0,1", "1-3", "0-23", "23"]),
    ) {
        let (zone, middle) = CHANGES[change];
        let schedule = Schedule::new(&format!("{minute} {hour} * * *"), zone).unwrap();
        let matches = |local: i64| {
            let minutes = local.div_euclid(60).rem_euclid(60);
            let hours = local.div_euclid(3600).rem_euclid(24);
            let minute = match minute {
                "*" => true,
                "*/20" => minutes % 20 == 0,
                "15,45" => minutes == 15 || minutes == 45,
                "0-10/5" => minutes <= 10 && minutes % 5 == 0,
                number => minutes == number.parse::<i64>().unwrap(),
            };
            minute && match hour {
                "*" | "0-23" => true,
                "*/2" => hours % 2 == 0,
                "0,1" => hours <= 1,
                "1-3" => (1..=3).contains(&hours),
                number => hours == number.parse::<i64>().unwrap(),
            }
        };
        let tz = zone::named(zone).unwrap();
        let local = |at: i64| at + zone::offset(tz, at * SECOND) / SECOND;
        let (from, until) = (middle - 100_000, middle + 100_000);
        let is_interval = minute.starts_with('*') || hour.starts_with('*');
        let (from, until) = (from / 60 * 60, until / 60 * 60);
        let mut expected = Vec::new();
        let mut shown = local(from);
        for at in (from + 60..=until).step_by(60) {
            let now = local(at);
            let runs = if is_interval {
                matches(now)
            } else {
                (shown + 60..=now).step_by(60).any(matches)
            };
            shown = shown.max(now);
            if runs {
                expected.push(Timestamp::from_seconds(at));
            }
        }
        let mut runs = schedule.upcoming(Timestamp::from_seconds(from), expected.len() + 1);
        proptest::prop_assert!(runs.pop().is_none_or(|next| next > Timestamp::from_seconds(until)));
        proptest::prop_assert_eq!(runs, expected);
    }
}
