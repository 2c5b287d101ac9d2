mod shifts;

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::Value;

use super::amount::Amount;
use super::*;

/// `tests/fixtures/sla-golden/README.md` says what these are and where they come from.
const CALENDARS: &str = include_str!("../../../../tests/fixtures/sla-golden/calendars.toml");
const COMPANY: &str = include_str!("../../../../tests/fixtures/sla-golden/company.ics");
const CASES: &str = include_str!("../../../../tests/fixtures/sla-golden/calendar-cases.ndjson");
const INVALID: &str = include_str!("../../../../tests/fixtures/sla-golden/invalid-calendars.ndjson");

fn company_file(name: &str) -> Result<String, String> {
    if name == "company.ics" { Ok(COMPANY.to_owned()) } else { Err("no such file".to_owned()) }
}

fn golden() -> &'static Book {
    static BOOK: OnceLock<Book> = OnceLock::new();
    BOOK.get_or_init(|| Book::from_toml(CALENDARS, &company_file).unwrap())
}

fn book(toml: &str) -> Result<Book, config::Invalid> {
    Book::from_toml(toml, &company_file)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn answers_are_those_of_the_golden_cases() {
    let book = golden();
    let mut differences = Vec::new();
    for line in CASES.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let result: Value = serde_json::from_str(&batch_line(book, line).unwrap()).unwrap();
        let expected = case["expect"].as_object().unwrap();
        let agrees = expected.iter().all(|(member, value)| match member.as_str() {
            "at" => result["at"].as_str().map(at) == Some(at(value.as_str().unwrap())),
            _ => result[member] == *value,
        });
        if !agrees || result["id"] != case["id"] {
            differences.push(format!("{line}\n  is {result}"));
        }
    }
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn invalid_calendars_are_refused_by_name_and_day() {
    for line in INVALID.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let message = book(case["toml"].as_str().unwrap()).unwrap_err().to_string();
        for name in case["message_names"].as_array().unwrap() {
            assert!(message.contains(name.as_str().unwrap()), "{}: {message}", case["id"]);
        }
    }
}

#[track_caller]
fn refuses(members: &str, message: &str) {
    let error = book(&format!("[calendars.c]\ntimezone = \"Europe/Berlin\"\n{members}")).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn messages_name_the_place_and_what_to_write() {
    refuses(
        "hours = { mon = [\"09:00-12:00\", \"11:59-15:00\"] }",
        "calendar 'c', mon: '09:00-12:00' and '11:59-15:00' overlap; intervals of a day may touch but not overlap",
    );
    refuses("hours = { mon = [\"9-17\"] }", "calendar 'c', mon: '9-17' is not HH:MM-HH:MM");
    refuses("holidays = [\"2026-1-5\"]", "calendar 'c': '2026-1-5' in holidays is no date; write YYYY-MM-DD");
    refuses("special = { \"soon\" = [] }", "calendar 'c': 'soon' in special is no date; write YYYY-MM-DD");
    refuses(
        "holiday_region = \"XX\"",
        "calendar 'c', holiday_region: the country of region 'XX' is unknown; regions are ISO 3166 codes such as DE or DE-BE",
    );
    refuses("holiday_file = \"gone.ics\"", "calendar 'c', holiday_file 'gone.ics' cannot be read: no such file");
    assert!(book("calendars = 5").unwrap_err().to_string().contains("[calendars.NAME]"));
    assert!(book("calendars =").unwrap_err().to_string().starts_with("the configuration is no TOML"));
    let wrong_type = book("[calendars.c]\ntimezone = 5").unwrap_err().to_string();
    assert!(wrong_type.starts_with("calendar 'c': ") && wrong_type.contains("timezone"), "{wrong_type}");
}

#[test]
fn a_book_has_calendars_of_its_own() {
    let book = Book::default();
    assert_eq!(book.names().collect::<Vec<_>>(), ["always", "default"]);
    let office = book.get("default").unwrap();
    assert_eq!(office.between(at("2026-03-06T16:30:00Z"), at("2026-03-09T09:30:00Z")), Ok(3_600_000_000));
    let mine = super::tests::book("[calendars.default]\ntimezone = \"UTC\"").unwrap();
    assert!(mine.get("default").unwrap().next_opening(at("2026-03-06T16:30:00Z")).is_err());
    assert!(mine.get("nowhere").is_none());
}

#[test]
fn region_and_file_close_days() {
    let week = "hours = { mon = [\"09:00-17:00\"], tue = [\"09:00-17:00\"], wed = [\"09:00-17:00\"], thu = [\"09:00-17:00\"], fri = [\"09:00-17:00\"] }";
    let calendars = format!(
        "[calendars.c]\ntimezone = \"Europe/Berlin\"\nholiday_region = \"DE-BE\"\nholiday_file = \"company.ics\"\nspecial = {{ \"2026-12-30\" = [\"10:00-12:00\"], \"2026-12-21\" = [] }}\n{week}\n"
    );
    let book = book(&calendars).unwrap();
    let dates = |start: &str, n_days| -> Vec<String> {
        let dates = book.get("c").unwrap().closed_dates(at(start), n_days).unwrap();
        dates.iter().map(ToString::to_string).collect()
    };
    assert_eq!(dates("2026-04-01T22:30:00Z", 6), ["2026-04-03", "2026-04-06"]);
    assert_eq!(
        dates("2026-12-20T12:00:00Z", 14),
        ["2026-12-21", "2026-12-24", "2026-12-25", "2026-12-28", "2026-12-29", "2026-12-31", "2027-01-01"]
    );
    assert_eq!(book.always().closed_dates(at("2026-12-20T12:00:00Z"), 400), Ok(Vec::new()));
}

#[test]
fn a_year_without_working_time_ends_the_search() {
    let book = book("[calendars.c]\ntimezone = \"UTC\"\nspecial = { \"2026-01-01\" = [\"09:00-10:00\"], \"2027-01-02\" = [\"10:00-10:01\"], \"2028-01-03\" = [\"10:02-10:03\"] }").unwrap();
    let calendar = book.get("c").unwrap();
    let hour = Amount::Duration(3_600_000_000);
    let more = Amount::Duration(3_600_000_001);
    let start = at("2026-01-01T08:00:00Z");
    assert_eq!(calendar.add(start, hour), Ok(at("2026-01-01T10:00:00Z")));
    // From the closing at 10:00 to the opening are 366 days to the minute: that is too far.
    assert!(matches!(calendar.add(start, more), Err(Error::NoWorkingTime { .. })));
    assert_eq!(calendar.add(at("2026-01-01T10:00:01Z"), Amount::Duration(1)), Ok(at("2027-01-02T10:00:00.000001Z")));
    assert!(calendar.add(at("2027-01-02T10:00:30Z"), Amount::Duration(30_000_001)).is_err());
    assert_eq!(calendar.next_opening(at("2026-01-01T10:00:00.000001Z")), Ok(at("2027-01-02T10:00:00Z")));
    assert!(calendar.next_opening(at("2026-01-01T10:00:00Z")).is_err());
    // 2027-01-02 is 366 local dates after 2026-01-01.
    assert_eq!(calendar.add(start, Amount::BusinessDays(1)), Ok(at("2027-01-02T10:00:00Z")));
    assert!(calendar.add(start, Amount::BusinessDays(2)).is_ok_and(|due| due == at("2028-01-03T10:02:00Z")));
    assert!(calendar.add(start, Amount::BusinessDays(3)).is_err());
}

#[test]
fn always_is_calendar_time() {
    let book = Book::default();
    let always = book.always();
    assert_eq!(always.add(at("2026-01-01T08:00:00.5Z"), "1h30m".parse().unwrap()), Ok(at("2026-01-01T09:30:00.5Z")));
    assert_eq!(always.add(at("2026-01-01T08:00:00Z"), "2bd".parse().unwrap()), Ok(at("2026-01-03T08:00:00Z")));
    assert_eq!(always.is_open(at("2026-01-01T08:00:00Z")), Ok(true));
}

#[test]
fn times_out_of_range_are_an_error_and_no_loop() {
    let book = golden();
    for name in book.names() {
        let calendar = book.get(name).unwrap();
        for micros in [i64::MIN, i64::MAX] {
            let time = Timestamp::from_micros(micros);
            assert_eq!(calendar.add(time, Amount::Duration(1)), Err(Error::OutOfRange));
            assert_eq!(calendar.add(time, Amount::BusinessDays(1)), Err(Error::OutOfRange));
            assert_eq!(calendar.between(time, time), Err(Error::OutOfRange));
            assert_eq!(calendar.next_opening(time), Err(Error::OutOfRange));
            assert_eq!(calendar.closed_dates(time, 1), Err(Error::OutOfRange));
        }
        assert!(calendar.add(at("9999-12-31T23:59:59Z"), Amount::Duration(i64::MAX)).is_err());
        assert!(calendar.add(at("9990-01-01T00:00:00Z"), Amount::BusinessDays(u32::MAX)).is_err());
        assert!(calendar.closed_dates(at("9990-01-01T00:00:00Z"), u32::MAX).is_err() || name == ALWAYS);
    }
    assert_eq!(
        batch_line(
            book,
            r#"{"id": 1, "op": "add", "calendar": "always", "start": "2026-01-01T00:00:00Z", "duration": "99999999h"}"#
        )
        .unwrap(),
        r#"{"id":1,"error":"bad_input"}"#
    );
    assert_eq!(batch_line(book, "\t"), None);
}

/// Instants from 2009 to 2031, often on the hour, and working time of up to a year.
fn moments() -> impl Strategy<Value = (i64, i64, i64)> {
    let instant = || {
        let any = 1_230_000_000_000_000..1_930_000_000_000_000_i64;
        prop_oneof![any.clone(), any.prop_map(|micros| micros / 3_600_000_000 * 3_600_000_000)]
    };
    (instant(), instant(), prop_oneof![1..400_000_000_i64, 1..7_200_000_000_i64, 1..6_000_000_000_000_i64])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn time_between_and_time_added_agree((one, two, working) in moments()) {
        let book = golden();
        let (from, to) = (Timestamp::from_micros(one.min(two)), Timestamp::from_micros(one.max(two)));
        let middle = from.plus_micros(to.since(from) / 3);
        for name in book.names() {
            let calendar = book.get(name).unwrap();
            let between = |from, to| calendar.between(from, to).unwrap();
            prop_assert_eq!(between(from, middle) + between(middle, to), between(from, to), "{}", name);
            prop_assert!((0..=to.since(from)).contains(&between(from, to)));
            if let Ok(due) = calendar.add_working(from, working) {
                prop_assert_eq!(between(from, due), working, "{}", name);
                prop_assert_eq!(between(from, due.plus_micros(-1)), working - 1, "{}", name);
            }
            if let Ok(opening) = calendar.next_opening(from) {
                prop_assert_eq!(between(from, opening), 0);
                prop_assert!(calendar.is_open(opening).unwrap());
                prop_assert_eq!(calendar.is_open(from).unwrap(), opening == from);
            }
        }
    }
}
