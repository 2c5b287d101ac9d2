//! Reading policies, and which tickets they are for.

use serde_json::json;

use crate::calendar::Book;
use crate::sla::Policies;
use crate::sla::policy::Threshold;
use crate::ticket::Fields;

pub(super) fn read(config: &str) -> Result<Policies, String> {
    let book = Book::from_toml(config, &|file| Err(format!("no file {file}"))).map_err(|error| error.to_string())?;
    Policies::from_toml(config, &book).map_err(|error| error.to_string())
}

#[track_caller]
fn refuses(config: &str, message: &str) {
    let error = read(config).unwrap_err();
    assert!(error.contains(message), "{config}\n{error}");
}

#[test]
fn policies_that_make_no_sense_are_refused_by_name_and_place() {
    let policy = |rest: &str| format!("[[sla]]\nname = \"p\"\n{rest}");
    let check = |rest: &str, message: &str| refuses(&policy(rest), message);
    refuses("sla = 5", "begin each with [[sla]]");
    refuses("[[sla]]", "policy number 1: missing field `name`");
    refuses("[[sla]]\nname = \"\"", "policy number 1 has an empty name");
    refuses("[[sla]]\nname = \"p\"\n[[sla]]\nname = \"p\"", "policy 'p' is defined twice");
    check("colour = 1", "policy 'p': unknown field `colour`");
    check("calendar = \"berlin\"", "policy 'p': unknown calendar 'berlin'; the calendars are always, default");
    check("when = { colour = [\"red\"] }", "policy 'p', when: unknown field 'colour'");
    check("when = { \"custom.\" = [\"red\"] }", "unknown field 'custom.'");
    check("when = { group = \"g\" }", "policy 'p': invalid type: string \"g\", expected a sequence");
    check("when = { group = [5] }", "policy 'p', when.group: '5' can match nothing");
    check("when = { priority = [\"hihg\"] }", "policy 'p', when.priority: 'hihg' can match nothing");
    check("when = { \"custom.a\" = [inf] }", "policy 'p', when.custom.a: 'inf' can match nothing");
    check("targets.top.resolution = \"1h\"", "policy 'p', targets: unknown priority 'top'");
    check("targets.high.solution = \"1h\"", "policy 'p', targets.high: unknown metric 'solution'");
    check("targets.high.resolution = \"1d\"", "policy 'p', targets.high.resolution: '1d' is no duration");
    check("targets.high.resolution = \"0m\"", "policy 'p', targets.high.resolution: a target must be more than 0");
    check("targets.high.resolution = \"0bd\"", "policy 'p', targets.high.resolution: '0bd' is no duration");
    check("pause.solution = []", "policy 'p', pause: unknown metric 'solution'");
    check("pause.resolution = [\"waiting\"]", "policy 'p', pause.resolution: unknown status 'waiting'");
    for at in ["0%", "100%", "7.5%", "%", "-5%", "1bd", "soon", "", "+5%"] {
        check(&format!("warn = [{{ at = \"{at}\" }}]"), "policy 'p', warn: ");
    }
    check("warn = [{ at = \"5%\", to = \"me\" }]", "policy 'p': unknown field `to`");
}

#[test]
fn a_policy_may_be_empty_and_its_calendar_built_in() {
    assert!(read("[[sla]]\nname = \"p\"\ncalendar = \"always\"").is_ok());
    assert_eq!(read("").unwrap().names().collect::<Vec<_>>(), ["default"]);
    assert_eq!(read("[[sla]]\nname = \"p\"").unwrap().names().collect::<Vec<_>>(), ["p"]);
}

#[test]
fn conditions_compare_type_and_case() {
    let ticket = Fields {
        channel: "email".to_owned(),
        group: Some("support".to_owned()),
        tags: vec!["a".to_owned(), "b".to_owned()],
        custom: [("n".to_owned(), json!(5)), ("t".to_owned(), json!("5")), ("none".to_owned(), json!(null))].into(),
        ..Fields::default()
    };
    let check = |when: &str, expected: bool| {
        let policies = read(&format!("[[sla]]\nname = \"p\"\nwhen = {{ {when} }}")).unwrap();
        assert_eq!(policies.choose("https://desk.example", &ticket).is_some(), expected, "{when}");
    };
    check("", true);
    check("source = [\"https://desk.example\"]", true);
    check("source = [\"https://desk.example/\"]", false);
    check("channel = [\"chat\", \"email\"], group = [\"support\"]", true);
    check("channel = [\"email\"], group = [\"Support\"]", false);
    check("group = []", false);
    check("assignee = [\"ann\"]", false);
    check("tags = [\"b\"]", true);
    check("tags = [\"c\"]", false);
    check("priority = [\"normal\"]", true);
    check("\"custom.n\" = [5]", true);
    check("\"custom.n\" = [\"5\", 5.0]", false);
    check("\"custom.t\" = [\"5\"]", true);
    check("\"custom.t\" = [5]", false);
    check("\"custom.none\" = [\"\", \"null\", false]", false);
}

#[test]
fn thresholds_are_reached_to_the_microsecond() {
    let check = |at: &str, target: i64, expected: Option<i64>| {
        let threshold: Threshold = at.parse().unwrap();
        assert_eq!(threshold.reach.threshold(target), expected, "{at} of {target}");
    };
    check("75%", 900_000_000, Some(675_000_000));
    check("33%", 101, Some(34));
    check("99%", i64::MAX, Some(9_131_138_316_486_228_049));
    check("30m", 3_600_000_000, Some(1_800_000_000));
    check("30m", 1_800_000_000, None);
    check("75%", 0, None);
}
